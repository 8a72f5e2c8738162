package repair

import (
	"net/netip"
	"slices"

	"github.com/todoku/todoku/spf"
)

// covered drops networks within others. With exceptions ("-ip4:") in the record the
// order of its terms matters, and nothing is touched.
func (p *spfPlanner) covered() {
	for _, it := range p.items {
		if it.t.Qualifier != spf.PlusPass && it.t.Kind != spf.Redirect {
			return
		}
	}
	var kept []item
	for i, it := range p.items {
		within := func(o item) bool {
			return o.isNetwork() && o.t.Prefix.Bits() < it.t.Prefix.Bits() && o.t.Prefix.Contains(it.t.Prefix.Addr())
		}
		if it.isNetwork() && (slices.ContainsFunc(p.items[:i], within) || slices.ContainsFunc(p.items[i+1:], within)) {
			p.drop(it.t.Text, DropDuplicate)
			continue
		}
		kept = append(kept, it)
	}
	p.items = kept
}

func (it item) isNetwork() bool {
	return it.t != nil && (it.t.Kind == spf.IP4 || it.t.Kind == spf.IP6)
}

func (p *spfPlanner) lookups() int { return p.sum((*spf.NodeTerm).Lookups) }

func (p *spfPlanner) voids() int { return p.sum((*spf.NodeTerm).Voids) }

func (p *spfPlanner) sum(of func(*spf.NodeTerm) int) int {
	n := 0
	for _, it := range p.items {
		n += cost(it.t, of)
	}
	if p.redirect != nil {
		n += of(p.redirect)
	}
	return n
}

// cost is that of a term where it stands now: one after "all" counts once it is moved.
func cost(t *spf.NodeTerm, of func(*spf.NodeTerm) int) int {
	c := *t
	c.Unreachable = false
	return of(&c)
}

// networks gives the addresses that pass by a term. It is not whole where some cannot
// be known (macros, ptr, exceptions, answers that failed), or where everybody passes by it.
func networks(t *spf.NodeTerm) (list []netip.Prefix, whole bool) {
	if Everyone(t) {
		if t.Kind == spf.A || t.Kind == spf.MX {
			return t.Narrow().Networks, false
		}
		return nil, false
	}
	switch t.Kind {
	case spf.IP4, spf.IP6:
		return t.Networks, true
	case spf.A, spf.MX:
		return t.Networks, !t.Macro && !t.Failed() && len(t.Answers) > 0 && t.Exchangers <= 20
	case spf.Include, spf.Redirect:
		if t.Below == nil || t.Below.Cut || t.Failed() {
			return nil, false
		}
		return nodeNetworks(t.Below)
	case spf.Exists:
		return nil, t.Void()
	}
	return nil, false
}

func nodeNetworks(n *spf.Node) (list []netip.Prefix, whole bool) {
	whole = true
	for i := range n.Terms {
		t := &n.Terms[i]
		mended := n.Err != nil || len(n.Texts) > 1
		if t.Kind == spf.All || t.Kind == spf.Exp || t.Kind == spf.UnknownModifier || t.Unreachable && !mended {
			whole = whole && !(t.Kind == spf.All && t.Qualifier == spf.PlusPass)
			continue
		}
		part, ok := networks(t)
		if t.Qualifier != spf.PlusPass && t.Kind != spf.Redirect {
			whole = whole && ok && len(part) == 0
			continue
		}
		list = append(list, part...)
		whole = whole && ok
	}
	return list, whole
}

// flatten writes the addresses of a term in its place.
func (p *spfPlanner) flatten(it item) {
	list, whole := networks(it.t)
	if !whole {
		p.drop(it.t.Text, DropPart)
		p.soften = true
	}
	sign := ""
	if it.t.Qualifier != spf.PlusPass && it.t.Kind != spf.Redirect {
		sign = string(it.t.Qualifier)
	}
	p.flat[sign] = append(p.flat[sign], list...)
	p.plan.Flattened = append(p.plan.Flattened, it.t.Text)
}

func (p *spfPlanner) flattenAt(i int) {
	p.flatten(p.items[i])
	p.items = slices.Delete(p.items, i, i+1)
}

// nestedDuplicates drops, above ten look-ups, includes of what another one includes.
func (p *spfPlanner) nestedDuplicates() {
	for i := 0; i < len(p.items) && p.lookups() > spf.MaxLookups; {
		if it := p.items[i]; it.t.Kind == spf.Include && it.t.Qualifier == spf.PlusPass && p.includedElsewhere(i) {
			p.drop(it.t.Text, DropDuplicate)
			p.items = slices.Delete(p.items, i, i+1)
			continue
		}
		i++
	}
}

func (p *spfPlanner) includedElsewhere(i int) bool {
	for j, o := range p.items {
		if j == i || o.t.Kind != spf.Include || o.t.Qualifier != spf.PlusPass || o.t.Below == nil {
			continue
		}
		found := false
		o.t.Below.Each(func(_ *spf.Node, t *spf.NodeTerm, _ []*spf.NodeTerm) bool {
			plain := t.Qualifier == spf.PlusPass || t.Kind == spf.Redirect
			found = found || plain && t.Kind == spf.Include && t.Target != "" && t.Target == p.items[i].t.Target
			return plain
		})
		if found {
			return true
		}
	}
	return false
}

// flattenVoid writes out the includes in which names are void, those with most first,
// until receivers no longer stop for their sake. A name made of macros is void too for
// those whom it does not mean.
func (p *spfPlanner) flattenVoid() {
	for p.voids()+p.sum(macros) > spf.MaxVoidLookups {
		most, at := 0, -1
		for i, it := range p.items {
			if v := cost(it.t, (*spf.NodeTerm).Voids); v > most && p.flattenable(i) {
				most, at = v, i
			}
		}
		if at < 0 {
			return
		}
		p.flattenAt(at)
	}
}

// macros counts the terms that ask for names made of macros or of the client.
func macros(t *spf.NodeTerm) int {
	n := 0
	if t.Kind == spf.PTR || t.Macro && t.Kind.NeedsDNS() {
		n++
	}
	if t.Below != nil {
		for i := range t.Below.Terms {
			if below := &t.Below.Terms[i]; !below.Unreachable {
				n += macros(below)
			}
		}
	}
	return n
}

func (p *spfPlanner) flattenable(i int) bool {
	it := p.items[i]
	if !it.t.Kind.NeedsDNS() || it.t.Kind != spf.Redirect && it.t.Qualifier != spf.PlusPass {
		return false
	}
	_, whole := networks(it.t)
	return whole
}

// flattenFewest writes out as few terms as need be to come down to ten look-ups.
// Strangers change their addresses without telling, so that the fewest of their
// includes are touched; then of one's own; a and mx come before both.
func (p *spfPlanner) flattenFewest() {
	excess := p.lookups() - spf.MaxLookups
	if excess <= 0 {
		return
	}
	var groups [3][]int // own includes of others, own includes, a and mx
	for i := range p.items {
		if p.flattenable(i) {
			g := p.group(p.items[i].t)
			groups[g] = append(groups[g], i)
		}
	}
	at := func(i int) int { return cost(p.items[i].t, (*spf.NodeTerm).Lookups) }
	for g := range groups {
		slices.SortStableFunc(groups[g], func(a, b int) int { return at(b) - at(a) })
	}
	saved := func(g, n int) int {
		sum := 0
		for _, i := range groups[g][:n] {
			sum += at(i)
		}
		return sum
	}
	for v := range len(groups[0]) + 1 {
		for o := range len(groups[1]) + 1 {
			for d := range len(groups[2]) + 1 {
				if saved(0, v)+saved(1, o)+saved(2, d) < excess {
					continue
				}
				chosen := slices.Concat(groups[0][:v], groups[1][:o], groups[2][:d])
				slices.Sort(chosen)
				for k := len(chosen) - 1; k >= 0; k-- {
					p.flattenAt(chosen[k])
				}
				return
			}
		}
	}
}

func (p *spfPlanner) group(t *spf.NodeTerm) int {
	switch {
	case t.Kind == spf.A || t.Kind == spf.MX:
		return 2
	case p.Own(t.Target):
		return 1
	}
	return 0
}
