package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/publish"
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
	// monitorEvery is how often the record of a signing key is looked for; monitorSoon is that where its predecessor is
	// still published.
	monitorEvery = 3 * time.Hour
	monitorSoon  = 5 * time.Minute
)

// Step takes every step that may be taken now. It does nothing where another node is at it. What could not be done is in the error, and
// with the key (see Note); it is tried again at the next step.
func (k *Keeper) Step(ctx context.Context) error {
	taken := k.cfg.Now()
	mine, err := k.lease(ctx)
	if err != nil || !mine {
		return err
	}
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
	begun := 0
	for _, series := range bySeries(list) {
		if now := k.cfg.Now(); now.Sub(taken) > leaseTime/3 {
			if mine, err := k.lease(ctx); err != nil || !mine {
				return errors.Join(err, g.Wait())
			}
			taken = now
		}
		rotate := begun < newAtOnce && k.old(series) && hasNext(names[series[0].Series], series, list)
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
func hasNext(names []store.DKIMName, series []*store.DKIMKey, all []store.DKIMKey) bool {
	if len(names) == 0 {
		return true
	}
	var list []*store.DKIMKey
	for i := range all {
		list = append(list, &all[i])
	}
	_, ok := nextName(names, inState(series, store.KeySigning), list)
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

// note keeps what was seen.
func (k *Keeper) note(ctx context.Context, e *store.DKIMKey, waits, problem string, o Observation) error {
	n := Note{At: k.cfg.Now().UTC(), Waits: waits, Problem: problem, Observation: o}
	if old := NoteOf(e); problem != "" && old.Problem != problem {
		k.cfg.Log.Warn("a key has a problem", "key", e.ID, "domain", e.Domain, "selector", e.Selector, "state", e.State, "problem", problem)
	}
	e.Note = n.text()
	return k.cfg.Store.NoteKey(ctx, e.ID, e.Note)
}

// first looks at the name of a key before its record is published: caches may know for long what stands there now. seen is
// false where nothing could be seen; nothing is published then.
func (k *Keeper) first(ctx context.Context, e *store.DKIMKey) (seen bool, err error) {
	if NoteOf(e).Zone != "" {
		return true, nil
	}
	o := k.observe(ctx, recordName(e), e.Record)
	if o.Zone == "" {
		return false, k.note(ctx, e, WaitsServers, o.Detail, o)
	}
	e.TTL, e.Note = max(e.TTL, o.TTL), Note{At: k.cfg.Now().UTC(), Waits: WaitsServers, Observation: o}.text()
	return true, k.cfg.Store.UpdateKeys(ctx, e)
}

// advance brings a key towards signing: published, seen at every server, and waited for until no cache can know otherwise.
func (k *Keeper) advance(ctx context.Context, e *store.DKIMKey, series []*store.DKIMKey) error {
	name := recordName(e)
	if seen, err := k.first(ctx, e); err != nil || !seen {
		return err
	}
	before := *e
	waits, problem, o := WaitsServers, "", Observation{}
	if e.State == store.KeyPublished {
		o = k.observe(ctx, name, e.Record)
	}
	if !o.Shown() {
		// A server lost it, perhaps the very one to which it is published: what caches learned meanwhile is waited for anew. That is
		// kept before the record is published again, or a node that died in between would leave nobody who knows.
		if err := k.beginAnew(ctx, e, o); err != nil {
			return err
		}
		before = *e
		switch err := k.cfg.Publisher.Apply(ctx, []dns.Change{k.Publish(e)}); {
		case errors.Is(err, publish.ErrByHand):
			waits = WaitsPublish
		case err != nil:
			problem = err.Error()
		}
		o = k.observe(ctx, name, e.Record)
	}
	if problem == "" {
		problem = o.Detail
	}
	now := k.cfg.Now() // after the last answer: nobody can have asked later that saw less
	e.TTL = max(e.TTL, o.TTL)
	switch {
	case !o.Shown():
		e.State, e.Seen, e.Due = store.KeyPrepared, time.Time{}, time.Time{}
	case e.Seen.IsZero():
		e.State, e.Seen, e.Due = store.KeyPublished, now, now.Add(e.TTL)
		waits = WaitsCaches
	default:
		e.State, e.Due = store.KeyPublished, e.Seen.Add(e.TTL)
		if waits = WaitsCaches; !now.Before(e.Due) {
			return k.promote(ctx, e, series, o)
		}
	}
	if e.State != before.State || e.TTL != before.TTL || !e.Seen.Equal(before.Seen) || !e.Due.Equal(before.Due) {
		if err := k.cfg.Store.UpdateKeys(ctx, e); err != nil {
			return err
		}
		if e.State != before.State {
			k.cfg.Log.Info("a key changed its state", "key", e.ID, "domain", e.Domain, "selector", e.Selector, "from", before.State, "to", e.State)
		}
	}
	return k.note(ctx, e, waits, problem, o)
}

// beginAnew keeps that a key was seen at every server, and is no longer.
func (k *Keeper) beginAnew(ctx context.Context, e *store.DKIMKey, o Observation) error {
	if e.State != store.KeyPublished {
		return nil
	}
	e.State, e.Seen, e.Due, e.TTL = store.KeyPrepared, time.Time{}, time.Time{}, max(e.TTL, o.TTL)
	if err := k.cfg.Store.UpdateKeys(ctx, e); err != nil {
		return err
	}
	k.cfg.Log.Info("a key changed its state", "key", e.ID, "domain", e.Domain, "selector", e.Selector, "from", store.KeyPublished, "to", e.State, "seen", o.summary())
	return nil
}

// promote has a key sign, and the one whose place it takes cease, at one moment.
func (k *Keeper) promote(ctx context.Context, e *store.DKIMKey, series []*store.DKIMKey, o Observation) error {
	now := k.cfg.Now()
	changed := []*store.DKIMKey{e}
	e.State, e.Signing, e.Due = store.KeySigning, now, time.Time{}
	e.Note = Note{At: now.UTC(), Observation: o}.text()
	for _, was := range series {
		if was != e && was.State == store.KeySigning {
			k.cease(was, now, now.Add(k.Hold()))
			changed = append(changed, was)
		}
	}
	if err := k.cfg.Store.UpdateKeys(ctx, changed...); err != nil {
		return err
	}
	k.cfg.Log.Info("a key signs now", "key", e.ID, "domain", e.Domain, "selector", e.Selector, "in place of", e.Replaces)
	return nil
}

func (k *Keeper) cease(e *store.DKIMKey, now, due time.Time) {
	e.TTL = max(e.TTL, NoteOf(e).Record) // for who comes after it at its name: caches keep the record for so long
	e.State, e.Retiring, e.Due, e.Seen = store.KeyRetiring, now, due, time.Time{}
	e.Note = Note{At: now.UTC(), Waits: WaitsMail}.text()
}

// monitor looks whether every server still shows the record of a signing key. Where one does not, and all show that of
// its predecessor, that one signs again.
func (k *Keeper) monitor(ctx context.Context, e *store.DKIMKey, series []*store.DKIMKey) error {
	was := inState(series, store.KeyRetiring)
	if was != nil && was.ID != e.Replaces {
		was = nil
	}
	every := monitorEvery
	if was != nil {
		every = monitorSoon
	}
	if since := k.cfg.Now().Sub(NoteOf(e).At); since >= 0 && since < every {
		return nil
	}
	o := k.observe(ctx, recordName(e), e.Record)
	problem := o.Detail
	if !o.Shown() && problem == "" {
		problem = "the key signs, but not every name server shows its record"
	}
	if was != nil && o.Lost() && inState(series, store.KeyPrepared, store.KeyPublished) == nil {
		if before := k.observe(ctx, recordName(was), was.Record); before.Shown() {
			return k.swapBack(ctx, e, was, o)
		}
	}
	return k.note(ctx, e, "", problem, o)
}

// swapBack has the predecessor sign again, while the key waits for its record anew.
func (k *Keeper) swapBack(ctx context.Context, e, was *store.DKIMKey, o Observation) error {
	now := k.cfg.Now()
	e.State, e.Seen, e.Due, e.Signing = store.KeyPrepared, time.Time{}, time.Time{}, time.Time{}
	e.TTL = max(e.TTL, o.TTL)
	e.Note = Note{At: now.UTC(), Waits: WaitsServers, Problem: "a name server ceased to show the record; the key before signs again", Observation: o}.text()
	was.State, was.Signing, was.Retiring, was.Due = store.KeySigning, now, time.Time{}, time.Time{}
	was.Note = Note{At: now.UTC()}.text()
	if err := k.cfg.Store.UpdateKeys(ctx, e, was); err != nil {
		return err
	}
	k.cfg.Log.Warn("a name server ceased to show the record of a key; the key before signs again", "key", e.ID, "domain", e.Domain, "selector", e.Selector, "again", was.Selector)
	return nil
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
