package spf

import (
	"strings"

	"github.com/todoku/todoku/dns"
)

// clientNames are the names of the client, for ptr and %{p}. They are asked for
// once per evaluation, and each is validated at most once and only when it could
// make a difference, so that all ptr terms together cost at most 11 questions.
type clientNames struct {
	asked bool
	void  bool
	list  []clientName
	// valid is %{p} for a domain: a text may have it thousands of times.
	domain, valid string
}

type clientName struct {
	name              string
	checked, verified bool
}

// loadClientNames asks for the PTR records. A failure is as good as none (section 5.5).
func (c *checker) loadClientNames() {
	if c.names.asked {
		return
	}
	c.names.asked = true
	a := c.ask(dns.ReverseName(c.ip), dns.TypePTR)
	c.names.void = a.Status.Void()
	for i := range a.Records {
		// The rest is ignored: it is in the hands of the client (section 4.6.4).
		if i == MaxPTR {
			break
		}
		name := strings.TrimSuffix(a.Records[i].Data, ".")
		if nameProblem(name) == "" {
			c.names.list = append(c.names.list, clientName{name: name})
		}
	}
}

// verify reports whether a name of the client leads back to its address. A failed
// look-up skips the name (section 5.5).
func (c *checker) verify(n *clientName) bool {
	if !n.checked {
		n.checked = true
		a := c.ask(n.name, c.addressType())
		_, n.verified = c.contains(a.Records, uint8(c.ip.BitLen()))
	}
	return n.verified
}

// evalPTR is the "ptr" mechanism (section 5.5).
func (c *checker) evalPTR(at site) (bool, *failure) {
	target, ok := c.target(at)
	if !ok {
		return false, nil
	}
	if e := c.checkQueries(at); e != nil {
		return false, e
	}
	c.loadClientNames()
	if c.names.void {
		if e := c.spendVoid(at); e != nil {
			return false, e
		}
	}
	for i := range c.names.list {
		n := &c.names.list[i]
		if within(n.name, target) && c.verify(n) {
			c.trace.note(at.step).detail = "the client is " + n.name
			return true, nil
		}
	}
	// A name that could not be looked up is no name, but the end of the time is the
	// end of the evaluation (section 4.6.4).
	if c.ctx.Err() != nil {
		return false, newFailure(TempError, ProblemDNSTimeout, at, timeUsedUp)
	}
	return false, nil
}

// validatedName is %{p}: the domain itself, else a name below it, else any name
// that is validated, else "unknown" (section 7.3).
func (c *checker) validatedName(domain string) string {
	if n := &c.names; n.valid == "" || n.domain != domain {
		n.domain, n.valid = domain, c.chooseName(domain)
	}
	return c.names.valid
}

func (c *checker) chooseName(domain string) string {
	c.loadClientNames()
	choices := [...]func(string) bool{
		func(n string) bool { return strings.EqualFold(n, domain) },
		func(n string) bool { return within(n, domain) },
		func(string) bool { return true },
	}
	for _, choice := range choices {
		for i := range c.names.list {
			if n := &c.names.list[i]; choice(n.name) && c.verify(n) {
				return n.name
			}
		}
	}
	return "unknown"
}
