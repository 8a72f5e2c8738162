package filter

import (
	"strconv"
	"strings"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/message"
)

// override says whether a DMARC failure does not count.
func (p *Policy) override(m *message.Message, e *Event) Override {
	if o := p.sealed(e); o.Type != "" {
		return o
	}
	for _, n := range p.Forwarders {
		if e.Client.Addr.IsValid() && n.Contains(e.Client.Addr) {
			return Override{"trusted_forwarder", "forwarded by " + e.Client.Addr.String()}
		}
	}
	if len(p.Lists) == 0 || m.Count("List-Id") != 1 {
		return Override{}
	}
	// A List-Id can be written by anybody: it counts only with a signature or SPF of the list's own domain.
	f, _ := m.First("List-Id")
	id := f.Unfolded()
	open, end := strings.LastIndexByte(id, '<'), strings.LastIndexByte(id, '>')
	if open < 0 || end < open {
		return Override{}
	}
	id = strings.ToLower(id[open+1 : end])
	for _, list := range p.Lists {
		if (matchDomain(strings.ToLower(list), id) || strings.HasSuffix(id, "."+strings.ToLower(list))) && vouched(e, strings.TrimPrefix(strings.ToLower(list), "*.")) {
			return Override{"mailing_list", "mailing list " + id}
		}
	}
	return Override{}
}

// vouched reports that a domain, or one that it is below or above of, passes DKIM or SPF.
func vouched(e *Event, domain string) bool {
	for _, v := range e.Auth.DKIM {
		if v.Result == "pass" && v.Signature != nil && sameOrBelow(domain, v.Signature.Domain) {
			return true
		}
	}
	return e.Auth.SPF.Result == "pass" && sameOrBelow(e.Auth.SPF.Domain, domain)
}

// sealed looks for a sealer that is believed and says that DMARC passed when the message came to it. The newest
// seal must be by one, for whoever sealed last could have written anything before it; from there it goes
// back as long as sealers are believed and say that the chain passed. What is believed is a claim about
// this author domain only.
func (p *Policy) sealed(e *Event) Override {
	chain := &e.Auth.ARC
	if chain.Result != arc.Pass || len(p.Sealers) == 0 || e.Author == "" {
		return Override{}
	}
	for i := len(chain.Sets) - 1; i >= 0; i-- {
		s := &chain.Sets[i]
		if !fits(p.Sealers, s.SealDomain) {
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
	last := chain.Sets[len(chain.Sets)-1].SealDomain
	if len(p.Sealers) > 0 && fits(p.Sealers, last) {
		return reason
	}
	return reason + "; its ARC chain passes, but " + cut(last, 100) + ", who sealed last, is not among the sealers that are believed here"
}
