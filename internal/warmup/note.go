package warmup

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// Note takes in what a delivery log says of a source and a provider. Where the provider has no plan of its own, that of everybody
// counts. No plan at all is no error.
func Note(ctx context.Context, st *store.Store, source, provider string, o Outcome, now time.Time) error {
	return together(ctx, st, 0, func(ctx context.Context, d *store.Deliveries) error {
		return noteAll(ctx, d, outcomes{{source, provider}: {o}}, now)
	})
}

type planKey struct{ source, provider string }

// outcomes are what became of deliveries, by plan: their counts, and each call for silence by itself, as it may be a new one.
type outcomes map[planKey][]Outcome

func (all outcomes) add(key planKey, o Outcome) {
	if len(all[key]) == 0 {
		all[key] = []Outcome{{}}
	}
	calls := Outcome{Silence: o.Silence, At: o.At}
	o.Silence, o.At = 0, time.Time{}
	if all[key][0] = all[key][0].and(o); calls.Silence > 0 {
		all[key] = append(all[key], calls)
	}
}

// together notes in one transaction, again where another node came between.
func together(ctx context.Context, st *store.Store, size int, do func(context.Context, *store.Deliveries) error) (err error) {
	for range retries {
		if err = st.NoteDeliveries(ctx, size, do); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return err
}

// noteAll takes in what became of deliveries. Plans are changed in an order that is the same for all, so that no two nodes wait for each other:
// by source and provider, that of everybody last.
func noteAll(ctx context.Context, d *store.Deliveries, all outcomes, now time.Time) error {
	bySource := map[string]map[string][]Outcome{}
	for key, o := range all {
		if bySource[key.source] == nil {
			bySource[key.source] = map[string][]Outcome{}
		}
		bySource[key.source][key.provider] = o
	}
	for _, source := range slices.Sorted(maps.Keys(bySource)) {
		var others []Outcome // of providers without a plan of their own
		for _, provider := range slices.Sorted(maps.Keys(bySource[source])) {
			o := bySource[source][provider]
			var err error = store.ErrNotFound
			if provider != Everybody {
				err = noteOne(ctx, d, source, provider, now, o)
			}
			if errors.Is(err, store.ErrNotFound) {
				others = append(others, o...)
			} else if err != nil {
				return err
			}
		}
		if err := noteOne(ctx, d, source, Everybody, now, others); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

func noteOne(ctx context.Context, d *store.Deliveries, source, provider string, now time.Time, list []Outcome) error {
	if len(list) == 0 {
		return nil
	}
	return d.ChangeWarmup(ctx, source, provider, func(w store.Warmup) (string, error) {
		s, err := decode(w)
		if err != nil {
			return "", err
		}
		slices.SortStableFunc(list, func(a, b Outcome) int { return a.At.Compare(b.At) }) // a call within an earlier silence is none
		for _, o := range list {
			s.Note(now, o)
		}
		return encode(s)
	})
}
