package survey

import (
	"context"
	"slices"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/pattern"
)

// Addresses are the answers for the addresses of one name, each zero where it was not asked.
type Addresses struct {
	Name    string
	A, AAAA dns.Answer
}

// Found reports that the name has an address.
func (a Addresses) Found() bool { return a.A.Status.Found() || a.AAAA.Status.Found() }

// Void reports that the name certainly has none.
func (a Addresses) Void() bool { return empty(a.A.Status) && empty(a.AAAA.Status) }

// Records are the address records, IPv4 first.
func (a Addresses) Records() []dns.Record {
	return append(a.A.Records[:len(a.A.Records):len(a.A.Records)], a.AAAA.Records...)
}

// Canonical is the name at the end of the CNAME records that lead from the name, "" where there are none.
func (a Addresses) Canonical() string {
	for _, answer := range []dns.Answer{a.A, a.AAAA} {
		if n := len(answer.Chain); n > 0 {
			return dns.CanonicalName(answer.Chain[n-1].Data)
		}
	}
	return ""
}

// empty: there is nothing, and a name that cannot exist counts as such.
func empty(s dns.Status) bool { return s.Void() || s == dns.BadName }

// addresses asks for the addresses of several names at once, of both families or, where
// types are given, of those only.
func (l *look) addresses(ctx context.Context, names []string, types ...dns.Type) []Addresses {
	out := make([]Addresses, len(names))
	g := dns.NewGroup(l.r)
	for i, name := range names {
		out[i].Name = name
		if len(types) == 0 || slices.Contains(types, dns.TypeA) {
			g.Go(func() { out[i].A = l.ask(ctx, name, dns.TypeA) })
		}
		if len(types) == 0 || slices.Contains(types, dns.TypeAAAA) {
			g.Go(func() { out[i].AAAA = l.ask(ctx, name, dns.TypeAAAA) })
		}
	}
	g.Wait()
	return out
}

// hostLabel matches what mail hosts are called.
var hostLabel = pattern.New(`^(e?mail|mx|smtp|mta|out|relay)-?[0-9]*$`)

// HostLike reports that a domain's own name is that of a mail host: mail.example.com.
func HostLike(domain string) bool {
	label, _, _ := strings.Cut(domain, ".")
	return hostLabel.MatchString(label) && domain != dmarc.RegisteredDomain(domain)
}

// mailNames are the names that a domain's mail host usually has, the domain itself last.
// A domain whose own name is a mail host's has no other.
func mailNames(domain string) []string {
	if HostLike(domain) {
		return []string{domain}
	}
	return []string{"mail." + domain, "mx." + domain, "mx1." + domain, "smtp." + domain, domain}
}
