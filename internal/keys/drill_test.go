package keys

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// TestNegativeTTLIsWaitedOut: step by step.
func TestNegativeTTLIsWaitedOut(t *testing.T) {
	w := newWorld(t, 2, time.Hour)
	w.lag = func() time.Duration { return 30 * time.Minute }
	w.create("ed25519")
	k, ring := w.keeper(), w.ring()
	step := func(pass time.Duration, want string, signs bool) {
		t.Helper()
		w.long(k, pass)
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		if got := w.states(); got != want {
			t.Errorf("after %s: %s, want %s", w.clock().Format(time.TimeOnly), got, want)
		}
		if got := w.sign(ring); (len(got) > 0) != signs {
			t.Errorf("at %s these sign: %v", w.clock().Format(time.TimeOnly), got)
		}
	}
	step(0, "ed25519:prepared", false)               // the primary shows it
	step(29*time.Minute, "ed25519:prepared", false)  // the secondary does not
	step(time.Minute, "ed25519:published", false)    // both do; who asked the secondary a moment ago knows otherwise for an hour
	step(59*time.Minute, "ed25519:published", false) // not yet
	step(time.Minute+rounding, "ed25519:signing", true)

	first, _ := w.store.Keys(ctx, "", false)
	next, err := k.Rotate(ctx, first[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := k.Rotate(ctx, first[0].ID); err != nil || again.ID != next.ID || next.Selector == first[0].Selector {
		t.Errorf("a second successor: %v, %v", again, err)
	}
	step(0, "ed25519:signing ed25519:prepared", true)
	step(30*time.Minute, "ed25519:signing ed25519:published", true)
	// A secondary loses the record while caches are waited for: it begins anew.
	ns2 := w.servers[1].zone
	if err := ns2.Apply(k.Withdraw(&next)); err != nil {
		t.Fatal(err)
	}
	step(59*time.Minute, "ed25519:signing ed25519:prepared", true)
	if err := ns2.Apply(k.Publish(&next)); err != nil {
		t.Fatal(err)
	}
	step(time.Minute, "ed25519:signing ed25519:published", true)
	w.servers[1].down.Store(true) // one that does not answer is not one that shows it
	step(2*time.Hour, "ed25519:signing ed25519:prepared", true)
	w.servers[1].down.Store(false)
	step(time.Minute, "ed25519:signing ed25519:published", true)
	step(time.Hour+rounding, "ed25519:retiring ed25519:signing", true)
	step(k.Hold()-time.Minute, "ed25519:retiring ed25519:signing", true)
	step(time.Minute, "ed25519:retiring ed25519:signing", true) // taken from the primary; the secondary lags
	step(30*time.Minute, "ed25519:removed ed25519:signing", true)
}

// applyThen is a publisher after which something happens.
type applyThen struct {
	*world
	then func()
}

func (p applyThen) Apply(ctx context.Context, c []dns.Change) error {
	defer p.then()
	return p.world.Apply(ctx, c)
}

// TestPrimaryLosesRecord: the server to which records are published loses one, and the next step publishes it again. Resolvers that asked meanwhile know
// that it is not there: they are waited for, also where the node dies just after it has published.
func TestPrimaryLosesRecord(t *testing.T) {
	for _, dies := range []bool{false, true} {
		w := newWorld(t, 2, time.Hour)
		e := w.create("ed25519")
		k, ring := w.keeper(), w.ring()
		step := func(ctx context.Context) {
			if err := k.Step(ctx); err != nil && !dies {
				t.Fatal(err)
			}
		}
		step(ctx)
		w.pass(50 * time.Minute)
		if err := w.servers[0].zone.Apply(k.Withdraw(&e)); err != nil {
			t.Fatal(err)
		}
		w.pass(9 * time.Minute)
		if dies {
			ctx, cancel := context.WithCancel(ctx)
			k = New(Config{Store: w.store, Master: w.master, Observer: &DNS{Resolver: w}, Publisher: applyThen{w, cancel}, Now: w.clock})
			step(ctx)
			w.pass(16 * time.Minute) // its lease ends
			k, dies = w.keeper(), false
		}
		for range 5 {
			step(ctx)
			if got := w.sign(ring); len(got) > 0 {
				t.Fatalf("at %s: %s", w.truth(), w.states())
			}
			w.pass(10 * time.Minute)
		}
		w.pass(20 * time.Minute)
		if step(ctx); len(w.sign(ring)) != 1 {
			t.Error(w.states())
		}
	}
}

// TestLongerTTL: what stood at the name before (a wildcard, an old record) is kept by caches for longer than a negative answer.
func TestLongerTTL(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	for _, s := range w.servers {
		if err := s.zone.Apply(dns.Change{Action: dns.Add, Name: "*._domainkey.example.com", Type: dns.TypeTXT, TTL: 7200, Data: []string{"v=DKIM1; p="}}); err != nil {
			t.Fatal(err)
		}
	}
	e := w.create("ed25519")
	if err := w.keeper().Step(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := w.store.Key(ctx, e.ID)
	if err != nil || got.State != store.KeyPublished || got.TTL != 2*time.Hour || !got.Due.Equal(w.clock().Add(2*time.Hour+rounding)) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestByHand: the record is shown and watched for; nobody publishes it.
func TestByHand(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	w.hand = true
	e := w.create("ed25519")
	k := w.keeper()
	see := func(state, waits string) {
		t.Helper()
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		got, err := w.store.Key(ctx, e.ID)
		if n := NoteOf(&got); err != nil || got.State != state || n.Waits != waits {
			t.Errorf("%s %s (%v), want %s %s", got.State, n.Waits, err, state, waits)
		}
	}
	see(store.KeyPrepared, WaitsPublish)
	w.hand = false // somebody does
	_ = w.Apply(ctx, []dns.Change{k.Publish(&e)})
	w.pass(time.Second)
	w.hand = true
	see(store.KeyPublished, WaitsCaches)
	w.pass(time.Minute + rounding)
	see(store.KeySigning, "")
	next, err := k.Rotate(ctx, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Apply(ctx, []dns.Change{k.Publish(&next)})
	for range 3 {
		w.pass(2 * time.Minute)
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	see(store.KeyRetiring, WaitsMail)
	w.long(k, k.Hold())
	see(store.KeyRetiring, WaitsRemove)
	_ = w.Apply(ctx, []dns.Change{k.Withdraw(&e)})
	w.pass(time.Second)
	see(store.KeyRemoved, "")
}

// TestLostRecord: where a server ceases to show the key that signs, its predecessor signs again, until all is well.
func TestLostRecord(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	w.create("ed25519")
	k, ring := w.keeper(), w.ring()
	steps := func(n int) {
		for range n {
			if err := k.Step(ctx); err != nil {
				t.Fatal(err)
			}
			w.pass(6 * time.Minute)
		}
	}
	steps(3)
	list, _ := w.store.Keys(ctx, "", false)
	next, err := k.Rotate(ctx, list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	steps(3)
	if got := w.sign(ring); len(got) != 1 || got[0] != next.Selector {
		t.Fatalf("%v, %s", got, w.states())
	}
	if err := w.servers[1].zone.Apply(k.Withdraw(&next)); err != nil { // restored from an old copy
		t.Fatal(err)
	}
	steps(1)
	if got := w.sign(ring); len(got) != 1 || got[0] != list[0].Selector || w.states() != "ed25519:signing ed25519:prepared" {
		t.Errorf("%v, %s", got, w.states())
	}
	_ = w.servers[1].zone.Apply(k.Publish(&next))
	steps(2)
	if got := w.sign(ring); len(got) != 1 || got[0] != next.Selector {
		t.Errorf("%v, %s", got, w.states())
	}
}

// TestRollback: before and after the successor signs, and not where a server does not show the key before.
func TestRollback(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	first := w.create("ed25519")
	k, ring := w.keeper(), w.ring()
	steps := func(n int) {
		for range n {
			if err := k.Step(ctx); err != nil {
				t.Fatal(err)
			}
			w.pass(6 * time.Minute)
		}
	}
	if _, err := k.Rollback(ctx, first.ID); !errors.Is(err, ErrNothing) {
		t.Errorf("of the first key: %v", err)
	}
	if _, err := k.Rotate(ctx, first.ID); !errors.Is(err, ErrNothing) {
		t.Errorf("nothing signs yet: %v", err)
	}
	steps(2)
	second, err := k.Rotate(ctx, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	steps(1)
	if signs, err := k.Rollback(ctx, second.ID); err != nil || signs.ID != first.ID {
		t.Errorf("%v, %v", signs, err)
	}
	steps(2)
	if w.states() != "ed25519:signing ed25519:removed" {
		t.Error(w.states())
	}
	third, err := k.Rotate(ctx, first.ID)
	if err != nil || third.Selector == second.Selector {
		t.Fatal(third, err)
	}
	steps(3)
	w.servers[1].down.Store(true)
	if _, err := k.Rollback(ctx, first.ID); !errors.Is(err, ErrNotShown) {
		t.Errorf("with a server down: %v", err)
	} else if ja := said.Japanese(err); !strings.HasPrefix(ja, "レコードが見えないネームサーバーがあります (") || !strings.Contains(ja, "ns2.example.com (") || strings.Contains(ja, "unreachable") {
		t.Errorf("in Japanese: %s", ja)
	}
	w.servers[1].down.Store(false)
	if signs, err := k.Rollback(ctx, first.ID); err != nil || signs.ID != first.ID {
		t.Errorf("%v, %v", signs, err)
	}
	if got := w.sign(ring); len(got) != 1 || got[0] != first.Selector {
		t.Errorf("%v signs; %s", got, w.states())
	}
	steps(1)
	if w.states() != "ed25519:signing ed25519:removed ed25519:retiring" {
		t.Error(w.states())
	}
}

// TestReveal: the private key becomes public a day after no server shows its record, if that is wanted.
func TestReveal(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	w.policy.Reveal = true
	first := w.create("ed25519")
	k := w.keeper()
	step := func(pass time.Duration) {
		t.Helper()
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		w.long(k, pass+rounding)
	}
	step(time.Minute)
	step(time.Minute)
	if _, err := k.Rotate(ctx, first.ID); err != nil {
		t.Fatal(err)
	}
	step(time.Minute)
	step(k.Hold())
	step(time.Minute)
	step(23 * time.Hour)
	step(time.Hour)
	if got, _ := w.store.Key(ctx, first.ID); got.State != store.KeyRemoved || got.Revealed != "" || got.Sealed == nil {
		t.Errorf("before a day is over: %s", w.states())
	}
	step(time.Minute)
	got, _ := w.store.Key(ctx, first.ID)
	if got.State != store.KeyRevealed || !strings.Contains(got.Revealed, "PRIVATE KEY") || got.Sealed != nil {
		t.Errorf("after it: %s", w.states())
	}
}

// TestDatabaseAway: what is known goes on signing, and not for longer than old keys are published.
func TestDatabaseAway(t *testing.T) {
	w := newWorld(t, 1, time.Minute)
	w.create("ed25519")
	k, ring := w.keeper(), w.ring()
	if _, err := ring.Signers("a", drillDomain); !errors.Is(err, ErrNotLoaded) {
		t.Errorf("before it was read: %v", err)
	}
	for range 2 {
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute + rounding)
	}
	w.sign(ring)
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	w.pass(StaleAfter - time.Hour)
	if err := ring.Refresh(ctx); err == nil {
		t.Error("a closed database was read")
	}
	if got, err := ring.Signers("a", drillDomain); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	w.pass(2 * time.Hour)
	if _, err := ring.Signers("a", drillDomain); !errors.Is(err, ErrStale) {
		t.Errorf("too long: %v", err)
	}
	if err := k.Step(ctx); err == nil {
		t.Error("a step without a database")
	}
	if _, err := os.Stat(w.database); err != nil {
		t.Fatal(err)
	}
	w.open()
	again := NewRing(w.store, w.master, nil, w.clock)
	if got := w.sign(again); len(got) != 1 {
		t.Errorf("it came back: %v", got)
	}
}

// TestTwoNodesAtOnce: nodes that take steps at the same time, without regard to the lease, leave one key signing.
func TestTwoNodesAtOnce(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	w.create("ed25519")
	var g errgroup.Group
	for range 2 {
		k := w.keeper()
		g.Go(func() error {
			for range 40 {
				if err := errors.Join(k.Step(ctx), k.Release(ctx)); err != nil {
					return err
				}
				w.pass(time.Minute)
				list, err := w.store.Keys(ctx, "", false)
				if err != nil {
					return err
				}
				for _, series := range bySeries(list) { // past the lease
					if err := k.stepSeries(ctx, series); err != nil && !errors.Is(err, store.ErrConflict) {
						return err
					}
				}
				if _, err := k.Rotate(ctx, list[0].ID); err != nil && !errors.Is(err, ErrNothing) && !errors.Is(err, store.ErrExists) {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	states := w.states()
	if strings.Count(states, store.KeySigning) != 1 || strings.Count(states, store.KeyPrepared)+strings.Count(states, store.KeyPublished) > 1 || !strings.Contains(states, store.KeyRetiring) {
		t.Error(states)
	}
}

// TestLostRecordAfterGivenUp: the predecessor signs again also where a younger key than it retires, whose rotation was given up or taken back.
func TestLostRecordAfterGivenUp(t *testing.T) {
	for what, signed := range map[string]bool{"given up": false, "taken back": true} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, 2, time.Minute)
			w.direct, w.hand = true, true
			k, ring := w.keeper(), w.ring()
			steps := func(e *store.DKIMKey, n int) {
				t.Helper()
				if e != nil {
					w.put(t, recordName(e), e.Record)
				}
				for range n {
					if err := k.Step(ctx); err != nil {
						t.Fatal(err)
					}
					w.pass(6 * time.Minute)
				}
			}
			first := w.create("ed25519")
			steps(&first, 3)
			rotate := func(n int) store.DKIMKey {
				t.Helper()
				next, err := k.Rotate(ctx, first.ID)
				if err != nil {
					t.Fatal(err)
				}
				steps(&next, n)
				return next
			}
			rotate(map[bool]int{false: 1, true: 3}[signed])
			if _, err := k.Rollback(ctx, first.ID); err != nil {
				t.Fatal(err)
			}
			third := rotate(3)
			if got := w.sign(ring); len(got) != 1 || got[0] != third.Selector {
				t.Fatalf("%v, %s", got, w.states())
			}
			if err := w.servers[1].zone.Apply(k.Withdraw(&third)); err != nil {
				t.Fatal(err)
			}
			steps(nil, 1)
			if got := w.sign(ring); len(got) != 1 || got[0] != first.Selector || w.states() != "ed25519:signing ed25519:retiring ed25519:prepared" {
				t.Errorf("%v, %s", got, w.states())
			}
		})
	}
}
