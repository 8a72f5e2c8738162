package keys

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// TestWrongMaster: with the master key of another database nothing is kept that whoever has the right one could not sign with.
func TestWrongMaster(t *testing.T) {
	w := newWorld(t, 1, time.Minute)
	first := w.create("ed25519")
	right := w.keeper()
	for range 3 {
		if err := right.Step(ctx); err != nil {
			t.Fatal(err)
		}
		w.pass(6 * time.Minute)
	}
	other := New(Config{Store: w.store, Master: master(t, NewMaster()), Observer: &DNS{Resolver: w}, Publisher: w, Now: w.clock})
	key, err := dkim.ParsePrivateKey([]byte(testPEM(t)))
	if err != nil {
		t.Fatal(err)
	}
	_, created := other.Create(ctx, Spec{Domain: "b.example", Algorithm: "ed25519"})
	_, _, imported := other.Import(ctx, FoundKey{Domain: "b.example", Selector: "s", Key: key})
	_, rotated := other.Rotate(ctx, first.ID)
	for what, err := range map[string]error{"create": created, "import": imported, "rotate": rotated} {
		if !errors.Is(err, ErrWrongMaster) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if w.states() != "ed25519:signing" {
		t.Fatal(w.states())
	}
	// A key that nobody can read does not take the place of one that signs.
	next, err := right.Rotate(ctx, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(right.Step(ctx), right.Release(ctx)); err != nil {
		t.Fatal(err)
	}
	w.pass(6 * time.Minute)
	for range 2 {
		if err := other.Step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	e, err := w.store.Key(ctx, next.ID)
	if err != nil || w.states() != "ed25519:signing ed25519:published" || !strings.Contains(NoteOf(&e).Problem, "another master key") {
		t.Errorf("%s, %+v, %v", w.states(), NoteOf(&e), err)
	}
	if ja, ok := Japanese(NoteOf(&e).Problem); !ok || strings.Contains(ja, "given is") {
		t.Errorf("in Japanese: %s", ja)
	}
	if err := errors.Join(other.Release(ctx), right.Step(ctx)); err != nil {
		t.Fatal(err)
	}
	if w.states() != "ed25519:retiring ed25519:signing" {
		t.Error(w.states())
	}
	if _, err := other.Rollback(ctx, first.ID); !errors.Is(err, ErrWrongMaster) {
		t.Errorf("rollback: %v", err)
	}
	if why := right.Unreadable(&e); why != "" {
		t.Error(why)
	}
}

// TestManyFailures: ten thousand keys that fail alike are not ten thousand lines.
func TestManyFailures(t *testing.T) {
	list := make([]error, 10_000)
	for i := range list {
		list[i] = ErrWrongMaster
	}
	err := failures(list)
	if lines := strings.Split(err.Error(), "\n"); len(lines) != mostFailures+1 || lines[mostFailures] != "and 9995 more" || !errors.Is(err, ErrWrongMaster) {
		t.Errorf("%v", lines)
	}
	if ja := said.Japanese(err); !strings.HasSuffix(ja, "ほか 9995 件") || strings.Contains(ja, "another") {
		t.Errorf("in Japanese: %s", ja)
	}
	if failures(nil) != nil {
		t.Error("none is an error")
	}
}

// TestRotateAtOnce: of several who ask for a successor in the same moment one makes it, and all get it.
func TestRotateAtOnce(t *testing.T) {
	w := newWorld(t, 1, time.Minute)
	first := w.create("ed25519")
	k := w.keeper()
	for range 3 {
		if err := k.Step(ctx); err != nil {
			t.Fatal(err)
		}
		w.pass(6 * time.Minute)
	}
	var wg sync.WaitGroup
	got := make([]store.DKIMKey, 6)
	for i := range got {
		node := w.keeper()
		wg.Go(func() {
			var err error
			if got[i], err = node.Rotate(ctx, first.ID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, e := range got {
		if e.ID != got[0].ID || e.Replaces != first.ID {
			t.Errorf("%s and %s", e.Selector, got[0].Selector)
		}
	}
}

// TestStepNow: who is not the one to take the steps learns it.
func TestStepNow(t *testing.T) {
	w := newWorld(t, 1, time.Minute)
	a, b := w.keeper(), w.keeper()
	if mine, err := a.StepNow(ctx); !mine || err != nil {
		t.Errorf("%v, %v", mine, err)
	}
	if mine, err := b.StepNow(ctx); mine || err != nil {
		t.Errorf("another one: %v, %v", mine, err)
	}
	if err := a.Release(ctx); err != nil {
		t.Fatal(err)
	}
	if mine, err := b.StepNow(ctx); !mine || err != nil {
		t.Errorf("afterwards: %v, %v", mine, err)
	}
}
