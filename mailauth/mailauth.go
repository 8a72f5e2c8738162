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
	// HELO is the verdict on the HELO identity, nil where it was not checked. It is
	// information only: DMARC never aligns it (RFC 9989 section 4.4.2).
	HELO  *spf.Verdict
	IPRev iprev.Verdict
	DKIM  []dkim.Verdict
	ARC   arc.Verdict
	DMARC dmarc.Verdict
	// Author are the mailboxes of From, nil where From has no single meaning.
	Author []message.Address
}

// Authenticate checks a message. now is the "now" of every expiry; the zero time
// judges no expiry. Running out of ctx is temperror in what was not finished.
func Authenticate(ctx context.Context, r dns.Resolver, m *message.Message, e Envelope, now time.Time) Result {
	var res Result
	ip, mailFrom, helo := e.start(ctx, r, now)

	bodies := dkim.NewBodies()
	signatures := dkim.NewVerifier(m.Fields, bodies, dkim.Options{Now: now, HeaderTruncated: m.HeaderTruncated()})
	chain := arc.NewVerifier(m.Fields, bodies, arc.Options{Now: now, HeaderTruncated: m.HeaderTruncated()})
	sealed := make(chan arc.Verdict, 1)
	bodies.Write(m.Body) // hashing cannot fail
	go func() { sealed <- chain.Finish(ctx, r) }()
	res.DKIM = signatures.Finish(ctx, r)

	domain, author, authorErr := m.AuthorDomain()
	res.Author = author
	in := dmarc.Input{AuthorDomain: domain, AuthorError: authorErr, DKIM: dkimIdentifiers(res.DKIM)}
	if v := <-mailFrom; v != nil {
		res.SPFChecked, res.SPF = true, *v
		in.SPF = &dmarc.Identifier{Domain: v.Domain, Result: string(v.Result)}
	} else {
		res.SPF = spf.Verdict{Result: spf.None, Identity: spf.MailFrom}
	}
	res.DMARC = dmarc.Evaluate(ctx, r, in)
	res.ARC, res.IPRev, res.HELO = <-sealed, <-ip, <-helo
	return res
}

// start begins what the envelope alone decides. Each channel gives exactly one value.
func (e Envelope) start(ctx context.Context, r dns.Resolver, now time.Time) (<-chan iprev.Verdict, <-chan *spf.Verdict, <-chan *spf.Verdict) {
	ip, mailFrom, helo := make(chan iprev.Verdict, 1), make(chan *spf.Verdict, 1), make(chan *spf.Verdict, 1)
	if !e.RemoteIP.IsValid() {
		ip <- iprev.Verdict{Result: iprev.None}
		mailFrom <- nil
		helo <- nil
		return ip, mailFrom, helo
	}
	go func() { ip <- iprev.Lookup(ctx, r, e.RemoteIP) }()
	check := func(to chan<- *spf.Verdict, path string) {
		v := spf.Check(ctx, r, spf.Request{IP: e.RemoteIP, HELO: e.HELO, ReversePath: path, Receiver: e.Receiver, Now: now})
		to <- &v
	}
	if e.SPFCheckable() {
		go check(mailFrom, e.MailFrom)
	} else {
		mailFrom <- nil
	}
	// With a null path the MAIL FROM check above already is the HELO check.
	if e.HELO != "" && e.MailFrom != "" {
		go check(helo, "")
	} else {
		helo <- nil
	}
	return ip, mailFrom, helo
}

// dkimIdentifiers ties each result to its own domain: a failing signature never
// lends its domain to another's pass.
func dkimIdentifiers(vs []dkim.Verdict) []dmarc.Identifier {
	var ids []dmarc.Identifier
	for _, v := range vs {
		if v.Signature != nil && v.Signature.Domain != "" {
			ids = append(ids, dmarc.Identifier{Domain: v.Signature.Domain, Result: string(v.Result)})
		}
	}
	return ids
}
