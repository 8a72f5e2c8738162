package repair

import (
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"github.com/todoku/todoku/internal/slips"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/spf"
)

// mechanisms that an unknown modifier is a misspelling of: receivers take "include=x"
// for a modifier that they do not know, and say nothing.
var spfNames = []string{"include", "ip4", "ip6", "a", "mx", "ptr", "exists", "all", "redirect", "exp"}

// misspeltModifier gives the name that an unknown modifier was meant to be, "" where
// it is something else (RFC 7208 section 6 allows any).
func misspeltModifier(name string) string {
	name = strings.ToLower(name)
	switch name {
	case "ra", "rp", "rr": // RFC 6652
		return ""
	}
	return nearSPFName(name)
}

// LeadsNowhere reports a term that is valid, but whose domain holds characters that no
// host name has: two names with a comma between them, a mail address or a URL,
// or two dots without a label between.
func LeadsNowhere(t spf.Term) bool {
	return !t.Kind.Modifier() && !t.Domain.HasMacros() && (strings.ContainsAny(t.Domain.Text, ",;@:/") || strings.Contains(t.Domain.Text, ".."))
}

// misspelt reports a modifier that receivers ignore and that was meant to count, and
// other terms that say something else than was meant.
func misspelt(t spf.Term) bool {
	if LeadsNowhere(t) {
		return true
	}
	if !t.Kind.Modifier() && !t.Domain.HasMacros() && spfGluedAll.MatchString(t.Domain.Text) {
		return true // no top-level domain ends in "-all"
	}
	return t.Kind == spf.UnknownModifier && (strings.EqualFold(t.Name(), "v") || misspeltModifier(t.Name()) != "")
}

// nearSPFName finds the term that a name is a slip of.
func nearSPFName(name string) string {
	if slices.Contains(spfNames, name) {
		return name
	}
	switch name {
	case "ip", "ipv4", "ip4v", "iipv4", "ipv", "ip-4", "ip_4", "ipaddr":
		return "ip4"
	case "ipv6", "ip6v", "ip-6", "ip_6":
		return "ip6"
	case "inc", "incl", "spf":
		return "include"
	case "host":
		return "a"
	}
	for _, known := range []string{"include", "redirect", "exists"} {
		if len(name) >= 4 && slips.Distance(name, known) <= 2 {
			return known
		}
	}
	for _, known := range []string{"ip4", "ip6"} {
		if len(name) >= 3 && len(name) <= 5 && strings.ContainsAny(name, "46") && slips.Distance(name, known) <= 1 {
			return known
		}
	}
	return ""
}

// parses gives the term of a text that is one valid term.
func parses(text string) (spf.Term, bool) {
	r, err := spf.Parse("v=spf1 " + text)
	if err != nil || len(r.Terms) != 1 {
		return spf.Term{}, false
	}
	return r.Terms[0], true
}

// mendTerm gives the term that a token was meant to be, "" where that is not certain.
func mendTerm(token string) string {
	if t, ok := parses(token); ok && !misspelt(t) {
		return token
	}
	sign, name, value := splitTerm(token)
	now := rewriteTerm(sign, name, value)
	for _, part := range strings.Fields(now) {
		if t, ok := parses(part); !ok || t.Kind == spf.UnknownModifier {
			return ""
		}
	}
	return now
}

// splitTerm cuts a token in sign, name in lower case, and value. Of several signs the
// last counts.
func splitTerm(token string) (sign, name, value string) {
	rest := strings.TrimLeft(strings.Trim(token, "\"'`<>()[]{}|."), ".:")
	for rest != "" && strings.ContainsRune("+-~?", rune(rest[0])) {
		sign, rest = rest[:1], rest[1:]
	}
	if _, err := netip.ParseAddr(rest); err == nil {
		return sign, "", rest
	}
	if _, err := netip.ParsePrefix(rest); err == nil {
		return sign, "", rest
	}
	at := strings.IndexAny(rest, ":=/")
	if at < 0 {
		return sign, strings.ToLower(rest), ""
	}
	name, value = strings.ToLower(rest[:at]), rest[at:]
	if value[0] != '/' {
		value = strings.TrimLeft(value, ":=")
	}
	return sign, name, value
}

func rewriteTerm(sign, name, value string) string {
	value = trimValue(value)
	if value == "" {
		return rewriteBare(sign, name)
	}
	if name == "" || strings.Contains(name, ".") { // no name: an address or a range
		return mendNetworks(sign, name+value)
	}
	kind := nearSPFName(name)
	switch kind {
	case "ip4", "ip6":
		if now := mendNetworks(sign, value); now != "" {
			return now
		}
		if host := mendHost(value); host != "" {
			return sign + "a:" + host // ip4: with the name of a host
		}
		return ""
	case "include", "exists", "a", "mx", "ptr":
		if now := mendNetworks(sign, value); now != "" && kind != "exists" {
			return now // include: or a: with an address
		}
		return mendNamed(sign, kind, value)
	case "redirect", "exp":
		if host := mendHost(value); host != "" {
			return kind + "=" + host
		}
	case "all":
		return rewriteBare(sign, kind)
	}
	return ""
}

// rewriteBare mends a term without a value.
func rewriteBare(sign, name string) string {
	switch name {
	case "a", "mx", "ptr", "all":
		return sign + name
	case "al", "alll", "aall", "al1", "a11", "a1l", "aii", "ail", "ali", "sll", "lal", "all-", "aal", "alll.":
		if sign == "" || sign == "+" {
			sign = "~" // nobody is let in by a slip
		}
		return sign + "all"
	case "none", "fail", "softfail", "hardfail":
		return ""
	}
	if now := mendNetworks(sign, name); now != "" {
		return now
	}
	// A name alone. Only one that is published to be included says what it is for.
	if first, _, _ := strings.Cut(name, "."); strings.Contains(name, ".") && (first == "_spf" || first == "spf" || first == "_netblocks") {
		return sign + "include:" + name
	}
	return ""
}

// trimValue takes away what clings to a value.
func trimValue(v string) string {
	v = strings.Trim(v, "\"'`<>()[]|")
	if i := strings.Index(v, "://"); i >= 0 && strings.EqualFold(v[:i], "http") || i >= 0 && strings.EqualFold(v[:i], "https") {
		v = strings.TrimRight(v[i+3:], "/")
	}
	v = strings.TrimPrefix(v, "@")
	return strings.TrimRight(v, ":=;,")
}

// mendNamed mends a mechanism with a domain and perhaps prefix lengths.
func mendNamed(sign, kind, value string) string {
	host, bits := value, ""
	if i := strings.IndexByte(value, '/'); i >= 0 && !strings.Contains(value, "%") {
		host, bits = value[:i], value[i:]
	}
	if kind != "a" && kind != "mx" {
		bits = "" // include:example.com/24
	}
	if host == "" {
		return sign + kind + bits
	}
	if _, after, ok := strings.Cut(host, "@"); ok && kind == "include" && !strings.Contains(host, "%") {
		host = after // a mail address of the service
	}
	if h := mendHost(host); h != "" {
		if _, ok := parses(kind + ":" + h + bits); !ok {
			bits = ""
		}
		return sign + kind + ":" + h + bits
	}
	return ""
}

var spfProfile = idna.New(idna.MapForLookup(), idna.StrictDomainName(false), idna.Transitional(false))

// mendHost gives a domain-spec that can be asked, "" where it is none.
func mendHost(s string) string {
	if strings.Contains(s, "%") {
		return s
	}
	s = strings.Trim(s, ".")
	for strings.Contains(s, "..") {
		s = strings.ReplaceAll(s, "..", ".")
	}
	if wire.Convertible(s) {
		if a, err := spfProfile.ToASCII(s); err == nil {
			s = a
		}
	}
	if strings.ContainsAny(s, "@/:=") {
		return ""
	}
	return s
}
