package dmarc

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/todoku/todoku/dns"
)

type resolver = dns.Resolver

var errDomain = errors.New("not a domain name")

// normalize gives a domain in lower case, as A-labels, without a final dot (RFC
// 9989 section 5.3.1). An error means that no DNS name can be that: it is never
// asked for.
func normalize(domain string) (string, error) {
	domain = strings.TrimSuffix(domain, ".")
	if !ascii(domain) {
		if len(domain) > 4*253 || !utf8.ValidString(domain) {
			return domain, errDomain
		}
		// One label at a time: a neighbour in ASCII is no business of IDNA (hyphens in its
		// third and fourth place are fine), and what maps to a dot is no U-label.
		labels := strings.Split(domain, ".")
		for i, label := range labels {
			if ascii(label) {
				continue
			}
			a, err := idna.Lookup.ToASCII(label)
			if err != nil || !strings.HasPrefix(a, "xn--") || strings.Contains(a, ".") {
				return domain, errDomain
			}
			labels[i] = a
		}
		domain = strings.Join(labels, ".")
	}
	if !hostName(domain) {
		return domain, errDomain
	}
	return strings.ToLower(domain), nil
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// showDomain gives a domain for a sentence: in quotes, and not all of it, where it
// is none, so that what a signature claims cannot write lines of its own.
func showDomain(domain string) string {
	if d, err := normalize(domain); err == nil {
		return d
	}
	return strconv.QuoteToASCII(domain[:min(len(domain), 64)])
}
