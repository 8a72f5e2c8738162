package spf

import (
	"net/netip"
	"slices"
)

// The longest prefixes that are as good as none: two halves of all addresses are all, and
// 2000::/3 has all IPv6 addresses that are in use.
const (
	maxEverybody4 = 1
	maxEverybody6 = 3
)

// everybody reports that a term matches any address of the client's family, by its kind
// and prefix length, whatever address it is written with.
func (c *checker) everybody(t *term) bool {
	switch t.kind {
	case All:
		return true
	case IP4, IP6, A, MX:
		if c.is4 {
			return t.bits4 <= maxEverybody4
		}
		return t.bits6 <= maxEverybody6
	}
	return false
}

// Everybody reports a term by which every address of a family passes, whatever addresses it is
// written with: "+ip4:0.0.0.0/0", "a/0", one half of all addresses ("ip4:128.0.0.0/1"). It is not asked of
// "all" and of terms that lead to other records.
func (t *NodeTerm) Everybody() bool {
	return t.Qualifier == PlusPass && slices.ContainsFunc(t.Networks, func(p netip.Prefix) bool {
		if p.Addr().Is4() {
			return p.Bits() <= maxEverybody4
		}
		return p.Bits() <= maxEverybody6
	})
}

// Narrow gives an a or mx term as it would be without the prefix lengths by which everybody passes.
func (t *NodeTerm) Narrow() *NodeTerm {
	narrow, term := *t, *t.Term
	if term.Bits4 <= maxEverybody4 {
		term.Bits4 = 32
	}
	if term.Bits6 <= maxEverybody6 {
		term.Bits6 = 128
	}
	term.Text = term.String()
	narrow.Term, narrow.Networks = &term, nil
	narrow.network()
	return &narrow
}

// Everybody gives the domain and the term by which any address at all passes ("+all", "ip4:0.0.0.0/0", "a/0"), "" where the
// verdict rests on no such term. A pass of that kind says nothing of who sent.
func (v *Verdict) Everybody() (domain, term string) {
	for i := range v.Trace {
		if s := &v.Trace[i]; s.Everybody && s.Result == Pass {
			return s.Domain, s.Term
		}
	}
	return "", ""
}
