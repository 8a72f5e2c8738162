package keys

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// TestRetire: a key goes out of use where another one signs, its record stays for as long as mail may need it, and one that never signed goes at once.
func TestRetire(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	rsa := w.create("rsa")
	k, ring := w.keeper(), w.ring()
	look := func(n int) {
		t.Helper()
		for range n {
			if err := k.Look(ctx, rsa.Domain); err != nil { // as Step, of one domain
				t.Fatal(err)
			}
			w.pass(6 * time.Minute)
		}
	}
	look(2)
	if _, err := k.Retire(ctx, rsa.ID); !errors.Is(err, ErrInUse) {
		t.Errorf("the only one that signs: %v", err)
	}
	ed := w.create("ed25519")
	if _, err := k.Retire(ctx, rsa.ID); !errors.Is(err, ErrInUse) {
		t.Errorf("the other one does not sign yet: %v", err)
	}
	look(2)
	if got := w.sign(ring); len(got) != 2 {
		t.Fatalf("%v; %s", got, w.states())
	}
	next, err := k.Rotate(ctx, rsa.ID)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := k.Retire(ctx, rsa.ID); err != nil || e.State != store.KeyRetiring || e.Due.Before(w.clock().Add(k.Hold()-time.Minute)) {
		t.Errorf("%+v, %v", e, err)
	}
	if got := w.sign(ring); len(got) != 1 || got[0] != ed.Selector {
		t.Errorf("%v; %s", got, w.states())
	}
	look(2)
	if !w.shows(rsa.Selector) || w.shows(next.Selector) {
		t.Errorf("%s: the record of the one that signed must stay, that of the successor go", w.states())
	}
	for _, id := range []string{rsa.ID, next.ID} {
		if _, err := k.Retire(ctx, id); !errors.Is(err, ErrNothing) {
			t.Errorf("a second time: %v", err)
		}
	}
	w.long(k, k.Hold())
	look(1)
	if w.shows(rsa.Selector) {
		t.Error(w.states())
	}
	if err := k.Look(ctx, "none.example"); err != nil {
		t.Error(err)
	}
}

// TestGiveUpFirst: a first key that does not sign yet is given up.
func TestGiveUpFirst(t *testing.T) {
	w := newWorld(t, 1, time.Minute)
	e := w.create("ed25519")
	k := w.keeper()
	if _, err := k.Retire(ctx, e.ID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := k.Look(ctx, e.Domain); err != nil {
			t.Fatal(err)
		}
		w.pass(6 * time.Minute)
	}
	if w.states() != "ed25519:removed" {
		t.Error(w.states())
	}
}

// TestSwappedBackHasSigned: of a key that signed and ceased to, because a server lost its record, mail is on its way. However it goes out of use, its
// record stays for as long as that mail lives, its private key is revealed later, as that of every key that signed, and it is not deleted unless forced to.
func TestSwappedBackHasSigned(t *testing.T) {
	for what, giveUp := range map[string]func(k *Keeper, first, next string) error{
		"rolled back":              func(k *Keeper, _, next string) error { _, err := k.Rollback(ctx, next); return err },
		"retired":                  func(k *Keeper, _, next string) error { _, err := k.Retire(ctx, next); return err },
		"retired with the signing": func(k *Keeper, first, _ string) error { _, err := k.Retire(ctx, first); return err },
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, 2, time.Minute)
			w.direct, w.policy.Reveal = true, true
			first := w.create("ed25519")
			w.create("rsa") // signs beside it
			k, ring := w.keeper(), w.ring()
			steps := func(n int) {
				t.Helper()
				for range n {
					if err := k.Step(ctx); err != nil {
						t.Fatal(err)
					}
					w.pass(6 * time.Minute)
				}
			}
			steps(3)
			next, err := k.Rotate(ctx, first.ID)
			if err != nil {
				t.Fatal(err)
			}
			if err := k.Delete(ctx, w.create("ed25519").ID, false); err != nil {
				t.Errorf("one that never signed: %v", err)
			}
			steps(3)
			if got := w.sign(ring); !slices.Contains(got, next.Selector) {
				t.Fatalf("%v, %s", got, w.states())
			}
			if err := w.servers[1].zone.Apply(k.Withdraw(&next)); err != nil {
				t.Fatal(err)
			}
			steps(1)
			if got := w.sign(ring); !slices.Contains(got, first.Selector) {
				t.Fatalf("%v, %s", got, w.states())
			}
			if err := k.Delete(ctx, next.ID, false); !errors.Is(err, ErrInUse) {
				t.Errorf("deleted: %v", err)
			}
			w.put(t, recordName(&next), next.Record)
			if err := giveUp(k, first.ID, next.ID); err != nil {
				t.Fatal(err)
			}
			steps(2)
			w.long(k, k.Hold()-time.Hour)
			steps(1)
			if got, err := w.store.Key(ctx, next.ID); err != nil || got.State != store.KeyRetiring || got.Sealed == nil || !w.shows(next.Selector) {
				t.Errorf("%s, %v", got.State, err)
			}
			w.pass(time.Hour)
			steps(2)
			if got, err := w.store.Key(ctx, next.ID); err != nil || got.State != store.KeyRemoved || got.Sealed == nil || w.shows(next.Selector) {
				t.Errorf("%s, %v", got.State, err)
			}
			w.pass(24 * time.Hour)
			steps(1)
			if got, err := w.store.Key(ctx, next.ID); err != nil || got.State != store.KeyRevealed {
				t.Errorf("%s, %v", got.State, err)
			}
			if err := k.Delete(ctx, next.ID, false); err != nil {
				t.Error(err)
			}
		})
	}
}
