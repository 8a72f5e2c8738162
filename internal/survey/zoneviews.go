package survey

import (
	"context"
	"net/netip"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/fetch"
)

// View is what one authoritative server says of the domain.
type View struct {
	// Name and Addr are the server.
	Name string
	Addr netip.Addr
	// SOA is its answer at the apex; MX and TXT at the domain; DMARC the TXT at _dmarc.
	SOA, MX, TXT, DMARC dns.Answer
}

// Answers are the answers of the view, SOA first.
func (v View) Answers() []dns.Answer { return []dns.Answer{v.SOA, v.MX, v.TXT, v.DMARC} }

// maxServers is how many name servers are looked at.
const maxServers = 4

// views asks each authoritative server itself. A server whose address is not public is
// not asked: a domain must not choose whom beside us we talk to.
func (l *look) views(ctx context.Context) {
	z := &l.Zone
	for _, s := range z.Servers {
		for _, r := range s.Records() {
			if fetch.Refused(r.Addr) == "" {
				z.Views = append(z.Views, View{Name: s.Name, Addr: r.Addr})
				break
			}
		}
	}
	g := dns.NewGroup(l.r)
	for i := range z.Views {
		v := &z.Views[i]
		ask := func(a *dns.Answer, name string, t dns.Type) {
			g.Go(func() {
				*a = l.r.Resolve(ctx, dns.Question{Name: name, Type: t, Server: netip.AddrPortFrom(v.Addr, 53)})
			})
		}
		ask(&v.SOA, z.Apex, dns.TypeSOA)
		ask(&v.MX, l.Name, dns.TypeMX)
		ask(&v.TXT, l.Name, dns.TypeTXT)
		ask(&v.DMARC, "_dmarc."+l.Name, dns.TypeTXT)
	}
	g.Wait()
}
