package repair

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/spf"
)

// SPFInput is all that a plan for the SPF record of a domain follows from.
type SPFInput struct {
	Domain string
	// Own reports whether a name belongs to the domain's organisation; nil: what is
	// within Domain.
	Own func(name string) bool
	// Trees are the records of the domain, walked: each as published, or as MendSPF
	// reads it where it does not parse. Unread are terms that it could not read.
	Trees  []*spf.Node
	Unread []string
	// Published are the texts as they are in the DNS; whatever differs is a change.
	Published []string
	// Add are addresses that the owner says send for the domain.
	Add []netip.Addr
	// AddFirst puts them first: evaluation ends before it comes to them.
	AddFirst bool
	// Passing are addresses that send and pass. They are listed where what lets them pass
	// may be what goes: "+all", ptr, an include that lets everybody in.
	Passing []netip.Addr
	// Start are terms to begin with where the records let nobody send.
	Start []string
}

// SPFPlan is the one record that takes the place of all that is published.
type SPFPlan struct {
	// Text is the record; "" where none can be computed that receivers would read.
	Text string
	// Changed reports whether it says something else than what is published.
	Changed bool
	// Lookups is what it costs.
	Lookups int
	// Dropped are the terms that it leaves out, Flattened those whose addresses it
	// holds in their place, Added those that it has more.
	Dropped   []DroppedTerm
	Flattened []string
	Added     []string
}

// DroppedTerm is a term that a plan leaves out.
type DroppedTerm struct {
	Term string
	Why  DropReason
}

// DropReason says why a term is left out.
type DropReason string

// The reasons for which a plan leaves a term out. Where no address loses a pass by it
// the reason is harmless.
const (
	DropUnreadable DropReason = "unreadable"
	DropVoid       DropReason = "void"      // its name has nothing; harmless
	DropNoRecord   DropReason = "no-record" // an include of a name without a record; harmless
	DropLoop       DropReason = "loop"      // harmless
	DropDuplicate  DropReason = "duplicate" // harmless
	DropIgnored    DropReason = "ignored"   // redirect= beside all; harmless
	DropReverse    DropReason = "ptr"
	DropEveryone   DropReason = "everyone" // a network of all addresses
	DropExp        DropReason = "exp"      // an explanation that is not there; harmless
	DropPart       DropReason = "part"     // the part of an include that cannot be written out
)

// maxSPFRecord is how long a record of a plan may be, in octets. Answers of a few
// kilobytes travel over TCP; beyond that name servers and panels begin to refuse.
const maxSPFRecord = 6000

// SPF plans the record that says what the records of a domain were meant to say:
// one record, ten look-ups at most, nothing that makes receivers stop.
func SPF(in SPFInput) SPFPlan {
	if in.Own == nil {
		in.Own = func(name string) bool { return dns.IsSubdomain(name, in.Domain) }
	}
	p := newSPFPlanner(in, false)
	if p.redirect != nil && (p.lookups() > spf.MaxLookups || p.voids() > spf.MaxVoidLookups) {
		// What redirect= leads to can only be mended where it is seen.
		p = newSPFPlanner(in, true)
	}
	p.nestedDuplicates()
	p.flattenVoid()
	p.flattenFewest()
	p.add()
	return p.finish()
}

// item is one mechanism of the record to be.
type item struct {
	text string
	t    *spf.NodeTerm // nil for what is added
}

type spfPlanner struct {
	SPFInput
	plan      SPFPlan
	inline    bool
	items     []item
	modifiers []string
	redirect  *spf.NodeTerm
	alls      []spf.Qualifier
	soften    bool // some who passed may not be listed any more: do not refuse them
	moved     bool
	flat      map[string][]netip.Prefix // by sign
	seen      map[string]bool
}

func newSPFPlanner(in SPFInput, inline bool) *spfPlanner {
	p := &spfPlanner{SPFInput: in, inline: inline, flat: make(map[string][]netip.Prefix), seen: make(map[string]bool)}
	for _, u := range in.Unread {
		p.drop(u, DropUnreadable)
	}
	for _, tree := range in.Trees {
		p.gather(tree, 0)
	}
	p.covered()
	return p
}

func (p *spfPlanner) drop(term string, why DropReason) {
	p.plan.Dropped = append(p.plan.Dropped, DroppedTerm{term, why})
}

// gather takes over the terms of one record.
func (p *spfPlanner) gather(n *spf.Node, depth int) {
	hasAll := false
	for i := range n.Terms {
		t := &n.Terms[i]
		switch t.Kind {
		case spf.All:
			if !hasAll {
				p.alls = append(p.alls, t.Qualifier)
			}
			hasAll = true
		case spf.Redirect:
			p.takeRedirect(n, t, depth)
		case spf.Exp:
			p.takeExp(t)
		case spf.UnknownModifier:
			p.takeModifier(t.Text)
		default:
			// A term after "all" never had an effect. One that lets someone in was put
			// there to do so: it moves before it. One that refuses adds nothing.
			if t.Unreachable && t.Qualifier != spf.PlusPass {
				p.drop(t.Text, DropDuplicate)
				continue
			}
			p.moved = p.moved || t.Unreachable
			p.take(n, t)
		}
	}
}

func (p *spfPlanner) takeModifier(text string) {
	if key := strings.ToLower(text); !p.seen[key] {
		p.seen[key] = true
		p.modifiers = append(p.modifiers, text)
	}
}

func (p *spfPlanner) takeExp(t *spf.NodeTerm) {
	switch {
	case len(t.Answers) > 0 && !t.Answers[0].Status.Failed() && !t.Answers[0].Status.Found():
		p.drop(t.Text, DropExp)
	case p.seen["exp"]:
		p.drop(t.Text, DropDuplicate)
	default:
		p.seen["exp"] = true
		p.modifiers = append(p.modifiers, t.Text)
	}
}

// takeRedirect keeps redirect= where it can stay what it is: in the only record, with a
// target that can be read. Else its target's terms, or an include of it, take its place.
func (p *spfPlanner) takeRedirect(n *spf.Node, t *spf.NodeTerm, depth int) {
	below := t.Below
	switch {
	case n.Record != nil && n.Record.Find(spf.All) != nil:
		p.drop(t.Text, DropIgnored)
	case t.Macro || below == nil || below.Cut || t.Failed():
		p.redirect = t
	case below.Loop:
		p.drop(t.Text, DropLoop)
	case below.Record == nil:
		p.drop(t.Text, why(below))
	case broken(below) || everyone(below) || p.inline:
		if depth < spf.MaxWalkDepth {
			p.plan.Flattened = append(p.plan.Flattened, t.Text)
			p.gather(below, depth+1)
		}
	case len(p.Trees) > 1:
		if all := below.Record.Find(spf.All); all != nil {
			p.alls = append(p.alls, all.Qualifier)
		}
		p.keep("include:"+t.Domain.Text, t)
	default:
		p.redirect = t
	}
}

// take keeps, drops or writes out one mechanism.
func (p *spfPlanner) take(n *spf.Node, t *spf.NodeTerm) {
	text := p.at(n, t)
	switch reason := p.fault(t); {
	case t.Kind == spf.PTR:
		p.drop(t.Text, DropReverse)
		p.soften = true
	case (t.Kind == spf.IP4 || t.Kind == spf.IP6) && t.Prefix.Bits() == 0 && t.Qualifier == spf.PlusPass:
		p.drop(t.Text, DropEveryone)
		p.soften = true
	case text == "":
		p.drop(t.Text, DropPart)
	case reason != "":
		p.drop(t.Text, reason)
	case t.Kind == spf.Include && (broken(t.Below) || everyone(t.Below)), t.Kind == spf.MX && t.Exchangers > spf.MaxMX:
		p.flatten(item{text, t})
	default:
		p.keep(text, t)
	}
}

// at writes a term of another record so that it means the same in this one; "" where
// that cannot be.
func (p *spfPlanner) at(n *spf.Node, t *spf.NodeTerm) string {
	if n.Domain == dns.CanonicalName(p.Domain) {
		return t.Text
	}
	if t.Macro {
		if l := strings.ToLower(t.Text); strings.Contains(l, "{d") || strings.Contains(l, "{p") {
			return ""
		}
	}
	if (t.Kind == spf.A || t.Kind == spf.MX) && t.Domain.Text == "" {
		at := len(t.Text)
		if i := strings.IndexByte(t.Text, '/'); i >= 0 {
			at = i
		}
		return t.Text[:at] + ":" + n.Domain + t.Text[at:]
	}
	return t.Text
}

// fault says why a mechanism is of no use to anyone, "" if it may be.
func (p *spfPlanner) fault(t *spf.NodeTerm) DropReason {
	switch {
	case t.Macro || t.Failed():
		return ""
	case len(t.Answers) == 1 && t.Answers[0].Status == dns.BadName:
		return DropVoid
	case t.Kind == spf.Include && t.Below != nil:
		return why(t.Below)
	case t.Void() && !BrokenMX(t):
		return DropVoid
	}
	return ""
}

// BrokenMX reports a plain "mx" that finds nothing because no exchanger of the domain
// has an address: the term is right, and comes to life with the MX records.
func BrokenMX(t *spf.NodeTerm) bool {
	return t.Kind == spf.MX && t.Domain.Text == "" && t.Void() && len(t.Answers) > 0 && t.Answers[0].Status.Found()
}

// why says why what is included gives nothing, "" where it may give something.
func why(n *spf.Node) DropReason {
	switch {
	case n.Loop:
		return DropLoop
	case n.Cut || n.Answer.Status.Failed():
		return ""
	case len(n.Texts) == 0 || n.Record == nil:
		return DropNoRecord
	}
	return ""
}

// broken reports whether evaluating a record that is included ends in permerror for
// another reason than its costs.
func broken(n *spf.Node) bool {
	if n == nil || n.Record == nil {
		return false
	}
	if n.Err != nil || len(n.Texts) > 1 {
		return true
	}
	for i := range n.Terms {
		t := &n.Terms[i]
		if t.Unreachable {
			continue
		}
		if t.Exchangers > spf.MaxMX || t.Below != nil && (why(t.Below) != "" || broken(t.Below)) {
			return true
		}
	}
	return false
}

// everyone reports whether what is included lets everybody pass.
func everyone(n *spf.Node) bool {
	if n == nil || n.Record == nil {
		return false
	}
	if all := n.Record.Find(spf.All); all != nil && all.Qualifier == spf.PlusPass {
		return true
	}
	return slices.ContainsFunc(n.Terms, func(t spf.NodeTerm) bool {
		passes := t.Kind == spf.Redirect || t.Kind == spf.Include && t.Qualifier == spf.PlusPass
		return passes && !t.Unreachable && everyone(t.Below)
	})
}

// keep takes a term over, once.
func (p *spfPlanner) keep(text string, t *spf.NodeTerm) {
	key := strings.ToLower(t.String())
	if t.Kind == spf.Redirect {
		key = strings.ToLower(text)
	}
	if p.seen[key] {
		p.drop(t.Text, DropDuplicate)
		return
	}
	p.seen[key] = true
	p.items = append(p.items, item{text, t})
}

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
func (p *spfPlanner) voids() int   { return p.sum((*spf.NodeTerm).Voids) }

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
// be known: macros, ptr, exceptions, answers that failed.
func networks(t *spf.NodeTerm) (list []netip.Prefix, whole bool) {
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

// add lists the addresses that the owner says send, unless they pass already.
func (p *spfPlanner) add() {
	var have []netip.Prefix
	for _, it := range p.items {
		if list, _ := networks(it.t); it.t.Qualifier == spf.PlusPass || it.t.Kind == spf.Redirect {
			have = append(have, list...)
		}
	}
	if p.redirect != nil {
		list, _ := networks(p.redirect)
		have = append(have, list...)
	}
	have = append(have, p.flat[""]...)
	senders := p.Add
	if p.soften || p.plusAll() {
		senders = append(slices.Clone(senders), p.Passing...)
	}
	for _, ip := range senders {
		ip = ip.Unmap().WithZone("")
		if ip.IsValid() && !slices.ContainsFunc(have, func(n netip.Prefix) bool { return n.Contains(ip) }) {
			net := netip.PrefixFrom(ip, ip.BitLen())
			have = append(have, net)
			p.plan.Added = append(p.plan.Added, networkTerm(net))
		}
	}
}

// all decides how the record ends. Of records that disagree, -all and ~all, the softer
// one counts: each was written without knowing the servers of the other, and DMARC
// makes the same of both. "?all" and "+all" count only where nothing else is said;
// "+all" becomes "~all", since whoever relied on it is not listed yet.
func (p *spfPlanner) all() string {
	has := func(q spf.Qualifier) bool { return slices.Contains(p.alls, q) }
	switch {
	case len(p.alls) == 0, has(spf.PlusPass), has(spf.TildeSoft):
		return "~all"
	case has(spf.MinusFail) && p.soften:
		return "~all"
	case has(spf.MinusFail):
		return "-all"
	}
	return "?all"
}

// finish writes the record and checks it.
func (p *spfPlanner) finish() SPFPlan {
	words := []string{"v=spf1"}
	exception := func(it item) bool { return it.t.Kind != spf.Redirect && it.t.Qualifier != spf.PlusPass }
	first := p.AddFirst || slices.ContainsFunc(p.items, exception) // an exception must not come before what is added
	if first {
		words = append(words, p.plan.Added...)
	}
	for _, it := range p.items {
		words = append(words, it.text)
	}
	if !first {
		words = append(words, p.plan.Added...)
	}
	words = append(words, p.written()...)
	if len(words) == 1 && p.redirect == nil && (len(p.plan.Dropped) > 0 || len(p.Trees) == 0 || p.plusAll()) {
		words = append(words, p.Start...)
		p.plan.Added = append(p.plan.Added, p.Start...)
		// Nobody is left. "-all" alone would say that the domain sends no mail at all,
		// which none of its records said.
		p.soften = p.soften || len(p.plan.Dropped) > 0 || len(p.Start) > 0
	}
	switch {
	case p.redirect != nil && len(p.alls) == 0:
		words = append(words, p.redirect.Text)
	default:
		words = append(words, p.all())
	}
	words = append(words, p.modifiers...)
	text := strings.Join(words, " ")
	if _, err := spf.Parse(text); err != nil || len(text) > maxSPFRecord || p.lookups() > spf.MaxLookups || p.voids() > spf.MaxVoidLookups {
		return p.plan
	}
	p.plan.Text, p.plan.Lookups, p.plan.Changed = text, p.lookups(), p.differs(words)
	return p.plan
}

func (p *spfPlanner) plusAll() bool { return slices.Contains(p.alls, spf.PlusPass) }

// written are the terms of what was flattened, less what other terms list.
func (p *spfPlanner) written() []string {
	var words []string
	for _, sign := range []string{"", "?", "~", "-"} {
		for _, n := range Aggregate(p.flat[sign]) {
			listed := func(it item) bool {
				return it.isNetwork() && it.t.Qualifier == spf.PlusPass && it.t.Prefix.Bits() <= n.Bits() && it.t.Prefix.Contains(n.Addr())
			}
			if sign == "" && slices.ContainsFunc(p.items, listed) {
				continue
			}
			words = append(words, sign+networkTerm(n))
		}
	}
	return words
}

// differs reports whether the words say something else than the only record.
func (p *spfPlanner) differs(words []string) bool {
	if len(p.Published) != 1 || len(p.Trees) != 1 || p.moved || !spf.IsRecord(p.Published[0]) {
		return true
	}
	// Only the space separates terms (RFC 7208 section 4.6.1): other white space is a fault.
	fields := func(text string) []string {
		return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ' ' })
	}
	was, now := fields(p.Published[0]), fields(strings.Join(words, " "))
	slices.Sort(was)
	slices.Sort(now)
	return !slices.Equal(was, now)
}
