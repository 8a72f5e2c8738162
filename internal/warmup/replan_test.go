package warmup

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// TestReplan: a plan in the place of another goes on from today's share; the same one again changes nothing.
func TestReplan(t *testing.T) {
	b := newBook(t, nil)
	begin := func(q Request) View {
		t.Helper()
		q.Source, q.Provider = "192.0.2.1", "gmail"
		v, err := b.Begin(ctx, q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		return v
	}
	at := func(step int) {
		t.Helper()
		if err := change(ctx, b.Store, "192.0.2.1", "gmail", func(s *State) { s.At = step; s.Today.Granted = 7 }); err != nil {
			t.Fatal(err)
		}
	}
	begin(Request{Table: "generic"})
	at(6) // 5,000
	if v := begin(Request{Table: "generic"}); v.At != 6 || *v.Allowed != 5000 || v.Today.Granted != 7 {
		t.Errorf("%+v", v.State)
	}
	if v := begin(Request{Target: 50_000, Days: 10}); v.At != 0 || *v.Allowed != 5000 || v.Steps[9].Day != 50_000 || v.Today.Granted != 7 {
		t.Errorf("%+v", v.State)
	}
	if v := begin(Request{Table: "ses"}); *v.Allowed > 5000 || *v.Allowed < 4000 {
		t.Errorf("%+v", v.State)
	}
	if v := begin(Request{Target: 300, Days: 3}); *v.Allowed != 300 || v.At != 0 || v.Target == nil || *v.Target.Date != "2026-11-08" {
		t.Errorf("a smaller target: %+v", v.State)
	}
	begin(Request{Table: "generic"})
	at(16) // over
	if v := begin(Request{Target: 400_000, Days: 5}); *v.Allowed != 100_000 {
		t.Errorf("%+v", v.State)
	}
	var bad *Invalid
	if _, err := b.Begin(ctx, Request{Source: "192.0.2.1", Provider: "gmail", Target: 1_000_000, Days: 2}); err == nil || !errors.As(err, &bad) || !strings.Contains(bad.Text.EN, "from 100000 to 1000000 messages a day it takes 5 days") {
		t.Error(err)
	}
}

// TestPlanAgain: who ends a plan and begins it again on one day has no second share, and what went before the first plan went.
func TestPlanAgain(t *testing.T) {
	b := newBook(t, nil)
	if err := b.Store.AddVolume(ctx, []store.Volume{
		{Day: date(noon), Source: "192.0.2.1", Provider: "gmail", Author: "a.example", Messages: 30}, {Day: date(noon), Source: "192.0.2.1", Provider: "*", Author: "a.example", Messages: 5, Paced: 9},
		{Day: date(noon.AddDate(0, 0, -1)), Source: "192.0.2.1", Provider: "gmail", Messages: 1000}, {Day: date(noon), Source: "192.0.2.2", Provider: "gmail", Messages: 1000},
	}); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[string]int{"gmail": 30, "yahoo": 0} {
		if v, err := b.Begin(ctx, Request{Source: "192.0.2.1", Provider: who, Table: "generic"}); err != nil || v.Today.Granted != want {
			t.Errorf("%s: %+v, %v", who, v.Today, err)
		}
	}
	if v, err := b.Begin(ctx, Request{Source: "192.0.2.1", Provider: "*", Table: "generic"}); err != nil || v.Today.Granted != 5 {
		t.Errorf("%+v, %v", v.Today, err)
	}
}

// TestClockFarAhead: a clock that is far ahead for a while leaves no second share for the day, and the plan where it was.
func TestClockFarAhead(t *testing.T) {
	for _, days := range []int{3, 40, 4000} {
		s := Begin("x", daily(100, 200, 400), noon)
		s.At = 1
		if n, _ := s.Grant(noon, 200, true); n != 200 {
			t.Fatal(n)
		}
		if n, _ := s.Grant(noon.AddDate(0, 0, days), 1, true); n != 1 {
			t.Fatal(n)
		}
		if n, r := s.Grant(noon.Add(time.Minute), 1, true); n != 0 || r.Why != FullDay || s.At != 1 || s.Today.Granted != 201 || len(s.Days) != 0 {
			t.Errorf("%d days ahead, and back: %d, %+v, %+v", days, n, r, s)
		}
		if s.Turn(noon.AddDate(0, 0, 1)); s.At != 2 || s.Days[0].Then != Advanced {
			t.Errorf("the next day: %+v", s)
		}
	}
}

// TestClockFarBehind: a clock that is days or years behind for a while, as that of a machine that begins without one, has neither the day's share
// go out again nor the plan forget where it was.
func TestClockFarBehind(t *testing.T) {
	for _, back := range []time.Duration{2 * 24 * time.Hour, 40 * 24 * time.Hour, 50 * 365 * 24 * time.Hour} {
		for _, after := range []int{0, 1} { // days until it is right
			s := Begin("x", daily(100, 200, 400), noon.AddDate(0, 0, -2))
			for i, n := range []int{100, 200, 390} {
				if got, _ := s.Grant(noon.AddDate(0, 0, i-2), n, true); got != n {
					t.Fatal(got)
				}
			}
			s.Note(noon, Outcome{Silence: gmailSilence})
			kept := func() { // as the database does
				t.Helper()
				text, err := encode(s)
				if err != nil {
					t.Fatal(err)
				}
				if s, err = decode(store.Warmup{State: text}); err != nil {
					t.Fatal(err)
				}
			}
			kept()
			s.Note(noon.Add(-back), Outcome{Delivered: 4})
			kept()
			if n, _ := s.Grant(noon.Add(-back-48*time.Hour), 30, true); n > 30 { // and again
				t.Fatal(n)
			}
			kept()
			went := s.Today.Granted - 690
			now := noon.Add(time.Minute)
			if s.Turn(now); s.At != 2 || s.Today.Granted != 390+went || s.Today.Delivered != 4 || len(s.Days) != 2 || !s.Silent.Equal(noon.Add(gmailSilence)) || s.SetBack != nil {
				t.Errorf("%s behind: %+v", back, s)
			}
			if n, r := s.Grant(noon.Add(time.Hour), 11, true); n > 10 {
				t.Errorf("%s behind: %d more, %v", back, n, r)
			}
			if s.Turn(noon.AddDate(0, 0, 1+after)); len(s.Days) != 3 || s.Days[2].Then != StayedSlow || s.At != 2 {
				t.Errorf("the next day: %+v", s)
			}
		}
	}
}

// TestSweep: what a node was granted and does not use is there for others after a minute, though no more mail comes to it.
func TestSweep(t *testing.T) {
	st, now := openStore(t), noon
	if err := Plan(ctx, st, "192.0.2.1", "gmail", "test", daily(1000), now); err != nil {
		t.Fatal(err)
	}
	p := NewPacer(st, false, func() time.Time { return now })
	if d, _, err := p.Take(ctx, "192.0.2.1", map[string]int{"gmail": 1}, false); err != nil || !d.Allowed {
		t.Fatal(d, err)
	}
	for _, want := range []int{20, 1, 1} {
		p.Sweep(ctx)
		if list, err := List(ctx, st, now); err != nil || list[0].Today.Granted != want {
			t.Errorf("%+v, %v; want %d", list, err, want)
		}
		now = now.Add(time.Minute)
	}
}

// TestPlanWhileMailGoes: a plan is changed though nodes change its counts all the time.
func TestPlanWhileMailGoes(t *testing.T) {
	b := newBook(t, nil)
	q := Request{Source: "192.0.2.1", Provider: "gmail", Table: "generic"}
	if _, err := b.Begin(ctx, q); err != nil {
		t.Fatal(err)
	}
	raced := false
	_, err := setPlan(ctx, b.Store, "192.0.2.1", "gmail", noon, func(was State, there bool) (State, error) {
		if !raced {
			raced = true
			if err := Note(ctx, b.Store, "192.0.2.1", "gmail", Outcome{Delivered: 3}, noon); err != nil {
				t.Fatal(err)
			}
		}
		return Begin("x", daily(7), noon), nil
	})
	v, perr := b.Plan(ctx, "192.0.2.1", "gmail")
	if err != nil || perr != nil || v.Today.Delivered != 3 || *v.Allowed != 7 {
		t.Errorf("%+v, %v, %v", v.State, err, perr)
	}
}
