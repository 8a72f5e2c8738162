package keys

import (
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/said"
)

// Pattern says whose mail is signed: the From addresses that it fits. Forms, in any case:
//
//	user@example.com   one address
//	example.com        all addresses of a domain; the same as *@example.com
//	.example.com       all addresses of all its subdomains; the same as *@.example.com and *@*.example.com
//	*-news@example.com  * is any characters, also none; one or more anywhere
//	user@*             one local part, everywhere
//	*                  everybody
type Pattern struct {
	local, domain string // lower case; domain ".x" is what ends so
	rank          int
}

// maxPattern is how long a pattern may be, in octets, and maxStars how many * may be in a part.
const (
	maxPattern = 320
	maxStars   = 8
)

// The kinds of domain part of a pattern, the most exact first.
const (
	exactDomain = iota
	subdomains
	globDomain
	everyDomain
)

// ParsePattern reads a pattern; the error says what it is not.
func ParsePattern(text string) (Pattern, error) {
	s := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(text), "."))
	local, domain := "*", s
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		local, domain = s[:at], s[at+1:]
	}
	if rest, ok := strings.CutPrefix(domain, "*."); ok && !strings.Contains(rest, "*") {
		domain = "." + rest
	}
	p := Pattern{local: local, domain: domain}
	bare := strings.ReplaceAll(strings.TrimPrefix(domain, "."), "*", "x")
	switch {
	case len(s) > maxPattern || local == "" || domain == "" || strings.Count(local, "*") > maxStars || strings.Count(domain, "*") > maxStars ||
		strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == 0x7f }) || !dns.ValidName(bare) || bare == "" || strings.HasSuffix(s, "."):
		return Pattern{}, said.Error("%q is no pattern: write user@example.com, example.com, .example.com (its subdomains) or *", "%q はパターンではありません。user@example.com、example.com、.example.com (サブドメイン)、* のように書いてください", clip(text))
	case domain == "*":
		p.rank = everyDomain
	case strings.Contains(domain, "*"):
		p.rank = globDomain
	case domain[0] == '.':
		p.rank = subdomains
	}
	return p, nil
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}

// String is the pattern in one form.
func (p Pattern) String() string { return p.local + "@" + p.domain }

// fits reports whether an address in lower case is one of them.
func (p Pattern) fits(local, domain string) bool {
	switch p.rank {
	case exactDomain:
		if domain != p.domain {
			return false
		}
	case subdomains:
		if len(domain) <= len(p.domain) || !strings.HasSuffix(domain, p.domain) {
			return false
		}
	case globDomain:
		if !glob(p.domain, domain) {
			return false
		}
	}
	return glob(p.local, local)
}

// closer orders patterns that fit the same address, the most exact first: the domain counts more than the local part, as in
// OpenDKIM's signing table.
func (p Pattern) closer(o Pattern) int {
	if p.rank != o.rank {
		return p.rank - o.rank
	}
	if len(p.domain) != len(o.domain) {
		return len(o.domain) - len(p.domain)
	}
	return localRank(p.local) - localRank(o.local)
}

func localRank(local string) int {
	switch {
	case local == "*":
		return 2
	case strings.Contains(local, "*"):
		return 1
	}
	return 0
}

// glob matches * with any characters, in time that grows with the product of both lengths at most.
func glob(pattern, s string) bool {
	if pattern == "*" {
		return true
	}
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
