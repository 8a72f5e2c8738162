package repair

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/internal/pattern"
)

var (
	spfMask  = pattern.New(`^(\d+\.\d+\.\d+\.\d+)/(\d+\.\d+\.\d+\.\d+)$`)
	spfRange = pattern.New(`^(\d+\.\d+\.\d+\.)(\d+)-(?:\d+\.\d+\.\d+\.)?(\d+)$`)
	spfStar  = pattern.New(`^(\d+\.\d+\.\d+\.)(?:\*|x)$`)
	spfPort  = pattern.New(`^(\d+\.\d+\.\d+\.\d+):\d+$`)
)

// mendNetworks gives the ip4: and ip6: terms for an address, network, range or mask in
// one of the ways in which people write them, "" for anything else.
func mendNetworks(sign, v string) string {
	v = strings.TrimRight(trimValue(strings.TrimPrefix(strings.TrimPrefix(v, "ip4:"), "ip6:")), "./")
	if m := spfPort.FindStringSubmatch(v); m != nil {
		v = m[1]
	}
	if m := spfStar.FindStringSubmatch(v); m != nil {
		v = m[1] + "0/24"
	}
	if m := spfMask.FindStringSubmatch(v); m != nil {
		if bits, ok := maskBits(m[2]); ok {
			v = m[1] + "/" + strconv.Itoa(bits)
		}
	}
	if m := spfRange.FindStringSubmatch(v); m != nil {
		return networkRange(sign, m[1], m[2], m[3])
	}
	text, bits, hasBits := strings.Cut(v, "/")
	addr, err := netip.ParseAddr(decimal(text))
	if err != nil || addr.Zone() != "" {
		return ""
	}
	addr = addr.Unmap()
	name := "ip4:"
	if addr.Is6() {
		name = "ip6:"
	}
	// A length that no network has says nothing; the address itself was meant.
	if n, err := strconv.Atoi(strings.TrimLeft(bits, "/0")); hasBits && err == nil && n > 0 && n <= addr.BitLen() {
		return sign + name + addr.String() + "/" + strconv.Itoa(n)
	}
	return sign + name + addr.String()
}

// decimal takes leading zeros from an IPv4 address: they are decimal to those who write them.
func decimal(s string) string {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return s
	}
	for i, p := range parts {
		if t := strings.TrimLeft(p, "0"); t != "" {
			parts[i] = t
		} else if p != "" {
			parts[i] = "0"
		}
	}
	return strings.Join(parts, ".")
}

// maskBits reads a netmask.
func maskBits(s string) (int, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return 0, false
	}
	b := a.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n := 0
	for v&(1<<31) != 0 {
		n++
		v <<= 1
	}
	return n, v == 0 && n > 0
}

// networkRange writes 192.0.2.4-192.0.2.7 as networks.
func networkRange(sign, net, from, to string) string {
	a, _ := strconv.Atoi(from)
	b, _ := strconv.Atoi(to)
	if a > b || b > 255 {
		return ""
	}
	var list []netip.Prefix
	for i := a; i <= b; i++ {
		addr, err := netip.ParseAddr(net + strconv.Itoa(i))
		if err != nil {
			return ""
		}
		list = append(list, netip.PrefixFrom(addr, 32))
	}
	var terms []string
	for _, p := range aggregate(list) {
		terms = append(terms, sign+networkTerm(p))
	}
	return strings.Join(terms, " ")
}

// networkTerm writes a network as a term.
func networkTerm(p netip.Prefix) string {
	s := p.String()
	if p.IsSingleIP() {
		s = p.Addr().String()
	}
	if p.Addr().Is4() {
		return "ip4:" + s
	}
	return "ip6:" + s
}

// aggregate gives the fewest networks that hold exactly the same addresses, IPv4 first.
func aggregate(list []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	sorted := make([]netip.Prefix, 0, len(list))
	for _, p := range list {
		if p.IsValid() {
			sorted = append(sorted, p.Masked())
		}
	}
	slices.SortFunc(sorted, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits()
	})
	for _, p := range sorted {
		if n := len(out); n > 0 && out[n-1].Bits() <= p.Bits() && out[n-1].Contains(p.Addr()) {
			continue
		}
		out = append(out, p)
		for len(out) > 1 {
			a, b := out[len(out)-2], out[len(out)-1]
			if a.Bits() != b.Bits() || a.Bits() == 0 || a.Addr().BitLen() != b.Addr().BitLen() {
				break
			}
			up := netip.PrefixFrom(a.Addr(), a.Bits()-1).Masked()
			if up.Addr() != a.Addr() || !up.Contains(b.Addr()) {
				break
			}
			out = append(out[:len(out)-2], up)
		}
	}
	return out
}
