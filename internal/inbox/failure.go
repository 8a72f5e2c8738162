package inbox

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
)

// The outcomes of evidence.Session.
const (
	outcomeAccepted = "accepted"
	outcomeRefused  = "refused"
	outcomeTLS      = "tls-error"
	outcomeDropped  = "dropped"
	outcomeUnknown  = "unknown-recipient"
	outcomeTooLarge = "too-large"
	outcomeTimeout  = "timeout"
	outcomeNoMail   = "no-mail"
)

func outcomeOf(r reply) string {
	if r.code == 552 {
		return outcomeTooLarge
	}
	return outcomeRefused
}

// maxRecorded bounds what one session leaves in the store.
const maxRecorded = 5

// failure is why a message, or a whole session, was not delivered.
type failure struct{ outcome, detail string }

// fail notes a failure; the first of a transaction counts, for the others follow from it.
func (c *session) fail(outcome, detail string) {
	if c.failure == nil {
		c.failure = &failure{outcome, detail}
	}
}

// failFromEnd judges the end of the session.
func (c *session) failFromEnd(err error) {
	unfinished := c.open || (c.accepted == 0 && c.recorded == 0)
	switch {
	case isAlert(err):
		c.failure = nil // whatever happened before, this is why
		_ = c.tlsFailed(err)
	case !unfinished, errors.Is(err, errStopping), errors.Is(err, errHungUp):
	case errors.Is(err, errQuit):
		c.fail(outcomeNoMail, "the client said QUIT "+c.stage())
	case isTimeout(err):
		c.fail(outcomeTimeout, "the client fell silent "+c.stage())
	case c.saidSomething():
		c.fail(outcomeDropped, "the client closed the connection "+c.stage())
	}
}

// saidSomething keeps bare connects (port scans, monitors) out of the list.
func (c *session) saidSomething() bool {
	return slices.ContainsFunc(c.transcript.lines, func(l spoken) bool { return l.From == "client" })
}

// stage says how far the session came.
func (c *session) stage() string {
	switch {
	case len(c.recipients) > 0:
		return "after RCPT TO, before the message was complete"
	case c.open:
		return "after MAIL FROM, before a recipient was accepted"
	case c.greeted && c.server.config.LMTP:
		return "after LHLO, before MAIL FROM"
	case c.greeted:
		return "after " + map[bool]string{true: "EHLO", false: "HELO"}[c.seen.ESMTP] + ", before MAIL FROM"
	case c.seen.TLS != nil:
		return "after STARTTLS, before EHLO"
	}
	return "before EHLO"
}

// recordFailure keeps the failed transaction: for each mailbox that was meant, or
// for the operator alone when none is known.
func (c *session) recordFailure() {
	f := c.failure
	if f == nil {
		return
	}
	c.failure = nil
	if c.recorded++; c.recorded > maxRecorded {
		return
	}
	recipients := c.recipients
	if len(recipients) == 0 {
		recipients = []recipient{{}}
	}
	for _, r := range recipients {
		id := c.storeFailure(r, f)
		e := live.Event{Kind: eventOf(f.outcome), Text: f.detail, ReportID: id}
		if r.token == "" {
			c.emitUnknown(e)
		} else {
			c.emitTo(r.token, e)
		}
	}
}

func eventOf(outcome string) string {
	switch outcome {
	case outcomeTLS:
		return "tls-error"
	case outcomeDropped, outcomeTimeout, outcomeNoMail:
		return "dropped"
	}
	return "refused"
}

// storeFailure gives the stored session's id, "" if it was not stored.
func (c *session) storeFailure(r recipient, f *failure) string {
	limiter := c.server.strangers
	if r.token != "" {
		limiter = c.server.acquainted
	}
	if !limiter.Allow() {
		return ""
	}
	s := &store.FailedSession{ID: store.NewID(), Session: c.snapshot(r, f.outcome, f.detail), Token: r.token, At: c.now()}
	ctx, cancel := context.WithTimeout(c.work, 10*time.Second)
	defer cancel()
	if err := c.server.config.Store.AddSession(ctx, s); err != nil {
		if c.work.Err() == nil { // else the server is being stopped
			c.server.config.Log.Error("a failed session could not be stored", "error", err, "client", c.client)
		}
		return ""
	}
	return s.ID
}

// snapshot is the evidence of the session as one recipient may see it.
func (c *session) snapshot(r recipient, outcome, detail string) evidence.Session {
	s := c.seen
	s.Ended = c.now()
	s.Outcome, s.Detail = outcome, detail
	s.Parameters = slices.Clone(s.Parameters)
	s.Transcript = c.transcript.about(r.about())
	if r.address != "" {
		s.Recipients = []string{r.address}
	}
	return s
}
