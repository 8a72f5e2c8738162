package serve

import (
	"log/slog"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/steady"
	"github.com/todoku/todoku/internal/store"
)

// TestPruneWaitsAfterAJump: a clock that jumps a year ahead has nothing deleted for a day, in which it may be set right.
func TestPruneWaitsAfterAJump(t *testing.T) {
	st, err := store.Open(t.Context(), t.TempDir()+"/t.db")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	const year = 365 * 24 * time.Hour
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	var mono time.Duration
	start := func(name string) *pruneClock {
		return &pruneClock{store: st, log: slog.New(slog.DiscardHandler), name: name, watch: steady.Watch{Elapsed: func() time.Duration { return mono }}}
	}
	p := start("a")
	look := func(what string, calendar, seen time.Duration, want bool) {
		t.Helper()
		at, mono = at.Add(calendar), mono+seen
		got, err := p.may(t.Context(), at)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
	hours := func(n int) {
		t.Helper()
		for range n {
			look("an hour of the day after", time.Hour, time.Hour, false)
		}
	}
	look("the first time", 0, 0, true)
	look("an hour later", time.Hour, time.Hour, true)
	look("a year ahead", year, time.Hour, false)
	hours(23)
	look("a day later", time.Hour, time.Hour, true)
	look("set right", -year, time.Hour, false)
	hours(3)
	look("a jump anew", 3*time.Hour, time.Hour, false)
	hours(23)
	p = start("a") // the program begins anew
	look("a day later, restarted", time.Hour, time.Second, true)
	p = start("a")
	look("restarted a day later", 24*time.Hour, time.Second, true)
	p = start("a")
	look("restarted a year later", year, time.Second, false)
}
