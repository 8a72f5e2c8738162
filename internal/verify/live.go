package verify

import (
	"context"
	"sync"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/judge"
	"github.com/todoku/todoku/internal/spamfilter"
)

// SpamFilter is a spam filter that the user asked to be asked. What it answers is a
// finding of the report, but no evidence: a bundle does not hold it, and a replay, which
// is offline, is without it. Safe for concurrent use.
type SpamFilter interface {
	// Name is what the filter is called, Address where it is asked.
	Name() string
	Address() string
	// Ask gives the filter's opinion; it returns when ctx ends at the latest.
	Ask(ctx context.Context, q spamfilter.Query) (spamfilter.Answer, error)
}

// asked are questions to spam filters under way.
type askedFilters struct {
	filters []SpamFilter
	answers []spamfilter.Answer
	errs    []error
	wait    sync.WaitGroup
}

// askFilters begins to ask; every filter is asked at the same time.
func askFilters(ctx context.Context, filters []SpamFilter, b *evidence.Bundle) *askedFilters {
	a := &askedFilters{filters: filters, answers: make([]spamfilter.Answer, len(filters)), errs: make([]error, len(filters))}
	q := spamfilter.Query{Raw: b.Message, Session: b.Session, Time: b.Time}
	for i, f := range filters {
		a.wait.Go(func() { a.answers[i], a.errs[i] = f.Ask(ctx, q) })
	}
	return a
}

// findings waits for the answers. from is the author domain.
func (a *askedFilters) findings(from string) []catalogue.Finding {
	a.wait.Wait()
	var out []catalogue.Finding
	for i, f := range a.filters {
		out = append(out, judge.SpamFilter(from, f.Name(), f.Address(), a.answers[i], a.errs[i]))
	}
	return out
}
