package survey

import (
	"context"
	"slices"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
)

// invented reports that all that was seen may be the invention of a resolver that leads
// every name to a page of its own, as those of hotels and some providers do: it finds a
// name that cannot exist, and nothing but addresses of the domain. What such a resolver
// does not have is not absent.
func (l *look) invented(ctx context.Context, rec *dns.Recorder) bool {
	answers := rec.Answers()
	if l.Name == "" { // of an address, the reverse name is all that tells
		if slices.ContainsFunc(answers, func(a dns.Answer) bool { return a.Question.Type == dns.TypePTR && a.Status != dns.NoData }) {
			return false
		}
		return l.ask(ctx, noSuchName+".invalid", dns.TypeA).Status.Found()
	}
	if !l.Zone.Invalid.Status.Found() {
		return false
	}
	org := dmarc.RegisteredDomain(l.Name)
	return !slices.ContainsFunc(answers, func(a dns.Answer) bool {
		address := a.Question.Type == dns.TypeA || a.Question.Type == dns.TypeAAAA
		return dns.IsSubdomain(a.Question.Name, org) && (a.Status == dns.NXDomain || a.Status.Found() && !address)
	})
}

// disbelief fails every question but the one that shows why.
type disbelief struct{ dns.Resolver }

// Resolve gives no answer that could be taken for one of the domain's.
func (d disbelief) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if q.Name == noSuchName+".invalid" {
		return d.Resolver.Resolve(ctx, q)
	}
	return dns.Answer{Question: q, Status: dns.Malformed, Detail: "not believed: the resolver invents answers"}
}
