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
	"sync"
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
	run := Begin(ctx, r, m, e, now)
	run.Write(m.Body)
	return run.Finish(ctx)
}

// Run is Authenticate in parts, for a body that is streamed: Begin with the header, Write the body in any
// pieces, Finish once. A run that is given up needs no Finish: its look-ups end with their ctx.
type Run struct {
	c          *checks
	m          *message.Message
	bodies     *dkim.Bodies
	signatures *dkim.Verifier
	review     func([]dkim.Verdict)
}

// Review has the verdicts on signatures looked at before DMARC hears of them: what a receiver demands beyond RFC 6376
// (result policy, RFC 8601 section 2.7.1), or knows of the way by which the header came to it, is said there. f may change their Result,
// Problem and Reason. Call it before Finish.
func (x *Run) Review(f func([]dkim.Verdict)) { x.review = f }

// Begin begins what the envelope and the header allow. m needs no body. ctx bounds the look-ups that begin
// now, while the body may still be on its way; it should have a deadline.
func Begin(ctx context.Context, r dns.Resolver, m *message.Message, e Envelope, now time.Time) *Run {
	c := running.Get().(*checks)
	c.Envelope, c.early, c.resolver, c.now = e, ctx, r, now
	c.mailFromDone, c.restDone, c.sealsDone = dns.NewGroup(r), dns.NewGroup(r), dns.NewGroup(r)
	c.beginEnvelope()
	bodies := dkim.NewBodies()
	x := &Run{c: c, m: m, bodies: bodies}
	x.signatures = dkim.NewVerifier(m.Fields, bodies, dkim.Options{Now: now, HeaderTruncated: m.HeaderTruncated()})
	c.chain = arc.NewVerifier(m.Fields, bodies, arc.Options{Now: now, HeaderTruncated: m.HeaderTruncated()})
	return x
}

// Want has the body hashed for one more purpose (see [dkim.Bodies.Want]), and gives what hashes it, of which the sum may
// be had after Finish. Ask before the first Write; nil: too many hashes of this body are wanted already.
func (x *Run) Want(c dkim.Canonicalization) *dkim.Bodies {
	if !x.bodies.Want(c, -1) {
		return nil
	}
	return x.bodies
}

// Write takes the next octets of the body. It does not fail before Finish.
func (x *Run) Write(p []byte) (int, error) { return x.bodies.Write(p) }

// Finish gives the result. ctx bounds the look-ups that are still to be made, those of keys and policies.
func (x *Run) Finish(ctx context.Context) Result {
	c, r := x.c, x.c.resolver
	c.late = ctx
	if c.chain.Settled() {
		c.checkSeals()
	} else {
		c.sealsDone.Go(c.checkSeals)
	}

	res := Result{DKIM: x.signatures.Finish(ctx, r)}
	if x.review != nil && len(res.DKIM) > 0 {
		x.review(res.DKIM)
	}
	domain, author, authorErr := x.m.AuthorDomain()
	res.Author = author
	in := dmarc.Input{AuthorDomain: domain, AuthorError: authorErr, DKIM: dkimIdentifiers(res.DKIM)}
	c.mailFromDone.Wait()
	c.beginHELO()
	res.SPFChecked, res.SPF = c.SPFCheckable(), c.mailFrom
	if res.SPFChecked {
		in.SPF = &dmarc.Identifier{Domain: res.SPF.Domain, Result: string(res.SPF.Result)}
	}
	res.DMARC = dmarc.Evaluate(ctx, r, in)
	c.restDone.Wait()
	res.IPRev, res.HELO = c.ip, c.helo
	c.sealsDone.Wait()
	res.ARC = c.seals
	c.release()
	return res
}

// checks are what may run at the same time as the rest, with what it needs and what
// it finds. mailFrom may be read after mailFromDone, seals after sealsDone, helo and
// ip after restDone.
type checks struct {
	Envelope
	early    context.Context // of what begins with the envelope
	late     context.Context // of what begins when the body is complete
	resolver dns.Resolver
	now      time.Time
	chain    *arc.Verifier

	mailFrom spf.Verdict
	helo     *spf.Verdict // nil was not checked
	ip       iprev.Verdict
	seals    arc.Verdict

	mailFromDone, restDone, sealsDone dns.Group
}

// running keeps the memory of finished checks for those of the next message.
var running = sync.Pool{New: func() any { return new(checks) }}

// release forgets the checks, all of which are done.
func (c *checks) release() {
	*c = checks{}
	running.Put(c)
}

// beginEnvelope begins what the envelope alone decides.
func (c *checks) beginEnvelope() {
	c.mailFrom = spf.Verdict{Result: spf.None, Identity: spf.MailFrom}
	c.ip = iprev.Verdict{Result: iprev.None}
	if c.SPFCheckable() {
		c.mailFromDone.Try(c.checkMailFrom)
	}
	if c.RemoteIP.IsValid() {
		c.restDone.Try(c.checkIP)
	}
}

// beginHELO begins the check of the HELO identity where it is worth a look-up,
// once mailFrom is known. With a null path that already was the HELO identity.
func (c *checks) beginHELO() {
	if c.HELO != "" && c.MailFrom != "" && c.RemoteIP.IsValid() && c.mailFrom.Result != spf.Pass {
		c.restDone.Try(c.checkHELO)
	}
}

func (c *checks) checkMailFrom(r dns.Resolver) { c.mailFrom = c.sender(c.early, r, c.MailFrom) }

func (c *checks) checkHELO(r dns.Resolver) {
	v := c.sender(c.late, r, "")
	c.helo = &v
}

func (c *checks) checkIP(r dns.Resolver) { c.ip = iprev.Lookup(c.early, r, c.RemoteIP) }

func (c *checks) checkSeals() { c.seals = c.chain.Finish(c.late, c.resolver) }

// sender checks the identity of a reverse path, that of HELO for "".
func (c *checks) sender(ctx context.Context, r dns.Resolver, path string) spf.Verdict {
	return spf.Check(ctx, r, spf.Request{IP: c.RemoteIP, HELO: c.HELO, ReversePath: path, Receiver: c.Receiver, Now: c.now})
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
