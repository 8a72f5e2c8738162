package filter

import (
	"context"
	"strings"
	"unicode"

	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/mailauth"
)

// incoming verifies.
type incoming struct {
	*transaction
	run     *mailauth.Run
	sealing *sealing
}

func (in *incoming) begin() {
	e := &in.event
	var ctx context.Context
	ctx, in.cancel = context.WithTimeout(context.Background(), in.settings.Timeout)
	in.run = mailauth.Begin(ctx, in.settings.Resolver, in.parsed, mailauth.Envelope{
		RemoteIP: e.Client.Addr, HELO: e.HELO, MailFrom: e.MailFrom, Null: e.MailFrom == "", Receiver: in.settings.Hostname,
	}, e.Began)
	in.run.Review(in.review)
	in.sealing = in.beginSeal(in.run)
}

func (in *incoming) write(part []byte) { _, _ = in.run.Write(part) } // fails only after Finish

func (in *incoming) finish(ctx context.Context, c *milter.Changes) milter.Reply {
	e := &in.event
	ctx, cancel := context.WithTimeout(ctx, in.settings.Timeout)
	defer cancel()
	res := in.run.Finish(ctx)
	e.Auth = &res
	in.note()
	in.replayed()
	d := in.settings.Policy.decide(in.parsed, e)
	e.Outcome, e.Action, e.Override, e.Reason = d.outcome, d.action, d.override, d.reason
	if d.action == Reject || d.action == Defer {
		return d.reply
	}
	in.strip(c)
	in.mark(c, d)
	in.forward(c, in.sealing, d.override)
	return milter.Accept
}

// note says what the results do not: that a pass is worth nothing, or that what passed is not all of what people see.
func (in *incoming) note() {
	if domain, term := in.event.Auth.SPF.Everybody(); term != "" {
		in.event.problem("spf.plus-all", domain+" lets every address send by "+readable(term))
	}
	if names := in.parsed.Repeated(); len(names) > 0 {
		in.event.problem("message.duplicate-field", "more than one "+strings.Join(names, ", "))
	}
}

// mark writes what was found and what the table says of it.
func (in *incoming) mark(c *milter.Changes, d decision) {
	e := &in.event
	why := string(d.outcome) + "; " + readable(d.reason)
	must := func(err error) {
		if err != nil {
			e.problem("message.cannot-mark", err.Error())
		}
	}
	switch d.action {
	case Tag:
		must(c.InsertHeader(0, VerdictField, " "+why))
	case QuarantineHeader:
		must(c.InsertHeader(0, QuarantineField, " yes; "+why))
	case Hold:
		if err := c.Quarantine(why); err != nil { // else it would look like mail that is fine
			must(err)
			must(c.InsertHeader(0, QuarantineField, " yes; "+why))
		}
	}
	if in.settings.ReceivedSPF && e.Auth.SPFChecked {
		must(insert(c, receivedSPF(e.Auth.SPF, e, in.settings.Hostname)))
	}
	must(insert(c, authenticationResults(in.settings.AuthServID, e, d.override)))
}

// insert puts a whole field first.
func insert(c *milter.Changes, field []byte) error {
	name, value := cutField(field)
	return c.InsertHeader(0, name, value)
}

// readable makes a reason, which may name what a message holds, fit for a header field.
func readable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, cut(s, 400))
}

// unicodeText is readable for addresses, which may be in Unicode: then the message came by SMTPUTF8, and its header may hold the same (RFC 6531, RFC 6532).
func unicodeText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(cut(s, 400), "?"))
}
