package keys

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/publish"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// Retire takes a key out of use without one in its place: a signing one ceases to sign, one that does not sign yet is given up, and a successor
// on its way with it. The record of one that has signed stays for as long as mail may need it. ErrInUse: no other key of the domain signs, so that
// its mail would go out unsigned; ErrNothing: it is out of use already.
func (k *Keeper) Retire(ctx context.Context, id string) (store.DKIMKey, error) {
	if err := k.keepTime(ctx); err != nil {
		return store.DKIMKey{}, err
	}
	series, err := k.series(ctx, id)
	if err != nil {
		return store.DKIMKey{}, err
	}
	var e *store.DKIMKey
	for _, o := range series {
		if o.ID == id {
			e = o
		}
	}
	if e == nil || !slices.Contains([]string{store.KeyPrepared, store.KeyPublished, store.KeySigning}, e.State) {
		return store.DKIMKey{}, said.Error("%w: it is out of use already", "%v: すでに使用を終えています", ErrNothing)
	}
	now, changed := k.cfg.Now(), []*store.DKIMKey{e}
	if e.State == store.KeySigning {
		if err := k.othersSign(ctx, e); err != nil {
			return store.DKIMKey{}, err
		}
		if next := inState(series, store.KeyPrepared, store.KeyPublished); next != nil {
			k.cease(next, now)
			changed = append(changed, next)
		}
	}
	k.cease(e, now)
	if err := k.cfg.Store.UpdateKeys(ctx, changed...); err != nil {
		return store.DKIMKey{}, err
	}
	k.cfg.Log.Info("a key was taken out of use", "key", e.ID, "domain", e.Domain, "selector", e.Selector)
	return *e, nil
}

// othersSign fails with ErrInUse where no key of another series signs for the same domain.
func (k *Keeper) othersSign(ctx context.Context, e *store.DKIMKey) error {
	list, err := k.cfg.Store.Keys(ctx, e.Domain, false)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(o store.DKIMKey) bool { return o.Series != e.Series && o.State == store.KeySigning }) {
		return said.Error("%w: no other key of %s signs", "%v: %s のほかの鍵は署名していません", ErrInUse, e.Domain)
	}
	return nil
}

// Look takes the steps of the keys of one domain that may be taken now, as [Keeper.Step] does of all, whichever node is at those: two that take
// the same step do no harm.
func (k *Keeper) Look(ctx context.Context, domain string) error {
	if err := k.keepTime(ctx); err != nil {
		return err
	}
	list, err := k.cfg.Store.Keys(ctx, domain, false)
	if err != nil {
		return err
	}
	var failed []error
	for _, series := range bySeries(list) {
		err := k.stepSeries(ctx, series)
		if err != nil && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrExists) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// longGone is how long after its record was taken away a name server may show it without that being a problem.
const longGone = 24 * time.Hour

const problemStands = "the record was taken away, but a day later a name server still shows it"

// retire takes the record of a key away that no mail needs any more, and destroys its private key once it is gone.
func (k *Keeper) retire(ctx context.Context, e *store.DKIMKey) error {
	if k.cfg.Now().Before(e.Due) {
		return nil
	}
	waits, problem := WaitsGone, ""
	switch err := k.cfg.Publisher.Apply(ctx, []dns.Change{k.Withdraw(e)}); {
	case errors.Is(err, publish.ErrByHand):
		waits = WaitsRemove
	case err != nil:
		problem = err.Error()
	}
	o := k.observe(ctx, recordName(e), e.Record)
	if problem == "" {
		problem = o.Detail
	}
	if !o.Gone() {
		if problem == "" && waits == WaitsGone && k.cfg.Now().Sub(e.Due) > longGone {
			problem = problemStands
		}
		return k.note(ctx, e, waits, problem, o)
	}
	now := k.cfg.Now()
	e.State, e.Removed, e.Due = store.KeyRemoved, now, time.Time{}
	e.TTL = max(e.TTL, k.recordTTL()) // caches may know the record for so long
	Note{At: now.UTC(), Observation: o}.keep(e)
	if k.cfg.Policy.Reveal && hasSigned(e) {
		// A cache may hold the record for as long as its TTL says: until then what is signed with the key verifies.
		e.Due = now.Add(max(24*time.Hour, time.Duration(k.cfg.Policy.RecordTTL)*time.Second))
		Note{At: now.UTC(), Waits: WaitsReveal, Observation: o}.keep(e)
	} else {
		e.Sealed = nil
	}
	if err := k.cfg.Store.UpdateKeys(ctx, e); err != nil {
		return err
	}
	k.cfg.Log.Info("the record of a key is gone", "key", e.ID, "domain", e.Domain, "selector", e.Selector)
	return nil
}

// reveal makes the private key of a removed key public, or destroys it where that is no longer wanted.
func (k *Keeper) reveal(ctx context.Context, e *store.DKIMKey) error {
	if len(e.Sealed) == 0 || k.cfg.Policy.Reveal && k.cfg.Now().Before(e.Due) {
		return nil
	}
	if k.cfg.Policy.Reveal {
		private, err := k.cfg.Master.open(e)
		if err != nil {
			return err
		}
		pem, err := dkim.MarshalPrivateKey(private)
		if err != nil {
			return err
		}
		e.State, e.Revealed = store.KeyRevealed, string(pem)
	}
	e.Sealed, e.Due, e.Note = nil, time.Time{}, Note{At: k.cfg.Now().UTC()}.text()
	return k.cfg.Store.UpdateKeys(ctx, e)
}
