package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/todoku/todoku/internal/store"
)

const (
	leaseName = "dkim-rotation"
	// leaseTime is longer than a series takes; it is renewed between them.
	leaseTime = 15 * time.Minute
	// seriesTimeout bounds the look-ups of one series.
	seriesTimeout = 2 * time.Minute
	// parallel is how many series are looked at together.
	parallel = 8
	// newAtOnce is how many rotations one step begins: ten thousand domains need not make their keys in one minute.
	newAtOnce = 20
)

// Step takes every step that may be taken now. It does nothing where another node is at it. What could not be done is in the error, and
// with the key (see Note); it is tried again at the next step.
func (k *Keeper) Step(ctx context.Context) error {
	_, err := k.StepNow(ctx)
	return err
}

// StepNow is Step, and says whether it was this node that took the steps.
func (k *Keeper) StepNow(ctx context.Context) (mine bool, err error) {
	if mine, err = k.lease(ctx); err != nil || !mine {
		return false, err
	}
	return true, k.steps(ctx)
}

// steps takes every step that may be taken now, under the lease.
func (k *Keeper) steps(ctx context.Context) error {
	taken := k.cfg.Now()
	if err := k.keepTime(ctx); err != nil {
		return err
	}
	list, err := k.cfg.Store.Keys(ctx, "", false)
	if err != nil {
		return err
	}
	names, err := k.namesBySeries(ctx)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(parallel)
	domains := map[string][]*store.DKIMKey{}
	for i := range list {
		domains[list[i].Domain] = append(domains[list[i].Domain], &list[i])
	}
	begun := 0
	for _, series := range bySeries(list) {
		if now := k.cfg.Now(); now.Sub(taken) > leaseTime/3 {
			if mine, err := k.lease(ctx); err != nil || !mine {
				return errors.Join(err, g.Wait())
			}
			taken = now
		}
		rotate := begun < newAtOnce && k.old(series) && hasNext(names[series[0].Series], series, domains[series[0].Domain])
		if rotate {
			begun++
		}
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, seriesTimeout)
			defer cancel()
			err := k.stepSeries(ctx, series)
			if rotate && err == nil {
				_, err = k.rotate(ctx, series)
			}
			if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrExists) {
				return nil // somebody else took the step
			}
			return err
		})
	}
	return g.Wait()
}

// Release lets other nodes take steps at once, who would wait for the end of the lease otherwise.
func (k *Keeper) Release(ctx context.Context) error {
	return k.cfg.Store.EndLease(ctx, leaseName, k.owner)
}

func (k *Keeper) lease(ctx context.Context) (bool, error) {
	now := k.cfg.Now()
	return k.cfg.Store.Lease(ctx, leaseName, k.owner, now, now.Add(leaseTime))
}

// bySeries groups keys, in the order of their first ones.
func bySeries(list []store.DKIMKey) [][]*store.DKIMKey {
	var out [][]*store.DKIMKey
	index := map[string]int{}
	for i := range list {
		e := &list[i]
		at, ok := index[e.Series]
		if !ok {
			at = len(out)
			index[e.Series], out = at, append(out, nil)
		}
		out[at] = append(out[at], e)
	}
	return out
}

// inState gives the youngest key of a series in one of some states, nil for none.
func inState(series []*store.DKIMKey, states ...string) *store.DKIMKey {
	for _, e := range slices.Backward(series) {
		if slices.Contains(states, e.State) {
			return e
		}
	}
	return nil
}

// before gives the key whose place another one of its series took, while it can take that back; nil where there is none.
func before(series []*store.DKIMKey, e *store.DKIMKey) *store.DKIMKey {
	i := slices.IndexFunc(series, func(o *store.DKIMKey) bool { return e != nil && o.ID == e.Replaces && o.State == store.KeyRetiring })
	if i < 0 {
		return nil
	}
	return series[i]
}

// old reports whether the signing key of a series is due for a successor.
func (k *Keeper) old(series []*store.DKIMKey) bool {
	e := inState(series, store.KeySigning)
	return k.cfg.Policy.RotateAfter > 0 && e != nil && inState(series, store.KeyPrepared, store.KeyPublished) == nil &&
		k.cfg.Now().Sub(e.Signing) >= k.cfg.Policy.RotateAfter
}

func (k *Keeper) namesBySeries(ctx context.Context) (map[string][]store.DKIMName, error) {
	list, err := k.cfg.Store.KeyNames(ctx, "")
	if err != nil {
		return nil, err
	}
	out := map[string][]store.DKIMName{}
	for _, n := range list {
		out[n.Series] = append(out[n.Series], n)
	}
	return out, nil
}

// hasNext reports that a successor of the signing key would have a selector. Where they alternate, it waits until the key before is gone.
// domain are the keys of its domain.
func hasNext(names []store.DKIMName, series, domain []*store.DKIMKey) bool {
	if len(names) == 0 {
		return true
	}
	_, ok := nextName(names, inState(series, store.KeySigning), domain)
	return ok
}

// stepSeries takes the steps of the keys of one series, the next one first.
func (k *Keeper) stepSeries(ctx context.Context, series []*store.DKIMKey) error {
	var failed []error
	for _, e := range slices.Backward(slices.Clone(series)) {
		var err error
		switch e.State {
		case store.KeyPrepared, store.KeyPublished:
			err = k.advance(ctx, e, series)
		case store.KeySigning:
			err = k.monitor(ctx, e, series)
		case store.KeyRetiring:
			err = k.retire(ctx, e)
		case store.KeyRemoved:
			err = k.reveal(ctx, e)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", recordName(e), err))
		}
	}
	return errors.Join(failed...)
}

// observe looks at name servers, where anybody can.
func (k *Keeper) observe(ctx context.Context, name, record string) Observation {
	if k.cfg.Observer == nil {
		return Observation{Detail: "nobody looks at the name servers"}
	}
	ctx, cancel := context.WithTimeout(ctx, seriesTimeout) // whoever asks: a zone may name many servers that do not answer
	defer cancel()
	return k.cfg.Observer.Observe(ctx, name, record)
}
