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
		return noteAll(ctx, d, map[planKey]Outcome{{source, provider}: o}, now)
	})
}

type planKey struct{ source, provider string }

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
func noteAll(ctx context.Context, d *store.Deliveries, outcomes map[planKey]Outcome, now time.Time) error {
	bySource := map[string]map[string]Outcome{}
	for key, o := range outcomes {
		if bySource[key.source] == nil {
			bySource[key.source] = map[string]Outcome{}
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
				others = append(others, o)
			} else if err != nil {
				return err
			}
		}
		if err := noteOne(ctx, d, source, Everybody, now, others...); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

func noteOne(ctx context.Context, d *store.Deliveries, source, provider string, now time.Time, list ...Outcome) error {
	if len(list) == 0 {
		return nil
	}
	return d.ChangeWarmup(ctx, source, provider, func(w store.Warmup) (string, error) {
		s, err := decode(w)
		if err != nil {
			return "", err
		}
		for _, o := range list {
			s.Note(now, o)
		}
		return encode(s)
	})
}
