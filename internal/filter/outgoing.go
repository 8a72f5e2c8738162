package filter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/message"
)

// outgoing signs.
type outgoing struct {
	*transaction
	bodies    *dkim.Bodies
	signers   []signing
	added     []string // fields that the message lacked: name, value, ...
	refusal   milter.Reply
	wanted    bool // without a signature, see NotSigned
	longNoted bool // see noteLong
	line      int  // octets of the last line of the body so far; -1: one was too long
}

// longestLine is how many octets a line may have, without its end (RFC 5322 section 2.1.1): mail servers break longer ones when they
// send them (Postfix: smtp_line_length_limit).
const longestLine = 998

// longFields gives, in lower case and each once, the names of fields that have such a line: a signature over them would be broken as the message leaves. Sendmail
// folds lists of addresses anew.
func longFields(fields []message.Field, sendmail bool) (names []string) {
	for i := range fields {
		if len(fields[i].Raw) <= longestLine || !longLine(fields[i].Raw) {
			continue
		}
		if name := strings.ToLower(fields[i].Name()); !slices.Contains(names, name) && !(sendmail && slices.Contains(sendmailLists, name)) {
			names = append(names, name)
		}
	}
	return names
}

func longLine(octets []byte) bool {
	for line := range bytes.Lines(octets) {
		if len(bytes.TrimRight(line, "\r\n")) > longestLine {
			return true
		}
	}
	return false
}

// noteLong says of which fields the signature, which would have been over headers, cannot be, once for all signatures.
func (o *outgoing) noteLong(headers []string, fields []message.Field, long []string) {
	if o.longNoted {
		return
	}
	o.longNoted = true
	for _, name := range longCovered(namesFor(slices.Clone(headers), fields, nil), long) {
		if name == "from" {
			o.event.problem("message.long-line", "a line of the field "+name+" has more than 998 octets: the mail server breaks it in two when it sends it, and so breaks the signature, which must cover that field")
			continue
		}
		o.event.problem("message.long-line", "a line of the field "+name+" has more than 998 octets: the mail server breaks it in two when it sends it, so the signature leaves that field out")
	}
}

// longCovered gives those of long, for people to read, that are among the names of what a signature would cover.
func longCovered(names, long []string) (out []string) {
	for _, name := range long {
		if slices.ContainsFunc(names, func(h string) bool { return strings.EqualFold(h, name) }) {
			out = append(out, readable(cut(name, 80)))
		}
	}
	return out
}

type signing struct {
	key    Key
	signer *dkim.Signer
}

func (o *outgoing) begin() {
	fields := o.staying()
	if !o.parsed.HeaderTruncated() {
		fields = o.addMissing(fields)
	}
	keys := o.keys()
	if len(keys) == 0 {
		return
	}
	sendmail := isSendmail(o.conn)
	without := longFields(fields, sendmail)
	long := len(without)
	if sendmail {
		var unknown []string
		fields, unknown = asSendmail(fields)
		without = append(without, unknown...)
	}
	o.bodies = dkim.NewBodies()
	now := o.event.Began
	for _, k := range keys {
		opts := dkim.SignOptions{Domain: k.Domain, Selector: k.Selector, Key: k.Signer, Header: o.settings.Header, Body: o.settings.Body, Timestamp: now}
		if !o.conn.Exact() || sendmail {
			opts.Header = dkim.Relaxed // what the fields' octets are, or will be, is not known
		}
		if opts.Headers = o.settings.Fields.of(fields); len(without) > 0 {
			o.noteLong(opts.Headers, fields, without[:long])
			opts.Headers = namesFor(opts.Headers, fields, without)
		}
		if o.settings.Expires > 0 {
			opts.Expires = now.Add(o.settings.Expires)
		}
		s, err := dkim.NewSigner(fields, o.bodies, opts)
		if err != nil {
			o.event.problem("dkim.cannot-sign", fmt.Sprintf("d=%s s=%s: %v", k.Domain, k.Selector, err))
			continue
		}
		o.signers = append(o.signers, signing{k, s})
	}
}

// staying gives the fields that leave with the message: a signature over one that [transaction.strip] removes at the end would be broken. Those that
// stay are read anew, for what the mail server calls a field may be a part of the one before it.
func (o *outgoing) staying() []message.Field {
	forged := o.forged()
	if len(forged) == 0 {
		return o.parsed.Fields
	}
	octets := make([]byte, 0, len(o.octets))
	for i, f := range o.fields {
		end := len(o.octets)
		if i+1 < len(o.fields) {
			end = o.fields[i+1].start
		}
		if !forged[i] {
			octets = append(octets, o.octets[f.start:end]...)
		}
	}
	return message.ParseHeader(octets, false).Fields
}

// keys gives the keys that sign this message: those of its author's domain that align with it, if its sender may
// write as its author. Why there are none is noted.
func (o *outgoing) keys() []Key {
	e := &o.event
	if o.parsed.HeaderTruncated() {
		why := "the header has more fields or octets than are taken in (10,000 fields, 1 MiB): a signature over a part of it would be broken"
		if o.unclear {
			why = "the header has line ends that would make new fields: a signature over it would be broken"
		}
		e.problem("dkim.header-not-whole", why)
		return nil
	}
	if o.plain {
		o.wanted, e.Reason = true, "mail to this recipient is not signed"
		return nil
	}
	if o.author.err != nil {
		e.problem("dkim.no-author", "no domain can answer for the message: "+o.author.err.Error())
		return nil
	}
	domain, author := o.author.domain, o.author.boxes
	if as, ok := o.settings.Senders.Allow(e.User, author); !ok {
		e.problem("dkim.user-not-allowed", fmt.Sprintf("user %q may not write as %s", e.User, as))
		return nil
	}
	if o.settings.MaySign != nil {
		if not := o.settings.MaySign(domain, e.User); not != nil {
			if o.wanted = not.Wanted; !o.wanted {
				e.problem(not.Problem, not.Text)
			}
			return nil
		}
	}
	if o.settings.Signers == nil {
		e.problem("dkim.no-key", "there is no key at all")
		return nil
	}
	keys, err := o.settings.Signers.For(author[0].Local, domain)
	if err != nil {
		e.problem("dkim.key-unavailable", err.Error())
		o.refusal = milter.Say(451, "4.7.5", "The key to sign this message with cannot be read now; try again later")
		return nil
	}
	if len(keys) == 0 {
		e.problem("dkim.no-key", "there is no key for "+domain+", the domain of From")
	}
	good := keys[:0:0]
	for _, k := range keys {
		if !sameOrBelow(domain, dns.CanonicalName(k.Domain)) {
			e.problem("dkim.would-not-align", fmt.Sprintf("d=%s does not align with %s, the domain of From", k.Domain, domain))
			continue
		}
		good = append(good, k)
	}
	return good
}

// sameOrBelow reports whether domain is parent or below it; both in canonical form.
func sameOrBelow(domain, parent string) bool {
	return domain == parent || strings.HasSuffix(domain, "."+parent)
}

func (o *outgoing) write(part []byte) {
	if o.bodies != nil {
		_, _ = o.bodies.Write(part) // fails only after Sum
		o.measure(part)
	}
}

// measure looks for a line that the mail server will break. Lines end in CRLF here, of which the CR is counted.
func (o *outgoing) measure(part []byte) {
	for o.line >= 0 && len(part) > 0 {
		end := bytes.IndexByte(part, '\n')
		if end < 0 {
			o.line, part = o.line+len(part), nil
		} else {
			o.line, part = o.line+end, part[end+1:]
		}
		if o.line > longestLine+len("\r") {
			o.line = -1
		} else if end >= 0 {
			o.line = 0
		}
	}
}

func (o *outgoing) finish(_ context.Context, c *milter.Changes) milter.Reply {
	if r, refused := o.foreign(); refused {
		return r
	}
	o.strip(c)
	for i := 0; i < len(o.added); i += 2 {
		if err := c.AddHeader(o.added[i], o.added[i+1]); err != nil {
			o.event.problem("dkim.cannot-sign", "a field that the signature covers could not be added: "+err.Error())
			o.signers = nil
			break
		}
	}
	for _, s := range o.signers {
		if err := o.sign(c, s); err != nil {
			o.event.problem("dkim.cannot-sign", fmt.Sprintf("d=%s s=%s: %v", s.key.Domain, s.key.Selector, err))
			continue
		}
		o.event.Signed = append(o.event.Signed, s.key.String())
	}
	if len(o.event.Signed) > 0 {
		if o.line < 0 {
			o.event.problem("message.long-line", "a line of the body has more than 998 octets: the mail server breaks it in two when it sends it, and so breaks the signature")
		}
		o.event.Action = Accept
		return milter.Accept
	}
	return o.unsigned()
}

var errNoField = errors.New("the signature is no field")

func (o *outgoing) sign(c *milter.Changes, s signing) error {
	field, err := s.signer.Finish()
	if err != nil {
		return err
	}
	name, value, ok := strings.Cut(strings.TrimSuffix(string(field), "\r\n"), ":")
	if !ok {
		return errNoField
	}
	return c.InsertHeader(0, name, value)
}

// unsigned is the reply to mail without a signature; the problems say why it has none.
func (o *outgoing) unsigned() milter.Reply {
	if o.wanted {
		o.event.Action = Accept
		return milter.Accept
	}
	if o.refusal != (milter.Reply{}) && o.settings.Unsigned != Accept {
		o.event.Action = Defer
		return o.refusal
	}
	o.event.Action = o.settings.Unsigned
	why := "no key"
	if p := o.event.Problems; len(p) > 0 {
		why = p[0].Text
	}
	o.event.Reason = why
	switch o.settings.Unsigned {
	case Defer:
		return milter.Say(451, "4.7.5", "This message cannot be signed now: "+why)
	case Reject:
		return milter.Say(550, "5.7.1", "This message cannot be signed, and unsigned mail is not sent: "+why)
	}
	return milter.Accept
}
