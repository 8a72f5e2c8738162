package inspect

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
)

// zone judges the zone itself.
func (j *judgement) zone() {
	z := j.Zone
	switch {
	case j.noAnswer():
		j.add("dns.no-answer", j.Name, args{"from": j.Name}, answerText(z.SOA), answerText(j.Profile.MX), answerText(j.Profile.TXT), answerText(z.Invalid))
		return
	case z.Invalid.Status.Found():
		j.add("dns.resolver-lies", j.Name, args{"name": z.Invalid.Question.Name}, answerText(z.Invalid))
		if !slices.ContainsFunc(j.central(), func(a dns.Answer) bool { return !a.Status.Failed() }) {
			return
		}
	}
	switch {
	case j.noDomain():
		j.add("dns.no-such-domain", j.Name, args{"from": j.Name}, answerText(z.SOA), answerText(j.Profile.MX), answerText(j.Profile.TXT))
		return
	case z.SOA.Status.Failed() && j.Profile.MX.Status.Failed() && j.Profile.TXT.Status.Failed():
		j.add("dns.servfail", j.Name, args{"from": j.Name}, answerText(z.SOA), answerText(j.Profile.MX), answerText(j.Profile.TXT))
		return
	}
	j.soa()
	j.apexCNAME()
	j.nameServers()
	j.dnssec()
	j.caa()
	j.wildcards()
	j.delegated()
	j.views()
	j.propagation()
}

// central are the answers at the domain that every receiver asks for.
func (j *judgement) central() []dns.Answer {
	return []dns.Answer{j.Zone.SOA, j.Profile.MX, j.Profile.TXT}
}

// noAnswer: nothing came back at all, neither of the domain nor of a name that every
// resolver can answer for.
func (j *judgement) noAnswer() bool {
	return !slices.ContainsFunc(append(j.central(), j.Zone.Invalid), func(a dns.Answer) bool { return !a.Status.Failed() })
}

// noDomain: the domain does not exist.
func (j *judgement) noDomain() bool {
	gone := 0
	for _, a := range j.central() {
		switch {
		case len(a.Chain) > 0, a.Status.Found(), a.Status == dns.NoData:
			return false
		case a.Status == dns.NXDomain:
			gone++
		}
	}
	return gone > 0
}

// soa judges whether the domain answers for SOA, as Yahoo demands, and alike for all types.
func (j *judgement) soa() {
	z := j.Zone
	a := args{"from": j.Name, "zone": z.Apex}
	var texts []string
	var gone, there bool
	for _, answer := range j.central() {
		texts = append(texts, answerText(answer))
		gone = gone || answer.Status == dns.NXDomain && len(answer.Chain) == 0
		there = there || answer.Status == dns.NoData || answer.Status == dns.Success
	}
	switch {
	case z.SOA.Status.Failed():
		j.add("dns.soa-unanswered", j.Name, a, answerText(z.SOA))
	case gone && there:
		j.add("dns.nxdomain-wrong", j.Name, a, texts...)
	default:
		j.add("dns.pass", j.Name, a, answerText(z.SOA), answerText(z.NS))
	}
}

// apexCNAME judges a CNAME at a registered domain: nothing else can stand beside it
// (RFC 1034 section 3.6.2), so that SOA, NS, MX and TXT are those of its target.
func (j *judgement) apexCNAME() {
	z := j.Zone
	if _, icann := publicsuffix.PublicSuffix(j.Name); len(z.SOA.Chain) == 0 || !icann || dmarc.RegisteredDomain(j.Name) != j.Name {
		return
	}
	target := dns.CanonicalName(z.SOA.Chain[0].Data)
	f := j.add("dns.cname-at-apex", j.Name, args{"from": j.Name, "target": shown(target)}, j.Name+" CNAME "+shown(target))
	for _, a := range []dns.Answer{z.Address.A, z.Address.AAAA, j.Profile.MX, j.Profile.TXT} {
		c := dns.Change{Action: dns.Replace, Name: j.Name + ".", Type: a.Question.Type, TTL: 3600}
		for _, r := range a.Records[:min(len(a.Records), 20)] {
			c.Data = append(c.Data, r.ChangeText())
		}
		if len(c.Data) > 0 {
			f.DNS = append(f.DNS, c)
		}
	}
	if len(f.DNS) == 0 {
		f.DNS = []dns.Change{{Action: dns.Remove, Name: j.Name + ".", Type: dns.TypeCNAME, Was: []string{z.SOA.Chain[0].ChangeText()}}}
	}
}

func (j *judgement) nameServers() {
	z := j.Zone
	if z.NS.Status.Found() && len(z.NS.Records) == 1 {
		j.add("dns.one-server", z.Apex, args{"zone": z.Apex, "name": shown(z.NS.Records[0].Data)}, answerText(z.NS))
	}
	for _, s := range z.Servers {
		if s.A.Status != dns.Unknown && empty(s.A) && empty(s.AAAA) {
			j.add("dns.server-unresolvable", shown(s.Name), args{"zone": z.Apex, "name": shown(s.Name)}, answerText(s.A), answerText(s.AAAA))
		}
	}
}

func empty(a dns.Answer) bool { return a.Status.Void() || a.Status == dns.BadName }

// dnssec says how far the zone is signed. None of it is anyone's duty.
func (j *judgement) dnssec() {
	z := j.Zone
	a := args{"zone": z.Apex}
	switch {
	case z.Apex == "":
	case z.DS.Status.Found() && z.ApexSOA.AuthenticData:
		j.add("dns.dnssec", z.Apex, a, answerText(z.DS))
	case z.DS.Status.Found():
		j.add("dns.dnssec-unvalidated", z.Apex, a, answerText(z.DS), "AD bit: no")
	case z.DS.Status.Void() && z.DNSKEY.Status.Found():
		j.add("dns.dnssec-no-ds", z.Apex, a, answerText(z.DS))
	case z.DS.Status.Void() && z.DNSKEY.Status.Void():
		j.add("dns.dnssec-none", z.Apex, a)
	}
}

func (j *judgement) caa() {
	c := j.Zone.CAA
	if c.Status.Void() && j.Zone.Apex == j.Name {
		j.add("dns.caa-none", j.Name, args{"from": j.Name})
	}
	if !c.Status.Found() {
		return
	}
	var issuers []string
	limited := false
	for _, r := range c.Records {
		if f := strings.SplitN(r.Data, " ", 3); len(f) == 3 && strings.EqualFold(f[1], "issue") {
			limited = true
			who, _, _ := strings.Cut(strings.Trim(f[2], `"`), ";")
			if who = strings.TrimSpace(who); who != "" {
				issuers = append(issuers, clip(who))
			}
		}
	}
	switch {
	case !limited: // only issuewild or iodef: anybody may issue
		return
	case len(issuers) == 0:
		j.add("dns.caa-nobody", j.Name, args{"from": j.Name}, answerText(c))
		return
	}
	j.add("dns.caa", j.Name, args{"from": j.Name, "issuers": strings.Join(issuers[:min(len(issuers), 10)], ", ")}, answerText(c))
}

func (j *judgement) wildcards() {
	z := j.Zone
	if z.Invalid.Status.Found() {
		return // the resolver invents answers
	}
	var evidence []string
	for _, a := range []dns.Answer{z.WildcardMX, z.WildcardTXT} {
		if a.Status.Found() || len(a.Chain) > 0 {
			evidence = append(evidence, answerText(a))
		}
	}
	if len(evidence) > 0 {
		j.add("dns.wildcard", j.Name, args{"from": j.Name}, evidence...)
	}
}

// delegated says who really serves the names that carry DMARC and DKIM.
func (j *judgement) delegated() {
	for _, a := range j.Zone.Delegated {
		name := a.Question.Name
		switch {
		case len(a.Chain) > 0:
			j.add("dns.delegated", name, args{"name": name, "to": shown(a.Chain[len(a.Chain)-1].Data)}, answerText(a))
		case a.Status.Found():
			j.add("dns.delegated", name, args{"name": name, "to": shown(a.Records[0].Data)}, answerText(a))
		}
	}
}

// The lifetimes beyond which a note is worth while, in seconds.
const (
	longTTL  = 2 * 86400
	shortTTL = 60
)

// propagation says until when an answer of now may be kept by resolvers.
func (j *judgement) propagation() {
	if j.Options.Now.IsZero() {
		return
	}
	answers := []dns.Answer{j.Profile.MX, j.Profile.TXT}
	for _, a := range j.Answers {
		if dns.CanonicalName(a.Question.Name) == "_dmarc."+j.Name && a.Question.Type == dns.TypeTXT && !a.Question.Server.IsValid() {
			answers = append(answers, a)
		}
	}
	exact := false
	for _, v := range j.Zone.Views {
		for _, a := range v.Answers()[1:] {
			if !a.Status.Failed() {
				answers, exact = append(answers, a), true
			}
		}
	}
	var most uint32
	longest := make(map[string]uint32)
	var order []string
	for _, a := range answers {
		if a.Status.Failed() {
			continue
		}
		key := a.Question.Type.String() + " " + a.Question.Name
		if _, ok := longest[key]; !ok {
			order = append(order, key)
		}
		longest[key] = max(longest[key], a.TTL)
		most = max(most, a.TTL)
	}
	if len(order) == 0 {
		return
	}
	var evidence []string
	for _, key := range order {
		evidence = append(evidence, key+": "+strconv.Itoa(int(longest[key]))+" s, "+j.clock(longest[key]))
	}
	j.add("dns.propagation", j.Name, args{"from": j.Name, "time": j.clock(most)}, evidence...)
	if most > longTTL {
		j.add("dns.ttl-long", j.Name, args{"from": j.Name, "days": strconv.Itoa(int(most / 86400))}, evidence...)
	}
	if exact {
		j.shortLived(longest, order)
	}
}

// shortLived notes lifetimes that make every receiver ask again for every message. Only
// an authoritative server says how long they really are.
func (j *judgement) shortLived(longest map[string]uint32, order []string) {
	var evidence []string
	for _, key := range order {
		if ttl := longest[key]; ttl < shortTTL {
			evidence = append(evidence, key+": "+strconv.Itoa(int(ttl))+" s")
		}
	}
	if len(evidence) > 0 {
		j.add("dns.ttl-short", j.Name, args{"from": j.Name}, evidence...)
	}
}

// clock is the time in so many seconds, rounded up to the minute.
func (j *judgement) clock(seconds uint32) string {
	t := j.Options.Now.Add(time.Duration(seconds) * time.Second)
	if r := t.Truncate(time.Minute); r.Before(t) {
		t = r.Add(time.Minute)
	}
	return t.Format("2006-01-02 15:04 MST")
}
