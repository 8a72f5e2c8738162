package inspect

import (
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/repair"
)

// dmarcHolder is the name whose records are judged, with what stands there.
type dmarcHolder struct {
	domain string
	answer dns.Answer
	texts  []string        // those that were meant to be DMARC records
	valid  []*dmarc.Record // those that are
	plan   repair.DMARCPlan
	change *dns.Change // nil where nothing is to be changed
}

// dmarc judges DMARC records and the walk that finds them.
func (j *judgement) dmarc() {
	d := j.DMARC
	a := args{"from": j.Name}
	if d.Verdict.Result == dmarc.TempError {
		j.add("dmarc.temperror", j.Name, a, d.Verdict.Reason)
		return
	}
	h := j.holder()
	if h == nil {
		j.dmarcAbsent()
		return
	}
	j.planDMARC(h)
	j.dmarcRecords(h)
	j.dmarcPolicy(h)
	j.dmarcReports(h)
	j.dmarcStandards()
}

// holder finds where the record stands that was meant to apply: at the domain, else at
// its organisation.
func (j *judgement) holder() *dmarcHolder {
	for _, h := range []dmarcHolder{{domain: j.Name, answer: j.DMARC.Own}, {domain: j.DMARC.OrgDomain, answer: j.DMARC.Org}} {
		for _, r := range h.answer.Records {
			if rec, ok := dmarc.Parse(r.Data); ok {
				h.valid = append(h.valid, rec)
				h.texts = append(h.texts, r.Data)
			} else if repair.LooksLikeDMARC(r.Data) {
				h.texts = append(h.texts, r.Data)
			}
		}
		if len(h.texts) > 0 {
			return &h
		}
	}
	return nil
}

// planDMARC plans the one change that puts everything right at the holder's name.
func (j *judgement) planDMARC(h *dmarcHolder) {
	texts := h.texts
	if len(h.valid) == 1 {
		texts = []string{h.valid[0].Raw} // what stands beside it says nothing to anyone
	}
	h.plan = repair.DMARC(texts)
	silent := !j.sends() && h.domain == j.Name
	if silent {
		h.plan.Text = repair.DMARCWith(repair.DMARCWith(repair.DMARCWith(h.plan.Text, "p", "reject"), "sp", ""), "t", "")
	}
	if !publicSuffix(h.domain) {
		h.plan.Text = withoutPSD(h.plan.Text)
	}
	if len(h.valid) == 1 && len(dmarcProblems(h.valid[0])) == 0 && !pLate(h.valid[0]) && !(silent && j.weakForSilent(h.valid[0])) && !falsePSD(h) {
		return
	}
	change := j.dmarcChange(h.domain, h.answer, h.plan.Text)
	if len(h.answer.Chain) == 0 || j.own(change.Name) && change.Name != "_dmarc."+h.domain+"." {
		change.Was = h.texts // else the CNAME in the way goes
	}
	h.change = &change
}

// dmarcChange is the change that puts a text at a domain's policy name. Where a CNAME
// within the organisation leads to it, it is made at its end.
func (j *judgement) dmarcChange(domain string, a dns.Answer, text string) dns.Change {
	c := dns.Change{Action: dns.Replace, Name: "_dmarc." + domain + ".", Type: dns.TypeTXT, TTL: 3600, Data: []string{text}}
	if n := len(a.Chain); n > 0 && j.own(a.Chain[n-1].Data) {
		c.Name = dns.CanonicalName(a.Chain[n-1].Data) + "."
	}
	return c
}

// own reports whether a name belongs to the organisation of the domain.
func (j *judgement) own(name string) bool {
	org := dmarc.RegisteredDomain(j.Name)
	return dns.IsSubdomain(dns.CanonicalName(name), org)
}

// pLate reports that p= stands anywhere but second.
func pLate(r *dmarc.Record) bool {
	return r.P != "" && len(r.Tags) > 1 && !strings.EqualFold(r.Tags[1].Name, "p")
}

// publicSuffix reports whether others register below a domain: only such may say psd=y.
func publicSuffix(domain string) bool { return dmarc.RegisteredDomain("x."+domain) == "x."+domain }

func falsePSD(h *dmarcHolder) bool {
	return len(h.valid) == 1 && h.valid[0].PSD == "y" && !publicSuffix(h.domain)
}

func withoutPSD(text string) string {
	if r, ok := dmarc.Parse(text); ok && r.PSD == "y" {
		return repair.DMARCWith(text, "psd", "")
	}
	return text
}

func (j *judgement) weakForSilent(r *dmarc.Record) bool {
	return r.P != dmarc.PolicyReject || r.Testing || r.SP != "" && r.SP != dmarc.PolicyReject
}

// cure gives a finding the change of the record set that it is about.
func (h *dmarcHolder) cure(f *catalogue.Finding) {
	if h.change != nil {
		f.DNS = []dns.Change{*h.change}
	}
}

// dmarcAbsent judges a domain for which nobody published anything.
func (j *judgement) dmarcAbsent() {
	d := j.DMARC
	org := d.OrgDomain
	a := args{"from": j.Name, "record_domain": "_dmarc." + org}
	// The alias of a wildcard hides nothing, and gives way to a record.
	wild := len(d.Own.Chain) > 0 && len(j.Zone.WildcardTXT.Chain) > 0 && dns.CanonicalName(d.Own.Chain[0].Data) == dns.CanonicalName(j.Zone.WildcardTXT.Chain[0].Data)
	if n := len(d.Own.Chain); n > 0 && !wild && (d.Own.Status.Void() || org == j.Name) {
		target := dns.CanonicalName(d.Own.Chain[n-1].Data)
		f := j.add("dmarc.cname-broken", j.Name, args{"name": "_dmarc." + j.Name, "target": target}, d.Own.Chain[0].Text())
		f.DNS = []dns.Change{{Action: dns.Replace, Name: "_dmarc." + j.Name + ".", Type: dns.TypeTXT, TTL: 3600, Data: []string{j.firstDMARC()}}}
		return
	}
	if len(d.Misplaced) > 0 {
		var texts []string
		for _, r := range d.Misplaced {
			texts = append(texts, r.Data)
		}
		m := d.Misplaced[0]
		f := j.add("dmarc.wrong-name", j.Name, args{"name": m.Name, "right": "_dmarc." + j.Name}, m.Name+": "+m.Data)
		f.DNS = []dns.Change{{Action: dns.Add, Name: "_dmarc." + j.Name + ".", Type: dns.TypeTXT, TTL: 3600, Data: []string{repair.DMARC(texts).Text}}}
		return
	}
	f := j.add("dmarc.none", j.Name, a)
	f.Status = catalogue.Fail
	change := dns.Change{Action: dns.Add, Name: "_dmarc." + org + ".", Type: dns.TypeTXT, TTL: 3600, Data: []string{j.firstDMARC()}}
	if len(d.Org.Chain) > 0 && !wild {
		change.Action = dns.Replace // the CNAME in the way goes
	}
	f.DNS = []dns.Change{change}
	for _, r := range d.Own.Records {
		f.Evidence = append(f.Evidence, "_dmarc."+j.Name+": "+clip(r.Data))
	}
}

// firstDMARC is the record for a domain that has none.
func (j *judgement) firstDMARC() string {
	if !j.sends() {
		return "v=DMARC1; p=reject"
	}
	return "v=DMARC1; p=none"
}

// dmarcRecords judges the records as they are written.
func (j *judgement) dmarcRecords(h *dmarcHolder) {
	name := "_dmarc." + h.domain
	evidence := func() []string {
		var out []string
		for _, t := range h.texts[:min(len(h.texts), 6)] {
			out = append(out, name+": "+clip(t))
		}
		if len(h.plan.Dropped) > 0 {
			out = append(out, "left out: "+clip(strings.Join(h.plan.Dropped, ", ")))
		}
		return out
	}
	switch {
	case len(h.valid) == 0:
		h.cure(j.add("dmarc.unrecognised", h.domain, args{"record_domain": h.domain, "text": clip(h.texts[0])}, evidence()...))
		return
	case len(h.valid) > 1:
		h.cure(j.add("dmarc.multiple-records", h.domain, args{"record_name": name}, evidence()...))
	}
	for _, r := range h.valid[:min(len(h.valid), 4)] {
		j.dmarcTags(h, r, evidence())
	}
	if len(h.valid) != 1 {
		return
	}
	if falsePSD(h) {
		h.cure(j.add("dmarc.psd", h.domain, args{"record_domain": h.domain}, evidence()...))
	}
	if pLate(h.valid[0]) {
		h.cure(j.add("dmarc.p-not-second", h.domain, args{"record_domain": h.domain}, evidence()...))
	}
	j.strayRecord(h)
	if p, _, _, ok := h.valid[0].Usable(); ok && j.Name == h.domain {
		j.add("dmarc.record", h.domain, args{"record_domain": h.domain, "policy": string(p)}, evidence()...)
	} else if ok {
		j.add("dmarc.inherited", j.Name, args{"from": j.Name, "record_domain": h.domain, "policy": string(j.DMARC.Verdict.Policy)}, evidence()...)
	}
}

// maxStray bounds how many idle records are taken away at once.
const maxStray = 20

// strayRecord finds idle records at the domain itself, beside the one that counts.
func (j *judgement) strayRecord(h *dmarcHolder) {
	if h.domain != j.Name || len(j.Profile.TXT.Chain) > 0 {
		return
	}
	var stray, evidence []string
	for _, r := range j.Profile.TXT.Records {
		if _, ok := dmarc.Parse(r.Data); ok && len(stray) < maxStray {
			stray = append(stray, r.Data)
			evidence = append(evidence, h.domain+": "+clip(r.Data))
		}
	}
	if len(stray) > 0 {
		f := j.add("dmarc.stray-record", h.domain, args{"record_domain": h.domain}, evidence...)
		f.DNS = []dns.Change{{Action: dns.Remove, Name: h.domain + ".", Type: dns.TypeTXT, TTL: 3600, Was: stray}}
	}
}

// dmarcPolicy says what the policy leaves open. All of it is the owner's choice, but
// for a domain that says it sends nothing.
func (j *judgement) dmarcPolicy(h *dmarcHolder) {
	if len(h.valid) != 1 {
		return
	}
	r := h.valid[0]
	p, sp, np, ok := r.Usable()
	if !ok {
		return
	}
	a := args{"from": j.Name, "record_domain": h.domain, "policy": string(p), "sp": string(sp), "np": string(np)}
	if !j.sends() && h.domain == j.Name {
		if j.weakForSilent(r) {
			h.cure(j.add("dmarc.parked-policy", h.domain, a, r.Raw))
		}
		return
	}
	switch {
	case r.Testing:
		j.add("dmarc.testing", h.domain, a, r.Raw)
	case r.P == dmarc.PolicyNone:
		j.add("dmarc.policy-none", h.domain, a, r.Raw)
	}
	weaker := func(q dmarc.Policy) bool { return q == dmarc.PolicyNone && p != dmarc.PolicyNone }
	switch {
	case weaker(r.SP):
		j.add("dmarc.subdomain-gap", h.domain, a, r.Raw)
	case weaker(r.NP):
		j.add("dmarc.np-gap", h.domain, a, r.Raw)
	}
	if r.ADKIM == "s" || r.ASPF == "s" {
		j.add("dmarc.strict", h.domain, a, r.Raw)
	}
}

// dmarcStandards says where receivers on the older standard come to another policy.
func (j *judgement) dmarcStandards() {
	v, o := j.DMARC.Verdict, j.DMARC.Verdict.RFC7489
	if o.Result == "" || o.PolicyDomain == v.PolicyDomain && o.Policy == v.Policy {
		return
	}
	word := func(p dmarc.Policy) string {
		if p == "" {
			return "-"
		}
		return "p=" + string(p)
	}
	dash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	j.add("dmarc.rfc7489-differs", j.Name, args{
		"old": word(o.Policy), "new": word(v.Policy), "old_domain": dash(o.PolicyDomain), "new_domain": dash(v.PolicyDomain),
	})
}
