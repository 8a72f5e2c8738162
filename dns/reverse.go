package dns

import (
	"net/netip"
	"strconv"
)

// ReverseName is the name under which the PTR records of ip are kept: in
// in-addr.arpa (RFC 1035 section 3.5) or ip6.arpa (RFC 3596 section 2.5). An
// IPv4-mapped address counts as IPv4. It is "" for an invalid address.
func ReverseName(ip netip.Addr) string {
	ip = ip.Unmap()
	switch {
	case !ip.IsValid():
		return ""
	case ip.Is4():
		a := ip.As4()
		b := make([]byte, 0, len("255.255.255.255.in-addr.arpa"))
		for i := 3; i >= 0; i-- {
			b = append(strconv.AppendUint(b, uint64(a[i]), 10), '.')
		}
		return string(append(b, "in-addr.arpa"...))
	}
	const hex = "0123456789abcdef"
	a := ip.As16()
	b := make([]byte, 0, 64+len("ip6.arpa"))
	for i := 15; i >= 0; i-- {
		b = append(b, hex[a[i]&15], '.', hex[a[i]>>4], '.')
	}
	return string(append(b, "ip6.arpa"...))
}
