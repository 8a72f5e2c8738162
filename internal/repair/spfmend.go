package repair

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/spf"
)

// Mended is what the text of an SPF record was meant to say.
type Mended struct {
	// Text is a record that parses; "v=spf1" alone where nothing could be kept.
	Text string
	// Artefacts are those of Pasted.
	Artefacts []string
	// Corrected are the terms that were written otherwise, Dropped those that nobody
	// can read.
	Corrected []Correction
	Dropped   []string
}

// Correction is one term as it was and as it is meant.
type Correction struct{ Was, Now string }

// maxSPFText bounds how much of a text is read.
const (
	maxSPFText  = 16384
	maxSPFWords = 4096
)

var (
	spfVersion = pattern.New(`(?i)^[^a-z0-9]*(?:v\s*[=:-]?\s*=?\s*)?spf\s*[=:_-]?\s*v?(?:(?:[12](?:\.0)?|l\b)(?:[^a-z0-9.+~?%_-]+|([a-z+~?_-])|$)|[^a-z0-9.+~?%_-]+|$)`)
	spfWord    = pattern.New(`(?i)(^|[\s,;:+?~-])(include|ip[v]?[46]|redirect|all|mx|ptr|a)([\s,;:=/]|$)|inc?l?u?de|_spf`)
)

// LooksLikeSPF reports whether a TXT text was meant to be an SPF record, valid or not.
func LooksLikeSPF(text string) bool {
	if spf.IsRecord(text) {
		return true
	}
	clean, _ := Pasted(text[:min(len(text), maxSPFText)])
	if IsSenderID(clean) {
		return false
	}
	clean = withoutLine(clean, "v=spf1")
	m := spfVersion.FindStringIndex(clean)
	return m != nil && spfWord.MatchString(clean)
}

// IsSenderID reports whether a TXT text is a record of Sender ID (RFC 4406), an
// experiment that ended; its records begin "spf2.0/".
func IsSenderID(text string) bool {
	return len(text) >= 7 && strings.EqualFold(text[:7], "spf2.0/")
}

// MendSPF reads a record as it was meant. Only what is certain is corrected: a term of
// which nobody can tell what it means is dropped and named. A record without fault
// keeps every term as it is written.
func MendSPF(text string) Mended {
	m := Mended{Text: text}
	if r, err := spf.Parse(text); err == nil && !slices.ContainsFunc(r.Terms, misspelt) {
		return m
	}
	clean, artefacts := Pasted(text[:min(len(text), maxSPFText)])
	m.Artefacts = artefacts
	kept := []string{"v=spf1"}
	has := make(map[string]bool)
	size := len(kept[0])
	for _, token := range spfTokens(clean) {
		now := mendTerm(token)
		switch name, _, isModifier := strings.Cut(now, "="); {
		case now == "" || size+len(now) > maxSPFText:
			m.Dropped = append(m.Dropped, clipped(token))
			continue
		case isModifier && !strings.ContainsAny(name, ":/"):
			if has[name] {
				m.Dropped = append(m.Dropped, clipped(token))
				continue
			}
			has[name] = name == "redirect" || name == "exp"
		}
		if now != token {
			m.Corrected = append(m.Corrected, Correction{clipped(token), now})
		}
		size += len(now) + 1
		kept = append(kept, strings.Fields(now)...)
	}
	m.Text = strings.Join(kept, " ")
	return m
}

// spfTokens cuts a text into what was meant as terms.
func spfTokens(clean string) []string {
	clean = withoutLine(clean, "v=spf1")
	// A version in the middle is where two records were pasted together.
	for range 10 {
		at := spfVersion.FindStringSubmatchIndex(clean)
		if at == nil {
			break
		}
		end := at[1]
		if at[2] >= 0 {
			end = at[2] // the first letter of a term that is glued to it
		}
		clean = clean[end:]
	}
	var words []string
	for _, w := range strings.Fields(clean) {
		if !strings.Contains(w, "%") {
			w = splitList(w)
			w = spfGlued.ReplaceAllString(w, "$1 $2")
			w = spfGluedAll.ReplaceAllString(w, "$1 $2")
		}
		words = append(words, strings.Fields(w)...)
	}
	return joinTokens(words)
}

// splitList parts what commas and semicolons hold together. A host in a list behind
// "include:" or "a:" is one more of the same.
func splitList(w string) string {
	parts := strings.FieldsFunc(w, func(r rune) bool { return r == ',' || r == ';' })
	prefix := ""
	for i, part := range parts {
		name, host, named := strings.Cut(part, ":")
		switch {
		case named && strings.Contains(host, ".") && !strings.ContainsAny(host, ":/@="):
			prefix = name + ":"
		case named:
			prefix = ""
		case strings.Contains(part, ".") && !strings.ContainsAny(part, "=/@+~?"):
			parts[i] = prefix + part
		}
	}
	return strings.Join(parts, " ")
}

var (
	// The names that cannot stand inside a domain, because of what follows them.
	spfGlued = pattern.New(`(?i)([^\s+~?:=-])([+~?-]?(?:include:|ip[46]:|redirect=|exists:))`)
	// "all" at the end of another term. No top-level domain has a hyphen in it.
	spfGluedAll = pattern.New(`(?i)([a-z0-9])([~?+-]all)$`)
	spfOnlySign = pattern.New(`^[+~?-]+$`)
	spfOpenEnd  = pattern.New(`(?i)^[+~?-]?(?:include|ip[46]|ipv[46]|redirect|exists)$|^[+~?-]?[a-z0-9]+[:=]$`)
	spfVersion1 = pattern.New(`(?i)^[^a-z]*v\s*[=:]\s*spf1?[^a-z0-9]*$`)
)

// joinTokens puts together what a blank tore apart: "~ all", "include: example.com".
func joinTokens(words []string) []string {
	var out []string
	for i := 0; i < len(words); i++ {
		w := words[i]
		if spfVersion1.MatchString(w) {
			continue
		}
		for i+1 < len(words) && len(w) < 256 && len(out) < maxSPFWords {
			next := words[i+1]
			torn := spfOnlySign.MatchString(w) || spfOpenEnd.MatchString(w) && !startsTerm(next) || next[0] == ':' || next[0] == '=' || next[0] == '/'
			if !torn {
				break
			}
			if c := w[len(w)-1]; !spfOnlySign.MatchString(w) && c != ':' && c != '=' && next[0] != ':' && next[0] != '=' && next[0] != '/' {
				w += ":"
			}
			w += next
			i++
		}
		out = append(out, w)
	}
	return out
}

var spfTermStart = pattern.New(`(?i)^[+~?-]?(?:(?:include|ip[46]|exists|a|mx|ptr):|(?:redirect|exp)=|(?:all|a|mx|ptr)(?:/|$))`)

func startsTerm(s string) bool { return spfTermStart.MatchString(s) }
