package survey

import (
	"context"
	"net/netip"
	"slices"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/iprev"
	"github.com/todoku/todoku/spf"
)

// Hosts is what was seen of the sending hosts: reverse and forward DNS.
type Hosts struct {
	// List are the hosts: the addresses that the user gave, else the single addresses
	// that the domain's own SPF record names.
	List []Host
	// Own are names of the domain that may have the address of a host, asked only where
	// a host has no name that leads back to it.
	Own []Addresses
}

// Host is one address and its names.
type Host struct {
	IP netip.Addr
	// Term is the SPF term that names the address; "" where the user gave it.
	Term string
	// Private says why no receiver can see the address ("private", "loopback"), "" where it can.
	Private string
	// PTR is the answer at the reverse name; its Chain is a delegation by RFC 2317.
	PTR   dns.Answer
	Iprev iprev.Verdict
	// Forward are the answers for the addresses of Iprev.Names, in their order, of the family of IP.
	Forward []dns.Answer
}

// Given reports that the user said that mail comes from this host.
func (h Host) Given() bool { return h.Term == "" }

// The most hosts that are looked at.
const (
	maxGivenHosts = 32
	maxSPFHosts   = 8
)

func (l *look) hosts(ctx context.Context) {
	h := &l.Hosts
	for _, ip := range l.Options.IPs {
		if len(h.List) < maxGivenHosts {
			h.add(ip, "")
		}
	}
	if len(h.List) == 0 && l.Name != "" {
		l.spfHosts(ctx)
	}
	g := dns.NewGroup(l.r)
	for i := range h.List {
		if h.List[i].Private == "" {
			g.Go(func() { l.host(ctx, &h.List[i]) })
		}
	}
	g.Wait()
	var types []dns.Type // of the hosts that need a name
	for _, host := range h.List {
		if t := family(host.IP); host.unnamed() && !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	if l.Name != "" && len(types) > 0 {
		h.Own = l.addresses(ctx, l.hostNames(ctx), types...)
	}
}

func (h *Hosts) add(ip netip.Addr, term string) {
	ip = ip.Unmap().WithZone("")
	known := func(o Host) bool { return o.IP == ip }
	if ip.IsValid() && !slices.ContainsFunc(h.List, known) {
		h.List = append(h.List, Host{IP: ip, Term: term, Private: fetch.Refused(ip)})
	}
}

// unnamed reports that another name may have to be found for the host.
func (h Host) unnamed() bool {
	if h.Private != "" || h.Iprev.Result == iprev.TempError {
		return false
	}
	odd := func(name string) bool { return provider.NamingOf(name, h.IP) != provider.Chosen }
	return h.Iprev.Result != iprev.Pass || len(h.Iprev.BadNames) > 0 || slices.ContainsFunc(h.Iprev.Names, odd)
}

func (l *look) host(ctx context.Context, h *Host) {
	h.PTR = l.ask(ctx, dns.ReverseName(h.IP), dns.TypePTR)
	h.Iprev = iprev.Lookup(ctx, l.r, h.IP)
	t := family(h.IP)
	for _, name := range h.Iprev.Names {
		if name == "" || !dns.ValidName(name) {
			h.Forward = append(h.Forward, dns.Answer{Status: dns.BadName})
			continue
		}
		h.Forward = append(h.Forward, l.ask(ctx, name, t)) // answered from the recording
	}
}

func family(ip netip.Addr) dns.Type {
	if ip.Is4() {
		return dns.TypeA
	}
	return dns.TypeAAAA
}

// hostNames are names that a sending host of the domain may have: its exchangers, the
// hosts that its SPF record names, and the usual ones.
func (l *look) hostNames(ctx context.Context) []string {
	var names []string
	add := func(name string, most int) {
		if name = dns.CanonicalName(name); HostName(name) && len(names) < most && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, r := range l.ask(ctx, l.Name, dns.TypeMX).Records {
		add(r.Data, 4)
	}
	if record := l.firstSPF(ctx); record != nil {
		for _, t := range record.Terms[:min(len(record.Terms), 100)] {
			if t.Kind == spf.A && !t.Domain.HasMacros() {
				add(t.Domain.Text, 8)
			}
		}
	}
	usual := mailNames(l.Name)
	if len(usual) > 1 {
		usual = append(usual, "mail1."+l.Name, "out."+l.Name, "relay."+l.Name)
	}
	for _, name := range usual {
		add(name, 16)
	}
	return names
}

// firstSPF is the first SPF record of the domain that can be read, nil for none.
func (l *look) firstSPF(ctx context.Context) *spf.Record {
	for _, r := range l.ask(ctx, l.Name, dns.TypeTXT).Records {
		if spf.IsRecord(r.Data) {
			record, _ := spf.Parse(r.Data)
			return record
		}
	}
	return nil
}

// spfHosts takes the single addresses that the domain's own record lets send: ip4 and
// ip6 of one address, a and mx without a length. Those of includes are others' affair.
func (l *look) spfHosts(ctx context.Context) {
	record := l.firstSPF(ctx)
	if record == nil {
		return
	}
	names := 0
	for _, t := range record.Terms[:min(len(record.Terms), 100)] {
		if t.Qualifier != spf.PlusPass || t.Domain.HasMacros() {
			continue
		}
		switch t.Kind {
		case spf.IP4, spf.IP6:
			if t.Prefix.IsSingleIP() {
				l.addHost(t.Prefix.Addr(), t.Text)
			}
		case spf.A, spf.MX:
			if names++; names <= 4 && t.Bits4 == 32 && t.Bits6 == 128 {
				l.spfNames(ctx, &t)
			}
		}
	}
}

func (l *look) addHost(ip netip.Addr, term string) {
	if len(l.Hosts.List) < maxSPFHosts && fetch.Refused(ip) == "" {
		l.Hosts.add(ip, term)
	}
}

// spfNames adds the addresses of an a or mx term. Exchangers of mailbox providers
// are left out: they receive, and send by other addresses.
func (l *look) spfNames(ctx context.Context, t *spf.Term) {
	domain := dns.CanonicalName(t.Domain.Text)
	if domain == "" {
		domain = l.Name
	}
	if !dns.ValidName(domain) {
		return
	}
	names := []string{domain}
	if t.Kind == spf.MX {
		names = nil
		for _, r := range l.ask(ctx, domain, dns.TypeMX).Records {
			if name := dns.CanonicalName(r.Data); len(names) < 4 && HostName(name) && !receivesOnly(name) {
				names = append(names, name)
			}
		}
	}
	for _, a := range l.addresses(ctx, names) {
		for _, r := range a.Records() {
			l.addHost(r.Addr, t.Text)
		}
	}
}

func receivesOnly(host string) bool {
	for _, d := range []string{"google.com", "googlemail.com", "outlook.com", "mx.microsoft", "yahoodns.net", "icloud.com", "pphosted.com", "mimecast.com"} {
		if dns.IsSubdomain(host, d) {
			return true
		}
	}
	return false
}
