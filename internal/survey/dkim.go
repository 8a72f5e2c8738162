package survey

import (
	"context"
	"encoding/hex"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/repair"
)

// DKIM is what was seen of DKIM keys and the sending services recognised.
type DKIM struct {
	// Keys are the selectors that were looked at: those given first, then those inferred.
	Keys []DKIMKey
	// Wildcard is the answer at a selector that nobody uses: what it holds, every name
	// beneath _domainkey holds.
	Wildcard dns.Answer
	// Root is the TXT answer at _domainkey.<domain>, Delegated the NS answer there.
	Root, Delegated dns.Answer
	// Elsewhere are keys at the domain itself, which belong to a selector unknown.
	Elsewhere []dns.Record
	Services  Services
}

// DKIMKey is what was seen of one selector.
type DKIMKey struct {
	Selector string
	// Given: the user names it; else it was inferred from a service or is a usual one.
	Given bool
	// Answer is the TXT answer at the selector's name.
	Answer dns.Answer
	// Better is, where the name leads to nothing, a name close to its target that has a
	// key; where the name is not there, the target that the aliases beside it suggest.
	Better string
	// Wild: a wildcard answers, and nobody made the name.
	Wild bool
	// Registrable: the domain of the target does not exist, so that anyone may register it.
	Registrable bool
	// Misplaced is a key, or a CNAME that leads to one, at a name where nobody looks.
	Misplaced *dns.Record
}

// Name is where the key belongs.
func (k DKIMKey) Name(domain string) string { return k.Selector + "._domainkey." + domain }

// Target is where the name of the key leads, "" where it does not lead elsewhere.
func (k DKIMKey) Target() string {
	if n := len(k.Answer.Chain); n > 0 {
		return dns.CanonicalName(k.Answer.Chain[n-1].Data)
	}
	return ""
}

// Dangling reports a CNAME that leads to nothing.
func (k DKIMKey) Dangling() bool { return len(k.Answer.Chain) > 0 && k.Answer.Status.Void() }

// Bounds of one look.
const (
	maxGiven    = 20 // selectors given
	maxInferred = 12 // selectors tried unasked
	maxServices = 6  // of these, such as recognised services use
)

// usualSelectors are tried where nothing says better.
var usualSelectors = []string{"default", "google", "selector1", "selector2", "k1", "s1", "s2", "mail", "dkim"}

func (l *look) dkim(ctx context.Context) {
	signals := l.signals(ctx)
	given, inferred := l.selectors(ctx, signals)
	d := &l.DKIM
	d.Keys = make([]DKIMKey, 0, len(given)+len(inferred))
	for _, s := range given {
		d.Keys = append(d.Keys, DKIMKey{Selector: s, Given: true})
	}
	for _, s := range inferred {
		d.Keys = append(d.Keys, DKIMKey{Selector: s})
	}
	g := dns.NewGroup(l.r)
	for i := range d.Keys {
		g.Go(func() { l.key(ctx, &d.Keys[i]) })
	}
	g.Go(func() { d.Root = l.ask(ctx, "_domainkey."+l.Name, dns.TypeTXT) })
	g.Go(func() { d.Delegated = l.ask(ctx, "_domainkey."+l.Name, dns.TypeNS) })
	g.Go(func() { d.Wildcard = l.ask(ctx, unusedSelector(l.Name)+"._domainkey."+l.Name, dns.TypeTXT) })
	g.Wait()
	for i := range d.Keys {
		d.Keys[i].Wild = wild(d.Keys[i].Answer, d.Wildcard)
	}
	for _, r := range l.ask(ctx, l.Name, dns.TypeTXT).Records {
		if repair.LooksLikeDKIM(r.Data) {
			d.Elsewhere = append(d.Elsewhere, r)
		}
	}
	l.misplacedKeys(ctx)
	l.siblings(ctx)
	l.services(ctx, signals)
}

// wild reports that an answer holds no more than that for a name that nobody made: the
// alias of a wildcard that leads to no key, or the texts of one.
func wild(a, unused dns.Answer) bool {
	if a.Status.Void() {
		return len(a.Chain) > 0 && len(unused.Chain) > 0 && dns.CanonicalName(a.Chain[0].Data) == dns.CanonicalName(unused.Chain[0].Data)
	}
	same := func(a, b dns.Record) bool { return a.Data == b.Data }
	return a.Status.Found() && slices.EqualFunc(a.Records, unused.Records, same) &&
		!slices.ContainsFunc(a.Records, func(r dns.Record) bool { return repair.LooksLikeDKIM(r.Data) })
}

// absent reports that nobody made the name of the selector.
func (k DKIMKey) absent() bool { return k.Wild || k.Answer.Status.Void() && len(k.Answer.Chain) == 0 }

// unusedSelector is a name that nobody uses, the same whenever a domain is looked at,
// so that its answer replays.
func unusedSelector(domain string) string {
	h := fnv.New64a()
	h.Write([]byte("todoku unused selector of " + domain))
	return "x" + hex.EncodeToString(h.Sum(nil))
}

// selectors chooses what to look at. A domain that says that it sends nothing is asked
// for given selectors only.
func (l *look) selectors(ctx context.Context, signals provider.Signals) (given, inferred []string) {
	for _, s := range l.Options.Selectors {
		s, _, _ = strings.Cut(dns.CanonicalName(s), "._domainkey")
		if s != "" && dns.ValidName(s+"._domainkey."+l.Name) && !slices.Contains(given, s) && len(given) < maxGiven {
			given = append(given, s)
		}
	}
	p := Profile{MX: l.ask(ctx, l.Name, dns.TypeMX), TXT: l.ask(ctx, l.Name, dns.TypeTXT)}
	if p.NobodyMaySend() || p.NullMX() && len(p.SPF()) == 0 {
		return given, nil
	}
	add := func(s string, most int) {
		if !slices.Contains(given, s) && !slices.Contains(inferred, s) && len(inferred) < most && dns.ValidName(s+"._domainkey."+l.Name) {
			inferred = append(inferred, s)
		}
	}
	for _, r := range provider.Recognise(signals) {
		for _, s := range r.Service.Selectors {
			if !slices.Contains(usualSelectors, s) {
				add(s, maxServices)
			}
		}
	}
	for _, s := range usualSelectors {
		add(s, maxInferred)
	}
	return given, inferred
}

// key looks at one selector and, where its CNAME leads to nothing, at where it should lead.
func (l *look) key(ctx context.Context, k *DKIMKey) {
	k.Answer = l.ask(ctx, k.Name(l.Name), dns.TypeTXT)
	if !k.Dangling() {
		return
	}
	for _, better := range betterTargets(k.Selector, l.Name, k.Target()) {
		if dns.ValidName(better) && l.ask(ctx, better, dns.TypeTXT).Status.Found() {
			k.Better = better
			return
		}
	}
	if len(provider.Recognise(provider.Signals{DKIM: []provider.DKIMSignal{{Selector: k.Selector, Target: k.Target()}}})) > 0 {
		return // a service keeps its own domain; careless servers deny names that have others beneath them
	}
	if org := dmarc.RegisteredDomain(k.Target()); org != "" && !dns.IsSubdomain(l.Name, org) {
		k.Registrable = l.ask(ctx, org, dns.TypeSOA).Status == dns.NXDomain
	}
}

// betterTargets are what a CNAME that leads to nothing may have been meant to say: the
// target without the domain that a panel appended, and Microsoft's form.
func betterTargets(selector, domain, target string) []string {
	var out []string
	if bare, ok := strings.CutSuffix(target, "."+domain); ok && strings.Contains(bare, ".") {
		out = append(out, bare)
		target = bare
	}
	if want := selector + ".dkim.amazonses.com"; sesToken.MatchString(selector) && target != want && strings.Contains(target, "amazon") {
		out = append(out, want)
	}
	if _, tenant, ok := strings.Cut(target, "._domainkey."); ok && (selector == "selector1" || selector == "selector2") && IsMicrosoft(tenant) {
		if want := selector + "-" + strings.ReplaceAll(domain, ".", "-") + "._domainkey." + tenant; want != target {
			out = append(out, want)
		}
	}
	return out
}

// sesToken matches the selectors of Easy DKIM.
var sesToken = pattern.New(`^[a-z2-7]{32}$`)

// maxSiblings bounds how many targets are tried for one selector.
const maxSiblings = 3

// siblings looks for the targets of given selectors that are not there: services give
// their aliases in sets, whose targets begin with their selectors.
func (l *look) siblings(ctx context.Context) {
	d := &l.DKIM
	var ends []string
	for _, k := range d.Keys {
		if len(k.Answer.Chain) == 0 {
			continue
		}
		first := dns.CanonicalName(k.Answer.Chain[0].Data)
		if end, ok := strings.CutPrefix(first, k.Selector); ok && end != "" && strings.ContainsAny(end[:1], ".-") && !slices.Contains(ends, end) {
			ends = append(ends, end)
		}
	}
	g := dns.NewGroup(l.r)
	for i := range d.Keys {
		k := &d.Keys[i]
		if !k.Given || !k.absent() || k.Misplaced != nil {
			continue
		}
		mine := slices.Clone(ends)
		if sesToken.MatchString(k.Selector) && !slices.Contains(mine, ".dkim.amazonses.com") {
			mine = append([]string{".dkim.amazonses.com"}, mine...)
		}
		g.Go(func() {
			for _, end := range mine[:min(len(mine), maxSiblings)] {
				if name := k.Selector + end; dns.ValidName(name) && l.ask(ctx, name, dns.TypeTXT).Status.Found() {
					k.Better = name
					return
				}
			}
		})
	}
	g.Wait()
}

// IsMicrosoft reports whether a name is one below which Microsoft 365 keeps the keys of its customers.
func IsMicrosoft(tenant string) bool {
	return strings.HasSuffix(tenant, ".onmicrosoft.com") || strings.HasSuffix(tenant, ".dkim.mail.microsoft")
}

// misplacedKeys looks for the keys of absent selectors at the names that panels and
// people make of theirs. Of selectors that were only inferred, only where no key was
// seen at all and the folder of such names is there.
func (l *look) misplacedKeys(ctx context.Context) {
	d := &l.DKIM
	g := dns.NewGroup(l.r)
	unnamed := []string{"_domainkey." + l.Name, l.Name} // what stands there can be the key of one selector only
	for i := range d.Keys {
		if k := &d.Keys[i]; k.Given && k.absent() {
			names := append(wrongNames(k.Selector, l.Name), unnamed...)
			unnamed = nil
			g.Go(func() { l.misplacedKey(ctx, k, names) })
		}
	}
	g.Wait()
	if slices.ContainsFunc(d.Keys, func(k DKIMKey) bool { return k.Given || k.Answer.Status.Found() || k.Answer.Status.Failed() }) {
		return
	}
	for _, folder := range []string{"_domainkey." + l.Name + "." + l.Name, "domainkey." + l.Name} {
		if !dns.ValidName(folder) || len(d.Keys) == 0 {
			continue
		}
		if a := l.ask(ctx, folder, dns.TypeTXT); a.Status != dns.NoData || len(a.Chain) > 0 {
			continue
		}
		for i := range d.Keys {
			k := &d.Keys[i]
			g.Go(func() { l.misplacedKey(ctx, k, []string{k.Selector + "." + folder}) })
		}
		g.Wait()
	}
}

// wrongNames are where the key of a selector is published by mistake.
func wrongNames(selector, domain string) []string {
	return []string{
		selector + "._domainkey." + domain + "." + domain,
		selector + ".domainkey." + domain,
		selector + "._domainkey._domainkey." + domain,
		selector + "_domainkey." + domain,
		selector + "." + domain,
		"_domainkey." + selector + "." + domain,
	}
}

// revoked reports a key record that says that there is no key: nobody misses it elsewhere.
func revoked(text string) bool {
	k := repair.MendDKIM(text).Key
	return k != nil && k.Revoked
}

func (l *look) misplacedKey(ctx context.Context, k *DKIMKey, names []string) {
	for _, name := range names {
		if !dns.ValidName(name) {
			continue
		}
		a := l.ask(ctx, name, dns.TypeTXT)
		for _, r := range a.Records {
			if !repair.LooksLikeDKIM(r.Data) || revoked(r.Data) {
				continue
			}
			r.Name = name
			if len(a.Chain) > 0 {
				r = a.Chain[0]
			}
			k.Misplaced = &r
			return
		}
	}
}
