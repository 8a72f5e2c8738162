package dmarc

import (
	"errors"
	"strings"

	"golang.org/x/net/idna"

	"github.com/todoku/todoku/dns"
)

type resolver = dns.Resolver

var errDomain = errors.New("not a domain name")

// normalize gives a domain in lower case, as A-labels, without a final dot. An
// error means that no DNS name can be that: it is never asked for.
func normalize(domain string) (string, error) {
	domain = strings.TrimSuffix(domain, ".")
	for i := 0; i < len(domain); i++ {
		if domain[i] >= 0x80 {
			if len(domain) > 4*253 {
				return domain, errDomain
			}
			a, err := idna.Lookup.ToASCII(domain)
			if err != nil {
				return domain, errDomain
			}
			domain = a
			break
		}
	}
	if !hostName(domain) {
		return domain, errDomain
	}
	return strings.ToLower(domain), nil
}
