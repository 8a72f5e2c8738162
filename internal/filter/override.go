package filter

import (
	"strconv"
	"strings"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/message"
)

// override says whether a DMARC failure does not count. Where that hangs on a look-up that failed, there is no override, and doubt names who
// would vouch for the message.
func (p *Policy) override(m *message.Message, e *Event) (o Override, doubt string) {
	if o = p.sealed(e); o.Type != "" {
		if e.Auth.ARC.Result == arc.Pass {
			return o, ""
		}
		doubt = newestSet(&e.Auth.ARC).SealDomain
	}
	for _, n := range p.Forwarders {
		if e.Client.Addr.IsValid() && n.Contains(e.Client.Addr) {
			return Override{"trusted_forwarder", "forwarded by " + e.Client.Addr.String()}, ""
		}
	}
	if len(p.Lists) == 0 || m.Count("List-Id") != 1 {
		return Override{}, doubt
	}
	// A List-Id can be written by anybody: it counts only with a signature or SPF of the list's own domain.
	f, _ := m.First("List-Id")
	id := f.Unfolded()
	open, end := strings.LastIndexByte(id, '<'), strings.LastIndexByte(id, '>')
	if open < 0 || end < open {
		return Override{}, doubt
	}
	id = strings.ToLower(id[open+1 : end])
	for _, list := range p.Lists {
		list = strings.ToLower(list)
		if !matchDomain(list, id) && !strings.HasSuffix(id, "."+list) {
			continue
		}
		domain := strings.TrimPrefix(list, "*.")
		if vouched(e, domain, "pass") {
			return Override{"mailing_list", "mailing list " + id}, ""
		}
		if doubt == "" && vouched(e, domain, "temperror") {
			doubt = id
		}
	}
	return Override{}, doubt
}

// vouched reports that DKIM or SPF gives a result for a domain, or for one that it is below or above of.
func vouched(e *Event, domain, result string) bool {
	for _, v := range e.Auth.DKIM {
		if string(v.Result) == result && v.Signature != nil && sameOrBelow(domain, v.Signature.Domain) {
			return true
		}
	}
	return string(e.Auth.SPF.Result) == result && sameOrBelow(e.Auth.SPF.Domain, domain)
}

// undecided reports that nothing is known to be wrong with a chain: the DNS did not answer for a key of it.
func undecided(chain *arc.Verdict) bool { return strings.HasPrefix(chain.Problem, "dns-") }

func newestSet(chain *arc.Verdict) *arc.Set { return &chain.Sets[len(chain.Sets)-1] }

// mayPass reports that a chain passes, or may yet: only keys of believed sealers failed to be looked up, or one of a set before a seal that
// verifies and is by one of them. Anybody can have the key of a message signature fail that he makes himself.
func (p *Policy) mayPass(chain *arc.Verdict) bool {
	if chain.Result == arc.Pass {
		return true
	}
	if !undecided(chain) || len(chain.Sets) == 0 {
		return false
	}
	newest := newestSet(chain)
	return newest.AMS == arc.Pass || fits(p.Sealers, newest.MessageDomain)
}

// sealed looks for a sealer that is believed and says that DMARC passed when the message came to it, in a chain that passes or may yet. The newest
// seal must be by one, for whoever sealed last could have written anything before it; from there it goes
// back as long as sealers are believed and say that the chain passed. What is believed is a claim about
// this author domain only.
func (p *Policy) sealed(e *Event) Override {
	chain := &e.Auth.ARC
	if len(p.Sealers) == 0 || e.Author == "" || !p.mayPass(chain) {
		return Override{}
	}
	for i := len(chain.Sets) - 1; i >= 0; i-- {
		s := &chain.Sets[i]
		// Where a message signature covers no From, the author could be another by now than the one that the claim is about.
		if !fits(p.Sealers, s.SealDomain) || s.FromUnsigned {
			return Override{}
		}
		h, err := authres.Parse([]byte(s.Results))
		if err != nil {
			return Override{}
		}
		chainPassed, passed, other := false, false, false
		for _, r := range h.Results {
			if r.Method == "dmarc" && strings.EqualFold(r.Get("header", "from"), e.Author) {
				passed, other = passed || r.Value == "pass", other || r.Value != "pass"
			}
			chainPassed = chainPassed || r.Method == "arc" && r.Value == "pass"
		}
		if passed && !other {
			return Override{"local_policy", "arc=pass: " + s.SealDomain + " saw dmarc=pass (i=" + strconv.Itoa(s.Instance) + ")"}
		}
		if !chainPassed || passed { // who says both says nothing
			return Override{}
		}
	}
	return Override{}
}

// unbelieved adds to a reason who sealed last, where the chain passes and the table does not believe them: what an operator who wonders
// may want to know, and the list whose mail is refused.
func (p *Policy) unbelieved(reason string, e *Event) string {
	chain := &e.Auth.ARC
	if chain.Result != arc.Pass || len(chain.Sets) == 0 {
		return reason
	}
	last := newestSet(chain).SealDomain
	if len(p.Sealers) > 0 && fits(p.Sealers, last) {
		if newestSet(chain).FromUnsigned {
			return reason + "; its ARC chain passes, but does not cover From"
		}
		return reason
	}
	return reason + "; its ARC chain passes, but " + cut(last, 100) + ", who sealed last, is not among the sealers that are believed here"
}
