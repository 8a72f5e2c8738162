package explain

import (
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/message"
)

// Authentication is one Authentication-Results field (RFC 8601), or one in an ARC set.
// It is a claim: whoever wrote the message may have written the field as well.
type Authentication struct {
	// Field is its name in lower case.
	Field string
	// Instance is that of an ARC set, 0 for none.
	Instance int
	// Server is the authserv-id, "" where the field has none.
	Server string
	// Author is who is likely to have written a field that names nobody: "microsoft" or "".
	Author string
	// FromDomain is the domain of From: by the field, else by the From field beside it; "" where neither tells.
	FromDomain string
	Results    []AuthResult
	Conclusion Sentence
	// Findings are IDs of the catalogue that mean the same.
	Findings []string
	// Err is set where the field cannot be read.
	Err error
	// Raw is the value, unfolded.
	Raw string

	parsed []authres.Result
	full   []catalogue.Finding
}

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

// maxAuthFields bounds how many fields are explained.
const maxAuthFields = 100

// readAuthResValue explains the bare value of such a field, as it is often pasted.
func readAuthResValue(input []byte) *Result {
	s := strings.TrimSpace(normalText(input))
	if _, reply := bounce.ParseReply(s); reply || !authValue.MatchString(s) {
		return nil
	}
	a := readAuthentication("authentication-results", s, "")
	a.explainAll()
	if a.Err != nil || len(a.Results) == 0 {
		return nil
	}
	kind := KindAuthRes
	if a.Instance > 0 {
		kind = KindARCAuthRes
	}
	return authResult(&Result{Kind: kind, Authentication: []Authentication{a}})
}

// authValue: a method with a result of RFC 8601 at the start or behind a semicolon.
var authValue = pattern.New(`(?i)(?:^|;)\s*(?:spf|dkim|dmarc|arc|iprev|auth|compauth|dkim-adsp|sender-id)\s*=\s*(?:pass|fail|none|softfail|neutral|policy|temperror|permerror|bestguesspass|hardfail)\b`)

// authentications explains every such field of a message, top first.
func authentications(m *message.Message) []Authentication {
	from, _, err := m.AuthorDomain()
	if err != nil {
		from = ""
	}
	var out []Authentication
	for _, f := range m.Fields {
		name := strings.ToLower(f.Name())
		switch name {
		case "authentication-results", "arc-authentication-results", "authentication-results-original", "x-original-authentication-results":
			if len(out) < maxAuthFields {
				out = joinFields(out, readAuthentication(name, f.Unfolded(), from))
			}
		}
	}
	for i := range out {
		out[i].explainAll()
	}
	return out
}

// joinFields adds a field. Where the filters of one receiver write a field each (SPF
// here, DKIM and DMARC there; iCloud even under a name each), they are one statement:
// only together do they tell.
func joinFields(out []Authentication, a Authentication) []Authentication {
	if n := len(out); n > 0 {
		last := &out[n-1]
		if last.Field == a.Field && a.Server != "" && sameOrganisation(last.Server, a.Server) && last.Instance == a.Instance && last.Err == nil && a.Err == nil {
			last.parsed = append(last.parsed, a.parsed...)
			last.Raw += " | " + a.Raw
			return out
		}
	}
	return append(out, a)
}

// doubt adds to the fields that name a server of which no Received field tells: a sender
// can write them as well as a receiver. Without any Received field nothing can be told.
func doubt(as []Authentication, hops []Hop) {
	if len(hops) == 0 {
		return
	}
	for i := range as {
		a := &as[i]
		if a.Field != "authentication-results" || a.Server == "" || !strings.Contains(a.Server, ".") || a.Err != nil {
			continue
		}
		if !slices.ContainsFunc(hops, func(h Hop) bool {
			return !strings.Contains(h.By, ".") || strings.HasSuffix(h.By, ".internal") || strings.HasSuffix(h.By, ".local") ||
				sameOrganisation(h.By, a.Server) || provider.SameReceiver(h.By, a.Server)
		}) {
			a.Conclusion = a.Conclusion.and(say(authTexts["doubtful"], "server", a.Server))
		}
	}
}

var arcInstance = pattern.New(`^\s*i\s*=\s*(\d{1,3})\s*;`)

// readAuthentication reads one value. from is the From domain where the message has it.
func readAuthentication(field, value, from string) Authentication {
	a := Authentication{Field: field, FromDomain: cleanDomain(from), Raw: strings.Join(strings.Fields(value), " ")}
	if m := arcInstance.FindStringSubmatch(value); m != nil {
		a.Instance, _ = strconv.Atoi(m[1])
		value = value[len(m[0]):]
	}
	h, err := authres.Parse([]byte(value))
	if err != nil {
		a.Err = err
		a.Conclusion = say(authTexts["unreadable"])
		return a
	}
	a.Server = h.AuthServID
	if a.Server == "" {
		a.Author = authorOf(h)
	}
	a.parsed = h.Results
	return a
}

// explainAll explains what was read, as a whole.
func (a *Authentication) explainAll() {
	if a.Err != nil {
		return
	}
	for _, r := range a.parsed {
		if d := fromOf(r); d != "" {
			a.FromDomain = d
		}
	}
	for _, r := range a.parsed {
		if res, ok := a.explain(r); ok {
			a.Results = append(a.Results, res)
		}
	}
	a.conclude()
}

// authorOf guesses who wrote a field without authserv-id: Microsoft 365 does, and its
// way of writing is its own.
func authorOf(h authres.Header) string {
	for _, r := range h.Results {
		if r.Method == "compauth" || r.Method == "spf" && strings.HasPrefix(strings.ToLower(r.Comment), "sender ip is") || r.Method == "dmarc" && r.Get("", "action") != "" {
			return "microsoft"
		}
	}
	return ""
}

// fromOf is the From domain that a result of DMARC names.
func fromOf(r authres.Result) string {
	switch r.Method {
	case "dmarc", "dmarc-arc", "compauth":
		return domainIn(r.Get("header", "from"))
	case "from": // Yahoo! JAPAN has written from=DOMAIN as a part of its own
		return cleanDomain(r.Value)
	}
	return ""
}

// domainIn is the domain of an address or of a domain name.
func domainIn(s string) string {
	if _, domain, ok := strings.Cut(s, "@"); ok {
		s = domain
	}
	return cleanDomain(s)
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
