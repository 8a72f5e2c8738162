package survey

import (
	"context"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
)

// Zone is what was seen of the zone itself: SOA, name servers, DNSSEC, CAA.
type Zone struct {
	// SOA is the answer at the domain. Yahoo asks it of every domain in MAIL FROM and
	// From; "no data" is an answer too, for a name that is no zone of its own.
	SOA dns.Answer
	// Apex is the name of the zone that holds the domain, "" where it was not seen; ApexSOA its SOA answer.
	Apex    string
	ApexSOA dns.Answer
	// Address is the A answer at the domain: what a CNAME there hides.
	Address Addresses
	// NS are the name servers of Apex, Servers their addresses (four at most).
	NS      dns.Answer
	Servers []Addresses
	// DS and DNSKEY are the answers at Apex; DNSKEY is asked only where there is no DS.
	DS, DNSKEY dns.Answer
	// CAA is the answer at the domain.
	CAA dns.Answer
	// Invalid is the A answer for a name that cannot exist (RFC 6761 section 6.4):
	// a resolver that finds one invents answers.
	Invalid dns.Answer
	// WildcardMX and WildcardTXT are the answers for a name beneath the domain that
	// nobody made.
	WildcardMX, WildcardTXT dns.Answer
	// Delegated are the NS answers at _dmarc and _domainkey beneath the domain: who serves them.
	Delegated []dns.Answer
	// Views are what each authoritative server says; empty with Options.DNSOnly.
	Views []View
}

// noSuchName is a label that nobody makes. It is always the same, so that a check can
// be replayed.
const noSuchName = "todoku-no-such-name-7c1e"

func (l *look) zone(ctx context.Context) {
	z := &l.Zone
	g := dns.NewGroup(l.r)
	g.Go(func() { l.servers(ctx) })
	g.Go(func() { z.CAA = l.ask(ctx, l.Name, dns.TypeCAA) })
	g.Go(func() { z.Invalid = l.ask(ctx, noSuchName+".invalid", dns.TypeA) })
	if name := noSuchName + "." + l.Name; dns.ValidName(name) {
		g.Go(func() { z.WildcardMX = l.ask(ctx, name, dns.TypeMX) })
		g.Go(func() { z.WildcardTXT = l.ask(ctx, name, dns.TypeTXT) })
	}
	z.Delegated = make([]dns.Answer, 2)
	for i, label := range []string{"_dmarc", "_domainkey"} {
		g.Go(func() { z.Delegated[i] = l.ask(ctx, label+"."+l.Name, dns.TypeNS) })
	}
	g.Wait()
	if !l.Options.DNSOnly {
		l.views(ctx)
	}
}

// servers finds the zone, its name servers and how it is signed.
func (l *look) servers(ctx context.Context) {
	z := &l.Zone
	z.SOA = l.ask(ctx, l.Name, dns.TypeSOA)
	l.apex(ctx)
	if len(z.SOA.Chain) > 0 {
		z.Address = l.addresses(ctx, []string{l.Name})[0]
	}
	if z.Apex == "" {
		return
	}
	g := dns.NewGroup(l.r)
	g.Go(func() {
		if z.DS = l.ask(ctx, z.Apex, dns.TypeDS); z.DS.Status.Void() {
			z.DNSKEY = l.ask(ctx, z.Apex, dns.TypeDNSKEY)
		}
	})
	z.NS = l.ask(ctx, z.Apex, dns.TypeNS)
	hosts := z.NS.Records[:min(len(z.NS.Records), maxServers)]
	z.Servers = make([]Addresses, len(hosts))
	for i, r := range hosts {
		s := &z.Servers[i]
		if s.Name = dns.CanonicalName(r.Data); s.Name == "" || !dns.ValidName(s.Name) {
			s.A.Status, s.AAAA.Status = dns.BadName, dns.BadName
			continue
		}
		g.Go(func() {
			if s.A = l.ask(ctx, s.Name, dns.TypeA); s.A.Status.Void() {
				s.AAAA = l.ask(ctx, s.Name, dns.TypeAAAA)
			}
		})
	}
	g.Wait()
}

// apex finds the zone that holds the domain: the nearest name with an SOA, not above
// the registered domain and at most four labels up.
func (l *look) apex(ctx context.Context) {
	z := &l.Zone
	if z.ApexSOA = z.SOA; z.SOA.Status.Found() && len(z.SOA.Chain) == 0 {
		z.Apex = l.Name
		return
	}
	top := dmarc.RegisteredDomain(l.Name)
	name := l.Name
	for range 4 {
		if name == top || z.SOA.Status.Failed() {
			return
		}
		_, name, _ = strings.Cut(name, ".")
		if a := l.ask(ctx, name, dns.TypeSOA); a.Status.Found() && len(a.Chain) == 0 {
			z.Apex, z.ApexSOA = name, a
			return
		}
	}
}
