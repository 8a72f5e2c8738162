package keys

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/publish"
	"github.com/todoku/todoku/internal/store"
)

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
	e.TTL = max(e.TTL, o.TTL)
	Note{At: k.cfg.Now().UTC(), Waits: WaitsServers, Observation: o}.keep(e)
	return true, k.cfg.Store.UpdateKeys(ctx, e)
}

// problemTaken is what is wrong where somebody else's key has the name.
const problemTaken = "the name has the record of another key, beside which nothing is published: take that record away, or make a key with another selector"

// taken reports that the name of a key has the record of another one: its own, not that of a wildcard, which ends where ours is published.
func (k *Keeper) taken(ctx context.Context, e *store.DKIMKey, o Observation) bool {
	if !o.Taken {
		return false
	}
	nobody := k.observe(ctx, "todoku-"+store.NewID()+"._domainkey."+e.Domain, e.Record)
	return !nobody.Taken
}

// advance brings a key towards signing: published, seen at every server, and waited for until no cache can know otherwise.
func (k *Keeper) advance(ctx context.Context, e *store.DKIMKey, series []*store.DKIMKey) error {
	if seen, err := k.first(ctx, e); err != nil || !seen {
		return err
	}
	// Also before it is published: it may be there by another text, beside which ours must not be.
	s := sight{waits: WaitsServers, o: k.observe(ctx, recordName(e), e.Record)}
	if !s.o.Shown() {
		// A server lost it, perhaps the very one to which it is published: what caches learned meanwhile is waited for anew. That is
		// kept before the record is published again, or a node that died in between would leave nobody who knows.
		if err := k.beginAnew(ctx, e, s.o); err != nil {
			return err
		}
		s = k.announce(ctx, e, s.o)
	}
	s.problem = cmp.Or(s.problem, s.o.Detail)
	return k.settle(ctx, e, series, s)
}

// sight is what was seen of a key that does not sign yet, what it waits for, and what is wrong.
type sight struct {
	o              Observation
	waits, problem string
}

// announce publishes the record of a key that some server does not show, unless one has somebody else's key there or this one by another text, and looks
// again; nor where none answers, and nobody knows. Such a text comes from the primary server, or goes from the others as it went from there: either way they agree before long.
func (k *Keeper) announce(ctx context.Context, e *store.DKIMKey, o Observation) sight {
	s := sight{o: o, waits: WaitsServers}
	if k.taken(ctx, e, o) { // published beside it neither could be verified
		s.problem = cmp.Or(o.Detail, problemTaken)
		return s
	}
	heard := slices.ContainsFunc(o.Servers, func(v Server) bool { return v.Has != Unreachable })
	if !heard && !k.ByHand(e) || slices.ContainsFunc(o.known(e), func(text string) bool { return text != e.Record }) {
		return s
	}
	switch err := k.cfg.Publisher.Apply(ctx, []dns.Change{k.publish(e, e.Record)}); {
	case errors.Is(err, publish.ErrByHand):
		s.waits = WaitsPublish
	case err != nil:
		s.problem = err.Error()
	}
	s.o = k.observe(ctx, recordName(e), e.Record)
	s.o.TTL = max(s.o.TTL, o.TTL) // what was there before caches may know still
	return s
}

// settle gives a key the state in which it is by what was seen, and has it sign when its time has come.
func (k *Keeper) settle(ctx context.Context, e *store.DKIMKey, series []*store.DKIMKey, s sight) error {
	before, now := *e, k.cfg.Now() // after the last answer: nobody can have asked later that saw less
	e.TTL = max(e.TTL, s.o.TTL)
	switch {
	case !s.o.Shown():
		e.State, e.Seen, e.Due = store.KeyPrepared, time.Time{}, time.Time{}
	case e.Seen.IsZero():
		e.State, e.Seen, e.Due = store.KeyPublished, now, now.Add(forgotten(e.TTL))
		s.waits = WaitsCaches
		k.begins(e)
	default:
		e.State, e.Due = store.KeyPublished, e.Seen.Add(forgotten(e.TTL))
		if s.waits = WaitsCaches; !now.Before(e.Due) && k.waited(e) {
			unreadable := k.Unreadable(e) // whoever signs could not, and the key before it would have ceased to
			if unreadable == "" {
				return k.promote(ctx, e, series, s.o)
			}
			s.problem = unreadable
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
	return k.note(ctx, e, s.waits, s.problem, s.o)
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
	Note{At: now.UTC(), Observation: o}.keep(e)
	for _, was := range series {
		if was != e && was.State == store.KeySigning {
			k.cease(was, now)
			changed = append(changed, was)
		}
	}
	if err := k.cfg.Store.UpdateKeys(ctx, changed...); err != nil {
		return err
	}
	k.cfg.Log.Info("a key signs now", "key", e.ID, "domain", e.Domain, "selector", e.Selector, "in place of", e.Replaces)
	return nil
}

// hasSigned reports that mail with a signature of a key may be on its way, also where the key waits to sign again.
func hasSigned(e *store.DKIMKey) bool { return e.State == store.KeySigning || !e.Signing.IsZero() }

// cease takes a key out of use. The record of one that has signed stays for as long as mail may need it.
func (k *Keeper) cease(e *store.DKIMKey, now time.Time) {
	due := now
	if hasSigned(e) {
		due = now.Add(k.Hold())
	}
	e.TTL = max(e.TTL, NoteOf(e).Record) // for who comes after it at its name: caches keep the record for so long
	e.State, e.Retiring, e.Due, e.Seen = store.KeyRetiring, now, due, time.Time{}
	Note{At: now.UTC(), Waits: WaitsMail}.keep(e)
}
