package warmup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// Plan begins a warm-up, or gives one that is there another plan, from its first step. The source is an IP address.
func Plan(ctx context.Context, st *store.Store, source, provider, name string, steps []Step, now time.Time) error {
	_, err := setPlan(ctx, st, source, provider, now, func(State, bool) (State, error) { return Begin(name, steps, now), nil })
	return err
}

// replan begins a warm-up, or gives one that is there another plan, which goes on from today's share. plan makes the steps of one that begins with
// so many messages a day (the first day of a new one); of published plans, which begin as they do, the step is taken that allows no more. A plan to
// a target has all its days, also where the target is not above today's share.
func replan(ctx context.Context, st *store.Store, source, provider string, published bool, plan func(from int) (string, []Step, error), now time.Time) (name string, err error) {
	s, err := setPlan(ctx, st, source, provider, now, func(was State, there bool) (State, error) {
		share := first
		if there {
			share = max(first, was.share())
		}
		name, steps, err := plan(share)
		if err != nil {
			return State{}, err
		}
		s := Begin(name, steps, now)
		for there && published && s.At+1 < len(steps) && steps[s.At+1].Day <= share {
			s.At++
		}
		return s, nil
	})
	return s.Plan, err
}

// share is what today allows; of a plan that is over, what its last day did.
func (s *State) share() int {
	if n := len(s.Steps); s.Over() && n > 0 {
		return s.Steps[n-1].Day
	}
	return s.allowed().Day
}

// setPlan puts a plan in the place of what was there, again where another node came between. What was sent today was sent.
func setPlan(ctx context.Context, st *store.Store, source, provider string, now time.Time, begin func(was State, there bool) (State, error)) (s State, err error) {
	for range retries {
		w, err := st.Warmup(ctx, source, provider)
		there := err == nil
		var was State
		switch {
		case errors.Is(err, store.ErrNotFound):
			w = store.Warmup{Source: source, Provider: provider}
			was.Today.Granted, err = sentToday(ctx, st, source, provider, now)
		case err == nil:
			was, err = decode(w)
			was.Turn(now)
		}
		if err != nil {
			return s, err
		}
		if s, err = begin(was, there); err != nil {
			return s, err
		}
		if s.Today = was.Today; there {
			s.Days, s.Silent, s.Connections, s.Problem = was.Days, was.Silent, was.Connections, was.Problem
		}
		if len(s.Steps) == 0 || len(s.Steps) > maxDays {
			return s, fmt.Errorf("a plan has 1 to %d days", maxDays)
		}
		if w.State, err = encode(s); err != nil {
			return s, err
		}
		if err := st.SetWarmup(ctx, &w); !errors.Is(err, store.ErrConflict) {
			return s, err
		}
	}
	return s, fmt.Errorf("%s, %s: %w", source, provider, store.ErrConflict)
}

// sentToday is what the milter counted today of what a plan would have bounded, had it been there.
func sentToday(ctx context.Context, st *store.Store, source, provider string, now time.Time) (n int, err error) {
	list, err := st.VolumeSince(ctx, date(now))
	if err != nil {
		return 0, err
	}
	own := map[string]bool{}
	if provider == Everybody {
		plans, err := st.Warmups(ctx)
		if err != nil {
			return 0, err
		}
		for _, w := range plans {
			own[w.Source+" "+w.Provider] = true
		}
	}
	for _, v := range list {
		if v.Day == date(now) && v.Source == source && (v.Provider == provider || provider == Everybody && !own[source+" "+v.Provider]) {
			n += int(v.Messages)
		}
	}
	return n, nil
}
