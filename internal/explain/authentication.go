package explain

import (
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/authres"
	"github.com/todoku/todoku/bounce"
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
