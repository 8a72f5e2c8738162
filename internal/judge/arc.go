package judge

import (
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/catalogue"
)

// arc judges the chain. A message without one lacks nothing.
func (c *verdict) arc() {
	v := c.Auth.ARC
	switch {
	case v.Result == arc.Pass:
		last := ""
		if n := len(v.Sets); n > 0 {
			last = lastSealer(v)
		}
		c.add("arc.pass", last, args{"instances": strconv.Itoa(v.Instances), "sealer": last})
		c.override(v)
	case v.Result == arc.Fail && strings.HasPrefix(v.Problem, "dns"):
		c.add("arc.dns-failure", c.author(), nil, v.Reason)
	case v.Result == arc.Fail:
		f := c.add("arc.fail", c.author(), nil, v.Reason)
		if c.passes() {
			f.Status = catalogue.Info // nobody needs the chain
		}
	}
}

// lastSealer is the domain of the highest instance.
func lastSealer(v arc.Verdict) string {
	domain, highest := "", 0
	for _, s := range v.Sets {
		if s.Instance > highest {
			domain, highest = s.SealDomain, s.Instance
		}
	}
	return domain
}

// override notes a valid chain in which a sealer says that DMARC passed when the
// message came to it. It never changes the result: trust is the receiver's.
func (c *verdict) override(v arc.Verdict) {
	// A claim is about an author; where a set does not cover From, it could be another by now.
	if c.Auth.DMARC.Result != dmarc.Fail || slices.ContainsFunc(v.Sets, func(s arc.Set) bool { return s.FromUnsigned }) {
		return
	}
	for _, s := range v.Sets {
		if claimsPass(s.Results, c.from) {
			c.add("arc.could-override", s.SealDomain, args{"sealer": s.SealDomain}, clip("ARC-Authentication-Results: i="+strconv.Itoa(s.Instance)+"; "+s.Results))
			return
		}
	}
}

// claimsPass reports whether an Authentication-Results value says that DMARC
// passed for this author domain.
func claimsPass(value, from string) bool {
	h, err := authres.Parse([]byte(value))
	if err != nil {
		return false
	}
	for _, r := range h.Results {
		if r.Method == "dmarc" && r.Value == "pass" {
			domain := r.Get("header", "from")
			return domain == "" || strings.EqualFold(domain, from)
		}
	}
	return false
}
