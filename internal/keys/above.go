package keys

import (
	"context"
	"net/netip"
	"strings"

	"github.com/todoku/todoku/dns"
)

// asksAbove is how many servers of the zone above are asked until one answers.
const asksAbove = 3

// above gives the name servers to which the zone above refers, as one of its servers says. Where that could not be seen, mute says why: nobody knows then
// whom caches ask. Nothing where there is no zone above, or where its servers have the zone, too.
func (d *DNS) above(ctx context.Context, zone string) (names []string, mute []view) {
	_, up, _ := strings.Cut(zone, ".")
	if up == "" { // what the root refers to are registries
		return nil, nil
	}
	parent, hosts, failed := d.zone(ctx, up)
	if failed != "" {
		return nil, blind(up, "the zone above "+zone+" could not be looked up: "+failed)
	}
	asked, unseen := 0, ""
	for _, host := range hosts {
		if asked == asksAbove {
			break
		}
		addrs, detail := d.addresses(ctx, host)
		if len(addrs) == 0 {
			unseen = host + ": " + detail
			continue
		}
		asked++ // at its first address: one of another host may be reached where none of this one is
		server := netip.AddrPortFrom(addrs[0], 53)
		a := d.Resolver.Resolve(ctx, dns.Question{Name: zone, Type: dns.TypeNS, Server: server})
		for _, ns := range a.Delegation {
			if dns.CanonicalName(ns.Name) == zone {
				names = append(names, dns.CanonicalName(ns.Data))
			}
		}
		if len(names) > 0 || !a.Status.Failed() {
			return names, nil
		}
		unseen = server.String() + ": " + a.Status.String()
	}
	if parent == "" {
		return nil, nil
	}
	return nil, blind(parent, "no server of "+parent+" says who serves "+zone+" ("+unseen+")")
}

// blind is what is seen of a zone above of which nothing could be.
func blind(zone, problem string) []view {
	return []view{{Server: Server{Name: zone, Has: Unreachable, Detail: problem}}}
}
