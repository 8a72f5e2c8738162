package spf

import (
	"strings"

	"github.com/todoku/todoku/dns"
)

// inNetwork reports whether ip4 or ip6 has the client. They never have one of the
// other family, IPv4-mapped or not (section 5).
func (c *checker) inNetwork(t *term) bool {
	if t.kind == IP4 {
		return c.is4 && c.client.inIP4(t.net, t.bits4)
	}
	return !c.is4 && c.client.inIP6(t.net, t.bits6)
}

// match asks whether a mechanism matches (section 5).
func (c *checker) match(at site) (bool, *failure) {
	switch at.t.kind {
	case All:
		return true, nil
	case IP4, IP6:
		c.trace.note(at.step).detail = c.ip.String() + " is in " + c.parser.export(at.f.record, at.t).Prefix.String()
		return true, nil
	case Include:
		return c.evalInclude(at)
	case A:
		target, ok := c.target(at)
		if !ok {
			return false, nil
		}
		return c.matchHost(at, target)
	case MX:
		return c.evalMX(at)
	case PTR:
		return c.evalPTR(at)
	case Exists:
		return c.evalExists(at)
	}
	return false, nil
}

// target expands the domain-spec of a term. It is not ok where the name cannot be
// asked: section 4.8 leaves open what happens then; it does not match. The openspf
// suite prefers that, and a client cannot break a record by its HELO name.
func (c *checker) target(at site) (string, bool) {
	target := at.f.domain
	if at.t.domain != 0 {
		target = c.expandName(c.parser.domainSpec(at.t), at.f)
	}
	n := c.trace.note(at.step)
	n.target = target
	if problem := nameProblem(target); problem != "" {
		n.detail = cannotAsk + problem
		return target, false
	}
	return target, true
}

const cannotAsk = "cannot be looked up: "

// matchHost compares the client with the addresses of a host (section 5.3).
func (c *checker) matchHost(at site, host string) (bool, *failure) {
	a, e := c.query(host, c.addressType(), at)
	if e != nil {
		return false, e
	}
	bits := at.t.bits4
	if !c.is4 {
		bits = at.t.bits6
	}
	addr, ok := c.contains(a.Records, bits)
	if ok {
		c.trace.note(at.step).detail = host + " has " + addr.String()
	}
	return ok, nil
}

// evalMX is the "mx" mechanism (section 5.4). Without MX records nothing matches:
// the address of the name itself is not tried.
func (c *checker) evalMX(at site) (bool, *failure) {
	target, ok := c.target(at)
	if !ok {
		return false, nil
	}
	a, e := c.query(target, dns.TypeMX, at)
	if e != nil {
		return false, e
	}
	if len(a.Records) > MaxMX {
		return false, permError(ProblemTooManyMX, at,
			target+" has more than 10 mail exchangers (RFC 7208 section 4.6.4)")
	}
	for i := range a.Records {
		host := strings.TrimSuffix(a.Records[i].Data, ".")
		// The root is "no mail here" (RFC 7505).
		if nameProblem(host) != "" {
			continue
		}
		if matched, e := c.matchHost(at, host); matched || e != nil {
			return matched, e
		}
	}
	return false, nil
}

// evalExists is the "exists" mechanism: an A record, also for IPv6 (section 5.7).
func (c *checker) evalExists(at site) (bool, *failure) {
	target, ok := c.target(at)
	if !ok {
		return false, nil
	}
	a, e := c.query(target, dns.TypeA, at)
	return e == nil && len(a.Records) > 0, e
}
