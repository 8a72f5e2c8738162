package explain

import (
	"slices"
	"strings"
)

// conclude says what the results mean together, for DMARC, and names the findings.
func (a *Authentication) conclude() {
	var passed, carried []string
	for _, r := range a.Results {
		if r.Result != "pass" || r.Method != "spf" && r.Method != "dkim" || r.Domain == "" {
			continue
		}
		if !slices.Contains(passed, r.Domain) {
			passed = append(passed, r.Domain)
		}
		if r.Aligned != nil && *r.Aligned {
			carried = append(carried, strings.ToUpper(r.Method)+" ("+r.Domain+")")
		}
	}
	verdict, policy := "", ""
	for _, r := range a.parsed {
		if r.Method == "dmarc" {
			verdict, policy = r.Value, policyOf(r)
		}
	}
	args := []string{"from", orSome(a.FromDomain), "passed", strings.Join(passed, ", "), "carried", strings.Join(carried, ", "), "policy", orSome(policy)}
	a.Conclusion = say(authTexts[a.conclusionKey(verdict, passed, carried)], args...)
	a.nameFindings(verdict, policy, passed, carried)
}

func (a *Authentication) conclusionKey(verdict string, passed, carried []string) string {
	switch {
	case len(a.Results) == 0 && !strings.Contains(strings.ToLower(a.Raw), "none"):
		return "empty"
	case len(a.Results) == 0:
		return "nothing"
	case verdict == "pass" && len(carried) > 0:
		return "dmarc-pass"
	case verdict == "pass" && len(passed) > 0:
		return "dmarc-pass-elsewhere"
	case verdict == "pass" || verdict == "bestguesspass":
		return "dmarc-pass-bare"
	case verdict == "fail" && len(carried) > 0:
		return "dmarc-fail-strict"
	case verdict == "fail" && a.sesOnly(passed):
		return "dmarc-fail-ses"
	case verdict == "fail" && len(passed) > 0:
		return "dmarc-fail-unaligned"
	case verdict == "fail":
		return "dmarc-fail"
	case verdict == "temperror" || verdict == "permerror":
		return "dmarc-error"
	case a.FromDomain == "":
		return "no-from"
	case len(carried) > 0:
		return "would-pass"
	case len(passed) > 0:
		return "would-fail-unaligned"
	default:
		return "would-fail"
	}
}

const sesDomain = "amazonses.com"

// sesOnly reports what Amazon SES gives until it is told otherwise: SPF and DKIM pass,
// both in its own name.
func (a *Authentication) sesOnly(passed []string) bool {
	by := func(method string) bool {
		return slices.ContainsFunc(a.Results, func(r AuthResult) bool {
			return r.Method == method && r.Result == "pass" && (r.Domain == sesDomain || strings.HasSuffix(r.Domain, "."+sesDomain))
		})
	}
	others := slices.ContainsFunc(passed, func(d string) bool { return d != sesDomain && !strings.HasSuffix(d, "."+sesDomain) })
	return !others && by("spf") && by("dkim")
}
