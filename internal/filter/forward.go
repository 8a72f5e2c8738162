package filter

import (
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"

	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/srs"
)

// Forwarding is what is done for mail that came from outside and leaves again. Fields are only ever put before the
// message: what its author signed stays as it is.
type Forwarding struct {
	// SealDomain is d= of ARC sets; "" makes none. SealKeys have its key; nil: Settings.Signers have.
	SealDomain string
	SealKeys   Signers
	// SRS rewrites reverse paths, and turns recipients back that it has rewritten; nil does neither.
	SRS *srs.Rewriter
	// Tables: the mail server turns recipients back by its own tables, see [Filter.Rewrite]. Those that only look rewritten
	// are refused all the same.
	Tables bool
	// Targets are recipients whose mail leaves again, also with an extension ([withoutExtension]). Where there are none, all incoming mail is sealed, and
	// only mail that comes back changed from a program of ours (see [PassField]) gets a new reverse path: a milter sees
	// mail before the mail server resolves its aliases.
	Targets []Target
	// Leaves reports more of them, and where their mail goes ("": not known, or to several); nil: none. It must not block. All incoming mail is
	// sealed all the same where there are no Targets.
	Leaves func(rcpt string) (to string, ok bool)

	mac atomic.Pointer[macKey]
}

// Target is a recipient whose mail is forwarded.
type Target struct {
	// Pattern as [Matches] has it; To is where its mail goes, "" for not known.
	Pattern, To string
}

// Fields that Gmail asks forwarders for, so that it does not hold what they forward against them.
const (
	forwardedFor = "X-Forwarded-For"
	forwardedTo  = "X-Forwarded-To"
)

// target gives the target of the only recipient, or of some; ok is false where no recipient is forwarded.
func (f *Forwarding) target(e *Event) (rcpt, to string, ok bool) {
	for _, r := range e.Rcpts {
		if to, ok := f.named(r); ok {
			return r, to, true
		}
		if f.Leaves != nil {
			if to, ok := f.Leaves(r); ok {
				return r, to, true
			}
		}
	}
	return "", "", false
}

// named looks for a recipient among the targets: the first counts. As where Postfix looks up a virtual alias, user+extension@domain is user@domain, unless it
// is named itself.
func (f *Forwarding) named(rcpt string) (to string, ok bool) {
	base, extended := withoutExtension(rcpt)
	if extended {
		whole := strings.ToLower(rcpt[:strings.LastIndexByte(rcpt, '@')+1]) + domainOf(rcpt)
		for _, t := range f.Targets {
			if t.Pattern == whole {
				return t.To, true
			}
		}
	}
	for _, t := range f.Targets {
		if Matches(t.Pattern, rcpt) || extended && Matches(t.Pattern, base) {
			return t.To, true
		}
	}
	return "", false
}

// withoutExtension gives the address that user+extension@domain is an extension of (Postfix: recipient_delimiter = +).
func withoutExtension(address string) (base string, ok bool) {
	at := strings.LastIndexByte(address, '@')
	plus := strings.IndexByte(address, '+')
	if plus <= 0 || plus > at || address[0] == '"' {
		return "", false
	}
	return address[:plus] + address[at:], true
}

// forward does for an incoming message what its being forwarded needs.
func (in *incoming) forward(c *milter.Changes, s *sealing, o Override) {
	f := in.settings.Forwarding
	if f == nil {
		return
	}
	e := &in.event
	field := authenticationResults(in.settings.AuthServID, e, o)
	rcpt, to, forwarded := f.target(e)
	if forwarded {
		in.rewriteSender(c)
		if e.RcptCount == 1 { // else it would tell recipients of each other
			in.tell(c, rcpt, to)
		}
	}
	n := 0
	if s != nil && (forwarded || len(f.Targets) == 0) {
		n = in.seal(c, s, in.parsed, e.Auth.ARC, resultsOf(field))
	}
	if s != nil && !undecided(&e.Auth.ARC) {
		in.addPass(c, s, n, field)
	}
}

// tell notes where a message was sent to, and where it goes.
func (in *incoming) tell(c *milter.Changes, rcpt, to string) {
	add := func(name, value string) {
		if err := c.InsertHeader(0, name, " "+unicodeText(value)); err != nil {
			in.event.problem("message.cannot-mark", err.Error())
		}
	}
	add(forwardedFor, strings.TrimSpace(rcpt+" "+to))
	if to != "" {
		add(forwardedTo, to)
	}
}

// rewriteSender has the message leave with a reverse path of ours. It tries that once.
func (t *transaction) rewriteSender(c *milter.Changes) {
	e := &t.event
	if t.settings.Forwarding.SRS == nil || t.rewritten {
		return
	}
	t.rewritten = true
	sender, err := t.settings.Forwarding.SRS.Forward(e.MailFrom, e.Began)
	if err == nil && sender != e.MailFrom {
		if err = c.ChangeFrom(sender); err == nil {
			e.Sender = sender
		}
	}
	if err != nil {
		e.problem("spf.sender-not-rewritten", "the message is forwarded with its own envelope sender, so that SPF fails at the next server: "+err.Error())
	}
}

// reversed is a recipient that was a rewritten sender, and whose that is.
type reversed struct{ was, is string }

// reverse looks whether a recipient is a sender that was rewritten here. What claims to be one and is none is refused.
func (t *transaction) reverse(rcpt string) milter.Reply {
	f := t.settings.Forwarding
	if f == nil || f.SRS == nil || len(rcpt) > srs.MaxAddress || !srs.Rewritten(rcpt) {
		return milter.Continue
	}
	is, err := f.SRS.Reverse(rcpt, t.event.Began)
	switch {
	case errors.Is(err, srs.ErrNotSRS):
	case errors.Is(err, srs.ErrExpired):
		return milter.Say(550, "5.1.1", "This forwarding address has expired")
	case err != nil:
		return milter.Say(550, "5.1.1", "This is no forwarding address of ours")
	case !f.Tables:
		t.reversed = append(t.reversed, reversed{rcpt, is})
	}
	return milter.Continue
}

// bringHome has mail to rewritten senders go to the senders. Bounces have no sender; what comes in with one is forwarded as other mail is, for
// the next server allows it no more from here than that. What is outgoing leaves with its sender to these as to all.
func (t *transaction) bringHome(c *milter.Changes) {
	if len(t.reversed) > 0 && !t.event.Outgoing && t.event.MailFrom != "" {
		t.rewriteSender(c)
	}
	for _, r := range t.reversed {
		err := c.AddRcpt(r.is)
		if err == nil {
			err = c.DeleteRcpt(r.was)
		}
		if err != nil {
			t.event.problem("message.bounce-not-returned", "mail to a rewritten sender could not be sent to "+r.is+": "+err.Error())
		}
	}
}

// forwarding is what the log says of it.
func (e *Event) forwarding() []slog.Attr {
	var out []slog.Attr
	if e.Sealed != "" {
		out = append(out, slog.String("sealed", e.Sealed))
	}
	if e.Sender != "" {
		out = append(out, slog.String("sender", e.Sender))
	}
	return out
}

// choose gives the way of a message whose header is complete.
func (t *transaction) choose() way {
	if !t.event.Outgoing {
		return &incoming{transaction: t}
	}
	if p, ok := t.passed(); ok {
		return &forwarded{transaction: t, pass: p}
	}
	return &outgoing{transaction: t}
}
