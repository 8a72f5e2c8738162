package explain

import (
	"strings"

	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/pattern"
)

// AuthResult is the result of one method.
type AuthResult struct {
	Method, Result string
	// Domain is the one that was authenticated, "" for none.
	Domain, Selector string
	// IP is the sending address where the result names it.
	IP string
	// Reason is what the receiver added: a comment or reason=.
	Reason string
	// Aligned says whether Domain belongs with From (same organisation by the public
	// suffix list); nil where it cannot be told or does not matter.
	Aligned *bool
	Text    Sentence
}

var (
	commentIP     = pattern.New(`(?i)(?:sender ip is|designates?|client-ip=|not designate) ([0-9A-Fa-f.:]+)`)
	commentPolicy = pattern.New(`(?i)\bp=([a-z]+)`)
	commentDis    = pattern.New(`(?i)\bdis=([a-z]+)`)
)

// explain explains one result; ok is false for what is none.
func (a *Authentication) explain(r authres.Result) (AuthResult, bool) {
	if r.Value == "" || r.Method == "from" {
		return AuthResult{}, false
	}
	out := AuthResult{Method: r.Method, Result: r.Value, Reason: r.Comment}
	if r.Reason != "" {
		out.Reason = r.Reason
	}
	switch r.Method {
	case "dkim":
		out.Domain, out.Selector = dkimDomain(r), r.Get("header", "s")
	case "spf":
		out.Domain = domainIn(firstOf(r.Get("smtp", "mailfrom"), r.Get("smtp", "mail"), r.Get("smtp", "from"), r.Get("smtp", "helo"), r.Get("smtp", "ehlo")))
		out.IP = firstOf(r.Get("smtp", "remote-ip"), r.Get("smtp", "client-ip"))
	case "dmarc", "compauth":
		out.Domain = a.FromDomain
	case "iprev":
		out.IP = firstOf(r.Get("smtp", "remote-ip"), r.Get("policy", "iprev"))
	case "bimi":
		out.Domain = domainIn(firstOf(r.Get("header", "d"), r.Get("header", "from")))
	}
	if m := commentIP.FindStringSubmatch(r.Comment); m != nil && out.IP == "" {
		out.IP = strings.TrimRight(m[1], ".:")
	}
	if (r.Method == "dkim" || r.Method == "spf") && out.Domain != "" && a.FromDomain != "" {
		aligned := sameOrganisation(out.Domain, a.FromDomain)
		out.Aligned = &aligned
	}
	out.Text = a.resultText(r, out)
	return out, true
}

// dkimDomain is d=, else the domain of i= (Gmail writes only that), "" for none.
func dkimDomain(r authres.Result) string {
	return domainIn(firstOf(r.Get("header", "d"), r.Get("header", "i")))
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// sameOrganisation compares as relaxed alignment of RFC 7489 does, offline.
func sameOrganisation(a, b string) bool {
	return a == b || strings.EqualFold(dmarc.RegisteredDomain(a), dmarc.RegisteredDomain(b))
}

// resultText says what one result means.
func (a *Authentication) resultText(r authres.Result, out AuthResult) Sentence {
	args := []string{"domain", orSome(out.Domain), "ip", orSome(out.IP), "reason", out.Reason, "method", out.Method, "result", out.Result, "policy", "", "from", orSome(a.FromDomain)}
	if r.Method == "compauth" {
		if t := compauthReason(r.Reason); t != (text{}) {
			wrapped := text{EN: "Microsoft's overall verdict is {result}, reason {reason}: " + t.EN + ".", JA: "Microsoft の総合判定は {result} (理由コード {reason}) です。" + t.JA + "。"}
			return say(wrapped, args...)
		}
		return say(resultTexts["compauth"], args...)
	}
	if r.Method == "dmarc" && r.Value == "fail" {
		if t, ok := resultTexts["dmarc fail "+enforced(r)]; ok && a.FromDomain != "" {
			return say(t, args...)
		}
	}
	if t, ok := resultTexts[r.Method+" "+r.Value]; ok {
		if out.Domain == "" && (r.Method == "dkim" || r.Method == "spf" || r.Method == "dmarc") {
			if bare, ok := resultTexts[r.Method+" "+r.Value+" unnamed"]; ok {
				t = bare
			}
		}
		return say(t, args...)
	}
	if t, ok := resultTexts[r.Method]; ok {
		return say(t, args...)
	}
	return say(resultTexts["other"], args...)
}

func orSome(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// enforced is what the receiver says that it did after DMARC failed: Gmail's dis=,
// Microsoft's action=; "" where it does not say.
func enforced(r authres.Result) string {
	if m := commentDis.FindStringSubmatch(r.Comment); m != nil {
		return strings.ToLower(m[1])
	}
	return strings.ToLower(r.Get("", "action"))
}

// policyOf is the policy that a result of DMARC names, "" for none.
func policyOf(r authres.Result) string {
	for _, s := range []string{r.Comment, r.Reason} {
		if m := commentPolicy.FindStringSubmatch(s); m != nil {
			return strings.ToLower(m[1])
		}
	}
	if p := strings.ToLower(firstOf(r.Get("policy", "p"), r.Get("policy", "dmarc"), r.Get("", "p"))); p != "" {
		return p
	}
	// Microsoft names what it did in place of the policy: oreject is p=reject, overridden.
	action := strings.TrimPrefix(strings.ToLower(r.Get("", "action")), "o")
	if action == "reject" || action == "quarantine" || action == "none" {
		return action
	}
	return ""
}
