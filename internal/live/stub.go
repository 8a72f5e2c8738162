package live

import "net/netip"

// Hub routes events to subscribers. Safe for concurrent use.
type Hub struct{ _ int }

// NewHub gives an empty hub.
func NewHub() *Hub { panic("todo") }

// Subscribe waits for events of a mailbox token. Events of sessions whose
// recipient is not known (yet) are also given when clientIP is loopback and equals the
// session's client (see PublishSession). cancel must be called. The channel is buffered; a slow
// reader loses the oldest.
func (h *Hub) Subscribe(token string, clientIP netip.Addr) (events <-chan Event, cancel func()) {
	panic("todo")
}

// Publish sends to the subscribers of a token.
func (h *Hub) Publish(token string, e Event) { panic("todo") }

// PublishSession sends an event of a session whose recipient is not known, to
// waiting pages of the same client address, on loopback alone.
func (h *Hub) PublishSession(clientIP netip.Addr, e Event) { panic("todo") }
