package takeover

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/filter"
)

// hosts reads a list of clients: addresses, networks, names, ".example.com"; "!" before one takes it out again. The more exact
// entry counts, as in OpenDKIM, so that networks are added and cut from the widest to the narrowest. left are the
// entries that cannot be taken over.
func hosts(entries []string) (c filter.Clients, left []string) {
	type network struct {
		p  netip.Prefix
		no bool
	}
	var list []network
	for _, e := range entries {
		text, no := strings.CutPrefix(e, "!")
		text = strings.NewReplacer("[", "", "]", "").Replace(strings.TrimSpace(text))
		if p, err := filter.ParseNetwork(text); err == nil {
			list = append(list, network{p, no})
			continue
		}
		name := strings.ToLower(strings.TrimSuffix(text, "."))
		switch {
		case name == "localhost" && !no:
			list = append(list, network{netip.MustParsePrefix("127.0.0.0/8"), false}, network{netip.MustParsePrefix("::1/128"), false})
		case no || name == "" || strings.ContainsAny(name, "*/ :"):
			left = append(left, e)
		default:
			c.Names = append(c.Names, name)
		}
	}
	slices.SortStableFunc(list, func(a, b network) int { return a.p.Bits() - b.p.Bits() })
	for _, n := range list {
		if n.no {
			c.Networks = without(c.Networks, n.p)
		} else {
			c.Networks = append(c.Networks, n.p)
		}
	}
	return c, left
}

// without cuts a network out of others: of one that holds it, what is left is at most as many networks as an address has bits.
func without(list []netip.Prefix, cut netip.Prefix) (out []netip.Prefix) {
	for _, p := range list {
		switch {
		case !p.Overlaps(cut):
			out = append(out, p)
		case p.Bits() < cut.Bits():
			for bits := p.Bits(); bits < cut.Bits(); bits++ {
				out = append(out, sibling(cut, bits+1))
			}
		}
	}
	return out
}

// sibling gives the network of so many bits that differs from that of p in its last bit only.
func sibling(p netip.Prefix, bits int) netip.Prefix {
	a := p.Addr().AsSlice()
	a[(bits-1)/8] ^= 0x80 >> ((bits - 1) % 8)
	addr, _ := netip.AddrFromSlice(a)
	return netip.PrefixFrom(addr, bits).Masked()
}
