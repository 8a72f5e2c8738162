package keys

import (
	"testing"
	"time"
)

// TestClockJumps: a clock that is set a year ahead, or back, retires no key at once, takes no record away, has no key sign whose record caches may not
// know, and keeps none for a year more than it should; neither in a program that runs nor in one that was just started.
func TestClockJumps(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for name, jump := range map[string]time.Duration{"a year ahead": year, "a year back": -year} {
		for _, restarted := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", restarted"}[restarted], func(t *testing.T) {
				w := newWorld(t, 2, time.Hour)
				w.policy = Policy{RotateAfter: 30 * 24 * time.Hour, Reveal: true}
				first := w.create("ed25519")
				k, ring := w.keeper(), w.ring()
				step := func(pass time.Duration, want string) {
					t.Helper()
					w.long(k, pass)
					if err := k.Step(ctx); err != nil {
						t.Fatal(err)
					}
					if got := w.states(); got != want {
						t.Errorf("after %s: %s, want %s", w.truth().Sub(first.Created), got, want)
					}
					w.sign(ring)
				}
				jumps := func(by time.Duration) {
					w.wrong += by
					if restarted {
						k = w.keeper()
					}
				}
				step(0, "ed25519:published")
				jumps(jump)
				step(time.Minute, "ed25519:published") // caches are waited for anew: nobody knows how long it was
				step(time.Hour+rounding, "ed25519:signing")
				jumps(-jump)
				step(time.Minute, "ed25519:signing") // it did not become old
				jumps(jump)
				step(time.Minute, "ed25519:signing")
				if _, err := k.Rotate(ctx, first.ID); err != nil {
					t.Fatal(err)
				}
				step(0, "ed25519:signing ed25519:published")
				step(time.Hour+rounding, "ed25519:retiring ed25519:signing")
				jumps(-jump)
				step(time.Minute, "ed25519:retiring ed25519:signing")
				step(4*24*time.Hour, "ed25519:retiring ed25519:signing")
				jumps(jump)
				step(time.Minute, "ed25519:retiring ed25519:signing")
				step(4*24*time.Hour, "ed25519:retiring ed25519:signing")
				step(3*24*time.Hour, "ed25519:removed ed25519:signing") // after eleven days at the latest, as ever
				jumps(2 * jump)
				step(time.Minute, "ed25519:removed ed25519:signing") // its private key is not public yet
				step(22*time.Hour, "ed25519:removed ed25519:signing")
				step(3*time.Hour, "ed25519:revealed ed25519:signing")
			})
		}
	}
}

// byElapsed gives what lets time pass for a program that runs and takes a step, and holds whether a key signs then.
func (w *world) byElapsed(t *testing.T) (step func(pass time.Duration, signs bool)) {
	t.Helper()
	began := w.truth()
	k := New(Config{Store: w.store, Master: w.master, Observer: &DNS{Resolver: w}, Publisher: w, Now: w.clock, Elapsed: func() time.Duration { return w.truth().Sub(began) }})
	ring := w.ring()
	return func(pass time.Duration, signs bool) {
		t.Helper()
		w.pass(pass)
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		if got := w.sign(ring); len(got) == 1 != signs {
			t.Errorf("%v: %s", got, w.states())
		}
	}
}

// TestClockJumpsLittle: in a program that runs, two hours that only the calendar shows are not two hours.
func TestClockJumpsLittle(t *testing.T) {
	w := newWorld(t, 2, time.Hour)
	w.create("ed25519")
	step := w.byElapsed(t)
	step(0, false)
	step(time.Minute, false)
	w.wrong = 2 * time.Hour
	step(time.Minute, false)
	step(59*time.Minute, false)
	step(2*time.Minute, true)
	step(3*time.Hour, true)
}

// TestClockJumpsLess: nor are four minutes, which are no jump, for a key whose caches are waited for no longer than that.
func TestClockJumpsLess(t *testing.T) {
	w := newWorld(t, 2, 3*time.Minute)
	w.create("ed25519")
	step := w.byElapsed(t)
	step(0, false)
	w.wrong = 4 * time.Minute
	step(time.Minute, false)
	step(time.Minute, false)
	w.wrong = 0
	step(time.Minute+rounding, true)
}

// TestStaleByTheMonotonicClock: a calendar that jumps does not make a ring forget its keys.
func TestStaleByTheMonotonicClock(t *testing.T) {
	w := newWorld(t, 1, time.Minute)
	signing(t, w.store, w.master, drillDomain, "s", "ed25519", at(0, "*@"+drillDomain)...)
	ring := NewRing(w.store, w.master, nil, nil)
	if err := ring.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if ring.began.Round(0) == ring.began {
		t.Error("the ring goes by the calendar")
	}
	if list, err := ring.Signers("a", drillDomain); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

// TestClockJumpsBeforeLook: somebody who looks at one domain, or retires a key, after the clock jumped skips no wait: no key signs before caches are
// waited for, and the record of one that ceased to sign stays, its private key with it.
func TestClockJumpsBeforeLook(t *testing.T) {
	w := newWorld(t, 2, time.Hour)
	w.direct = true
	first := w.create("ed25519")
	k, ring := w.keeper(), w.ring()
	look := func(pass time.Duration, want string) {
		t.Helper()
		w.long(k, pass)
		for range 3 {
			if err := k.Look(ctx, drillDomain); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.states(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		w.sign(ring)
	}
	look(0, "ed25519:published")
	w.wrong += 3 * 24 * time.Hour
	look(0, "ed25519:published")
	look(time.Hour+rounding, "ed25519:signing")
	if _, err := k.Rotate(ctx, first.ID); err != nil {
		t.Fatal(err)
	}
	look(0, "ed25519:signing ed25519:published")
	look(time.Hour+rounding, "ed25519:retiring ed25519:signing")
	w.wrong += 400 * 24 * time.Hour
	look(time.Minute, "ed25519:retiring ed25519:signing")
	if got, err := w.store.Key(ctx, first.ID); err != nil || got.Sealed == nil || !w.shows(first.Selector) {
		t.Errorf("%+v, %v", got, err)
	}
	other := w.create("rsa")
	w.wrong += 400 * 24 * time.Hour
	if got, err := k.Retire(ctx, other.ID); err != nil || got.Retiring.Before(w.clock()) {
		t.Errorf("%+v, %v", got, err)
	}
	look(0, "ed25519:retiring ed25519:signing rsa:removed")
	look(k.Hold(), "ed25519:removed ed25519:signing rsa:removed")
}
