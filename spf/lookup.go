package spf

import (
	"net/netip"

	"github.com/todoku/todoku/dns"
)

// failure is why an evaluation ended without an answer.
type failure struct {
	result  Result
	problem string
	// domain and term say where the problem is.
	domain, term string
	reason       string
	// void: the record was missing in a way that counts as a void look-up.
	void bool
}

func permError(problem string, at site, reason string) *failure {
	return newFailure(PermError, problem, at, reason)
}

// newFailure locates a failure at a term, or at a record where there is no term.
func newFailure(r Result, problem string, at site, reason string) *failure {
	e := &failure{result: r, problem: problem, domain: at.f.name, reason: reason}
	if at.t != nil {
		e.term = at.t.text(at.f.record)
	}
	return e
}

// timeUsedUp is what an expired context comes to (section 4.6.4).
const timeUsedUp = "the time for the evaluation is used up"

// ask puts one question, unless the time or the questions are used up.
func (c *checker) ask(name string, t dns.Type) dns.Answer {
	q := dns.Question{Name: name, Type: t}
	if c.ctx.Err() != nil {
		return dns.Answer{Question: q, Status: dns.Timeout, Detail: timeUsedUp}
	}
	if c.budget.queries >= MaxQueries {
		c.budget.refused = true
		return dns.Answer{Question: q, Status: dns.BadName, Detail: "the questions for the evaluation are used up"}
	}
	c.budget.queries++
	a := c.resolver.Resolve(c.ctx, q)
	c.trace.query(&q, a.Status)
	return a
}

// lookupFailed turns a failed answer to temperror (section 4.4, 5); nil otherwise.
func lookupFailed(a *dns.Answer, at site) *failure {
	if !a.Status.Failed() {
		return nil
	}
	problem, what := ProblemDNSError, "could not be looked up"
	switch a.Status {
	case dns.Timeout:
		problem, what = ProblemDNSTimeout, "was not answered in time"
	case dns.ServFail:
		problem, what = ProblemDNSServFail, "was answered with SERVFAIL"
	case dns.Refused:
		problem, what = ProblemDNSRefused, "was refused"
	}
	reason := "the question " + a.Question.Name + " " + a.Question.Type.String() + " " + what
	if a.Detail != "" {
		reason += ": " + a.Detail
	}
	return newFailure(TempError, problem, at, reason)
}

// query is ask for a term: limits checked, failure and void look-ups judged.
func (c *checker) query(name string, typ dns.Type, at site) (dns.Answer, *failure) {
	if e := c.checkQueries(at); e != nil {
		return dns.Answer{}, e
	}
	a := c.ask(name, typ)
	if e := lookupFailed(&a, at); e != nil {
		return a, e
	}
	if a.Status.Void() {
		return a, c.spendVoid(at)
	}
	return a, nil
}

// addressType is the type of address record to compare the client with (section 5).
func (c *checker) addressType() dns.Type {
	if c.ip.Is4() {
		return dns.TypeA
	}
	return dns.TypeAAAA
}

// recordAddr is the address of an A or AAAA record. Answers that were stored and
// read again may have it as text only.
func recordAddr(r *dns.Record) netip.Addr {
	if r.Addr.IsValid() {
		return r.Addr
	}
	a, err := netip.ParseAddr(r.Data)
	if err != nil {
		return netip.Addr{}
	}
	return a
}

// contains finds an address record whose network of the given length has the client.
func (c *checker) contains(records []dns.Record, bits uint8) (netip.Addr, bool) {
	for i := range records {
		addr := recordAddr(&records[i])
		if addr.BitLen() == c.ip.BitLen() && netip.PrefixFrom(addr, int(bits)).Contains(c.ip) {
			return addr, true
		}
	}
	return netip.Addr{}, false
}
