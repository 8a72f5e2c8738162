// Package survey looks at a domain, a host or an address and says what is there.
// It has no opinion: what it finds means is for package inspect.
//
// Each area (SPF, DKIM, MX ...) is a file of its own and looks for itself. All
// share one resolver that records every answer and gives it again when it is asked
// the same question, so that an area that needs what another has seen just asks.
package survey

import (
	"context"
	"crypto/x509"
	"net/netip"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/wire/https"
)

// MaxQueries is how many distinct DNS questions one survey asks at most; further
// ones are answered Malformed ("exceeds a limit") without being sent.
const MaxQueries = 600

// Area is a part of a survey, or several.
type Area uint16

// The areas.
const (
	AreaProfile Area = 1 << iota
	AreaZone
	AreaMX
	AreaSPF
	AreaDKIM
	AreaDMARC
	AreaHosts
	AreaTransport
	AreaBIMI
	AreaBlocklists
)

// Options say what to look at and how far to go.
type Options struct {
	// Areas are those to look at; 0 is all of them.
	Areas Area
	// Now is the "now" of every expiry.
	Now time.Time
	// IPs are addresses that send for the domain, as the user says.
	IPs []netip.Addr
	// Selectors are DKIM selectors that the user names.
	Selectors []string
	// DNSOnly: ask the resolver and nobody else. No connection, no policy fetch, no
	// comparison of authoritative servers.
	DNSOnly bool
	// Fetch gets what records name (policies, logos, certificates), and Prober talks to mail
	// exchangers on port 25. What is nil, or all of it with DNSOnly, is not looked at.
	Fetch  https.Doer
	Prober Prober
	// Postmaster has each exchanger asked whether it takes mail to the domain's postmaster,
	// where the Prober can.
	Postmaster bool
	// Roots are the authorities for the certificates of exchangers; nil: those of the system.
	Roots *x509.CertPool
	// Unlimited: the resolver has a limit of its own in the place of MaxQueries.
	Unlimited bool
	// Blocklists asks the blocklists about the domain and its addresses; nil: not asked.
	Blocklists Sweeper
	// Done, where not nil, is told each area that has been looked at, as it happens.
	Done func(Area)
}

// Sweeper asks blocklists; a *blocklist.Checker does.
type Sweeper interface {
	Sweep(ctx context.Context, r dns.Resolver, s dnsbl.Subject) blocklist.Sweep
}

// Domain is what was seen of one domain. Every part says for itself whether it
// could be seen; nothing in it is a judgement.
type Domain struct {
	// Name is the domain, A-labels, lower case, no final dot; "" where an address alone is surveyed.
	Name    string
	Options Options

	Profile   Profile
	Zone      Zone
	MX        MX
	SPF       SPF
	DKIM      DKIM
	DMARC     DMARC
	Hosts     Hosts
	Transport Transport
	BIMI      BIMI
	// Blocklists are what the blocklists say of the domain and of its addresses.
	Blocklists []blocklist.Sweep

	// Answers are all DNS answers used, in the order first asked.
	Answers []dns.Answer
}

// Look surveys one domain. It returns when ctx ends at the latest; what could not be
// seen by then is a failed answer in its place.
func Look(ctx context.Context, r dns.Resolver, name string, o Options) *Domain {
	limit := MaxQueries
	if o.Unlimited {
		limit = 0
	}
	rec := dns.NewRecorder(dns.NewCounter(r, limit))
	l := &look{Domain: &Domain{Name: dns.CanonicalName(name), Options: o}, r: rec}
	l.areas(ctx)
	if l.invented(ctx, rec) {
		rec = dns.NewRecorder(disbelief{rec})
		l = &look{Domain: &Domain{Name: l.Name, Options: o}, r: rec}
		l.areas(ctx)
	}
	l.Answers = rec.Answers()
	return l.Domain
}

// areas looks at all areas that are wanted, at once.
func (l *look) areas(ctx context.Context) {
	d, o := l.Domain, l.Options
	g := dns.NewGroup(l.r)
	for _, area := range areas {
		if o.Wants(area.area) && (d.Name != "" || area.host) {
			g.Go(func() {
				area.look(l, ctx)
				if o.Done != nil {
					o.Done(area.area)
				}
			})
		}
	}
	g.Wait()
}

// areas are the parts of a survey. Each writes its own field of Domain and reads no
// other's: what it needs of theirs it asks again.
var areas = []struct {
	area Area
	look func(*look, context.Context)
	host bool // also looks where there is no domain, but an address alone
}{
	{area: AreaProfile, look: (*look).profile},
	{area: AreaZone, look: (*look).zone},
	{area: AreaMX, look: (*look).mx},
	{area: AreaSPF, look: (*look).spf},
	{area: AreaDKIM, look: (*look).dkim},
	{area: AreaDMARC, look: (*look).dmarc},
	{area: AreaHosts, look: (*look).hosts, host: true},
	{area: AreaTransport, look: (*look).transport},
	{area: AreaBIMI, look: (*look).bimi},
	{area: AreaBlocklists, look: (*look).blocklists, host: true},
}

// Wants reports whether an area is to be looked at. The profile always is: the others
// are judged by it.
func (o Options) Wants(a Area) bool { return o.Areas == 0 || a == AreaProfile || o.Areas&a != 0 }

// look is one survey under way.
type look struct {
	*Domain
	r dns.Resolver
}

// ask asks one question of the shared resolver.
func (l *look) ask(ctx context.Context, name string, t dns.Type) dns.Answer {
	return l.r.Resolve(ctx, dns.Question{Name: name, Type: t})
}
