package filter

import (
	"crypto/rand"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/message"
)

// Mends are what is mended on outgoing mail, each if the sender wants it.
type Mends struct {
	// Date and MessageID add the field where it is missing. Sendmail does it itself, but after the signature: for it they are added always.
	Date, MessageID bool
	// Freemail is what becomes of mail of our users whose From is in a domain in which anybody can have an address, and which we have
	// no key for (gmail.com): Accept for nothing, Tag for a warning in the log, Reject.
	Freemail Action
}

// addMissing adds Date and Message-ID to fields that lack them; they are put behind the header at the end.
func (o *outgoing) addMissing(fields []message.Field) []message.Field {
	add := func(name, value string) {
		fields = append(fields[:len(fields):len(fields)], message.NewField([]byte(name+": "+value+"\r\n")))
		o.added = append(o.added, name, " "+value)
	}
	m := o.settings.Mends
	if isSendmail(o.conn) {
		m.Date, m.MessageID = true, true
	}
	if m.Date && o.parsed.Count("Date") == 0 {
		add("Date", o.event.Began.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	}
	if m.MessageID && o.parsed.Count("Message-ID") == 0 && o.event.Author != "" {
		o.event.MessageID = "<" + strings.ToLower(rand.Text()) + "@" + o.event.Author + ">"
		add("Message-ID", o.event.MessageID)
	}
	return fields
}

// foreign looks for a From in a freemail domain of others. It reports whether the message is refused.
func (o *outgoing) foreign() (milter.Reply, bool) {
	e := &o.event
	if o.settings.Mends.Freemail == Accept || e.Author == "" || len(o.signers) > 0 || !provider.IsFreemail(dns.CanonicalName(e.Author)) {
		return milter.Reply{}, false
	}
	text := "From is an address at " + e.Author + ", whose mail comes from its own servers: receivers will not believe this one. Write as an address of your own, with the other in Reply-To"
	e.problem("dmarc.foreign-freemail", text)
	if o.settings.Mends.Freemail != Reject {
		return milter.Reply{}, false
	}
	e.Action, e.Reason = Reject, text
	return milter.Say(550, "5.7.1", text), true
}
