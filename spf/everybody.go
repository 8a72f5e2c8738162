package spf

import "strings"

// Everybody gives the domain and the term by which any address at all passes ("+all", "ip4:0.0.0.0/0"), "" where the
// verdict rests on no such term. A pass of that kind says nothing of who sent.
func (v *Verdict) Everybody() (domain, term string) {
	for _, s := range v.Trace {
		if s.Outcome != OutcomeMatch || s.Result != Pass {
			continue
		}
		switch strings.ToLower(s.Term) {
		case "all", "+all", "ip4:0.0.0.0/0", "+ip4:0.0.0.0/0", "ip6:::/0", "+ip6:::/0":
			return s.Domain, s.Term
		}
	}
	return "", ""
}
