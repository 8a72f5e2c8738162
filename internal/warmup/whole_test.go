package warmup

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/todoku/todoku/internal/pgtest"
	"github.com/todoku/todoku/internal/ses"
	"github.com/todoku/todoku/internal/store"
)

// engines runs a test on an empty database of either engine, with what runs SQL text in it beside the store.
func engines(t *testing.T, test func(t *testing.T, database string, run func(t *testing.T, text string))) {
	t.Run("SQLite", func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "w.db")
		test(t, name, func(t *testing.T, text string) {
			t.Helper()
			db, err := sql.Open("sqlite", name+"?_pragma=busy_timeout(5000)")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.ExecContext(ctx, text); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url := pgtest.Start(t).Database(t)
		test(t, url, func(t *testing.T, text string) {
			t.Helper()
			c, err := pgx.Connect(ctx, url)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close(context.Background())
			if _, err := c.Exec(ctx, text); err != nil {
				t.Fatal(err)
			}
		})
	})
}

func openAt(t *testing.T, database string) *store.Store {
	t.Helper()
	st, err := store.Open(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// TestKilledBetween: who is killed between any two statements that note what a log or SES says, and begins anew, counts all once.
func TestKilledBetween(t *testing.T) {
	engines(t, func(t *testing.T, database string, run func(*testing.T, string)) {
		for i, table := range []string{"log_positions", "taken_events", "warmups", "complaints", "volume"} {
			st := openAt(t, database)
			source := "192.0.2." + string(rune('1'+i))
			if err := Plan(ctx, st, source, "gmail", "test", daily(100), noon); err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(t.TempDir(), "mail.log")
			write := func(text string) {
				t.Helper()
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(secretLine)
			f := NewFollower(st, source, name)
			if _, err := f.Poll(ctx, noon); err != nil {
				t.Fatal(err)
			}
			write(secretLine + lines(sentLine, 0, 3) + lines(rateLine, 0, 2))
			one := []ses.Event{with(sesEvent("a"+table, ses.Delivery, noon, "", "z@gmail.com"), func(e *ses.Event) { e.Source = source })}
			run(t, `ALTER TABLE `+table+` RENAME TO away`)
			_, err := f.Poll(ctx, noon)
			if err == nil && table != "complaints" && table != "volume" {
				t.Error("no error without " + table)
			}
			if _, err := TakeEvents(ctx, st, one, EventOptions{Volume: true}, noon); err == nil && table != "log_positions" {
				t.Error("events are taken without " + table)
			}
			f.Close() // nobody knows any more what was pending
			_ = st.Close()
			run(t, `ALTER TABLE away RENAME TO `+table)
			st = openAt(t, database)
			f = NewFollower(st, source, name)
			for range 2 {
				if _, err := f.Poll(ctx, noon); err != nil {
					t.Fatal(err)
				}
				if _, err := TakeEvents(ctx, st, one, EventOptions{Volume: true}, noon); err != nil {
					t.Fatal(err)
				}
			}
			f.Close()
			list, err := NewBook(BookConfig{Store: st}).Plans(ctx, source)
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			if got := list[0].Days; len(got) == 0 || got[len(got)-1].Counts != (Counts{Delivered: 4, Deferred: 2, Silences: 1}) {
				t.Errorf("%s: %+v", table, got)
			}
			_ = st.Close()
		}
	})
}

// TestTwoReadOneLog: a log that two read, or one that is read by two commands at one time, is noted once.
func TestTwoReadOneLog(t *testing.T) {
	l := follow(t)
	l.append(secretLine)
	l.poll("old", 0)
	other := NewFollower(l.st, "192.0.2.1", l.name)
	defer other.Close()
	both := func(what string, want int) {
		t.Helper()
		for range 3 {
			if _, err := other.Poll(ctx, noon); err != nil {
				t.Fatal(err)
			}
			l.poll(what, want)
		}
	}
	both("the same", 0)
	l.append(lines(sentLine, 0, 5))
	both("five", 5)
	if err := os.Rename(l.name, l.name+".1"); err != nil {
		t.Fatal(err)
	}
	l.append(lines(sentLine, 7, 2))
	both("rotated", 7)
	l.append(lines(sentLine, 9, 2))
	if r, err := ReadLog(ctx, l.st, "192.0.2.1", l.name, noon); err != nil || r.Deliveries != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	both("a command", 9)
	if err := os.Truncate(l.name, 0); err != nil {
		t.Fatal(err)
	}
	l.append(lines(sentLine, 30, 1))
	both("cut", 10)
	// A program that rewrites the log, as editors do, leaves its beginning as it was.
	all, err := os.ReadFile(l.name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.name+"~", append(all, lines(sentLine, 50, 1)...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(l.name+"~", l.name); err != nil {
		t.Fatal(err)
	}
	both("another file that begins alike", 11)
}

// TestRotatedTwiceMeanwhile: a log that is rotated more than once before its follower can go on is read whole.
func TestRotatedTwiceMeanwhile(t *testing.T) {
	l := follow(t)
	l.append(secretLine)
	l.poll("old", 0)
	l.append(lines(sentLine, 0, 2))
	age := 10 * time.Minute
	rotate := func(from, to string) {
		t.Helper()
		if from == "" {
			age -= time.Minute
			if err := os.Chtimes(l.name, noon, time.Now().Add(-age)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Rename(l.name+from, l.name+to); err != nil {
			t.Fatal(err)
		}
	}
	rotate("", ".1")
	l.append(lines(sentLine, 10, 3))
	rotate(".1", ".2")
	rotate("", ".1")
	l.append(lines(sentLine, 20, 1))
	rotate(".1", ".3") // and a third time, with names that are no order
	rotate("", ".1")
	l.append(lines(sentLine, 30, 4))
	l.poll("all of it", 10)
	l.poll("again", 10)
}
