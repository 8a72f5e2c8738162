package spf

import (
	"context"
	"strings"
	"sync"

	"github.com/todoku/todoku/dns"
)

// Check evaluates check_host() (RFC 7208 section 4) for a request. Every
// failure is a result; it never returns a Go error. The deadline of the context
// ends it with temperror, [MaxDuration] where it has none.
func Check(ctx context.Context, r dns.Resolver, req Request) Verdict {
	v, ok := begin(&req)
	if !ok {
		return v
	}
	address := req.ReversePath
	if address == "" {
		address = "@" + req.HELO
	}
	local, domain := splitSender(address)
	name, problem := initialDomain(domain)
	v.Domain = strings.ToLower(name)
	if problem != "" {
		return v.reject(ProblemBadDomain, "the domain to check is not usable: "+problem)
	}
	if _, ok := ctx.Deadline(); !ok && !dns.Immediate(r) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, MaxDuration)
		defer cancel()
	}
	c := checkers.Get().(*checker)
	defer c.release()
	c.ctx, c.resolver = ctx, r
	c.ip, c.receiver, c.now, c.helo = req.IP.Unmap().WithZone(""), req.Receiver, req.Now, req.HELO
	c.is4, c.client = c.ip.Is4(), addressOf(c.ip)
	c.local, c.domain = local, name
	f := c.push(nil, name, v.Domain)
	d := c.checkHost(f)
	v.Record = f.record
	c.conclude(&v, &d)
	return v
}

// begin checks what does not need the DNS and says which identity is checked.
func begin(req *Request) (Verdict, bool) {
	v := Verdict{Identity: MailFrom}
	if req.ReversePath == "" {
		v.Identity = HELO
	}
	switch {
	case !req.IP.IsValid():
		return v.reject(ProblemBadAddress, "the address of the client is not known"), false
	case len(req.ReversePath) > maxPath || len(req.HELO) > maxPath:
		return v.reject(ProblemBadDomain, "the address or the HELO name has more than 1024 octets"), false
	}
	return v, true
}

// reject gives the verdict where there is nothing to check (section 4.3).
func (v Verdict) reject(problem, reason string) Verdict {
	v.Result, v.Problem, v.Reason, v.ProblemDomain = None, problem, reason, v.Domain
	return v
}

// checkers keeps the memory of finished evaluations for the next.
var checkers = sync.Pool{New: func() any { return new(checker) }}

// maxKept is how many terms or events of memory are kept, not to hold on to what
// one huge record needed.
const maxKept = 512

// release forgets the evaluation. The texts it leaves behind in unused memory are
// overwritten by the next, or freed with the pool.
func (c *checker) release() {
	p, events, notes, asks := c.parser, c.trace.events, c.trace.notes, c.trace.asks
	*c = checker{}
	if cap(p.terms) <= maxKept && cap(events) <= maxKept {
		c.parser.terms, c.parser.domains, c.trace.events = p.terms[:0], p.domains[:0], events[:0]
		c.trace.notes, c.trace.asks = notes[:0], asks[:0]
	}
	checkers.Put(c)
}

// conclude completes the verdict.
func (c *checker) conclude(v *Verdict, d *decision) {
	v.Result = d.result
	if v.Record != "" {
		v.Mechanism = d.term
	}
	if d.expAt != nil {
		v.Explanation = c.explain(d.expAt, d.exp)
	}
	v.Lookups, v.VoidLookups = c.budget.lookups, c.budget.voids
	if e := d.failure; e != nil {
		v.Problem, v.ProblemDomain, v.ProblemTerm, v.Reason = e.problem, e.domain, e.term, e.reason
	} else {
		v.Reason = c.reason(v)
	}
	v.Trace = c.steps()
}

// reason says in a sentence why there is no pass.
func (c *checker) reason(v *Verdict) string {
	switch {
	case v.Result == Pass:
		return ""
	case v.Mechanism == defaultTerm:
		return "no term of the record of " + v.Domain + " matches " + c.ip.String()
	}
	says := "says that it makes no statement about "
	switch v.Result {
	case Fail:
		says = "does not authorize "
	case SoftFail:
		says = "probably does not authorize "
	}
	return v.Domain + " " + says + c.ip.String() + ": the term " + v.Mechanism + " decided"
}
