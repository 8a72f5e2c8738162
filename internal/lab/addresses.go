package lab

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Address is where something listens, and the address by which the world reaches it.
type Address struct {
	Listen netip.AddrPort
	Public netip.Addr
}

const (
	smtpPort = 25
	// maxAddresses bounds what one lab listens on.
	maxAddresses = 64
)

// ParseListen reads addresses: IP, IP:PORT, [IPv6]:PORT or a range such as 192.0.2.16/28;
// the port is 25 where none is given. After "=" stands the public address of one that is
// reached by another (NAT).
func ParseListen(texts []string) ([]Address, error) {
	var out []Address
	for _, text := range texts {
		for piece := range strings.SplitSeq(text, ",") {
			list, err := parseOne(strings.TrimSpace(piece))
			if err != nil {
				return nil, err
			}
			out = append(out, list...)
		}
		if len(out) > maxAddresses {
			return nil, fmt.Errorf("more than %d addresses", maxAddresses)
		}
	}
	return out, nil
}

func parseOne(text string) ([]Address, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return addressesOf(p.Masked())
	}
	a, err := ParseAddress(text, smtpPort)
	return []Address{a}, err
}

// ParseAddress reads one address, IP, IP:PORT or [IPv6]:PORT, and after "=" its public one.
func ParseAddress(text string, port uint16) (Address, error) {
	here, public, nat := strings.Cut(text, "=")
	at, err := netip.ParseAddrPort(here)
	if err != nil {
		ip, err2 := netip.ParseAddr(here)
		if err2 != nil || ip.Zone() != "" {
			return Address{}, fmt.Errorf("%q is no address: write 192.0.2.1, 192.0.2.1:25, [2001:db8::1]:25 or 192.0.2.16/28", text)
		}
		at = netip.AddrPortFrom(ip, port)
	}
	a := Address{Listen: at, Public: at.Addr().Unmap()}
	if nat {
		if a.Public, err = netip.ParseAddr(public); err != nil || a.Public.Zone() != "" {
			return Address{}, fmt.Errorf("%q: after = stands the public address", text)
		}
	}
	return a, nil
}

// addressesOf are the addresses of a range, without those of an IPv4 network itself.
func addressesOf(p netip.Prefix) ([]Address, error) {
	var out []Address
	whole := p.IsSingleIP() || p.Addr().Is4() && p.Bits() == 31 || p.Addr().Is6() && p.Bits() == 127
	for ip := p.Addr(); p.Contains(ip) && len(out) < maxAddresses; ip = ip.Next() {
		if !whole && (ip == p.Addr() || ip.Is4() && !p.Contains(ip.Next())) {
			continue
		}
		out = append(out, Address{netip.AddrPortFrom(ip, smtpPort), ip})
	}
	return out[:min(len(out), len(seats))], nil
}

// place is an address with the seat that it was given to.
type place struct {
	seat    seat
	address Address
	tls     *tls.Config // nil: no STARTTLS
	bound   net.Addr    // where it listens, once it does
	other   *place      // the place of the same seat in the other family
}

// public gives the public addresses of a seat, by family.
func (p *place) public(family int) []netip.Addr {
	var out []netip.Addr
	for ; p != nil; p = p.other {
		if ip := p.address.Public; family == 0 || ip.Is4() == (family == 4) {
			out = append(out, ip)
		}
	}
	return out
}

// assign gives addresses out: the first of each family to the first seat, and so on.
// Addresses that no seat needs are left over.
func assign(list []Address) (places []*place, bySeat map[seat]*place) {
	bySeat = map[seat]*place{}
	next := map[bool]int{}
	for _, a := range list {
		four := a.Public.Is4()
		if next[four] >= len(seats) {
			continue
		}
		p := &place{seat: seats[next[four]], address: a}
		next[four]++
		if first := bySeat[p.seat]; first != nil {
			first.other = p
		} else {
			bySeat[p.seat] = p
		}
		places = append(places, p)
	}
	return places, bySeat
}
