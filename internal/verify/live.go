package verify

import (
	"context"
	"sync"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/judge"
	"github.com/todoku/todoku/internal/spamfilter"
)

// SpamFilter is a spam filter that the user asked to be asked. What it answers is evidence:
// the bundle holds it, and a replay has it too. Safe for concurrent use.
type SpamFilter interface {
	// Name is what the filter is called, Address where it is asked.
	Name() string
	Address() string
	// Ask gives the filter's opinion; it returns when ctx ends at the latest.
	Ask(ctx context.Context, q spamfilter.Query) (spamfilter.Answer, error)
}

// maxOpinions bounds the opinions of a bundle that somebody else may have written.
const maxOpinions = 8

// askedFilters are questions to spam filters under way.
type askedFilters struct {
	opinions []evidence.Opinion
	wait     sync.WaitGroup
}

// askFilters begins to ask; every filter is asked at the same time.
func askFilters(ctx context.Context, filters []SpamFilter, b *evidence.Bundle) *askedFilters {
	a := &askedFilters{opinions: make([]evidence.Opinion, len(filters))}
	q := spamfilter.Query{Raw: b.Message, Session: b.Session, Time: b.Time}
	for i, f := range filters {
		a.wait.Go(func() {
			answer, err := f.Ask(ctx, q)
			a.opinions[i] = opinionOf(f, answer, err)
		})
	}
	return a
}

// all waits for the answers; nil where nobody was asked.
func (a *askedFilters) all() []evidence.Opinion {
	a.wait.Wait()
	if len(a.opinions) == 0 {
		return nil
	}
	return a.opinions
}

// opinionOf is an answer as it is kept.
func opinionOf(f SpamFilter, a spamfilter.Answer, err error) evidence.Opinion {
	o := evidence.Opinion{Filter: f.Name(), Address: f.Address()}
	if err != nil {
		o.Failed = err.Error()
		return o
	}
	o.Spam, o.Action, o.Score, o.Required = a.Spam, a.Action, a.Score, a.Required
	for _, s := range a.Symbols {
		o.Symbols = append(o.Symbols, s.String())
	}
	return o
}

// opinions are the findings on what spam filters said of a message of the author domain from.
func opinions(from string, list []evidence.Opinion) (out []catalogue.Finding) {
	for _, o := range list[:min(len(list), maxOpinions)] {
		out = append(out, judge.SpamFilter(from, o))
	}
	return out
}
