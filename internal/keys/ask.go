package keys

import (
	"context"
	"errors"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// series gives the keys of the series of a key that are not gone.
func (k *Keeper) series(ctx context.Context, id string) ([]*store.DKIMKey, error) {
	e, err := k.cfg.Store.Key(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := k.cfg.Store.Keys(ctx, e.Domain, false)
	if err != nil {
		return nil, err
	}
	for _, series := range bySeries(list) {
		if series[0].Series == e.Series {
			return series, nil
		}
	}
	return nil, ErrNothing
}

// Rotate makes a successor to the signing key of the series that a key is in. Where there is one on its way already, it
// gives that. ErrNothing: no key of the series signs. ErrBusy: its selectors alternate, and the other one still has the record of the key before.
func (k *Keeper) Rotate(ctx context.Context, id string) (store.DKIMKey, error) {
	if err := k.keepTime(ctx); err != nil {
		return store.DKIMKey{}, err
	}
	series, err := k.series(ctx, id)
	if err != nil {
		return store.DKIMKey{}, err
	}
	next, err := k.rotate(ctx, series)
	if !errors.Is(err, store.ErrExists) {
		return next, err
	}
	if series, err := k.series(ctx, id); err == nil { // somebody else made one in the same moment
		if next := inState(series, store.KeyPrepared, store.KeyPublished); next != nil {
			return *next, nil
		}
	}
	return next, err
}

func (k *Keeper) rotate(ctx context.Context, series []*store.DKIMKey) (store.DKIMKey, error) {
	e := inState(series, store.KeySigning)
	if e == nil {
		return store.DKIMKey{}, said.Error("%w: none signs in this series", "%v: 署名中の鍵がありません", ErrNothing)
	}
	if next := inState(series, store.KeyPrepared, store.KeyPublished); next != nil {
		return *next, nil
	}
	if err := k.mayKeep(ctx); err != nil {
		return store.DKIMKey{}, err
	}
	made := store.DKIMKey{Domain: e.Domain, Series: e.Series, Replaces: e.ID, Created: k.cfg.Now()}
	for _, o := range series {
		if !made.Created.After(o.Created) { // the clock was set back: the order must stay
			made.Created = o.Created.Add(time.Millisecond)
		}
	}
	if err := k.alternate(ctx, e, &made); err != nil {
		return store.DKIMKey{}, err
	}
	private, err := dkim.GenerateKey(e.Algorithm, successorBits(e.Bits))
	if err != nil {
		return store.DKIMKey{}, err
	}
	return k.begin(ctx, private, made, nil, nil)
}

// successorBits is the size of the RSA key that comes after one of a size, which another program may have made: as large, but of those that are
// made here.
func successorBits(bits int) int {
	for _, b := range []int{2048, 3072} {
		if bits <= b {
			return b
		}
	}
	return dkim.MaxGeneratedBits
}

// Rollback undoes the last rotation of the series that a key is in. A successor that does not sign yet is given up; of one that signs,
// the predecessor signs again, if every name server still shows its record (else ErrNotShown). It gives the key that signs then.
// ErrNothing: there is nothing to go back to; ErrNoRotation, which is one of these: no key was replaced, or that key is gone.
func (k *Keeper) Rollback(ctx context.Context, id string) (store.DKIMKey, error) {
	if err := k.keepTime(ctx); err != nil {
		return store.DKIMKey{}, err
	}
	series, err := k.series(ctx, id)
	if err != nil {
		return store.DKIMKey{}, err
	}
	now := k.cfg.Now()
	signs := inState(series, store.KeySigning)
	if next := inState(series, store.KeyPrepared, store.KeyPublished); next != nil {
		if signs == nil {
			return store.DKIMKey{}, said.Error("%w: the first key of a series is not taken back; delete it", "%v: 最初の鍵は取り消せません。不要なら削除してください", ErrNothing)
		}
		k.cease(next, now)
		if err := k.cfg.Store.UpdateKeys(ctx, next); err != nil {
			return store.DKIMKey{}, err
		}
		k.cfg.Log.Info("a rotation was given up", "domain", next.Domain, "selector", next.Selector, "signs", signs.Selector)
		return *signs, nil
	}
	was := before(series, signs)
	if was == nil {
		return store.DKIMKey{}, ErrNoRotation
	}
	if k.cfg.Master != nil && len(was.Sealed) > 0 {
		if err := k.cfg.Master.tries(was); err != nil {
			return store.DKIMKey{}, err
		}
	}
	if o := k.observe(ctx, recordName(was), was.Record); !o.Shown() {
		return store.DKIMKey{}, said.Error("%w of %s: %s", "%v (%s): %s", ErrNotShown, recordName(was), said.Text{EN: o.summary(), JA: o.summaryJapanese()})
	}
	k.cease(signs, now)
	was.State, was.Signing, was.Retiring, was.Due = store.KeySigning, now, time.Time{}, time.Time{}
	Note{At: now.UTC()}.keep(was)
	if err := k.cfg.Store.UpdateKeys(ctx, signs, was); err != nil {
		return store.DKIMKey{}, err
	}
	k.cfg.Log.Info("a rotation was taken back", "domain", was.Domain, "ceased", signs.Selector, "signs", was.Selector)
	return *was, nil
}

// summaryJapanese is summary in Japanese.
func (o *Observation) summaryJapanese() string {
	text := o.summary()
	if o.Detail == "" {
		for _, s := range o.Servers {
			if s.Has != Shows {
				text = s.Detail
				if ja, ok := Japanese(text); ok {
					text = ja
				}
				return s.Name + " (" + text + ")"
			}
		}
		return "ネームサーバーを確認できません"
	}
	text, _ = Japanese(text)
	return text
}

// summary says in a few words what is not as it should be.
func (o *Observation) summary() string {
	if o.Detail != "" {
		return o.Detail
	}
	for _, s := range o.Servers {
		if s.Has != Shows {
			return s.Name + ": " + s.Has + " (" + s.Detail + ")"
		}
	}
	return "no name server was seen"
}
