package inbox

import (
	"github.com/todoku/todoku/internal/live"
)

// maxStory bounds the events that are kept to be told again.
const maxStory = 20

// story is the events of a session before its recipient is known, kept so that the
// recipient's page can show the session from its beginning.
type story struct {
	events  []live.Event
	seq     int
	prelude int // how many of the events came before the first transaction
	begun   bool
}

// number gives an event its place in the session.
func (s *story) number(e live.Event) live.Event {
	s.seq++
	e.Seq = s.seq
	return e
}

func (s *story) keep(e live.Event) {
	if len(s.events) < maxStory {
		s.events = append(s.events, e)
	}
}

// beginTransaction forgets the events of an earlier transaction.
func (s *story) beginTransaction() {
	if !s.begun {
		s.begun, s.prelude = true, len(s.events)
	}
	s.events = s.events[:min(s.prelude, len(s.events))]
}

// emit tells an event of the whole session or transaction.
func (c *session) emit(e live.Event) {
	if len(c.recipients) == 0 {
		c.emitUnknown(e)
		return
	}
	e = c.complete(e)
	for _, r := range c.recipients {
		if r.token != "" {
			c.server.config.Hub.Publish(r.token, e)
		}
	}
}

// emitUnknown tells an event whose recipient is not known.
func (c *session) emitUnknown(e live.Event) {
	e = c.complete(e)
	c.story.keep(e)
	c.server.config.Hub.PublishSession(c.client, e)
}

// emitTo tells one mailbox's page.
func (c *session) emitTo(token string, e live.Event) {
	c.server.config.Hub.Publish(token, c.complete(e))
}

func (c *session) complete(e live.Event) live.Event {
	e.At, e.SessionID = c.now(), c.seen.ID
	return c.story.number(e)
}

// tellStory gives a new recipient's page the session from its beginning.
func (c *session) tellStory(r recipient) {
	if r.token == "" {
		return
	}
	for _, e := range c.story.events {
		c.server.config.Hub.Publish(r.token, e)
	}
	c.emitTo(r.token, live.Event{Kind: "rcpt", Text: r.address})
}
