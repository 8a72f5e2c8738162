package dmarc

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// RegisteredDomain gives the Organizational Domain of RFC 7489 section 3.2 by the
// public suffix list that is compiled in: the public suffix and one label more. A
// public suffix itself, and what is no domain name, is its own.
//
// The list's private section counts as well: the RFC names the whole list, and to
// leave it out would align the tenants of one hosting name with each other.
func RegisteredDomain(domain string) string {
	// The list takes a name with an empty label for what it is not.
	if !hostName(domain) {
		return domain
	}
	d, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(domain))
	if err != nil {
		return domain
	}
	return d
}

// rfc7489 evaluates as RFC 7489 sections 6.6.2 and 6.6.3 have it, with the same
// inputs; what the tree walk asked already is not asked again.
func (e *evaluation) rfc7489() RFC7489 {
	registered := e.in.RegisteredDomain
	if registered == nil {
		registered = RegisteredDomain
	}
	author := e.v.FromDomain
	a := RFC7489{OrgDomain: registered(author)}
	domain := author
	l := e.policies.lookup(e.ctx, domain)
	if !l.failed() && l.count == 0 && a.OrgDomain != author {
		if _, err := normalize(a.OrgDomain); err != nil {
			a.Result = None
			return a
		}
		domain = a.OrgDomain
		l = e.policies.lookup(e.ctx, domain)
	}
	if l.failed() {
		a.Result = TempError
		return a
	}
	if l.record == nil { // none, or several
		a.Result = None
		return a
	}
	p, sp, ok := l.record.usable7489()
	if !ok {
		a.Result = None
		return a
	}
	a.PolicyDomain, a.Policy = domain, p
	if domain != author {
		a.Policy = sp
	}
	a.Result = e.align7489(l.record, a.OrgDomain, registered)
	return a
}

// usable7489 is the rule of RFC 7489 section 6.6.3, step 6; np is not of that standard.
func (r *Record) usable7489() (p, sp Policy, ok bool) {
	if r.P == "" || r.has(InvalidSP) {
		return PolicyNone, PolicyNone, len(r.RUA) > 0
	}
	if r.SP != "" {
		return r.P, r.SP, true
	}
	return r.P, r.P, true
}

func (e *evaluation) align7489(rec *Record, org string, registered func(string) string) Result {
	result := Fail
	for i := range e.candidates {
		c := &e.candidates[i]
		aligned := c.domain != "" && (c.domain == e.v.FromDomain || !rec.strict(c.Method) && registered(c.domain) == org)
		switch {
		case aligned && c.Result == passWord:
			return Pass
		case aligned && c.Result == tempErrorWord:
			result = TempError
		}
	}
	return result
}
