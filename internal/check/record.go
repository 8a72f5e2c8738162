package check

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/probe"
	"github.com/todoku/todoku/internal/survey"
)

// Watch is told of a check while it runs; each may be nil. They are called from several
// goroutines and must not wait.
type Watch struct {
	// Asked is told every answer of the DNS.
	Asked func(dns.Answer)
	// Done is told each area that has been looked at.
	Done func(survey.Area)
}

// Record checks a target and keeps all that was seen.
func (c *Checker) Record(ctx context.Context, q Request, w Watch) (*Report, *Evidence) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	o, r := c.look(q)
	rec := &recording{Evidence: Evidence{
		Format: evidenceFormat, Version: evidenceVersion, Target: q.Target.Text, Time: q.Now,
		IPs: q.IPs, Selectors: q.Selectors, Audience: q.Audience, DNSOnly: q.DNSOnly,
	}}
	rec.listen(&o, w)
	rep := Run(ctx, watched(r, w.Asked), q.Target, Options{Survey: o, Audience: audienceOf(q)})
	return rep, rec.evidence(rep.Survey.Answers)
}

// Again looks anew at what a finding is about, past every cache, and judges the whole
// with it: of the rest it takes what was seen before. It gives the evidence of both.
// findingID "" looks at everything anew.
func (c *Checker) Again(ctx context.Context, e *Evidence, findingID string, q Request, w Watch) (*Report, *Evidence) {
	q.Fresh, q.IPs, q.Selectors, q.Audience, q.DNSOnly = true, e.IPs, e.Selectors, e.Audience, e.DNSOnly
	q.Probe = e.Probed
	q.Target, _ = ParseTarget(e.Target)
	if q.Areas = areasOf(findingID); q.Areas == 0 {
		return c.Record(ctx, q, w)
	}
	_, part := c.Record(ctx, q, w)
	whole := e.replace(part)
	// What the new answers lead to may be something that nobody asked before.
	return c.rejudge(ctx, whole, nil)
}

// WhatIf judges evidence as if changes were published. Only what they lead to and what
// was never asked is asked now.
func (c *Checker) WhatIf(ctx context.Context, e *Evidence, changes []dns.Change) *Report {
	rep, _ := c.rejudge(ctx, e, changes)
	return rep
}

func (c *Checker) rejudge(ctx context.Context, e *Evidence, changes []dns.Change) (*Report, *Evidence) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	t, _ := ParseTarget(e.Target)
	r := c.Beyond(e.Answers)
	if len(changes) > 0 {
		r = dns.Overlay(r, changes...)
	}
	o := e.options()
	rep := Run(ctx, r, t, o)
	out := *e
	out.Answers = rep.Survey.Answers
	return rep, &out
}

// Beyond gives the recorded answers, and asks the resolver, at most as often as one check
// may, for what is not among them.
func (c *Checker) Beyond(recorded []dns.Answer) dns.Resolver {
	if c.Resolver == nil {
		return dns.NewReplayer(recorded)
	}
	return otherwise{dns.NewReplayer(recorded), dns.NewCounter(c.Resolver, survey.MaxQueries)}
}

// otherwise asks next what the recording does not hold.
type otherwise struct{ recorded, next dns.Resolver }

func (o otherwise) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if a := o.recorded.Resolve(ctx, q); a.Status != dns.NotRecorded {
		return a
	}
	return o.next.Resolve(ctx, q)
}

func (c *Checker) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	return context.WithTimeout(ctx, timeout)
}

// look gives what a request looks with.
func (c *Checker) look(q Request) (survey.Options, dns.Resolver) {
	o := survey.Options{Now: q.Now, IPs: q.IPs, Selectors: q.Selectors, DNSOnly: q.DNSOnly, Areas: q.Areas}
	if !q.DNSOnly {
		o.Fetch = c.Fetch
		if q.Probe {
			o.Prober = c.Prober
		}
	}
	if c.Lists != nil {
		o.Blocklists = c.Lists
	}
	r := c.Resolver
	if q.Fresh {
		r = c.fresh(q.DNSOnly)
	}
	if len(q.WhatIf) > 0 {
		r = dns.Overlay(r, q.WhatIf...)
	}
	return o, r
}

// fresh asks past our own cache and, unless only the resolver may be asked, past that of
// the resolver: the servers of the zone themselves.
func (c *Checker) fresh(dnsOnly bool) dns.Resolver {
	r := c.Resolver
	if cache, ok := r.(interface{ Fresh() dns.Resolver }); ok {
		r = cache.Fresh()
	}
	if dnsOnly {
		return r
	}
	return dns.NewAuthority(r, func(a netip.Addr) bool { return fetch.Refused(a) == "" })
}

func audienceOf(q Request) string {
	if q.Audience == "" {
		return "all"
	}
	return q.Audience
}

// areasOf are the parts of a survey that findings of an area rest on; 0 is all.
func areasOf(findingID string) survey.Area {
	area, _, _ := strings.Cut(findingID, ".")
	switch area {
	case "spf":
		return survey.AreaSPF | survey.AreaHosts
	case "dkim":
		return survey.AreaDKIM
	case "dmarc":
		return survey.AreaDMARC
	case "mx":
		return survey.AreaMX | survey.AreaZone
	case "tls", "mta-sts", "tls-rpt", "dane":
		return survey.AreaTransport
	case "bimi":
		return survey.AreaBIMI
	case "dns":
		return survey.AreaZone
	case "ptr", "host":
		return survey.AreaHosts
	case "dnsbl":
		return survey.AreaBlocklists
	}
	return 0
}

// watched tells of every answer.
func watched(r dns.Resolver, asked func(dns.Answer)) dns.Resolver {
	if asked == nil {
		return r
	}
	return watchedResolver{r, asked}
}

type watchedResolver struct {
	next  dns.Resolver
	asked func(dns.Answer)
}

func (w watchedResolver) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	a := w.next.Resolve(ctx, q)
	w.asked(a)
	return a
}

// recording collects what the senses beside the DNS see.
type recording struct {
	Evidence
	documents *recordingDoer

	mu sync.Mutex
}

// listen puts the recorders before the senses.
func (r *recording) listen(o *survey.Options, w Watch) {
	o.Done = w.Done
	if o.Fetch != nil {
		r.documents = &recordingDoer{next: o.Fetch}
		o.Fetch, r.Fetched = r.documents, true
	}
	if o.Prober != nil {
		o.Prober, r.Probed = recordingProber{o.Prober, r}, true
	}
	if o.Blocklists != nil {
		o.Blocklists, r.Listed = recordingSweeper{o.Blocklists, r}, true
	}
}

func (r *recording) evidence(answers []dns.Answer) *Evidence {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.Evidence
	e.Answers, e.Hosts, e.Sweeps = answers, slices.Clone(r.Hosts), slices.Clone(r.Sweeps)
	if r.documents != nil {
		r.documents.mu.Lock()
		defer r.documents.mu.Unlock()
		e.Documents = slices.Clone(r.documents.list)
	}
	return &e
}

type recordingProber struct {
	next survey.Prober
	to   *recording
}

func (p recordingProber) Host(ctx context.Context, name string) probe.Host {
	h := p.next.Host(ctx, name)
	p.to.mu.Lock()
	defer p.to.mu.Unlock()
	p.to.Hosts = append(p.to.Hosts, h)
	return h
}

type recordingSweeper struct {
	next survey.Sweeper
	to   *recording
}

func (s recordingSweeper) Sweep(ctx context.Context, r dns.Resolver, subject dnsbl.Subject) blocklist.Sweep {
	out := s.next.Sweep(ctx, r, subject)
	s.to.mu.Lock()
	defer s.to.mu.Unlock()
	s.to.Sweeps = append(s.to.Sweeps, sweepOf(out))
	return out
}
