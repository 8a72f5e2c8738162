package inspect

import (
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/internal/wire/https"
	"github.com/todoku/todoku/mtasts"
)

// week is what max_age should be at least, in seconds: RFC 8461 section 3.2 expects
// "weeks or greater".
const week = 7 * 24 * 60 * 60

// mtaSTS judges the MTA-STS record and the policy that it announces.
func (j *judgement) mtaSTS() {
	v := j.Transport.STS.Verdict
	name := mtasts.RecordName(j.Name)
	a := args{"from": j.Name, "name": name}
	texts := meant(v.DNS, mtasts.IsRecord, repair.LooksLikeSTS)
	switch {
	case v.DNS.Status.Failed():
		j.add("mta-sts.dns-failure", j.Name, a, answerText(v.DNS))
		return
	case len(texts) == 0:
		j.noSTS()
		return
	}
	policy := j.stsPolicy(true)
	id := ""
	switch {
	case len(v.Records) == 0:
		id = "mta-sts.near-miss"
	case len(v.Records) > 1:
		id = "mta-sts.multiple-records"
	case !v.Record.Valid():
		id = "mta-sts.record-invalid"
		for _, p := range v.Record.Problems {
			if p.Fatal() {
				a.and(args{}.why(catalogue.TransportProblems, p.ID, p.Name, p.Value))
			}
		}
	case policy:
		j.add("mta-sts.pass", j.Name, a.with("mode", string(v.Policy.Mode)), append(written(name, v.Records), policyLines(v.Policy)...)...)
	}
	if id == "" {
		return
	}
	f := j.add(id, j.Name, a, written(name, texts)...)
	if policy && v.Policy.Mode == mtasts.Enforce {
		f.Status = catalogue.Fail // a protection that is promised and not there
	}
	f.DNS = []dns.Change{repair.Text(v.DNS, texts, repair.STSRecord(texts, repair.STSID(j.Options.Now)))}
}

// noSTS judges a domain without a record at the right name. A record is proposed only
// where the policy is served, or may be: without one it would do harm.
func (j *judgement) noSTS() {
	s := j.Transport.STS
	var texts []string
	for _, r := range s.Misplaced {
		if repair.LooksLikeSTS(r.Data) {
			texts = append(texts, r.Data)
		}
	}
	served := s.Verdict.Response != nil && j.stsPolicy(false)
	a := args{"from": j.Name, "name": mtasts.RecordName(j.Name)}
	var f *catalogue.Finding
	if len(texts) > 0 {
		m := s.Misplaced[0]
		f = j.add("mta-sts.wrong-name", j.Name, a.with("name", shown(m.Name)), written(m.Name, texts)...)
		served = served || s.Verdict.Response == nil && s.Host.Found()
	} else {
		f = j.add("mta-sts.none", j.Name, a, answerText(s.Verdict.DNS))
	}
	record := repair.STSRecord(texts, repair.STSID(j.Options.Now))
	if served {
		f.DNS = []dns.Change{repair.Text(s.Verdict.DNS, nil, record)}
		return
	}
	j.policySnippets(f, nil, record)
}

// policySnippets gives a finding the policy file for the mail exchangers, and the record
// that follows it.
func (j *judgement) policySnippets(f *catalogue.Finding, old *mtasts.Policy, record string) {
	f.Snippets = append(f.Snippets,
		catalogue.Snippet{For: "1. " + mtasts.PolicyURL(j.Name), Text: repair.STSPolicy(old, j.Transport.Hosts)},
		catalogue.Snippet{For: "2. TXT " + mtasts.RecordName(j.Name), Text: record + "\n"})
}

// newRecord is the record that tells senders of a changed policy.
func (j *judgement) newRecord() string {
	return "v=STSv1; id=" + repair.STSID(j.Options.Now) + ";"
}

// stsPolicy judges the policy as far as it was seen, and reports whether it was and
// protects, or will. Where say is false it adds no findings.
func (j *judgement) stsPolicy(say bool) bool {
	s := j.Transport.STS
	r := s.Verdict.Response
	a := args{"from": j.Name, "host": s.Host.Name, "url": mtasts.PolicyURL(j.Name)}
	problem := func(id, why string) bool {
		if !say || id == "mta-sts.policy-unseen" && (s.Verdict.Record == nil || !s.Verdict.Record.Valid()) {
			return false // what keeps senders from the policy comes first
		}
		var evidence []string
		value := ""
		if r != nil {
			evidence, value = append(evidence, clip(r.Detail)), strconv.Itoa(r.Status)
			if r.Location != "" {
				evidence = append(evidence, "Location: "+clip(r.Location))
			}
		}
		f := j.add(id, j.Name, a.why(catalogue.TransportProblems, why, "", value), append(evidence, answerText(s.Host.A))...)
		if f.Status == catalogue.Fail {
			j.policySnippets(f, s.Verdict.Policy, j.newRecord())
		}
		return false
	}
	switch {
	case s.Host.Void():
		return problem("mta-sts.no-host", https.FetchNoAddress)
	case s.Host.A.Status.Failed() || s.Host.AAAA.Status != dns.Unknown && s.Host.AAAA.Status.Failed():
		return problem("mta-sts.policy-unseen", https.FetchDNS)
	case r == nil:
		return problem("mta-sts.policy-unseen", "dns-only")
	case r.Problem == "":
		return j.stsFile(a, say)
	case r.Problem == https.FetchNoAddress:
		return problem("mta-sts.no-host", r.Problem)
	case r.Problem == https.FetchRedirect:
		return problem("mta-sts.redirect", r.Problem)
	case strings.HasPrefix(r.Problem, "certificate-"):
		return problem("mta-sts.certificate", r.Problem)
	case r.Temporary():
		return problem("mta-sts.policy-unseen", r.Problem)
	}
	return problem("mta-sts.policy-unreachable", r.Problem)
}

// stsFile judges a policy file that came.
func (j *judgement) stsFile(a args, say bool) bool {
	v := j.Transport.STS.Verdict
	p := v.Policy
	if !p.Valid() {
		if say {
			j.invalidPolicy(a, p)
		}
		return false
	}
	a["mode"] = string(p.Mode)
	good := true
	if !plainText(v.Response.ContentType) {
		good = false
		if say {
			j.add("mta-sts.content-type", j.Name, a, "Content-Type: "+clip(v.Response.ContentType))
		}
	}
	if p.Mode == mtasts.NoMode {
		if say {
			j.add("mta-sts.mode-none", j.Name, a, policyLines(p)...)
		}
		return false
	}
	var open []string
	for _, host := range j.Transport.Hosts {
		if _, ok := p.Match(host); !ok {
			open = append(open, shown(host))
		}
	}
	if len(open) > 0 {
		good = false
		if say {
			f := j.add("mta-sts.mx-not-covered", j.Name, a.with("host", strings.Join(open[:min(len(open), 4)], ", ")), policyLines(p)...)
			if p.Mode == mtasts.Testing {
				f.Status = catalogue.Warn
			}
			j.policySnippets(f, p, j.newRecord())
		}
	}
	if say && p.Mode == mtasts.Testing {
		j.add("mta-sts.testing", j.Name, a, policyLines(p)...)
	}
	if say && p.Mode == mtasts.Enforce && p.MaxAge < week {
		j.add("mta-sts.max-age-short", j.Name, a.with("age", strconv.Itoa(int(p.MaxAge))), policyLines(p)...)
	}
	return good
}

func (j *judgement) invalidPolicy(a args, p *mtasts.Policy) {
	var evidence []string
	for _, q := range p.Problems[:min(len(p.Problems), 10)] {
		if !q.Fatal() {
			continue
		}
		a.and(args{}.why(catalogue.TransportProblems, q.ID, q.Name, q.Value))
		if q.Line > 0 {
			evidence = append(evidence, "line "+strconv.Itoa(q.Line)+": "+clip(strings.TrimSpace(q.Name+" "+q.Value)))
		}
	}
	f := j.add("mta-sts.policy-invalid", j.Name, a, append(evidence, policyLines(p)...)...)
	if p.Mode == mtasts.Testing {
		f.Status = catalogue.Warn
	}
	j.policySnippets(f, p, j.newRecord())
}

// enforces reports whether senders that know the policy of the domain insist on it.
func (j *judgement) enforces() bool {
	v := j.Transport.STS.Verdict
	return v.Result == mtasts.Valid && v.Policy.Mode == mtasts.Enforce
}

func plainText(contentType string) bool {
	t, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(t), "text/plain")
}

// policyLines shows what stands in a policy.
func policyLines(p *mtasts.Policy) []string {
	if p == nil {
		return nil
	}
	out := []string{"mode: " + string(p.Mode), "max_age: " + strconv.FormatUint(uint64(p.MaxAge), 10)}
	for _, mx := range p.MX[:min(len(p.MX), 8)] {
		out = append(out, "mx: "+clip(mx))
	}
	return slices.Clip(out)
}
