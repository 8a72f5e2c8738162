package explain

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/pattern"
)

// nameFindings gives the findings of the catalogue that mean the same as the results,
// so that every door explains them in the same words.
func (a *Authentication) nameFindings(verdict, policy string, passed, carried []string) {
	if policy == "" {
		policy = "?" // the field does not say
	}
	args := map[string]string{"from": a.FromDomain, "passed": strings.Join(passed, ", "), "policy": policy}
	for _, r := range a.Results {
		a.resultFinding(r)
	}
	switch {
	case verdict == "fail" && len(carried) == 0 && a.sesOnly(passed):
		a.sesFinding(args)
	case verdict == "fail" && len(carried) == 0 && len(passed) > 0:
		a.add("dmarc.fail-unaligned", a.FromDomain, args)
	case verdict == "fail":
		a.add("dmarc.fail", a.FromDomain, args)
	case verdict == "none":
		a.add("dmarc.none", a.FromDomain, map[string]string{"from": a.FromDomain, "record_domain": "_dmarc." + a.FromDomain})
	case verdict == "temperror":
		a.add("dmarc.temperror", a.FromDomain, args)
	case verdict == "permerror":
		a.add("dmarc.permerror", a.FromDomain, args)
	case verdict == "pass":
		a.add("dmarc.pass", a.FromDomain, args)
		if len(carried) > 0 && !slices.ContainsFunc(carried, func(s string) bool { return strings.HasPrefix(s, "DKIM") }) {
			a.add("dmarc.spf-only", a.FromDomain, args)
		}
	}
}

func (a *Authentication) sesFinding(args map[string]string) {
	for _, r := range a.Results {
		if r.Method != "spf" {
			continue
		}
		args["mail_from"], args["region"] = r.Domain, "us-east-1"
		if region, ok := strings.CutSuffix(r.Domain, "."+sesDomain); ok && !strings.Contains(region, ".") {
			args["region"] = region
		}
	}
	args["bounce"] = "bounce." + a.FromDomain
	a.add("dmarc.fail-ses-default", a.FromDomain, args)
}

// dkimReasons recognise why a signature did not verify in the words of receivers.
var dkimReasons = []struct {
	pattern *pattern.Pattern
	id      string
}{
	{pattern.New(`(?i)body hash|body_hash|bodyhash|bh mismatch`), "dkim.body-hash-mismatch"},
	{pattern.New(`(?i)no key|key not found|nokey|no_key|key missing|dns: no|public key not`), "dkim.key-missing"},
	{pattern.New(`(?i)revoked`), "dkim.key-revoked"},
	{pattern.New(`(?i)expired`), "dkim.expired"},
	{pattern.New(`(?i)sha-?1`), "dkim.sha1"},
	{pattern.New(`(?i)key.*(too (small|short)|size)|weak key|insecure key`), "dkim.key-too-small"},
	{pattern.New(`(?i)bad signature|signature did not|did not verify|verification failed|signature fail|bad_sig|bad sig|invalid signature|mismatch`), "dkim.signature-mismatch"},
}

// resultFinding names the finding of one result. What a field leaves out (the term
// that decided SPF, say) stays out: then only the ID is given.
func (a *Authentication) resultFinding(r AuthResult) {
	args := map[string]string{"domain": r.Domain, "ip": r.IP, "selector": r.Selector}
	switch r.Method + " " + r.Result {
	case "dkim pass":
		a.add("dkim.pass", r.Domain, args)
	case "dkim none":
		a.add("dkim.none", a.FromDomain, args)
	case "dkim temperror":
		a.add("dkim.dns-failure", r.Domain, args)
	case "dkim fail", "dkim neutral", "dkim permerror", "dkim policy", "dkim hardfail":
		for _, k := range dkimReasons {
			if k.pattern.MatchString(r.Reason) {
				a.add(k.id, r.Domain, args)
				return
			}
		}
		a.add("dkim.invalid", r.Domain, args)
	case "iprev fail", "iprev permerror":
		a.add("ptr.unconfirmed", r.IP, args)
	case "arc fail":
		a.add("arc.fail", a.FromDomain, args)
	default:
		if r.Method == "spf" {
			a.add(map[string]string{"hardfail": "spf.fail"}[r.Result], r.Domain, args)
			a.add("spf."+r.Result, r.Domain, args)
		}
	}
}

var leftover = pattern.New(`\{[a-z_]+\}`)

// add names a finding once; its whole text is kept where everything that it speaks of is known.
func (a *Authentication) add(id, subject string, args map[string]string) {
	e, ok := catalogue.Lookup(id)
	if !ok || slices.Contains(a.Findings, id) {
		return
	}
	a.Findings = append(a.Findings, id)
	known := make(map[string]string, len(args))
	for k, v := range args {
		if v != "" {
			known[k] = v
		}
	}
	f := catalogue.Finding{ID: id, Status: e.Status, Subject: subject, Args: known, Evidence: []string{a.Field + ": " + a.Raw[:runeEnd(a.Raw, 600)]}}
	whole := strings.Join(append(f.Steps("en"), f.Title("en"), f.Detail("en"), f.Fix("en")), "\n")
	if subject == "" || e.Status == catalogue.Pass || leftover.MatchString(whole) {
		return
	}
	a.full = append(a.full, f)
}

// gatherFindings puts the findings of all fields together. The topmost field is that
// of the last server, the only one whose word the owner of the mailbox may trust;
// what only ARC sets say stays with them.
func gatherFindings(as []Authentication) []catalogue.Finding {
	var out []catalogue.Finding
	for _, a := range as {
		if a.Instance > 0 && len(as) > 1 {
			continue
		}
		for _, f := range a.full {
			if !slices.ContainsFunc(out, func(o catalogue.Finding) bool { return o.ID == f.ID && o.Subject == f.Subject }) {
				out = append(out, f)
			}
		}
	}
	catalogue.Sort(out)
	return out
}
