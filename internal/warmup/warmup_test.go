package warmup

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 6, 12, 0, 0, 0, time.UTC)

func TestTables(t *testing.T) {
	for _, table := range Tables() {
		got, ok := tableByName(table.Name)
		if !ok || len(got.Steps) == 0 || table.Source == "" || table.AsOf == "" {
			t.Errorf("%+v", got)
		}
		last := 0
		for i, s := range table.Steps {
			if s.Day <= last || s.Hour*24 > s.Day {
				t.Errorf("%s: day %d allows %+v after %d", table.Name, i+1, s, last)
			}
			last = s.Day
		}
	}
	if ses, _ := tableByName("ses"); len(ses.Steps) != 45 || ses.Steps[44].Day != 50_000 {
		t.Errorf("%v", ses.Steps)
	}
	if _, ok := tableByName("none"); ok {
		t.Error("a table of no name")
	}
}

func TestTo(t *testing.T) {
	steps, err := To(100_000, 30)
	if err != nil || len(steps) != 30 || steps[0].Day != 50 || steps[29].Day != 100_000 {
		t.Fatalf("%v, %v", steps, err)
	}
	for i := 1; i < len(steps); i++ {
		if steps[i].Day > 2*steps[i-1].Day+1 {
			t.Errorf("day %d doubles: %d after %d", i+1, steps[i].Day, steps[i-1].Day)
		}
	}
	if _, err := To(100_000, 11); !errors.Is(err, ErrTooFast) {
		t.Errorf("in eleven days: %v", err)
	}
	if _, err := To(100_000, 12); err != nil {
		t.Errorf("in twelve days: %v", err)
	}
	if steps, err := To(1, 1); err != nil || len(steps) != 1 || steps[0].Day != 1 {
		t.Errorf("%v, %v", steps, err)
	}
	for _, bad := range [][2]int{{0, 10}, {10, 0}, {-1, -1}, {maxTarget + 1, 100}, {100, 366}} {
		if _, err := To(bad[0], bad[1]); err == nil {
			t.Errorf("%v is a plan", bad)
		}
	}
}

// TestTurn: what follows from a day.
func TestTurn(t *testing.T) {
	steps := daily(100, 200, 400)
	for what, c := range map[string]struct {
		at    int
		today Counts
		held  bool
		want  int
		then  string
	}{
		"all well":                   {0, Counts{Granted: 100, Delivered: 100}, false, 1, Advanced},
		"no log is read":             {0, Counts{Granted: 60}, false, 1, Advanced},
		"too few":                    {1, Counts{Granted: 99, Delivered: 99}, false, 1, StayedFew},
		"some put off":               {1, Counts{Granted: 200, Delivered: 180, Deferred: 20}, false, 1, StayedSlow},
		"5 % put off is no more":     {1, Counts{Granted: 200, Delivered: 190, Deferred: 10}, false, 2, Advanced},
		"many put off":               {1, Counts{Granted: 200, Delivered: 100, Deferred: 60}, false, 0, SteppedBk},
		"refused":                    {1, Counts{Granted: 200, Delivered: 180, Refused: 11}, false, 0, SteppedBk},
		"refused on the first day":   {0, Counts{Granted: 100, Refused: 100}, false, 0, SteppedBk},
		"one silence":                {1, Counts{Granted: 200, Delivered: 200, Silences: 1}, false, 1, StayedSlow},
		"three silences":             {1, Counts{Granted: 200, Delivered: 200, Silences: 3}, false, 0, SteppedBk},
		"held":                       {1, Counts{Granted: 200, Delivered: 200}, true, 1, StayedHeld},
		"the last day":               {2, Counts{Granted: 400, Delivered: 400}, false, 3, Advanced},
		"after the end":              {3, Counts{Granted: 9999, Delivered: 9999}, false, 3, Finished},
		"after the end, all refused": {3, Counts{Granted: 9999, Refused: 9999}, false, 2, SteppedBk},
	} {
		s := Begin("x", steps, noon)
		s.At, s.Today, s.Held = c.at, c.today, c.held
		if s.Turn(noon.Add(11 * time.Hour)); s.At != c.at || s.Today != c.today {
			t.Errorf("%s: the day ended early", what)
		}
		s.Turn(noon.Add(12 * time.Hour))
		if s.At != c.want || s.Days[0].Then != c.then || s.Today != (Counts{}) || s.Date != "2026-11-07" {
			t.Errorf("%s: at %d, %+v", what, s.At, s)
		}
		if s.Turn(noon); s.Date != "2026-11-07" || len(s.Days) != 1 {
			t.Errorf("%s: the clock went back: %+v", what, s)
		}
	}
}

// TestSlowTwice: where the same share is put off again the next day, it is too much.
func TestSlowTwice(t *testing.T) {
	s := Begin("x", daily(100, 200, 400), noon)
	s.At = 2
	for day, want := range []int{2, 1, 1, 0} {
		s.Today = Counts{Granted: 400, Delivered: 90, Deferred: 10}
		if s.Turn(noon.AddDate(0, 0, day+1)); s.At != want {
			t.Errorf("after day %d at %d, want %d", day+1, s.At, want)
		}
	}
}

func TestIdle(t *testing.T) {
	s := Begin("x", daily(100, 200, 400), noon)
	s.Today.Granted = 100
	s.Turn(noon.AddDate(0, 0, 1))
	s.Turn(noon.AddDate(0, 0, 29))
	if s.At != 1 {
		t.Errorf("after 29 days: at %d", s.At)
	}
	s.Turn(noon.AddDate(0, 0, 32))
	if s.At != 0 || s.Days[len(s.Days)-1].Then != Restarted {
		t.Errorf("after a month: %+v", s)
	}
}

// TestIdleUnasked: a month without mail begins a plan anew also where nobody asked in between, and each day is in the calendar once.
func TestIdleUnasked(t *testing.T) {
	for days, want := range map[int]int{1: 2, 30: 2, 31: 0, 400: 0} {
		s := Begin("x", daily(100, 200, 400), noon.AddDate(0, 0, -1))
		if s.Grant(noon.AddDate(0, 0, -1), 100, true); s.Today.Granted != 100 {
			t.Fatal(s.Today)
		}
		if n, _ := s.Grant(noon, 200, true); n != 200 {
			t.Fatal(n)
		}
		now := noon.AddDate(0, 0, days)
		if s.Turn(now); s.At != want {
			t.Errorf("after %d days: at %d, want %d", days, s.At, want)
		}
		seen := map[string]bool{}
		for _, d := range s.Calendar(now, nil) {
			if seen[d.Date] {
				t.Errorf("after %d days: %s is there twice", days, d.Date)
			}
			seen[d.Date] = true
		}
	}
}

func TestGrant(t *testing.T) {
	s := Begin("x", []Step{{Day: 100, Hour: 40}}, noon)
	expect := func(at time.Time, want, granted int, first bool, why string) {
		t.Helper()
		n, refusal := s.Grant(at, want, first)
		if n != granted || refusal.Why != why || why != "" && !refusal.Until.After(at) {
			t.Errorf("at %s: %d, %+v; want %d %s", at.Format(time.TimeOnly), n, refusal, granted, why)
		}
	}
	expect(noon, 1000, 32, false, "") // four fifths of the hour
	expect(noon, 1, 0, false, Reserved)
	expect(noon, 5, 5, true, "")
	expect(noon, 5, 3, true, "")
	expect(noon, 1, 0, true, FullHour)
	s.Return(noon, "2026-11-06", 12, 3)
	expect(noon, 5, 3, true, "")
	s.Return(noon, "2026-11-05", 12, 40) // of yesterday
	expect(noon, 5, 0, true, FullHour)
	expect(noon.Add(time.Hour), 100, 32, false, "")
	expect(noon.Add(2*time.Hour), 100, 8, false, "") // four fifths of the day
	expect(noon.Add(2*time.Hour), 100, 20, true, "")
	expect(noon.Add(2*time.Hour), 100, 0, true, FullDay)
	if s.Today.Granted != 100 {
		t.Errorf("%+v", s.Today)
	}
	expect(noon.Add(24*time.Hour), 1_000_000, 1_000_000, false, "") // the plan is over
}

// TestSilence: Gmail's rule of 2026-03-21: nothing for ten minutes, then one connection, then one more at a time.
func TestSilence(t *testing.T) {
	s := Begin("x", daily(100), noon)
	s.Note(noon, Outcome{Deferred: 1, Silence: gmailSilence})
	if n, r := s.Grant(noon.Add(9*time.Minute), 1, true); n != 0 || r.Why != Silence || !r.Until.Equal(noon.Add(10*time.Minute)) {
		t.Errorf("%d, %+v", n, r)
	}
	for minutes, want := range map[int]int{0: -1, 9: -1, 10: 1, 19: 1, 20: 2, 30: 3, 110: 0} {
		if got := s.Open(noon.Add(time.Duration(minutes) * time.Minute)); got != want {
			t.Errorf("after %d minutes %d connections, want %d", minutes, got, want)
		}
	}
	if n, _ := s.Grant(noon.Add(10*time.Minute), 1, true); n != 1 {
		t.Error("nothing goes after the silence")
	}
	s.Note(noon.Add(11*time.Minute), Outcome{Deferred: 1, Silence: gmailSilence})
	if !s.Silent.Equal(noon.Add(31 * time.Minute)) {
		t.Errorf("the second silence ends at %s", s.Silent)
	}
	s.Note(noon.Add(12*time.Minute), Outcome{Deferred: 100, Silence: gmailSilence}) // what was under way
	if !s.Silent.Equal(noon.Add(31*time.Minute)) || s.Today.Silences != 2 {
		t.Errorf("%+v", s)
	}
}

func TestForecast(t *testing.T) {
	s := Begin("x", daily(100, 200), noon)
	got := s.Forecast(noon)
	if len(got) != 3 || got[0] != (Expected{Date: "2026-11-06", Allowed: 100}) || got[2] != (Expected{Date: "2026-11-08"}) {
		t.Errorf("%v", got)
	}
	s.Held = true
	if got := s.Forecast(noon); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestStand(t *testing.T) {
	steady := Seen{Today: 2000, Mean: 2000}
	with := func(change func(*Seen)) Seen { s := steady; change(&s); return s }
	grave, light := Entry{Zone: "bl.example", Name: "Grave", Grave: true}, Entry{Zone: "light.example"}
	for _, c := range []struct {
		seen Seen
		want Standing
		why  string
		says string // how the reason begins
	}{
		{steady, Good, "", "What blocklists say is not known."}, {Seen{Today: 5000, Mean: 2000}, Neutral, "change", "Today's 5000 messages are 150 % more"}, {Seen{Today: 4000, Mean: 2000}, Good, "", ""},
		{Seen{Today: 10, Mean: 5}, Neutral, "few", "Below 1,000"}, {Seen{}, Neutral, "few", "Below 1,000"},
		{with(func(s *Seen) { s.Complaints, s.Delivered = 10, 10_000 }), Neutral, "complaints", "10 complaints about 10000 messages in thirty days are 0.10 %"},
		{with(func(s *Seen) { s.Complaints, s.Delivered = 30, 10_000 }), Poor, "complaints", "30 complaints"},
		{with(func(s *Seen) { s.Complaints, s.Delivered = 9, 10_000 }), Good, "", ""},
		{with(func(s *Seen) { s.Complaints, s.Delivered = 1, 100 }), Good, "", "What blocklists say is not known. 1 complaint about 100 messages in thirty days: too few"},
		{with(func(s *Seen) { s.Complaints, s.Delivered = 1, 1000 }), Neutral, "complaints", "1 complaint about 1000 messages in thirty days is 0.10 %"},
		{with(func(s *Seen) { s.Today = 1 }), Good, "", "What blocklists say is not known. No complaints are known. Today's 1 message is in keeping"},
		{with(func(s *Seen) { s.Listing = Listing{Asked: 9} }), Good, "", "No blocklist has the address (9 answered)."},
		{with(func(s *Seen) { s.Listing = Listing{Asked: 9, On: []Entry{light}} }), Neutral, "noted", "Lists that few receivers use"},
		{with(func(s *Seen) { s.Listing = Listing{Asked: 9, On: []Entry{light, grave}} }), Poor, "listed", "Blocklists that many receivers use have the address: Grave."},
		{with(func(s *Seen) { s.Listing = Listing{On: []Entry{grave}} }), Good, "", "What blocklists say is not known."}, // of none that answered
		{Seen{Listing: Listing{Asked: 1, On: []Entry{grave}}}, Poor, "listed", ""},
	} {
		got := Stand(c.seen).In("en")
		if got.Standing != c.want || got.Why != c.why || !strings.HasPrefix(got.Reason, c.says) {
			t.Errorf("%+v: %s %s %q", c.seen, got.Standing, got.Why, got.Reason)
		}
		if ja := Stand(c.seen).In("ja").Reason; !strings.HasSuffix(ja, "。") || strings.ContainsAny(ja, "{}") {
			t.Errorf("%q", ja)
		}
	}
}

// TestMonthOfAPlan: what was sent more than thirty days ago is not of the mean of thirty days, however few days were sent on since.
func TestMonthOfAPlan(t *testing.T) {
	s := Begin("x", daily(9000), noon)
	for _, ago := range []int{50, 40, 31, 30, 2, 1} {
		s.Days = append(s.Days, Day{Date: dateAfter(noon, -ago), Counts: Counts{Granted: 3000}})
	}
	s.Today.Granted = 7
	if today, mean := s.Volume(); today != 7 || mean != 300 {
		t.Errorf("%v today, %v on average; want 7 and 300", today, mean)
	}
}
