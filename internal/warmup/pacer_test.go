package warmup

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/internal/store"
)

func granted(t *testing.T, st *store.Store, now time.Time) int {
	t.Helper()
	list, err := List(ctx, st, now)
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
	return list[0].Today.Granted
}

func plan(t *testing.T, st *store.Store, provider string, steps ...int) {
	t.Helper()
	if err := Plan(ctx, st, "192.0.2.1", provider, "test", daily(steps...), noon); err != nil {
		t.Fatal(err)
	}
}

// TestTakeAll: a message goes to all its recipients, or to none and is not counted.
func TestTakeAll(t *testing.T) {
	st := openStore(t)
	plan(t, st, "gmail", 10)
	plan(t, st, Everybody, 5)
	g := NewGate(st, func() time.Time { return noon })
	take := func(rcpts map[string]int, first, allowed bool, who, why string) {
		t.Helper()
		d, refusing, err := g.TakeAll(ctx, "192.0.2.1", rcpts, first)
		if err != nil || d.Allowed != allowed || refusing != who || d.Why != why {
			t.Errorf("%v: %+v, %q, %v", rcpts, d, refusing, err)
		}
	}
	take(map[string]int{"gmail": 5, "yahoo": 2}, true, true, "", "")
	take(map[string]int{"gmail": 5, "yahoo": 2, "apple": 2}, true, false, Everybody, FullDay) // the share of all others is 5 together
	take(map[string]int{"gmail": 5, "yahoo": 2, "apple": 1}, true, true, "", "")
	take(map[string]int{"gmail": 1}, true, false, "gmail", FullDay)
	take(map[string]int{"gmail": 11}, true, false, "gmail", TooMany)
	take(map[string]int{"gmail": 9}, false, false, "gmail", TooMany)
	g.Return("192.0.2.1", map[string]int{"gmail": 2}, true, noon)
	take(map[string]int{"gmail": 3}, true, false, "gmail", FullDay)
	take(map[string]int{"gmail": 2}, true, true, "", "")
	if d, _, err := g.TakeAll(ctx, "192.0.2.9", map[string]int{"gmail": 1000}, false); err != nil || !d.Allowed || d.Planned {
		t.Errorf("a source without a plan: %+v, %v", d, err)
	}
}

// TestDatabaseAway: while the database is away mail goes at once, and is counted when it is back; or it waits.
func TestDatabaseAway(t *testing.T) {
	name := filepath.Join(t.TempDir(), "w.db")
	st, err := store.Open(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	plan(t, st, "gmail", 1000)
	open, closed := NewPacer(st, false, func() time.Time { return noon }), NewPacer(st, true, func() time.Time { return noon })
	_ = st.Close()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if d, _, err := open.Take(ctx, "192.0.2.1", map[string]int{"gmail": 2}, false); !d.Allowed || err == nil {
				t.Errorf("%+v, %v", d, err)
			}
			if d, _, err := closed.Take(ctx, "192.0.2.1", map[string]int{"gmail": 2}, false); d.Allowed || err == nil || !d.Until.After(noon) {
				t.Errorf("%+v, %v", d, err)
			}
		})
	}
	wg.Wait()
	if !open.resting() {
		t.Error("the database is asked again and again")
	}
	if st, err = store.Open(ctx, name); err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for _, p := range []*Pacer{open, closed} {
		p.gate.store = st
		p.heard(nil) // ten seconds later
		if d, _, err := p.Take(ctx, "192.0.2.1", map[string]int{"gmail": 1}, false); !d.Allowed || err != nil {
			t.Errorf("%+v, %v", d, err)
		}
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
	}
	if n := granted(t, st, noon); n != 102 {
		t.Errorf("%d are counted, want 100 that went meanwhile and 2", n)
	}
}

// TestRefusedKeepsNothing: a message that is too large for what is left of one share, or waits for another provider's, takes nothing from others.
func TestRefusedKeepsNothing(t *testing.T) {
	st := openStore(t)
	plan(t, st, "gmail", 50)
	plan(t, st, "yahoo", 5)
	now := func() time.Time { return noon }
	one, two := NewGate(st, now), NewGate(st, now)
	take := func(g *Gate, rcpts map[string]int, first bool, why string) {
		t.Helper()
		d, _, err := g.TakeAll(ctx, "192.0.2.1", rcpts, first)
		if err != nil || d.Why != why || d.Allowed != (why == "") {
			t.Errorf("%v: %+v, %v; want %q", rcpts, d, err, why)
		}
	}
	kept := func(most int) {
		t.Helper()
		if n := granted(t, st, noon); n > most {
			t.Errorf("%d of 50 are taken, want %d at most", n, most)
		}
	}
	take(one, map[string]int{"gmail": 45}, false, TooMany)
	kept(1)
	take(one, map[string]int{"gmail": 30, "yahoo": 6}, false, TooMany)
	kept(1)
	take(two, map[string]int{"gmail": 30}, false, "")
	take(one, map[string]int{"gmail": 20}, false, Reserved)
	kept(31)
	take(one, map[string]int{"gmail": 20}, false, Reserved) // known for a while
	take(one, map[string]int{"gmail": 5}, false, "")
	take(two, map[string]int{"gmail": 6}, false, Reserved)
	take(two, map[string]int{"gmail": 5}, false, "")
	take(one, map[string]int{"gmail": 1}, false, Reserved)
	take(two, map[string]int{"gmail": 10}, true, "")
	take(two, map[string]int{"gmail": 1}, true, FullDay)
	kept(50)
}

// TestOwedWithoutMail: what went while the database was away is counted when it is back, though no more mail comes; also by a milter that ends.
func TestOwedWithoutMail(t *testing.T) {
	for name, then := range map[string]func(p *Pacer){
		"a while later": func(p *Pacer) { p.Sweep(ctx) },
		"at the end": func(p *Pacer) {
			if err := p.Close(ctx); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := openStore(t)
			plan(t, st, "gmail", 1000)
			plan(t, st, Everybody, 1000)
			p := NewPacer(st, false, func() time.Time { return noon })
			for range 3 {
				if d, _, err := p.unasked("192.0.2.1", map[string]int{"gmail": 2, "yahoo": 1, "apple": 3}, ErrAway); !d.Allowed || err == nil {
					t.Fatal(d, err)
				}
			}
			if d, _, err := p.unasked("192.0.2.2", map[string]int{"gmail": 2}, ErrAway); !d.Allowed || err == nil { // of which there is no plan
				t.Fatal(d, err)
			}
			for range 2 { // once
				then(p)
			}
			list, err := List(ctx, st, noon)
			if err != nil || list[0].Today.Granted != 12 || list[1].Today.Granted != 6 {
				t.Errorf("%+v, %v; want 12 of all others and 6 of Gmail", list, err)
			}
		})
	}
}

// TestDatabaseHangs: a database that does not answer holds a message up no longer than the pacer's patience; what it says too late counts.
func TestDatabaseHangs(t *testing.T) {
	st := openStore(t)
	plan(t, st, "gmail", 1000)
	p := NewPacer(st, false, func() time.Time { return noon })
	p.patience = time.Millisecond
	p.gate.mu.Lock() // as if its change hung
	d, _, err := p.Take(ctx, "192.0.2.1", map[string]int{"gmail": 3}, false)
	if !d.Allowed || !errors.Is(err, ErrAway) {
		t.Errorf("%+v, %v", d, err)
	}
	p.gate.mu.Unlock()
	p.turn <- struct{}{} // the late answer is in
	<-p.turn
	p.heard(nil)
	p.patience = time.Minute
	if d, _, err := p.Take(ctx, "192.0.2.1", map[string]int{"gmail": 1}, false); !d.Allowed || err != nil {
		t.Errorf("%+v, %v", d, err)
	}
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
	if n := granted(t, st, noon); n != 4 {
		t.Errorf("%d are counted, want 4", n)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if d, _, err := p.Take(cancelled, "192.0.2.1", map[string]int{"gmail": 1}, false); !d.Allowed || err == nil {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestOwedMeanwhile: what goes while the database takes long to count is counted afterwards, too.
func TestOwedMeanwhile(t *testing.T) {
	var d debts
	one := func(string) bool { return true }
	d.add("192.0.2.1", "2026-11-06", map[string]int{"gmail": 2})
	owed, sum := d.of("192.0.2.1", "2026-11-06", one)
	d.add("192.0.2.1", "2026-11-06", map[string]int{"gmail": 3})
	if d.paid("2026-11-06", owed); sum != 2 {
		t.Errorf("%d are owed", sum)
	}
	if _, sum = d.of("192.0.2.1", "2026-11-06", one); sum != 3 {
		t.Errorf("%d are owed after 2 of 5 were paid", sum)
	}
	d.counted("192.0.2.1", "2026-11-05", map[string]int{"gmail": 1}) // of yesterday
	if _, sum = d.of("192.0.2.1", "2026-11-06", one); sum != 3 {
		t.Errorf("%d are owed", sum)
	}

	name := filepath.Join(t.TempDir(), "w.db")
	st, err := store.Open(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	plan(t, st, "gmail", 10, 20)
	p := NewPacer(st, false, func() time.Time { return noon })
	went := 0
	take := func() bool {
		t.Helper()
		d, _, _ := p.Take(ctx, "192.0.2.1", map[string]int{"gmail": 1}, true)
		if d.Allowed {
			went++
		}
		return d.Allowed
	}
	take()
	other, err := sql.Open("sqlite", name)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil { // somebody else writes for a while
		t.Fatal(err)
	}
	p.patience = 50 * time.Millisecond
	for range 6 { // the first waits for its part, in vain
		take()
	}
	if _, err := other.Exec("COMMIT"); err != nil {
		t.Fatal(err)
	}
	p.turn <- struct{}{} // what was late is over
	<-p.turn
	p.patience = time.Minute
	for p.heard(nil); take(); p.heard(nil) {
		if went > 10 {
			t.Fatal("more goes than the plan allows")
		}
	}
	if went != 10 {
		t.Errorf("%d went, want 10", went)
	}
}

// TestReturnAcrossMidnight: what was let through yesterday and broken off today does not add to today.
func TestReturnAcrossMidnight(t *testing.T) {
	st, now := openStore(t), noon
	plan(t, st, "gmail", 10, 10, 10)
	now = noon.Truncate(24 * time.Hour).Add(24*time.Hour - 10*time.Second)
	g := NewGate(st, func() time.Time { return now })
	var at []time.Time
	take := func() bool {
		t.Helper()
		d, err := g.Take(ctx, "192.0.2.1", "gmail", true)
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, d.At)
		return d.Allowed
	}
	for range 5 {
		take()
	}
	yesterday := slices.Clone(at)
	now = now.Add(20 * time.Second)
	went := 0
	if take() {
		went++
	}
	for _, then := range yesterday {
		g.Return("192.0.2.1", map[string]int{"gmail": 1}, true, then)
	}
	for take() {
		went++
	}
	if went != 10 {
		t.Errorf("%d went on a day of 10", went)
	}
}

// TestForecastAcrossClockChange: days are of UTC, also where the clock of the place jumps.
func TestForecastAcrossClockChange(t *testing.T) {
	for zone, day := range map[string]int{"Europe/Berlin": 26, "America/New_York": 12} {
		place, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2027, 3, day, 0, 30, 0, 0, time.UTC)
		s := Begin("test", rising(50, 1000, 6), now)
		if d := cmp.Diff(s.Forecast(now), s.Forecast(now.In(place))); d != "" {
			t.Errorf("%s (-UTC +there):\n%s", zone, d)
		}
		if want, got := *s.Aim(now).Date, *s.Aim(now.In(place)).Date; got != want {
			t.Errorf("%s: it leads to %s, want %s", zone, got, want)
		}
	}
}

// TestClockJumps: a clock that is years ahead for a while neither frees today's share nor stops mail for years.
func TestClockJumps(t *testing.T) {
	st, now := openStore(t), noon
	plan(t, st, "gmail", 10, 20, 40)
	g := NewGate(st, func() time.Time { return now })
	takeUntilFull := func() (n int) {
		t.Helper()
		for range 100 {
			d, err := g.Take(ctx, "192.0.2.1", "gmail", true)
			if err != nil {
				t.Fatal(err)
			}
			if !d.Allowed {
				return n
			}
			n++
		}
		return n
	}
	if n := takeUntilFull(); n != 10 {
		t.Errorf("%d on the first day", n)
	}
	now = noon.AddDate(10, 0, 0)
	if n := takeUntilFull(); n > 20 {
		t.Errorf("%d while the clock is ahead", n)
	}
	if err := Note(ctx, st, "192.0.2.1", "gmail", Outcome{Silence: gmailSilence}, now); err != nil {
		t.Fatal(err)
	}
	now = noon
	if n := takeUntilFull(); n != 0 {
		t.Errorf("%d more on the first day", n)
	}
	now = noon.AddDate(0, 0, 2)
	if n := takeUntilFull(); n == 0 {
		t.Error("two days later nothing goes")
	}
	now = noon.AddDate(0, 0, 1) // and back
	if n := takeUntilFull(); n != 0 {
		t.Errorf("%d go again after the clock went back a day", n)
	}
}
