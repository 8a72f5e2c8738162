package takeover

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/said"
)

// hosts reads a list of clients: addresses, networks, names, ".example.com"; "!" before one takes it out again. The more exact
// entry counts, as in OpenDKIM, so that networks are added and cut from the widest to the narrowest. In a refile: table * stands for the
// end of an address. left says which entries cannot be taken over.
func hosts(entries []string, refile bool) (c filter.Clients, left []said.Text) {
	var list []network
	for _, e := range entries {
		text, no := strings.CutPrefix(e, "!")
		text = strings.NewReplacer("[", "", "]", "").Replace(strings.TrimSpace(text))
		name := strings.ToLower(strings.TrimSuffix(text, "."))
		p, isNetwork := networkOf(text, refile)
		switch {
		case isNetwork && p != p.Masked():
			left = append(left, said.New("%s never fits an address there: write %s", "%s はどのアドレスにも一致しません。%s と指定してください", e, p.Masked()))
		case isNetwork:
			list = append(list, network{p, no})
		case name == "localhost" && !no:
			list = append(list, network{netip.MustParsePrefix("127.0.0.0/8"), false}, network{netip.MustParsePrefix("::1/128"), false})
		case strings.HasPrefix(name, "*.") && !strings.ContainsAny(name[1:], "*/ :!"):
			left = append(left, said.New("%s never fits a host there: write %s", "%s はどのホストにも一致しません。%s と指定してください", e, strings.TrimPrefix(strings.Replace(e, "*", "", 1), " ")))
		case name == "" || strings.ContainsAny(name, "*/ :!"):
			left = append(left, said.New("%[1]s is not taken over", "%[1]s は引き継げません", e))
		case no:
			c.Names = append(c.Names, "!"+name)
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

// network is one of a list, no where it is taken out.
type network struct {
	p  netip.Prefix
	no bool
}

// networkOf reads an address, a network as it is written, or where that counts one such as 192.0.2.*.
func networkOf(text string, refile bool) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p, true
	}
	if start, ok := strings.CutSuffix(text, ".*"); ok && refile {
		octets := strings.Count(start, ".") + 1
		if a, err := netip.ParseAddr(start + strings.Repeat(".0", max(0, 4-octets))); err == nil && a.Is4() {
			return netip.PrefixFrom(a, 8*octets), true
		}
	}
	p, err := filter.ParseNetwork(text)
	return p, err == nil
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
