package cli

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/idna"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
)

var errNoDomain = errors.New("there is no domain in it")

// ascii gives the domain of a signer in A-labels, lower case, without a final
// dot. Only names with other letters than ASCII go through IDNA: it refuses
// names that the DNS does not.
func ascii(domain string) (string, error) {
	domain = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(domain), "."))
	if domain == "" {
		return "", errNoDomain
	}
	if strings.IndexFunc(domain, func(r rune) bool { return r > 0x7f }) >= 0 {
		if !wire.Convertible(domain) {
			return "", fmt.Errorf("%q is no domain", domain)
		}
		out, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return "", fmt.Errorf("%q is no domain: %w", domain, err)
		}
		domain = out
	}
	if !dns.ValidName(domain) || strings.ContainsAny(domain, " \t\"';()<>@,") {
		return "", fmt.Errorf("%q is no domain", domain)
	}
	return domain, nil
}
