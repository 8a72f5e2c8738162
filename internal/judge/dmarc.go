package judge

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/spf"
)

func (c *verdict) dmarc() {
	v := c.Auth.DMARC
	switch v.Result {
	case dmarc.Pass:
		c.add("dmarc.pass", c.from, args{"from": c.from}, rawRecord(v))
		c.spfOnly(v)
	case dmarc.Fail:
		c.dmarcFail(v)
	case dmarc.TempError:
		id := "dmarc.temperror"
		if v.Problem == dmarc.ProblemIdentifier {
			id = "dmarc.undecided-dns"
		}
		c.add(id, c.from, args{"from": c.from}, v.Reason, rawRecord(v))
	case dmarc.PermError:
		c.add("dmarc.permerror", c.author(), nil, v.Reason)
		return
	}
	broken := c.brokenRecords(v)
	if v.Result == dmarc.None && !broken && c.from != "" {
		c.noRecord(v)
	}
	c.policyNotes(v)
	c.otherStandard(v)
}

// dmarcFail says why: undecided, a service's default, another domain's pass, or nothing passed.
func (c *verdict) dmarcFail(v dmarc.Verdict) {
	a := args{"from": c.from, "policy": string(v.Policy)}
	passed := passedDomains(v)
	switch {
	case !v.SPFChecked:
		c.add("dmarc.undecided", c.from, a, v.Reason, rawRecord(v))
	case c.couldHavePassed(v):
		c.add("dmarc.undecided-dns", c.from, a, v.Reason, rawRecord(v))
	case c.sesDefault(v, passed):
		c.sesFinding(a, v)
	case len(passed) > 0:
		a["passed"] = strings.Join(passed, ", ")
		c.add("dmarc.fail-unaligned", c.from, a, alignments(v)...)
	default:
		c.add("dmarc.fail", c.from, a, alignments(v)...)
	}
}

// couldHavePassed reports whether an identifier that belongs with From met a DNS failure.
func (c *verdict) couldHavePassed(v dmarc.Verdict) bool {
	return slices.ContainsFunc(v.Identifiers, func(a dmarc.Alignment) bool {
		return a.Aligned && a.Result == string(spf.TempError)
	})
}

// passedDomains are the domains for which SPF or DKIM passed, each once.
func passedDomains(v dmarc.Verdict) []string {
	var out []string
	for _, a := range v.Identifiers {
		if a.Result == "pass" && !slices.Contains(out, a.Domain) {
			out = append(out, a.Domain)
		}
	}
	return out
}

const ses = "amazonses.com"

// sesDefault reports whether Amazon SES sent the message with its own envelope
// sender and signature, as it does until it is told otherwise.
func (c *verdict) sesDefault(v dmarc.Verdict, passed []string) bool {
	if len(passed) == 0 || slices.ContainsFunc(passed, func(d string) bool { return !dns.IsSubdomain(d, ses) }) {
		return false
	}
	by := func(method string) bool {
		return slices.ContainsFunc(v.Identifiers, func(a dmarc.Alignment) bool { return a.Method == method && a.Result == "pass" })
	}
	return by("spf") && by("dkim")
}

func (c *verdict) sesFinding(a args, v dmarc.Verdict) {
	// The default MAIL FROM is amazonses.com in us-east-1, else REGION.amazonses.com.
	region := "us-east-1"
	if r, ok := strings.CutSuffix(c.Auth.SPF.Domain, "."+ses); ok && !strings.Contains(r, ".") {
		region = r
	}
	a["region"], a["mail_from"], a["bounce"] = region, c.Auth.SPF.Domain, "bounce."+c.from
	c.add("dmarc.fail-ses-default", c.from, a, alignments(v)...)
}

// alignments shows each identifier beside From.
func alignments(v dmarc.Verdict) []string {
	var out []string
	for _, a := range v.Identifiers {
		word := "not aligned"
		if a.Aligned {
			word = "aligned"
		}
		out = append(out, a.Method+"="+a.Result+" "+a.Domain+" ("+word+" with "+v.FromDomain+")")
	}
	return append(out, rawRecord(v))
}

func rawRecord(v dmarc.Verdict) string {
	if v.Record == nil {
		return ""
	}
	return "_dmarc." + v.PolicyDomain + ": " + clip(v.Record.Raw)
}

// spfOnly warns that nothing but SPF carries the pass. With an enforced policy
// forwarded mail is then lost (RFC 9989 section 7.4).
func (c *verdict) spfOnly(v dmarc.Verdict) {
	if !v.SPFAligned || v.DKIMAligned {
		return
	}
	f := c.add("dmarc.spf-only", c.from, args{"from": c.from})
	if v.Policy == dmarc.PolicyNone {
		f.Status = catalogue.Info
	}
}

// brokenRecords reports records that are published and have no effect.
func (c *verdict) brokenRecords(v dmarc.Verdict) (found bool) {
	for _, w := range v.Discovery {
		if w.Domain != v.FromDomain {
			continue
		}
		for _, q := range w.Queries {
			domain := strings.TrimPrefix(q.Name, "_dmarc.")
			switch q.Outcome {
			case "multiple":
				f := c.add("dmarc.multiple-records", domain, args{"record_name": q.Name}, clip(q.Record))
				if v.Result != dmarc.None {
					f.Status = catalogue.Warn // another name's record stands in
				}
				found = true
			case "invalid":
				c.add("dmarc.invalid-record", domain, args{"record_domain": domain, "tag": invalidTags(q.Record)}, q.Name+": "+clip(q.Record))
				found = true
			}
		}
	}
	return found
}

// invalidTags names what makes a record useless (RFC 9989 section 4.10.1).
func invalidTags(record string) string {
	r, ok := dmarc.Parse(record)
	if !ok {
		return "v"
	}
	var tags []string
	for _, p := range r.Problems {
		switch p.ID {
		case dmarc.InvalidP, dmarc.InvalidSP, dmarc.InvalidNP:
			tags = append(tags, tagText(p))
		case dmarc.MissingP:
			tags = append(tags, "p")
		}
	}
	return strings.Join(tags, ", ")
}

// noRecord tells what to publish. The record belongs at the organisation's name,
// which RFC 7489's list of public suffixes knows even where nothing is published.
func (c *verdict) noRecord(v dmarc.Verdict) {
	domain := c.from
	for _, d := range []string{v.RFC7489.OrgDomain, v.OrgDomain} {
		if d != "" && dns.IsSubdomain(c.from, d) {
			domain = d
			break
		}
	}
	f := c.add("dmarc.none", c.from, args{"from": c.from, "record_domain": "_dmarc." + domain})
	f.DNS = append(f.DNS, dns.Change{
		Action: dns.Add, Name: "_dmarc." + domain + ".", Type: dns.TypeTXT, TTL: 3600, Data: []string{"v=DMARC1; p=none"},
	})
}

// policyNotes says what the record itself leaves to be desired.
func (c *verdict) policyNotes(v dmarc.Verdict) {
	r := v.Record
	if r == nil {
		return
	}
	a := args{"from": c.from, "record_domain": v.PolicyDomain}
	switch {
	case r.Testing:
		c.add("dmarc.testing", v.PolicyDomain, a, r.Raw)
	case v.Policy == dmarc.PolicyNone && v.Result == dmarc.Pass:
		c.add("dmarc.policy-none", v.PolicyDomain, a, r.Raw)
	}
	c.tagNotes(v.PolicyDomain, r)
}

// tagFindings gives the finding of each kind of problem in a record; what is not
// here leaves a tag without effect.
var tagFindings = map[string]string{
	dmarc.InvalidP: "dmarc.invalid-record", dmarc.InvalidSP: "dmarc.invalid-record", dmarc.InvalidNP: "dmarc.invalid-record",
	dmarc.MissingP:   "dmarc.missing-p",
	dmarc.RemovedTag: "dmarc.removed-tag", dmarc.URISize: "dmarc.removed-tag",
	dmarc.UnknownTag: "dmarc.unknown-tag",
}

// tagNotes makes one finding of all tags with the same kind of problem.
func (c *verdict) tagNotes(domain string, r *dmarc.Record) {
	tags := make(map[string][]string)
	var order []string
	for _, p := range r.Problems {
		id, ok := tagFindings[p.ID]
		if !ok {
			id = "dmarc.invalid-tag"
		}
		if tags[id] == nil {
			order = append(order, id)
		}
		if tag := tagText(p); len(tags[id]) < 10 && !slices.Contains(tags[id], tag) {
			tags[id] = append(tags[id], tag)
		}
	}
	for _, id := range order {
		text := strings.Join(tags[id], ", ")
		c.add(id, domain, args{"record_domain": domain, "tag": text, "tags": text}, "_dmarc."+domain+": "+clip(r.Raw))
	}
}

// tagText shows a tag as it is written.
func tagText(p dmarc.Problem) string {
	if p.Tag == "" {
		return clip(p.Value)
	}
	return clip(p.Tag + "=" + p.Value)
}

// otherStandard says where receivers that follow RFC 7489 come to another answer.
func (c *verdict) otherStandard(v dmarc.Verdict) {
	o := v.RFC7489
	if o.Result == "" || o.Result == v.Result && o.PolicyDomain == v.PolicyDomain && o.Policy == v.Policy {
		return
	}
	c.add("dmarc.rfc7489-differs", c.from, args{
		"old": answer(o.Result, o.Policy), "new": answer(v.Result, v.Policy),
		"old_domain": orDash(o.PolicyDomain), "new_domain": orDash(v.PolicyDomain),
	})
}

func answer(r dmarc.Result, p dmarc.Policy) string {
	if p == "" {
		return string(r)
	}
	return string(r) + " (p=" + string(p) + ")"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
