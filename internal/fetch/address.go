package fetch

import (
	"encoding/binary"
	"net/netip"
)

// Refused says why nothing may be sent to an address, "" where it may. What a message or
// a domain names must never make this program talk to the machines beside it: to
// loopback, private and link-local addresses, to the services that tell cloud machines
// their secrets, or to any of these written as another address.
// The addresses of documentation (RFC 5737, RFC 3849, RFC 9637) count as public.
func Refused(a netip.Addr) (reason string) {
	switch {
	case !a.IsValid():
		return "not an address"
	case a.Zone() != "":
		return "an address with a zone"
	case a.Is4():
		return refused4(a)
	}
	return refused6(a)
}

// block is a range of addresses and what it is for. Sources: the IANA registries of
// special-purpose addresses, and of multicast.
type block struct {
	prefix netip.Prefix
	reason string
}

func blocks(pairs ...string) []block {
	out := make([]block, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, block{netip.MustParsePrefix(pairs[i]), pairs[i+1]})
	}
	return out
}

var blocks4 = blocks(
	"0.0.0.0/8", "unspecified",
	"10.0.0.0/8", "private",
	"100.64.0.0/10", "carrier-grade NAT",
	"127.0.0.0/8", "loopback",
	"168.63.129.16/32", "a cloud's metadata service",
	"169.254.0.0/16", "link-local",
	"172.16.0.0/12", "private",
	"192.0.0.0/24", "reserved for protocols",
	"192.88.99.0/24", "6to4 relay",
	"192.168.0.0/16", "private",
	"198.18.0.0/15", "benchmarking",
	"224.0.0.0/4", "multicast",
	"240.0.0.0/4", "reserved",
)

func refused4(a netip.Addr) string {
	for _, b := range blocks4 {
		if b.prefix.Contains(a) {
			return b.reason
		}
	}
	return ""
}

var blocks6 = blocks(
	"::/128", "unspecified",
	"::1/128", "loopback",
	"64:ff9b:1::/48", "local translation",
	"100::/64", "discard-only",
	"2001:2::/48", "benchmarking",
	"2001:10::/28", "ORCHID",
	"2001:20::/28", "ORCHID",
	"fc00::/7", "private",
	"fe80::/10", "link-local",
	"fec0::/10", "site-local",
	"ff00::/8", "multicast",
)

var (
	global    = netip.MustParsePrefix("2000::/3")
	teredo    = netip.MustParsePrefix("2001::/32")
	sixToFour = netip.MustParsePrefix("2002::/16")
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	siit      = netip.MustParsePrefix("::ffff:0:0:0/96")
	low96     = netip.MustParsePrefix("::/96")
)

func refused6(a netip.Addr) string {
	for _, b := range blocks6 {
		if b.prefix.Contains(a) {
			return b.reason
		}
	}
	inner, translated := embedded(a)
	for _, in := range inner {
		if reason := refused4(in); reason != "" {
			return reason + " (" + in.String() + "), translated"
		}
	}
	if !translated && !global.Contains(a) {
		return "not a global address"
	}
	return ""
}

// embedded gives the IPv4 addresses that packets to a could end up at, and whether a is
// a translation that may be used although it is outside 2000::/3.
func embedded(a netip.Addr) (inner []netip.Addr, translated bool) {
	b := a.As16()
	at := func(i int) netip.Addr { return netip.AddrFrom4([4]byte(b[i : i+4])) }
	switch {
	case a.Is4In6(), nat64.Contains(a), siit.Contains(a):
		return []netip.Addr{at(12)}, true // RFC 4291 section 2.5.5.2, RFC 6052, RFC 2765
	case low96.Contains(a):
		return []netip.Addr{at(12)}, false // IPv4-compatible, long gone
	case sixToFour.Contains(a):
		inner = append(inner, at(2)) // RFC 3056
	case teredo.Contains(a): // RFC 4380 section 4: the server, and the client inverted
		client := ^binary.BigEndian.Uint32(b[12:])
		var c [4]byte
		binary.BigEndian.PutUint32(c[:], client)
		inner = append(inner, at(4), netip.AddrFrom4(c))
	}
	// ISATAP (RFC 5214 section 6.1) can stand behind any prefix.
	if iid := binary.BigEndian.Uint32(b[8:]); iid&^0x02000000 == 0x00005efe {
		inner = append(inner, at(12))
	}
	return inner, false
}
