package live

import (
	"net/netip"
	"strings"
	"sync"
)

const (
	// bufferSize is how many events wait for a slow subscriber. A whole session
	// with its progress is about thirty.
	bufferSize = 64
	// rememberedSessions bounds what a subscriber remembers of the sessions it has
	// heard of (see [Event.Seq]).
	rememberedSessions = 64
)

// Hub routes events to subscribers. Safe for concurrent use.
type Hub struct {
	mu      sync.Mutex
	byToken map[string]map[*subscriber]struct{}
	// byAddr holds the subscribers on loopback, by their address.
	byAddr map[netip.Addr]map[*subscriber]struct{}
}

// NewHub gives an empty hub.
func NewHub() *Hub {
	return &Hub{
		byToken: make(map[string]map[*subscriber]struct{}),
		byAddr:  make(map[netip.Addr]map[*subscriber]struct{}),
	}
}

// subscriber is one waiting page. All its fields are guarded by Hub.mu.
type subscriber struct {
	events chan Event
	token  string
	addr   netip.Addr // valid on loopback only
	heard  map[string]int
}

// Subscribe waits for events of a mailbox token (in any case). Events of sessions
// whose recipient is not known (yet) are also given when clientIP is loopback and
// equals the session's client (see [Hub.PublishSession]). The channel is buffered;
// a slow reader loses the oldest. cancel must be called; it closes the channel and
// may be called more than once.
func (h *Hub) Subscribe(token string, clientIP netip.Addr) (events <-chan Event, cancel func()) {
	s := &subscriber{
		events: make(chan Event, bufferSize),
		token:  strings.ToLower(token),
		heard:  make(map[string]int),
	}
	if ip := clientIP.Unmap(); ip.IsLoopback() {
		s.addr = ip
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	add(h.byToken, s.token, s)
	if s.addr.IsValid() {
		add(h.byAddr, s.addr, s)
	}
	return s.events, sync.OnceFunc(func() { h.remove(s) })
}

func (h *Hub) remove(s *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	drop(h.byToken, s.token, s)
	if s.addr.IsValid() {
		drop(h.byAddr, s.addr, s)
	}
	close(s.events) // no one sends any more: senders hold the lock and s is gone
}

func add[K comparable](m map[K]map[*subscriber]struct{}, k K, s *subscriber) {
	if m[k] == nil {
		m[k] = make(map[*subscriber]struct{})
	}
	m[k][s] = struct{}{}
}

func drop[K comparable](m map[K]map[*subscriber]struct{}, k K, s *subscriber) {
	delete(m[k], s)
	if len(m[k]) == 0 {
		delete(m, k)
	}
}

// Publish sends to the subscribers of a token. It never blocks.
func (h *Hub) Publish(token string, e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.byToken[strings.ToLower(token)] {
		s.give(e)
	}
}

// PublishSession sends an event of a session whose recipient is not known, to
// waiting pages of the same client address, on loopback alone: elsewhere an
// address is shared by strangers (NAT), who must not see each other's sessions.
// It never blocks.
func (h *Hub) PublishSession(clientIP netip.Addr, e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.byAddr[clientIP.Unmap()] {
		s.give(e)
	}
}

// give delivers e, dropping the oldest waiting event when the buffer is full. The
// hub's lock is held, so this is the only sender and the loop ends.
func (s *subscriber) give(e Event) {
	if !s.isNews(e) {
		return
	}
	for {
		select {
		case s.events <- e:
			return
		default:
		}
		select {
		case <-s.events:
		default:
		}
	}
}

// isNews keeps numbered events from being given twice.
func (s *subscriber) isNews(e Event) bool {
	if e.SessionID == "" || e.Seq == 0 {
		return true
	}
	if e.Seq <= s.heard[e.SessionID] {
		return false
	}
	if _, known := s.heard[e.SessionID]; !known && len(s.heard) >= rememberedSessions {
		for id := range s.heard { // forget any one: at worst its events are given again
			delete(s.heard, id)
			break
		}
	}
	s.heard[e.SessionID] = e.Seq
	return true
}
