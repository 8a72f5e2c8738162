package dmarc

import (
	"errors"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
)

type resolver = dns.Resolver

var errDomain = errors.New("not a domain name")

// normalize gives a domain in lower case, as A-labels, without a final dot (RFC
// 9989 section 5.3.1). An error means that no DNS name can be that: it is never
// asked for.
func normalize(domain string) (string, error) {
	domain = strings.TrimSuffix(domain, ".")
	name, ok := wire.ALabels(domain)
	if !ok || !hostName(name) {
		return domain, errDomain
	}
	return strings.ToLower(name), nil
}

// showDomain gives a domain for a sentence: in quotes, and not all of it, where it
// is none, so that what a signature claims cannot write lines of its own.
func showDomain(domain string) string {
	if d, err := normalize(domain); err == nil {
		return d
	}
	return strconv.QuoteToASCII(domain[:min(len(domain), 64)])
}
