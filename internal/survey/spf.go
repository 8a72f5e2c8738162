package survey

import (
	"context"
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/spf"
)

// SPF is what was seen of SPF records and all that they include.
type SPF struct {
	// TXT is the answer at the domain. OldType is that for the record type SPF (99),
	// which RFC 7208 section 3.1 ended.
	TXT, OldType dns.Answer
	// Texts are those of the domain that are SPF records or were meant to be.
	Texts []SPFText
	// SenderID are leftovers of Sender ID, "spf2.0/...", as served.
	SenderID []string
	// Elsewhere are records at names where nobody looks, asked only where the domain
	// itself has none.
	Elsewhere []SPFText
	// Senders are the evaluations for the addresses that the user names.
	Senders []SPFSender
	// MX and Address are what a first record can be made of, asked only where there is none.
	MX, Address dns.Answer
	// Offers are the answers at the names that the services which receive the domain's
	// mail want to have included.
	Offers map[string]dns.Answer
	// Unregistered are the registrable domains, of names in the tree that do not exist,
	// that do not exist either: anybody may register them.
	Unregistered map[string]bool
}

// SPFText is a text that is an SPF record or was meant to be one.
type SPFText struct {
	// Name is where it was found, Type how (TXT or SPF).
	Name string
	Type dns.Type
	Text string
	// Valid: receivers take it for an SPF record, readable or not.
	Valid bool
	// Mended is how it was meant.
	Mended repair.Mended
	// Tree is the record, walked: as published or, where it does not parse, as mended.
	Tree *spf.Node
}

// SPFSender is what SPF says of one address.
type SPFSender struct {
	IP      netip.Addr
	Verdict spf.Verdict
}

// The bounds of what is looked at: texts of one name, addresses, registrable domains.
const (
	maxSPFTexts        = 8
	maxSPFSenders      = 16
	maxSPFRegistrables = 8
	maxSPFOffers       = 4
)

func (l *look) spf(ctx context.Context) {
	s := &l.SPF
	g := dns.NewGroup(l.r)
	g.Go(func() { s.TXT = l.ask(ctx, l.Name, dns.TypeTXT) })
	g.Go(func() { s.OldType = l.ask(ctx, l.Name, dns.TypeSPF) })
	g.Wait()
	if s.TXT.Status.Failed() {
		return
	}
	for _, r := range s.TXT.Records {
		if repair.IsSenderID(r.Data) {
			s.SenderID = append(s.SenderID, r.Data)
		}
	}
	s.Texts = spfTexts(s.TXT)
	if len(s.Texts) == 0 {
		l.spfElsewhere(ctx)
	}
	l.spfWalk(ctx, s.Texts)
	l.spfWalk(ctx, s.Elsewhere)
	l.spfOffers(ctx)
	l.spfUnregistered(ctx)
	l.spfSenders(ctx)
}

// spfTexts picks the texts of an answer that were meant to be SPF records, those
// that are first.
func spfTexts(a dns.Answer) []SPFText {
	var valid, others []SPFText
	for _, r := range a.Records {
		t := SPFText{Name: a.Question.Name, Type: r.Type, Text: r.Data, Valid: spf.IsRecord(r.Data)}
		switch {
		case t.Valid:
			valid = append(valid, t)
		case repair.LooksLikeSPF(r.Data):
			others = append(others, t)
		}
	}
	all := append(valid, others...)
	return all[:min(len(all), maxSPFTexts)]
}

// spfWalk walks the records.
func (l *look) spfWalk(ctx context.Context, texts []SPFText) {
	g := dns.NewGroup(l.r)
	for i := range texts {
		t := &texts[i]
		t.Mended = repair.MendSPF(t.Text)
		text := t.Text
		if _, err := spf.Parse(text); err != nil || len(t.Mended.Corrected)+len(t.Mended.Dropped) > 0 || t.Mended.Text != text {
			text = t.Mended.Text
		}
		g.Go(func() {
			t.Tree = spf.Walk(ctx, l.r, l.Name, text, func(s string) string { return repair.MendSPF(s).Text })
		})
	}
	g.Wait()
}

// spfElsewhere looks where records are put by mistake, and for what a first record
// can be made of.
func (l *look) spfElsewhere(ctx context.Context) {
	s := &l.SPF
	names := []string{"_spf." + l.Name, "spf." + l.Name, "www." + l.Name, l.Name + "." + l.Name}
	answers := make([]dns.Answer, len(names))
	g := dns.NewGroup(l.r)
	g.Go(func() { s.MX = l.ask(ctx, l.Name, dns.TypeMX) })
	g.Go(func() { s.Address = l.ask(ctx, l.Name, dns.TypeA) })
	for i, name := range names {
		g.Go(func() { answers[i] = l.ask(ctx, name, dns.TypeTXT) })
	}
	g.Wait()
	for _, a := range append([]dns.Answer{s.OldType}, answers...) {
		for _, t := range spfTexts(a) {
			if len(s.Elsewhere) < maxSPFTexts {
				s.Elsewhere = append(s.Elsewhere, t)
			}
		}
	}
}

// spfOffers asks what the services that receive the domain's mail offer to include. A
// record that includes it has asked that already.
func (l *look) spfOffers(ctx context.Context) {
	var hosts []string
	for _, r := range l.ask(ctx, l.Name, dns.TypeMX).Records {
		hosts = append(hosts, dns.CanonicalName(r.Data))
	}
	l.SPF.Offers = make(map[string]dns.Answer)
	for _, r := range provider.Recognise(provider.Signals{MX: hosts}) {
		if name := r.Service.Include(); name != "" && len(l.SPF.Offers) < maxSPFOffers {
			l.SPF.Offers[name] = l.ask(ctx, name, dns.TypeTXT)
		}
	}
}

// spfUnregistered asks whether the domains of names that do not exist are registered.
func (l *look) spfUnregistered(ctx context.Context) {
	ask := make(map[string]bool)
	var names []string
	for _, t := range l.SPF.Texts {
		t.Tree.Each(func(_ *spf.Node, t *spf.NodeTerm, _ []*spf.NodeTerm) bool {
			gone := t.Below != nil && t.Below.Answer.Status == dns.NXDomain
			for _, a := range t.Answers {
				gone = gone || a.Status == dns.NXDomain && a.Question.Name == t.Target
			}
			if org := Registrable(t.Target); gone && org != "" && !ask[org] && len(names) < maxSPFRegistrables {
				ask[org] = true
				names = append(names, org)
			}
			return true
		})
	}
	answers := make([]dns.Answer, len(names))
	g := dns.NewGroup(l.r)
	for i, name := range names {
		g.Go(func() { answers[i] = l.ask(ctx, name, dns.TypeSOA) })
	}
	g.Wait()
	l.SPF.Unregistered = make(map[string]bool)
	for i, a := range answers {
		if a.Status == dns.NXDomain {
			l.SPF.Unregistered[names[i]] = true
		}
	}
}

// Registrable gives the domain of a name that is registered at a registry; "" where
// nobody can register one. What the private section of the list names (sakura.ne.jp)
// gives names to its customers, but is itself registered once.
func Registrable(name string) string {
	suffix, icann := publicsuffix.PublicSuffix(name)
	for range 4 {
		if icann || !strings.Contains(suffix, ".") {
			break
		}
		name = suffix
		_, parent, _ := strings.Cut(suffix, ".")
		suffix, icann = publicsuffix.PublicSuffix(parent)
	}
	// Names kept for documentation stand for any (RFC 2606).
	if !icann && suffix != "example" && suffix != "test" {
		return ""
	}
	rest, ok := strings.CutSuffix(name, "."+suffix)
	if !ok || rest == "" {
		return ""
	}
	return rest[strings.LastIndexByte(rest, '.')+1:] + "." + suffix
}

// spfSenders evaluates the record for the addresses that the user names.
func (l *look) spfSenders(ctx context.Context) {
	ips := l.Options.IPs[:min(len(l.Options.IPs), maxSPFSenders)]
	l.SPF.Senders = make([]SPFSender, len(ips))
	g := dns.NewGroup(l.r)
	for i, ip := range ips {
		g.Go(func() {
			l.SPF.Senders[i] = SPFSender{ip, spf.Check(ctx, l.r, spf.Request{
				IP: ip, HELO: l.Name, ReversePath: "postmaster@" + l.Name, Now: l.Options.Now,
			})}
		})
	}
	g.Wait()
}
