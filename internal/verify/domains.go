package verify

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/inspect"
	"github.com/todoku/todoku/internal/judge"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/internal/survey"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

// inspectedSince is the version of the evidence that holds the answers about the
// domains of a message. Older evidence is judged without them.
const inspectedSince = 2

// Inspector looks at the domains that messages name. It may remember what it found of a
// domain, for a run over many messages; a remembered answer is not recorded again, so
// that a bundle for replay needs an inspector that does not. Safe for concurrent use.
type Inspector struct {
	// Lists asks the blocklists about the addresses and domains of a message; nil: not asked.
	Lists *blocklist.Checker

	remember bool
	mu       sync.Mutex
	known    map[question][]catalogue.Finding
}

type question struct {
	name  string
	areas survey.Area
}

// maxKnown bounds what an inspector remembers.
const maxKnown = 5000

// NewInspector gives an inspector that remembers what it found.
func NewInspector(lists *blocklist.Checker) *Inspector {
	return &Inspector{Lists: lists, remember: true, known: make(map[question][]catalogue.Finding)}
}

// The areas of a domain that bear on a message. SPF is asked of the envelope sender's
// domain alone, keys are those of the signatures, and what a domain does for incoming
// mail (MTA-STS, DANE) says nothing about a message from it.
const (
	authorAreas   = survey.AreaZone | survey.AreaMX | survey.AreaDMARC
	envelopeAreas = survey.AreaZone | survey.AreaMX | survey.AreaSPF
)

// maxListed bounds how many subjects of one message the blocklists are asked about.
const maxListed = 12

// findings looks at the domains of one message.
func (i *Inspector) findings(ctx context.Context, r dns.Resolver, b *evidence.Bundle, m *message.Message, auth mailauth.Result) []catalogue.Finding {
	author, envelope := auth.DMARC.FromDomain, envelopeDomain(b.Session)
	var byDomain [2][]catalogue.Finding
	g := dns.NewGroup(r)
	limited := r
	if rec, ok := r.(*dns.Recorder); ok { // a replay needs no limit: what was refused is recorded
		limited = dns.NewBudget(rec, survey.MaxQueries)
	}
	switch {
	case author != "" && author == envelope:
		g.Go(func() { byDomain[0] = i.domain(ctx, limited, author, authorAreas|envelopeAreas, b) })
	default:
		if author != "" {
			g.Go(func() { byDomain[0] = i.domain(ctx, limited, author, authorAreas, b) })
		}
		if envelope != "" && dmarc.RegisteredDomain(envelope) == dmarc.RegisteredDomain(author) {
			// Another organisation's record is not the author's to mend.
			g.Go(func() { byDomain[1] = i.domain(ctx, limited, envelope, envelopeAreas, b) })
		}
	}
	subjects := i.subjects(b, m, auth)
	listed := make([][]catalogue.Finding, len(subjects))
	for n, s := range subjects {
		g.Go(func() { listed[n] = inspect.Blocklists(i.Lists.Sweep(ctx, r, s)) })
	}
	var helo dns.Answer
	if q, ok := judge.HELOQuestion(b.Session, auth.IPRev); ok {
		g.Go(func() { helo = r.Resolve(ctx, q) })
	}
	g.Wait()
	soften(byDomain[:], auth)
	return slices.Concat(slices.Concat(byDomain[:]...), judge.HELO(b.Session, auth.IPRev, helo), slices.Concat(listed...))
}

// soften weighs what is wrong with the domains by what it means for this message. An SPF
// record by which others may fail let this one pass; that nobody can reply is no reason
// for most receivers not to take the mail.
func soften(byDomain [][]catalogue.Finding, auth mailauth.Result) {
	milder := map[catalogue.Status]catalogue.Status{catalogue.Fail: catalogue.Warn, catalogue.Warn: catalogue.Info}
	spfPasses := auth.SPFChecked && auth.SPF.Result == spf.Pass
	for _, fs := range byDomain {
		for i := range fs {
			f := &fs[i]
			area := catalogue.Area(f.ID)
			if to, ok := milder[f.Status]; ok && (area == "mx" || area == "spf" && spfPasses && f.Status == catalogue.Fail) {
				f.Status = to
			}
		}
	}
}

// domain gives the findings on one domain that accuse, or that could not be seen: what
// is in order there, and how its zone is kept, is no news in the report of a message.
func (i *Inspector) domain(ctx context.Context, r dns.Resolver, name string, areas survey.Area, b *evidence.Bundle) []catalogue.Finding {
	key := question{name, areas}
	if fs, ok := i.recall(key); ok {
		return fs
	}
	d := survey.Look(ctx, r, name, survey.Options{Now: b.Time, DNSOnly: true, Areas: areas, Unlimited: true})
	fs := slices.DeleteFunc(inspect.Domain(d), func(f catalogue.Finding) bool {
		area := catalogue.Area(f.ID)
		return f.Status == catalogue.Pass || f.Status == catalogue.Info && (area == "dns" || area == "mx")
	})
	if ctx.Err() == nil {
		i.keep(key, fs)
	}
	return fs
}

func (i *Inspector) recall(key question) ([]catalogue.Finding, bool) {
	if !i.remember {
		return nil, false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	fs, ok := i.known[key]
	return slices.Clone(fs), ok
}

func (i *Inspector) keep(key question, fs []catalogue.Finding) {
	if !i.remember {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.known) >= maxKnown {
		clear(i.known)
	}
	i.known[key] = slices.Clone(fs)
}

// subjects are what the blocklists are asked about: the client's address and every
// domain that the message names, each once.
func (i *Inspector) subjects(b *evidence.Bundle, m *message.Message, auth mailauth.Result) []dnsbl.Subject {
	if i.Lists == nil {
		return nil
	}
	var out []dnsbl.Subject
	if ip := b.Session.RemoteIP.Unmap(); public(ip) {
		out = append(out, dnsbl.ForIP(ip))
	}
	names := []string{auth.DMARC.FromDomain, envelopeDomain(b.Session)}
	for _, v := range auth.DKIM {
		if v.Signature != nil {
			names = append(names, v.Signature.Domain)
		}
	}
	names = append(names, b.Session.HELO)
	names = append(names, judge.LinkDomains(m, maxListed)...)
	seen := make(map[string]bool)
	for _, name := range names {
		name = dns.CanonicalName(name)
		s := dnsbl.ForDomain(name)
		if len(out) < maxListed && !seen[name] && strings.Contains(name, ".") && s.IsValid() {
			seen[name] = true
			out = append(out, s)
		}
	}
	return out
}

func public(ip netip.Addr) bool { return ip.IsValid() && ip.IsGlobalUnicast() && !ip.IsPrivate() }

// envelopeDomain is the domain of the envelope sender, "" for the null path or none.
func envelopeDomain(s evidence.Session) string {
	_, domain, ok := strings.Cut(s.MailFrom, "@")
	if i := strings.LastIndexByte(domain, '@'); i >= 0 {
		domain = domain[i+1:]
	}
	if domain = dns.CanonicalName(domain); !ok || !dns.ValidName(domain) || !strings.Contains(domain, ".") {
		return ""
	}
	return domain
}

// join puts the findings on a message and on its domains together. Where both speak of
// one thing, the message's status counts (it knows what else passed) and the domain's
// repair (it knows the whole record set).
func join(message, domains []catalogue.Finding) []catalogue.Finding {
	out := slices.Clone(message)
	for _, d := range domains {
		i := slices.IndexFunc(out, func(f catalogue.Finding) bool { return f.ID == d.ID && strings.EqualFold(f.Subject, d.Subject) })
		if i < 0 {
			out = append(out, d)
			continue
		}
		if len(d.DNS) > 0 {
			out[i].DNS = d.DNS
		}
	}
	repair.Unify(out)
	catalogue.Sort(out)
	return out
}
