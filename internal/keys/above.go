package keys

import (
	"context"
	"net/netip"
	"strings"

	"github.com/todoku/todoku/dns"
)

// asksAbove is how many servers of the zone above are asked until one answers.
const asksAbove = 3

// above gives the name servers to which the zone above refers, as one of its servers says. Where none of those answers, mute says so: nobody knows then
// whom caches ask. Nothing where there is no zone above that can be found, or where its servers have the zone, too.
func (d *DNS) above(ctx context.Context, zone string) (names []string, mute []view) {
	_, up, _ := strings.Cut(zone, ".")
	if up == "" { // what the root refers to are registries
		return nil, nil
	}
	parent, hosts := d.zone(ctx, up)
	asked := 0
	for _, host := range hosts {
		if asked == asksAbove {
			break
		}
		addrs, _ := d.addresses(ctx, host)
		if len(addrs) == 0 {
			continue
		}
		asked++ // at its first address: one of another host may be reached where none of this one is
		a := d.Resolver.Resolve(ctx, dns.Question{Name: zone, Type: dns.TypeNS, Server: netip.AddrPortFrom(addrs[0], 53)})
		for _, ns := range a.Delegation {
			if dns.CanonicalName(ns.Name) == zone {
				names = append(names, dns.CanonicalName(ns.Data))
			}
		}
		if len(names) > 0 || !a.Status.Failed() {
			return names, nil
		}
	}
	if asked == 0 {
		return nil, nil
	}
	return nil, []view{{Server: Server{Name: parent, Has: Unreachable, Detail: "no server of " + parent + " says who serves " + zone}}}
}
