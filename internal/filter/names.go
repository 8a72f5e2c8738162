package filter

import (
	"strings"

	"golang.org/x/net/idna"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/wire"
)

// nullSender is the pattern that fits the empty reverse path, that of bounces.
const nullSender = "<>"

// asciiDomain gives a domain as the DNS has it: in A-labels (RFC 5890), in lower case, without the last dot.
func asciiDomain(name string) (string, error) {
	out := strings.TrimSuffix(name, ".")
	if isIDN(out) {
		if !wire.Convertible(out) {
			return "", said.Error("%q is no domain", "%q はドメインではありません", name)
		}
		a, err := idna.Lookup.ToASCII(out)
		if err != nil {
			return "", said.Error("%q is no domain: %w", "%q はドメインではありません: %v", name, err)
		}
		out = a
	}
	out = strings.ToLower(out)
	for i := range len(out) {
		if c := out[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return "", said.Error("%q is no domain", "%q はドメインではありません", name)
		}
	}
	if out == "" || !dns.ValidName(out) {
		return "", said.Error("%q is no domain", "%q はドメインではありません", name)
	}
	return out, nil
}

// isIDN reports that a name is not in ASCII.
func isIDN(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) >= 0 }

// parsePattern gives a pattern as [Matches] compares it, in lower case with domains in A-labels, or says what is wrong with it: one
// that fits nothing must not be ignored in silence. "*@domain" is "domain".
func parsePattern(text string) (string, error) {
	p := strings.ToLower(strings.TrimSpace(text))
	if p == "*" || p == nullSender {
		return p, nil
	}
	local, domain, address := "", p, false
	if at := strings.LastIndexByte(p, '@'); at >= 0 {
		local, domain, address = p[:at], p[at+1:], true
	}
	if address && (local == "" || local != "*" && strings.Contains(local, "*") || strings.ContainsAny(local, " \t\r\n<>") && local[0] != '"') {
		return "", badPattern(text)
	}
	below := ""
	if domain == "*" {
		below, domain = "*", ""
	} else if d, ok := strings.CutPrefix(domain, "*."); ok {
		below, domain = "*.", d
	}
	if domain != "" || below != "*" {
		a, err := asciiDomain(domain)
		if err != nil {
			return "", badPattern(text)
		}
		domain = a
	}
	if address && local != "*" {
		return local + "@" + below + domain, nil
	}
	return below + domain, nil
}

func badPattern(text string) error {
	return said.Error("%q is no pattern: write ADDRESS, DOMAIN, *.DOMAIN (all below it), LOCAL@* or *",
		"%q はパターンではありません。ADDRESS、DOMAIN、*.DOMAIN (サブドメイン)、LOCAL@*、* のいずれかで指定してください", text)
}

// ParsePatterns is parsePattern for a list.
func ParsePatterns(list []string) ([]string, error) {
	out := make([]string, len(list))
	for i, text := range list {
		p, err := parsePattern(text)
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return out, nil
}

// ParseDomainPatterns is ParsePatterns for what is compared with domains: an address would never fit.
func ParseDomainPatterns(list []string) ([]string, error) {
	out, err := ParsePatterns(list)
	for i, p := range out {
		if strings.Contains(p, "@") || p == nullSender {
			return nil, said.Error("%q is no domain: write DOMAIN, *.DOMAIN (all below it) or *", "%q はドメインではありません。DOMAIN、*.DOMAIN (サブドメイン)、* のいずれかで指定してください", list[i])
		}
	}
	return out, err
}

// ParseTarget reads ADDRESS[=TO], the recipient whose mail is forwarded, and where to.
func ParseTarget(text string) (Target, error) {
	pattern, to, known := strings.Cut(text, "=")
	p, err := parsePattern(pattern)
	if err != nil {
		return Target{}, err
	}
	local, domain, ok := cutAddress(to)
	if known && (!ok || local == "" || domain == "" || strings.ContainsAny(to, " \t\r\n<>*")) {
		return Target{}, said.Error("%q: what follows the = is no address", "%q: = の後がアドレスではありません", text)
	}
	if a, err := asciiDomain(domain); err == nil && isIDN(domain) { // it is told in the header of mail that may have come without SMTPUTF8
		to = local + "@" + a
	}
	return Target{Pattern: p, To: to}, nil
}

func cutAddress(s string) (local, domain string, ok bool) {
	i := strings.LastIndexByte(s, '@')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// ParseFieldName reads the name of a header field (RFC 5322 section 3.6.8), in lower case.
func ParseFieldName(name string) (string, error) {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || c == ':' {
			name = ""
			break
		}
	}
	if name == "" {
		return "", said.Error("it is no name of a header field, such as Subject", "ヘッダーの名前 (Subject など) ではありません")
	}
	return strings.ToLower(name), nil
}
