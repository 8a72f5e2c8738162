package cli

import (
	"strings"

	"golang.org/x/net/idna"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/wire"
)

var errNoDomain = said.Error("there is no domain in it", "ドメインがありません")

func isNoDomain(name string) error {
	return said.Error("%q is no domain", "%q はドメインではありません", name)
}

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
			return "", isNoDomain(domain)
		}
		out, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return "", said.Error("%q is no domain: %w", "%q はドメインではありません: %v", domain, err)
		}
		domain = out
	}
	if !dns.ValidName(domain) || strings.ContainsAny(domain, " \t\"';()<>@,") {
		return "", isNoDomain(domain)
	}
	return domain, nil
}
