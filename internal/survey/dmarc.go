package survey

import (
	"context"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
)

// DMARC is what was seen of DMARC records and the walk that finds them.
type DMARC struct {
	// Verdict is what DMARC makes of mail from the domain for which nothing passes: it
	// carries the policy that applies and the walk.
	Verdict dmarc.Verdict
	// Own is the TXT answer at _dmarc.<domain>; Org that at the organisation's name,
	// the zero Answer where it is the same.
	Own, Org dns.Answer
	// OrgDomain is the organisation's domain by the walk, or by the public suffix list
	// where nothing is published.
	OrgDomain string
	// Misplaced are DMARC records at names where nobody looks. They are looked for only
	// where the domain has none of its own.
	Misplaced []dns.Record
	// Reports are the destinations of reports, those of rua first.
	Reports []Report
}

// Report is one destination of DMARC reports.
type Report struct {
	Tag string // rua or ruf
	URI string
	// Host is the domain of the mailbox, or the host of the URL.
	Host string
	// External: the host belongs to another organisation and must agree (RFC 9990
	// section 4); Permission is the answer at PermissionName.
	External       bool
	PermissionName string
	Permission     dns.Answer
	// MX and Address are the answers that say whether a mailbox there can receive.
	// Address is asked only where there is no MX.
	MX, Address dns.Answer
}

// maxReports bounds how many destinations of one record are looked at.
const maxReports = 6

// dmarcMisplaced are the names at which DMARC records are found by mistake.
func dmarcMisplaced(domain string) []string {
	return []string{domain, "dmarc." + domain, "_dmarc." + domain + "." + domain, "_dmarc._dmarc." + domain, "_domainkey." + domain, "_dmarc.www." + domain}
}

func (l *look) dmarc(ctx context.Context) {
	d := &l.DMARC
	d.Verdict = dmarc.Evaluate(ctx, l.r, dmarc.Input{AuthorDomain: l.Name})
	d.Own = l.ask(ctx, "_dmarc."+l.Name, dns.TypeTXT)
	d.OrgDomain = l.organisation()
	if d.OrgDomain != l.Name {
		d.Org = l.ask(ctx, "_dmarc."+d.OrgDomain, dns.TypeTXT)
	}
	if d.Verdict.Record == nil && !d.Own.Status.Failed() && !holdsDMARC(d.Own) {
		l.misplaced(ctx)
	}
	l.reports(ctx)
}

// organisation is the domain at whose name a record for all of the organisation stands.
func (l *look) organisation() string {
	v := l.DMARC.Verdict
	for _, org := range []string{v.PolicyDomain, v.RFC7489.OrgDomain, v.OrgDomain} {
		if org != "" && dns.IsSubdomain(l.Name, org) {
			return org
		}
	}
	return l.Name
}

func holdsDMARC(a dns.Answer) bool {
	for _, r := range a.Records {
		if _, ok := dmarc.Parse(r.Data); ok {
			return true
		}
	}
	return false
}

func (l *look) misplaced(ctx context.Context) {
	names := dmarcMisplaced(l.Name)
	answers := make([]dns.Answer, len(names))
	g := dns.NewGroup(l.r)
	for i, name := range names {
		if dns.ValidName(name) {
			g.Go(func() { answers[i] = l.ask(ctx, name, dns.TypeTXT) })
		}
	}
	g.Wait()
	for i, a := range answers {
		if len(a.Chain) > 0 {
			continue // a wildcard CNAME, or someone else's record
		}
		for _, r := range a.Records {
			if _, ok := dmarc.Parse(r.Data); ok {
				r.Name = names[i]
				l.DMARC.Misplaced = append(l.DMARC.Misplaced, r)
			}
		}
	}
}

// reports looks at the destinations that the records in use name.
func (l *look) reports(ctx context.Context) {
	d := &l.DMARC
	policy, record := l.Name, d.Verdict.Record
	if record != nil {
		policy = d.Verdict.PolicyDomain
	} else if record = only(d.Own); record == nil {
		return
	}
	for _, uris := range []struct {
		tag  string
		list []string
	}{{"rua", record.RUA}, {"ruf", record.RUF}} {
		for _, uri := range uris.list {
			host := reportHost(uri)
			if host == "" || len(d.Reports) >= maxReports {
				continue
			}
			r := Report{Tag: uris.tag, URI: uri, Host: host}
			r.External = dmarc.RegisteredDomain(host) != dmarc.RegisteredDomain(policy)
			r.PermissionName = policy + "._report._dmarc." + host
			d.Reports = append(d.Reports, r)
		}
	}
	g := dns.NewGroup(l.r)
	for i := range d.Reports {
		g.Go(func() { l.report(ctx, &d.Reports[i]) })
	}
	g.Wait()
}

func (l *look) report(ctx context.Context, r *Report) {
	if !strings.HasPrefix(strings.ToLower(r.URI), "mailto:") {
		r.PermissionName = "" // nobody sends a report there: there is nothing to permit
		return
	}
	if r.External && dns.ValidName(r.PermissionName) {
		r.Permission = l.ask(ctx, r.PermissionName, dns.TypeTXT)
	}
	if r.MX = l.ask(ctx, r.Host, dns.TypeMX); r.MX.Status.Void() {
		if r.Address = l.ask(ctx, r.Host, dns.TypeA); r.Address.Status.Void() {
			r.Address = l.ask(ctx, r.Host, dns.TypeAAAA)
		}
	}
}

// only gives the one DMARC record of an answer, nil for none or several.
func only(a dns.Answer) *dmarc.Record {
	var one *dmarc.Record
	for _, r := range a.Records {
		if rec, ok := dmarc.Parse(r.Data); ok {
			if one != nil {
				return nil
			}
			one = rec
		}
	}
	return one
}

// reportHost is the host of a report URI, "" where it has none.
func reportHost(uri string) string {
	scheme, rest, _ := strings.Cut(uri, ":")
	if strings.EqualFold(scheme, "mailto") {
		rest, _, _ = strings.Cut(rest, "?")
		_, host, ok := cutLast(rest, "@")
		if !ok {
			return ""
		}
		return validHost(host)
	}
	rest = strings.TrimPrefix(rest, "//")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if _, h, ok := cutLast(rest, "@"); ok {
		rest = h
	}
	host, _, _ := strings.Cut(rest, ":")
	return validHost(host)
}

func validHost(s string) string {
	s = dns.CanonicalName(s)
	if !dns.ValidName(s) || !strings.Contains(s, ".") {
		return ""
	}
	return s
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
