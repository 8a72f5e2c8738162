package keys

import (
	"context"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// monitorEvery is how often the record of a signing key is looked for; monitorSoon is that where its predecessor is
// still published.
const (
	monitorEvery = 3 * time.Hour
	monitorSoon  = 5 * time.Minute
)

// monitor looks whether every server still shows the record of a signing key. Where one does not, and all show that of
// its predecessor, that one signs again.
func (k *Keeper) monitor(ctx context.Context, e *store.DKIMKey, series []*store.DKIMKey) error {
	was := before(series, e)
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
		if theirs := k.observe(ctx, recordName(was), was.Record); theirs.Shown() && k.Unreadable(was) == "" {
			return k.swapBack(ctx, e, was, o)
		}
	}
	return k.note(ctx, e, "", problem, o)
}

// swapBack has the predecessor sign again, while the key waits for its record anew. When it began to sign stays known: mail is on its way with its signature.
func (k *Keeper) swapBack(ctx context.Context, e, was *store.DKIMKey, o Observation) error {
	now := k.cfg.Now()
	e.State, e.Seen, e.Due = store.KeyPrepared, time.Time{}, time.Time{}
	e.TTL = max(e.TTL, o.TTL)
	Note{At: now.UTC(), Waits: WaitsServers, Problem: "a name server ceased to show the record; the key before signs again", Observation: o}.keep(e)
	was.State, was.Signing, was.Retiring, was.Due = store.KeySigning, now, time.Time{}, time.Time{}
	Note{At: now.UTC()}.keep(was)
	if err := k.cfg.Store.UpdateKeys(ctx, e, was); err != nil {
		return err
	}
	k.cfg.Log.Warn("a name server ceased to show the record of a key; the key before signs again", "key", e.ID, "domain", e.Domain, "selector", e.Selector, "again", was.Selector)
	return nil
}
