package survey

import (
	"context"
	"net/netip"
	"slices"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/blocklist"
)

// maxSweeps is how many addresses of one domain the blocklists are asked about,
// maxOwnHosts how many mail hosts are looked at to find them.
const (
	maxSweeps   = 8
	maxOwnHosts = 4
)

// blocklists asks the blocklists about the domain and its sending addresses: those
// that the user names, else those of mail hosts within the domain, which usually send
// as well. Hosts of others are not the domain's to answer for.
func (l *look) blocklists(ctx context.Context) {
	if l.Options.Blocklists == nil {
		return
	}
	subjects := l.listSubjects(ctx)
	sweeps := make([]blocklist.Sweep, len(subjects))
	g := dns.NewGroup(l.r)
	for i, s := range subjects {
		g.Go(func() { sweeps[i] = l.Options.Blocklists.Sweep(ctx, l.r, s) })
	}
	g.Wait()
	l.Blocklists = sweeps
}

func (l *look) listSubjects(ctx context.Context) []dnsbl.Subject {
	var subjects []dnsbl.Subject
	if s := dnsbl.ForDomain(l.Name); s.IsValid() {
		subjects = append(subjects, s)
	}
	ips := l.Options.IPs
	if len(ips) == 0 && l.Name != "" {
		ips = l.ownAddresses(ctx)
	}
	for _, ip := range ips[:min(len(ips), maxSweeps)] {
		if public(ip) {
			subjects = append(subjects, dnsbl.ForIP(ip))
		}
	}
	return subjects
}

// public reports whether a list can have an entry for an address.
func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsGlobalUnicast() && !ip.IsPrivate()
}

// ownAddresses are those of the mail hosts within the domain.
func (l *look) ownAddresses(ctx context.Context) []netip.Addr {
	var hosts []string
	for _, rec := range l.ask(ctx, l.Name, dns.TypeMX).Records {
		host := dns.CanonicalName(rec.Data)
		if len(hosts) < maxOwnHosts && dns.IsSubdomain(host, l.Name) && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	var ips []netip.Addr
	for _, host := range hosts {
		for _, t := range []dns.Type{dns.TypeA, dns.TypeAAAA} {
			for _, rec := range l.ask(ctx, host, t).Records {
				if len(ips) < maxSweeps && !slices.Contains(ips, rec.Addr) {
					ips = append(ips, rec.Addr)
				}
			}
		}
	}
	return ips
}
