package steady

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestJump(t *testing.T) {
	const year = 365 * 24 * time.Hour
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	// Across a restart: nothing is known but the calendar.
	for name, c := range map[string]struct{ passed, want time.Duration }{
		"a minute": {time.Minute, 0}, "a day": {24*time.Hour + 20*time.Minute, 0}, "three days": {72 * time.Hour, 72 * time.Hour},
		"a year ahead": {year, year}, "a year back": {-year, -year}, "slewed back": {-time.Second, 0}, "ten minutes back": {-10 * time.Minute, -10 * time.Minute},
	} {
		w := Watch{}
		if got := w.Jump(noon, noon.Add(c.passed)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	// Within a run the monotonic clock says how much it was.
	var mono time.Duration
	w := Watch{Elapsed: func() time.Duration { return mono }}
	at := noon
	step := func(name string, calendar, seen, want time.Duration) {
		t.Helper()
		was := at
		at, mono = at.Add(calendar), mono+seen
		if got := w.Jump(was, at); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	step("the first look", time.Hour, time.Minute, 0)
	step("as it should be", time.Minute, time.Minute, 0)
	step("two hours ahead", 2*time.Hour, time.Minute, 2*time.Hour-time.Minute)
	step("and back", -2*time.Hour, time.Minute, -2*time.Hour)
	step("a long step", 3*time.Hour, 3*time.Hour, 0)
	step("slewed", time.Minute+time.Second, time.Minute, 0)
	// Another node did it meanwhile: no more can have passed since than since this one did.
	was := at.Add(10 * time.Minute)
	if at, mono = at.Add(20*time.Minute), mono+20*time.Minute; w.Jump(was, at) != 0 {
		t.Error("what another node saw does not count")
	}
	was = at.Add(10 * time.Minute)
	if at, mono = at.Add(3*time.Hour), mono+20*time.Minute; w.Jump(was, at) != 3*time.Hour-10*time.Minute-20*time.Minute {
		t.Error("a jump after another node looked")
	}
	was = at // which saw the jump, and moved everything along
	if at, mono = at.Add(time.Minute), mono+time.Minute; w.Jump(was, at) != 0 {
		t.Error("a jump is seen twice")
	}
	if w.Jump(time.Time{}, at) != 0 {
		t.Error("a jump from nothing")
	}
	// Milliseconds are what is kept.
	kept := at.Truncate(time.Millisecond)
	if at, mono = at.Add(time.Hour), mono+time.Minute; w.Jump(kept, at) == 0 {
		t.Error("a time that was kept in milliseconds is another node's")
	}
	// Looks that could not be kept, as the disk was full, are no jump.
	kept = at
	for range 3 {
		at, mono = at.Add(time.Hour), mono+time.Hour
		if by := w.Jump(kept, at); by != 0 {
			t.Errorf("a look that was not kept: %s", by)
		}
	}
	if e := Elapsed(); e() < 0 || e() > time.Hour {
		t.Error("it ran for", e())
	}
}

// TestSleep: a machine that slept did not jump.
func TestSleep(t *testing.T) {
	file := filepath.Join(t.TempDir(), "uptime")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("1000.50 2000.00\n")
	e := elapsed(file)
	write("29800.50 2000.00\n") // eight hours later, of which the monotonic clock knows nothing
	if got := e(); got != 8*time.Hour {
		t.Errorf("eight hours of sleep are %s", got)
	}
	for _, bad := range []string{"", "x y\n", "-5 1\n", "1e300 1\n", "NaN 1\n"} {
		write(bad)
		if got := e(); got < 0 || got > time.Hour {
			t.Errorf("%q: %s", bad, got)
		}
	}
	if got := elapsed(file + ".none")(); got < 0 || got > time.Hour {
		t.Errorf("no such file: %s", got)
	}
}
