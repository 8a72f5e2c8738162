package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func init() {
	contract["Runs"] = testRuns
	contract["RunsAreBounded"] = testRunsAreBounded
	contract["PruneRuns"] = testPruneRuns
}

func testRuns(t *testing.T, s *Store) {
	a := Run{Target: "example.com", Label: "Example.COM\x00\xff", Kind: "domain", Owner: "ann", At: noon, State: Running, Score: -1}
	ok(t, s.AddRun(ctx, &a))
	if list, err := s.Runs(ctx, "example.com", "ann", false, 10); err != nil || len(list) != 0 {
		t.Errorf("a run under way is listed: %v %v", list, err)
	}
	a.State, a.Status, a.Score, a.Evidence, a.At = Done, "fail", 40, []byte{0, 0xff, 'x'}, noon.Add(time.Second)
	ok(t, s.FinishRun(ctx, &a))
	got, err := s.Run(ctx, a.ID)
	ok(t, err)
	a.Label = "Example.COM\uFFFD\uFFFD"
	if d := cmp.Diff(&a, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	b := Run{Target: "example.com", Owner: "bob", At: noon.Add(time.Hour), State: Done, Status: "pass", Score: 100, Parent: a.ID, Finding: "spf.missing"}
	ok(t, s.AddRun(ctx, &b))
	mine, err := s.Runs(ctx, "example.com", "ann", false, 10)
	ok(t, err)
	all, err := s.Runs(ctx, "example.com", "", true, 10)
	ok(t, err)
	if len(mine) != 1 || mine[0].ID != a.ID || mine[0].Evidence != nil || len(all) != 2 || all[0].ID != b.ID || all[0].Finding != "spf.missing" {
		t.Errorf("mine %v, all %v", mine, all)
	}
	_, err = s.Run(ctx, "nosuch")
	wantErr(t, err, ErrNotFound)
	_, err = s.Run(ctx, "../'\x00")
	wantErr(t, err, ErrNotFound)
	wantErr(t, s.FinishRun(ctx, &Run{ID: "nosuch", State: Done}), ErrNotFound)
}

func testRunsAreBounded(t *testing.T, s *Store) {
	for i := range maxRunsOf + 3 {
		ok(t, s.AddRun(ctx, &Run{ID: fmt.Sprintf("r%d", i), Target: "example.com", Owner: "ann", At: noon.Add(time.Duration(i) * time.Second), State: Done}))
	}
	ok(t, s.AddRun(ctx, &Run{ID: "other", Target: "example.com", Owner: "bob", At: noon, State: Done}))
	list, err := s.Runs(ctx, "example.com", "", true, 1000)
	ok(t, err)
	if len(list) != maxRunsOf+1 {
		t.Errorf("%d runs are kept", len(list))
	}
	if _, err := s.Run(ctx, "r0"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the oldest is still there: %v", err)
	}
}

func testPruneRuns(t *testing.T, s *Store) {
	ok(t, s.AddRun(ctx, &Run{ID: "old", Target: "a.example", State: Done, At: noon}))
	ok(t, s.AddRun(ctx, &Run{ID: "new", Target: "a.example", State: Done, At: noon.Add(48 * time.Hour)}))
	if n, err := s.Prune(ctx, noon.Add(49*time.Hour), 24*time.Hour); n != 1 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
	_, err := s.Run(ctx, "old")
	wantErr(t, err, ErrNotFound)
	_, err = s.Run(ctx, "new")
	ok(t, err)
}
