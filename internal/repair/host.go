package repair

import (
	"net/netip"
	"slices"

	"github.com/todoku/todoku/dns"
)

// OwnName is a name of the domain's that a mail host may have.
type OwnName struct {
	Name  string
	Addrs []netip.Addr
	// Free: the name certainly has no address yet.
	Free bool
	// Alias: the name is a CNAME, which a PTR or MX record must not name.
	Alias bool
}

// Host is an address that needs a name.
type Host struct {
	IP netip.Addr
	// At is where the PTR record stands: the reverse name, or where a delegation leads
	// (RFC 2317).
	At string
	// Wrong are the PTR names that must go. All: no other is there, so that all must.
	Wrong []string
	All   bool
}

// NameFor gives the first name that leads to the address already, "" for none.
func NameFor(ip netip.Addr, own []OwnName) string {
	for _, n := range own {
		if !n.Alias && slices.Contains(n.Addrs, ip) {
			return n.Name
		}
	}
	return ""
}

// FreeName gives the first name that has no address yet, "" for none.
func FreeName(own []OwnName) string {
	for _, n := range own {
		if n.Free && !n.Alias {
			return n.Name
		}
	}
	return ""
}

// PTR plans a name for an address. One that leads to the address already makes the PTR
// record the only change; else a free name gets the address besides, which must be
// published first: a name that does not lead back is none to receivers. Without a name
// nothing can be planned.
func PTR(h Host, own []OwnName) []dns.Change {
	if name := NameFor(h.IP, own); name != "" {
		return []dns.Change{PTRChange(h, name)}
	}
	name := FreeName(own)
	if name == "" {
		return nil
	}
	return []dns.Change{PTRChange(h, name), AddressChange(name, h.IP)}
}

// PTRChange makes name the one that the address has in the place of the wrong ones.
func PTRChange(h Host, name string) dns.Change {
	c := dns.Change{Action: dns.Add, Name: h.At + ".", Type: dns.TypePTR, TTL: defaultTTL, Data: []string{dns.CanonicalName(name) + "."}}
	for _, w := range h.Wrong {
		c.Action = dns.Replace
		c.Was = append(c.Was, ptrText(w))
	}
	if h.All && len(h.Wrong) > 0 {
		c.Was = nil // also those that a wildcard gave
	}
	return c
}

// DropPTR takes the wrong names away and leaves the others.
func DropPTR(h Host) dns.Change {
	h.All = false
	c := PTRChange(h, "")
	c.Action, c.Data = dns.Remove, nil
	return c
}

// AddressChange adds an A or AAAA record.
func AddressChange(name string, ip netip.Addr) dns.Change {
	c := dns.Change{Action: dns.Add, Name: dns.CanonicalName(name) + ".", Type: dns.TypeA, TTL: defaultTTL, Data: []string{ip.String()}}
	if ip.Is6() {
		c.Type = dns.TypeAAAA
	}
	return c
}

// ptrText writes a PTR name, which may hold any octet, as a change does.
func ptrText(name string) string {
	return dns.Record{Type: dns.TypePTR, Data: name}.ChangeText()
}
