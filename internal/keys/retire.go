package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/todoku/todoku/internal/store"
)

// Retire takes a key out of use without one in its place: a signing one ceases to sign, and its record stays for as long as mail may need it; one
// that does not sign yet is given up. A successor on its way is given up with it. ErrInUse: no other key of the domain signs, so that its mail would
// go out unsigned; ErrNothing: it is out of use already.
func (k *Keeper) Retire(ctx context.Context, id string) (store.DKIMKey, error) {
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
		return store.DKIMKey{}, fmt.Errorf("%w: it is out of use already", ErrNothing)
	}
	now, changed := k.cfg.Now(), []*store.DKIMKey{e}
	if e.State != store.KeySigning {
		k.cease(e, now, now)
	} else {
		if err := k.othersSign(ctx, e); err != nil {
			return store.DKIMKey{}, err
		}
		if next := inState(series, store.KeyPrepared, store.KeyPublished); next != nil {
			k.cease(next, now, now)
			changed = append(changed, next)
		}
		k.cease(e, now, now.Add(k.Hold()))
	}
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
		return fmt.Errorf("%w: no other key of %s signs", ErrInUse, e.Domain)
	}
	return nil
}

// Look takes the steps of the keys of one domain that may be taken now, as [Keeper.Step] does of all, whichever node is at those: two that take
// the same step do no harm.
func (k *Keeper) Look(ctx context.Context, domain string) error {
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
