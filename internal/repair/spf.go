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
		for _, n := range aggregate(p.flat[sign]) {
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
