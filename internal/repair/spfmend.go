package repair

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

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

// mechanisms that an unknown modifier is a misspelling of: receivers take "include=x"
// for a modifier that they do not know, and say nothing.
var spfNames = []string{"include", "ip4", "ip6", "a", "mx", "ptr", "exists", "all", "redirect", "exp"}

// MisspeltModifier gives the name that an unknown modifier was meant to be, "" where
// it is something else (RFC 7208 section 6 allows any).
func MisspeltModifier(name string) string {
	name = strings.ToLower(name)
	switch name {
	case "ra", "rp", "rr": // RFC 6652
		return ""
	}
	return nearSPFName(name)
}

// LeadsNowhere reports a term that is valid, but whose domain holds characters that no
// host name has: two names with a comma between them, or a mail address.
func LeadsNowhere(t spf.Term) bool {
	return !t.Kind.Modifier() && !t.Domain.HasMacros() && strings.ContainsAny(t.Domain.Text, ",;@")
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
	return t.Kind == spf.UnknownModifier && (strings.EqualFold(t.Name(), "v") || MisspeltModifier(t.Name()) != "")
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
		if len(name) >= 4 && editDistance(name, known) <= 2 {
			return known
		}
	}
	for _, known := range []string{"ip4", "ip6"} {
		if len(name) >= 3 && len(name) <= 5 && strings.ContainsAny(name, "46") && editDistance(name, known) <= 1 {
			return known
		}
	}
	return ""
}

// editDistance is Levenshtein's, with a swap of two neighbours as one step.
func editDistance(a, b string) int {
	if len(a) > 24 {
		return 24
	}
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
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
	if a, err := spfProfile.ToASCII(s); err == nil {
		s = a
	}
	if strings.Contains(s, "..") || strings.ContainsAny(s, "@/:=") {
		return ""
	}
	return s
}

var (
	spfMask  = pattern.New(`^(\d+\.\d+\.\d+\.\d+)/(\d+\.\d+\.\d+\.\d+)$`)
	spfRange = pattern.New(`^(\d+\.\d+\.\d+\.)(\d+)-(?:\d+\.\d+\.\d+\.)?(\d+)$`)
	spfStar  = pattern.New(`^(\d+\.\d+\.\d+\.)(?:\*|x)$`)
	spfPort  = pattern.New(`^(\d+\.\d+\.\d+\.\d+):\d+$`)
)

// mendNetworks gives the ip4: and ip6: terms for an address, network, range or mask in
// one of the ways in which people write them, "" for anything else.
func mendNetworks(sign, v string) string {
	v = strings.TrimRight(trimValue(strings.TrimPrefix(strings.TrimPrefix(v, "ip4:"), "ip6:")), "./")
	if m := spfPort.FindStringSubmatch(v); m != nil {
		v = m[1]
	}
	if m := spfStar.FindStringSubmatch(v); m != nil {
		v = m[1] + "0/24"
	}
	if m := spfMask.FindStringSubmatch(v); m != nil {
		if bits, ok := maskBits(m[2]); ok {
			v = m[1] + "/" + strconv.Itoa(bits)
		}
	}
	if m := spfRange.FindStringSubmatch(v); m != nil {
		return networkRange(sign, m[1], m[2], m[3])
	}
	text, bits, hasBits := strings.Cut(v, "/")
	addr, err := netip.ParseAddr(decimal(text))
	if err != nil || addr.Zone() != "" {
		return ""
	}
	addr = addr.Unmap()
	name := "ip4:"
	if addr.Is6() {
		name = "ip6:"
	}
	// A length that no network has says nothing; the address itself was meant.
	if n, err := strconv.Atoi(strings.TrimLeft(bits, "/0")); hasBits && err == nil && n > 0 && n <= addr.BitLen() {
		return sign + name + addr.String() + "/" + strconv.Itoa(n)
	}
	return sign + name + addr.String()
}

// decimal takes leading zeros from an IPv4 address: they are decimal to those who write them.
func decimal(s string) string {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return s
	}
	for i, p := range parts {
		if t := strings.TrimLeft(p, "0"); t != "" {
			parts[i] = t
		} else if p != "" {
			parts[i] = "0"
		}
	}
	return strings.Join(parts, ".")
}

// maskBits reads a netmask.
func maskBits(s string) (int, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return 0, false
	}
	b := a.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n := 0
	for v&(1<<31) != 0 {
		n++
		v <<= 1
	}
	return n, v == 0 && n > 0
}

// networkRange writes 192.0.2.4-192.0.2.7 as networks.
func networkRange(sign, net, from, to string) string {
	a, _ := strconv.Atoi(from)
	b, _ := strconv.Atoi(to)
	if a > b || b > 255 {
		return ""
	}
	var list []netip.Prefix
	for i := a; i <= b; i++ {
		addr, err := netip.ParseAddr(net + strconv.Itoa(i))
		if err != nil {
			return ""
		}
		list = append(list, netip.PrefixFrom(addr, 32))
	}
	var terms []string
	for _, p := range Aggregate(list) {
		terms = append(terms, sign+networkTerm(p))
	}
	return strings.Join(terms, " ")
}

// networkTerm writes a network as a term.
func networkTerm(p netip.Prefix) string {
	s := p.String()
	if p.IsSingleIP() {
		s = p.Addr().String()
	}
	if p.Addr().Is4() {
		return "ip4:" + s
	}
	return "ip6:" + s
}

// Aggregate gives the fewest networks that hold exactly the same addresses, IPv4 first.
func Aggregate(list []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	sorted := make([]netip.Prefix, 0, len(list))
	for _, p := range list {
		if p.IsValid() {
			sorted = append(sorted, p.Masked())
		}
	}
	slices.SortFunc(sorted, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits()
	})
	for _, p := range sorted {
		if n := len(out); n > 0 && out[n-1].Bits() <= p.Bits() && out[n-1].Contains(p.Addr()) {
			continue
		}
		out = append(out, p)
		for len(out) > 1 {
			a, b := out[len(out)-2], out[len(out)-1]
			if a.Bits() != b.Bits() || a.Bits() == 0 || a.Addr().BitLen() != b.Addr().BitLen() {
				break
			}
			up := netip.PrefixFrom(a.Addr(), a.Bits()-1).Masked()
			if up.Addr() != a.Addr() || !up.Contains(b.Addr()) {
				break
			}
			out = append(out[:len(out)-2], up)
		}
	}
	return out
}
