package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorder is a database that remembers what it is asked.
type recorder struct {
	database
	mu      sync.Mutex
	queries map[string]int
	takes   map[string]func() // has time pass where there is one for a query
}

func (r *recorder) reader() querier { return recording{r.database.reader(), r} }

func (r *recorder) inTx(ctx context.Context, f func(querier) error) (bool, error) {
	return r.database.inTx(ctx, func(q querier) error { return f(recording{q, r}) })
}

func (r *recorder) note(query string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queries[query]++
	if pass := r.takes[query]; pass != nil {
		pass()
	}
}

type recording struct {
	querier
	r *recorder
}

func (q recording) exec(ctx context.Context, query string, args ...any) (int64, error) {
	q.r.note(query)
	return q.querier.exec(ctx, query, args...)
}

func (q recording) queryRow(ctx context.Context, query string, args ...any) row {
	q.r.note(query)
	return q.querier.queryRow(ctx, query, args...)
}

func (q recording) query(ctx context.Context, query string, args ...any) (rows, error) {
	q.r.note(query)
	return q.querier.query(ctx, query, args...)
}

// TestNothingLooksAtAll: what is done for one domain, or again and again, reads no large table from its beginning to its end.
func TestNothingLooksAtAll(t *testing.T) {
	plain := openTest(t, t.TempDir()+"/todoku.db")
	ok(t, plain.SetDomains(ctx, &Domain{Name: "a.example"}))
	key := DKIMKey{Domain: "a.example", Selector: "s", Algorithm: "rsa", State: KeySigning}
	ok(t, plain.AddKey(ctx, &key, DKIMPattern{Pattern: "*@a.example"}))
	var list []MailEvent
	for i := range 3 * pruneRows {
		list = append(list, event(fmt.Sprint(i), noon))
	}
	ok(t, plain.AddMailEvents(ctx, list))
	r := &recorder{database: plain.db, queries: map[string]int{}}
	s := &Store{db: r, committer: startCommitter(r), now: plain.now}
	defer s.committer.stop()
	for name, do := range map[string]func() error{
		"keys of a domain":     func() error { _, err := s.Keys(ctx, "a.example", true); return err },
		"forwards of a domain": func() error { _, err := s.Forwards(ctx, "", "a.example", Forward{}, 9); return err },
		"a page of forwards":   func() error { _, err := s.ForwardsFrom(ctx, Forward{Domain: "a.example", Local: "x"}, 9); return err },
		"forgetting a key":     func() error { return s.DeleteKey(ctx, key.ID) },
		"forgetting events":    func() error { _, err := s.PruneFlow(ctx, noon, time.Hour, 10); return err },
	} {
		clear(r.queries)
		ok(t, do())
		for query, times := range r.queries {
			once := times == 1 && strings.Contains(query, "OFFSET") // how far back events go is counted once
			for _, step := range planOf(t, plain, query) {
				if scans := strings.HasPrefix(step, "SCAN ") && !small(step) || strings.HasSuffix(step, " (domain>?)"); scans && !once {
					t.Errorf("%s: %s, %d times in %s", name, step, times, query)
				}
			}
		}
	}
}

// small reports a step over a table of which there is little.
func small(step string) bool {
	for _, table := range []string{"dkim_patterns", "dkim_names", "counters", "volume", "complaints"} {
		if strings.HasPrefix(step, "SCAN "+table) {
			return true
		}
	}
	return false
}

// planOf gives the steps of SQLite for a query.
func planOf(t *testing.T, s *Store, query string) []string {
	t.Helper()
	args := make([]any, strings.Count(query, "$"))
	for n := range args {
		if !strings.Contains(query, fmt.Sprint("$", n+1)) {
			args = args[:n]
			break
		}
	}
	plan, err := collect(ctx, s.db.reader(), func(r row) (step string, err error) {
		var n int
		return step, r.Scan(&n, &n, &n, &step)
	}, `EXPLAIN QUERY PLAN `+query, args...)
	ok(t, err)
	return plan
}

// TestNamesAtOnce: however many names are asked for, there are few different statements, for SQLite keeps each prepared; and none is left out.
func TestNamesAtOnce(t *testing.T) {
	s := openTest(t, t.TempDir()+"/todoku.db")
	var names []string
	var list []*Domain
	for i := range 1100 {
		names = append(names, fmt.Sprint("d", i, ".example"))
		list = append(list, &Domain{Name: names[i]})
	}
	ok(t, s.SetDomains(ctx, list...))
	before := len(s.db.(*sqliteDB).reading.statements)
	for _, n := range []int{0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 499, 500, 501, 999, 1000, 1001, 1100} {
		if got, err := s.DomainsNamed(ctx, "", names[:n]); err != nil || len(got) != n {
			t.Errorf("%d of %d, %v", len(got), n, err)
		}
	}
	if n := len(s.db.(*sqliteDB).reading.statements) - before; n > len(atOnce) {
		t.Errorf("%d statements are kept", n)
	}
}

// TestQuotaIsCountedSeldom: where counting what is stored takes long, little of the time goes into it, also when there is no room.
func TestQuotaIsCountedSeldom(t *testing.T) {
	plain := openTest(t, t.TempDir()+"/todoku.db")
	now := noon
	r := &recorder{database: plain.db, queries: map[string]int{}, takes: map[string]func(){storedOctets: func() { now = now.Add(3 * time.Second) }}}
	s := &Store{db: r, committer: plain.committer, now: func() time.Time { return now }}
	s.SetQuota(1000)
	for _, full := range []bool{false, true} {
		clear(r.queries)
		for began := now; now.Sub(began) < 10*time.Minute; now = now.Add(time.Second) {
			octets := int64(1)
			if full {
				octets = 1001
			}
			if err := s.reserve(ctx, octets); errors.Is(err, ErrFull) != full {
				t.Fatal(err)
			}
		}
		if n := r.queries[storedOctets]; n < 5 || n > 100 || !full && n > 11 {
			t.Errorf("full %v: counted %d times of 3 s in ten minutes", full, n)
		}
	}
}
