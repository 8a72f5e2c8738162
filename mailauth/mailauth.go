// Package mailauth authenticates one message of one SMTP session: iprev, SPF,
// DKIM, ARC and DMARC together. Look-ups run concurrently, and the body is
// read once for each distinct canonicalization, whoever asked for it.
//
// The result carries everything it was derived from and nothing else: the same
// message, envelope, DNS answers and time give the same result, later and offline.
package mailauth

import (
	"context"
	"net/netip"
	"time"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/iprev"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

// Envelope is what SMTP said of the message.
type Envelope struct {
	// RemoteIP is the client's address; the zero value: not known.
	RemoteIP netip.Addr
	// HELO is the argument of HELO or EHLO, "" when not known.
	HELO string
	// MailFrom is the reverse path without its angle brackets. With MailFrom "", Null
	// says whether it is the null path "<>" or not known.
	MailFrom string
	Null     bool
	// Receiver is our own name, for the SPF macro %{r}.
	Receiver string
}

// SPFCheckable reports whether the envelope holds what SPF needs: an address, and
// a reverse path that is known (a null path needs the HELO name as well, RFC 7208 section 2.4).
func (e Envelope) SPFCheckable() bool {
	if !e.RemoteIP.IsValid() {
		return false
	}
	return e.MailFrom != "" || (e.Null && e.HELO != "")
}

// Result is everything found.
type Result struct {
	// SPFChecked is false when the envelope does not suffice; SPF.Result is then none.
	SPFChecked bool
	SPF        spf.Verdict
	// HELO is the verdict on the HELO identity. It is asked for only where the MAIL
	// FROM identity does not pass, to tell a host that is what it says from a stranger,
	// and nil otherwise. It is information: DMARC never aligns it (RFC 9989 section 4.4.2).
	HELO  *spf.Verdict
	IPRev iprev.Verdict
	DKIM  []dkim.Verdict
	ARC   arc.Verdict
	DMARC dmarc.Verdict
	// Author are the mailboxes of From, nil where From has no single meaning.
	Author []message.Address
}

// MaxDuration is how long Authenticate may take where the context sets no deadline.
const MaxDuration = time.Minute

// Authenticate checks a message. now is the "now" of every expiry; the zero time
// judges no expiry. Running out of ctx is temperror in what was not finished.
func Authenticate(ctx context.Context, r dns.Resolver, m *message.Message, e Envelope, now time.Time) Result {
	if _, bounded := ctx.Deadline(); !bounded && !dns.Immediate(r) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, MaxDuration)
		defer cancel()
	}
	var res Result
	envelope := e.check(ctx, r, now)

	bodies := dkim.NewBodies()
	signatures := dkim.NewVerifier(m.Fields, bodies, dkim.Options{Now: now, HeaderTruncated: m.HeaderTruncated()})
	chain := arc.NewVerifier(m.Fields, bodies, arc.Options{Now: now, HeaderTruncated: m.HeaderTruncated()})
	bodies.Write(m.Body) // hashing cannot fail
	sealed := dns.NewGroup(r)
	var seals arc.Verdict // of its own, for what a goroutine writes is on the heap
	sealed.Go(func() { seals = chain.Finish(ctx, r) })
	res.DKIM = signatures.Finish(ctx, r)

	domain, author, authorErr := m.AuthorDomain()
	res.Author = author
	in := dmarc.Input{AuthorDomain: domain, AuthorError: authorErr, DKIM: dkimIdentifiers(res.DKIM)}
	envelope.mailFromDone.Wait()
	envelope.checkHELO(ctx, r, now)
	if v := envelope.mailFrom; v != nil {
		res.SPFChecked, res.SPF = true, *v
		in.SPF = &dmarc.Identifier{Domain: v.Domain, Result: string(v.Result)}
	} else {
		res.SPF = spf.Verdict{Result: spf.None, Identity: spf.MailFrom}
	}
	res.DMARC = dmarc.Evaluate(ctx, r, in)
	envelope.restDone.Wait()
	res.IPRev, res.HELO = envelope.ip, envelope.helo
	sealed.Wait()
	res.ARC = seals
	return res
}

// checks are what the envelope alone decides. mailFrom may be read after
// mailFromDone, the others after restDone; nil was not checked.
type checks struct {
	Envelope
	mailFrom, helo         *spf.Verdict
	ip                     iprev.Verdict
	mailFromDone, restDone dns.Group
}

// check begins the checks, all at the same time.
func (e Envelope) check(ctx context.Context, r dns.Resolver, now time.Time) *checks {
	c := &checks{Envelope: e, ip: iprev.Verdict{Result: iprev.None}, mailFromDone: dns.NewGroup(r), restDone: dns.NewGroup(r)}
	if !e.RemoteIP.IsValid() {
		return c
	}
	if e.SPFCheckable() {
		c.mailFromDone.Go(func() { c.mailFrom = c.sender(ctx, r, c.MailFrom, now) })
	}
	c.restDone.Go(func() { c.ip = iprev.Lookup(ctx, r, c.RemoteIP) })
	return c
}

// checkHELO begins the check of the HELO identity where it is worth a look-up,
// once mailFrom is known. With a null path that already was the HELO identity.
func (c *checks) checkHELO(ctx context.Context, r dns.Resolver, now time.Time) {
	if c.HELO == "" || c.MailFrom == "" || !c.RemoteIP.IsValid() || c.mailFrom != nil && c.mailFrom.Result == spf.Pass {
		return
	}
	c.restDone.Go(func() { c.helo = c.sender(ctx, r, "", now) })
}

func (e *Envelope) sender(ctx context.Context, r dns.Resolver, path string, now time.Time) *spf.Verdict {
	v := spf.Check(ctx, r, spf.Request{IP: e.RemoteIP, HELO: e.HELO, ReversePath: path, Receiver: e.Receiver, Now: now})
	return &v
}

// dkimIdentifiers ties each result to its own domain: a failing signature never
// lends its domain to another's pass.
func dkimIdentifiers(vs []dkim.Verdict) []dmarc.Identifier {
	ids := make([]dmarc.Identifier, 0, len(vs))
	for _, v := range vs {
		if v.Signature != nil && v.Signature.Domain != "" {
			ids = append(ids, dmarc.Identifier{Domain: v.Signature.Domain, Result: string(v.Result)})
		}
	}
	return ids
}
