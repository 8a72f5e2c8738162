package dmarc

import (
	"context"
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
)

// The result words of RFC 8601 that matter here.
const (
	passWord      = "pass"
	tempErrorWord = "temperror"
)

// candidate is one identifier on its way to an Alignment.
type candidate struct {
	Alignment
	domain  string // normalized, "" where it is no domain name
	strict  bool
	relaxed *walk // of the identifier, nil where none was needed
}

// align fills Identifiers and what follows from them (sections 4.4 and 4.10.2).
// Without a record there is no DMARC: only identical names are then compared.
func (e *evaluation) align(rec *Record) {
	cs := e.candidates
	e.v.Identifiers = slices.Grow(e.v.Identifiers, len(cs))
	for i := range cs {
		if c := &cs[i]; rec.strict(c.Method) {
			c.strict, c.Mode = true, "strict"
		}
	}
	if rec != nil && e.author.failed == "" {
		e.walkIdentifiers(cs)
	}
	for i := range cs {
		e.judge(&cs[i], rec != nil)
		e.v.Identifiers = append(e.v.Identifiers, cs[i].Alignment)
	}
}

// candidates lists SPF and then the signatures, within the limit. There is nothing in cs but room.
func candidates(cs []candidate, in Input) []candidate {
	cs = slices.Grow(cs, min(1+len(in.DKIM), maxIdentifiers))
	add := func(method string, id Identifier) {
		c := candidate{Alignment: Alignment{Method: method, Domain: id.Domain, Result: id.Result, Mode: "relaxed"}}
		if domain, err := normalize(id.Domain); err == nil {
			c.domain = domain
		}
		cs = append(cs, c)
	}
	if in.SPF != nil {
		add("spf", *in.SPF)
	}
	for _, id := range in.DKIM {
		if len(cs) == maxIdentifiers {
			break
		}
		add("dkim", id)
	}
	return cs
}

// strict reports whether the record asks for identical names; no record asks for nothing.
func (r *Record) strict(method string) bool {
	switch {
	case r == nil:
		return false
	case method == "spf":
		return r.ASPF == "s"
	}
	return r.ADKIM == "s"
}

// walkIdentifiers finds the Organizational Domains that are needed, each once and
// all at the same time: those of what passes, and those of what did not but would
// be aligned.
func (e *evaluation) walkIdentifiers(cs []candidate) {
	walks := slices.Grow(e.walks, min(len(cs), maxIdentifierWalks)) // never moved: there are pointers into it
	choose := func(wanted func(c *candidate) bool) {
		for i := range cs {
			c := &cs[i]
			if c.strict || c.domain == "" || c.domain == e.v.FromDomain || !wanted(c) {
				continue
			}
			at := slices.IndexFunc(walks, func(w walk) bool { return w.Domain == c.domain })
			if at < 0 && len(walks) < maxIdentifierWalks {
				at = len(walks)
				walks = append(walks, walk{Walk: Walk{Domain: c.domain}})
			}
			if at >= 0 {
				c.relaxed = &walks[at]
			}
		}
	}
	related := func(c *candidate) bool { return under(c.domain, e.author.OrgDomain) }
	// What could decide the result comes first, so that a crowd of others cannot take its place.
	choose(func(c *candidate) bool { return c.Result == passWord && related(c) })
	choose(func(c *candidate) bool { return c.Result == passWord })
	choose(related)
	e.walks = walks
	e.policies.walkAll(e.ctx, walks)
	// In the order of the identifiers, whatever the order of choice.
	for i := range cs {
		if w := cs[i].relaxed; w != nil && !w.shown {
			w.shown = true
			e.v.Discovery = append(e.v.Discovery, w.Walk)
		}
	}
}

// walkAll performs the walks at the same time; the names they share are asked once.
func (p *policies) walkAll(ctx context.Context, walks []walk) {
	if len(walks) == 1 {
		walks[0] = p.walk(ctx, walks[0].Domain)
		return
	}
	g := dns.NewGroup(p.resolver)
	for i := range walks {
		g.Go(func() { walks[i] = p.walk(ctx, walks[i].Domain) })
	}
	g.Wait()
}

// judge decides whether one identifier is aligned, and what follows.
func (e *evaluation) judge(c *candidate, policy bool) {
	author, org := e.v.FromDomain, e.author.OrgDomain
	doubt := ""
	switch {
	case c.domain == "" || author == "":
	case c.domain == author:
		c.Aligned = true
		if !c.strict {
			c.OrgDomain = org
		}
	case c.strict:
	case e.author.failed != "":
		if topLabel(c.domain) == topLabel(author) { // else nothing can be common to them
			doubt = e.author.failed
		}
	case c.relaxed == nil: // not below org, or over the limit
	case c.relaxed.failed != "":
		if under(c.domain, org) {
			doubt = c.relaxed.failed
		}
	default:
		c.OrgDomain = c.relaxed.OrgDomain
		c.Aligned = c.OrgDomain == org
	}
	if policy {
		e.note(c, doubt)
	}
	if !c.Aligned || c.Result != passWord {
		return
	}
	if c.Method == "spf" {
		e.v.SPFAligned = true
	} else {
		if !e.v.DKIMAligned {
			e.v.AlignedDKIM = c.domain
		}
		e.v.DKIMAligned = true
	}
}

func topLabel(domain string) string { return domain[strings.LastIndexByte(domain, '.')+1:] }

// note remembers why an identifier may yet be an aligned pass: its walk failed, or
// its own check did (section 5.3.6).
func (e *evaluation) note(c *candidate, doubt string) {
	if e.uncertain != "" {
		return
	}
	switch {
	case doubt != "" && (c.Result == passWord || c.Result == tempErrorWord):
		e.uncertainProblem = "dns-" + doubt
		e.uncertain = "the Organizational Domain of " + c.domain + " or of " + e.v.FromDomain + " could not be looked up: " + doubt
	case c.Aligned && c.Result == tempErrorWord:
		e.uncertainProblem = ProblemIdentifier
		e.uncertain = c.Method + " for " + c.domain + ", which is aligned, is temperror"
	}
}
