package dmarc

import (
	"context"
	"strings"
)

// prefix is the label under which policy records stand (RFC 9989 section 4.5).
const prefix = "_dmarc."

// TreeWalk performs one full DNS tree walk (RFC 9989 section 4.10) from a domain
// given as A-labels: at most eight questions, one after the other.
func TreeWalk(ctx context.Context, r resolver, domain string) Walk {
	domain, err := normalize(domain)
	if err != nil {
		return Walk{Domain: domain}
	}
	p := &policies{resolver: r}
	return p.walk(ctx, domain).Walk
}

// walk is a walk with the records it found, longest name first.
type walk struct {
	Walk
	found []found
	// failed is the word of the DNS failure that ended the walk, "" for none.
	failed string
	// multiple: some name had several records.
	multiple bool
	// shown: the verdict has it.
	shown bool
}

type found struct {
	domain string
	record *Record
}

// next gives the name that follows in a walk (steps 3, 4 and 7): one label less,
// or the last seven of eight or more; "" behind the last label.
func next(domain string) string {
	labels := strings.Count(domain, ".") + 1
	for drop := max(1, labels-(maxWalkQueries-1)); drop > 0; drop-- {
		_, rest, ok := strings.Cut(domain, ".")
		if !ok {
			return ""
		}
		domain = rest
	}
	return domain
}

func (p *policies) walk(ctx context.Context, start string) walk {
	w := walk{Walk: Walk{Domain: start, Queries: make([]WalkQuery, 0, min(maxWalkQueries, 1+strings.Count(start, ".")))}}
	for domain := start; domain != ""; domain = next(domain) {
		l := p.lookup(ctx, domain)
		q := WalkQuery{Name: l.name, Outcome: l.outcome(), Record: l.served}
		if l.record != nil {
			w.found = append(w.found, found{domain, l.record})
		}
		w.Queries = append(w.Queries, q)
		w.multiple = w.multiple || l.count > 1
		if l.failed() {
			w.failed = q.Outcome
			return w
		}
		if l.record != nil && l.record.PSD != "u" {
			break // psd=y or psd=n: steps 2 and 6
		}
	}
	w.OrgDomain = w.organization()
	return w
}

// organization selects the Organizational Domain (section 4.10.2) of a walk that
// did not fail.
func (w *walk) organization() string {
	if len(w.found) == 0 {
		return w.Domain
	}
	// psd=n and psd=y end a walk: only the last record can have one.
	last := w.found[len(w.found)-1]
	if last.record.PSD == "y" && last.domain != w.Domain {
		return oneLabelBelow(last.domain, w.Domain)
	}
	return last.domain // psd=n, or the fewest labels
}

// oneLabelBelow gives the name one label longer than domain on the way to start.
func oneLabelBelow(domain, start string) string {
	above := strings.TrimSuffix(start, "."+domain)
	return above[strings.LastIndexByte(above, '.')+1:] + "." + domain
}

// policy selects the record that applies (section 4.10.1): that of the author
// domain, else of its Organizational Domain, else of its Public Suffix Domain.
// ok is false for none; known is false when a DNS failure hides the answer.
func (w *walk) policy() (f found, ok, known bool) {
	if len(w.found) > 0 && w.found[0].domain == w.Domain {
		return w.found[0], true, true
	}
	if w.failed != "" {
		return found{}, false, false
	}
	for _, f := range w.found {
		if f.domain == w.OrgDomain {
			return f, true, true
		}
	}
	if n := len(w.found); n > 0 && w.found[n-1].record.PSD == "y" {
		return w.found[n-1], true, true
	}
	return found{}, false, true
}

// under reports whether domain is org or below it.
func under(domain, org string) bool {
	return domain == org || len(domain) > len(org) && strings.HasSuffix(domain, org) && domain[len(domain)-len(org)-1] == '.'
}
