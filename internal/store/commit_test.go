package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// fakeDB notes the transactions and fails on demand.
type fakeDB struct {
	database
	mu        sync.Mutex
	current   []int   // values written in the running transaction
	committed [][]int // of each transaction
	failing   error   // of the commit
}

func (f *fakeDB) inTx(_ context.Context, run func(querier) error) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.current = nil
	if err := run(nil); err != nil {
		return false, err
	}
	if f.failing != nil {
		return true, f.failing
	}
	f.committed = append(f.committed, f.current)
	return true, nil
}

func (f *fakeDB) translate(err error) error { return err }

// submit queues writes of the given sizes behind a blocked one, so that they wait
// together, and gives their results.
func submit(t *testing.T, f *fakeDB, size int, results ...error) []error {
	t.Helper()
	c := startCommitter(f)
	defer c.stop()
	release, ended := block(&Store{committer: c})
	got := make([]error, len(results))
	var wg sync.WaitGroup
	for i, result := range results {
		wg.Go(func() {
			got[i] = c.do(ctx, size, func(context.Context, querier) error {
				if result == nil {
					f.current = append(f.current, i)
				}
				return result
			})
		})
	}
	for len(c.queue) < min(len(results), cap(c.queue)) { // the queue cannot tell when it is filled
		time.Sleep(time.Millisecond)
	}
	release()
	ok(t, <-ended)
	wg.Wait()
	return got
}

func TestCommitSharesOneTransaction(t *testing.T) {
	f := &fakeDB{}
	for i, err := range submit(t, f, 1, make([]error, 50)...) {
		if err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if len(f.committed) != 2 || len(f.committed[1]) != 50 { // the first is the blocking one
		t.Errorf("transactions: %v", f.committed)
	}
}

func TestCommitIsBounded(t *testing.T) {
	t.Run("in writes", func(t *testing.T) {
		f := &fakeDB{}
		submit(t, f, 1, make([]error, 2*batchWrites)...)
		for _, batch := range f.committed {
			if len(batch) > batchWrites {
				t.Errorf("%d writes in one transaction", len(batch))
			}
		}
	})
	t.Run("in octets", func(t *testing.T) {
		f := &fakeDB{}
		submit(t, f, batchBytes/2, make([]error, 10)...)
		for _, batch := range f.committed {
			if len(batch) > 2 {
				t.Errorf("%d writes of half the bound in one transaction", len(batch))
			}
		}
	})
}

// When the commit itself fails nobody knows the outcome: all are told, and nothing
// is tried again, for it could then be there twice.
func TestCommitFailureIsToldToAll(t *testing.T) {
	f := &fakeDB{}
	c := startCommitter(f)
	defer c.stop()
	broken := errors.New("the disk is gone")
	batch := make([]*write, 5)
	runs := 0
	for i := range batch {
		batch[i] = &write{ctx: ctx, done: make(chan error, 1), run: func(context.Context, querier) error {
			runs++
			return nil
		}}
	}
	f.failing = broken
	c.commit(batch)
	for _, w := range batch {
		wantErr(t, <-w.done, broken)
	}
	if runs != len(batch) {
		t.Errorf("%d runs of %d writes", runs, len(batch))
	}
}

func TestOneBadWriteHarmsNoOther(t *testing.T) {
	f, bad := &fakeDB{}, errors.New("bad")
	results := make([]error, 20)
	results[7], results[13] = bad, bad
	got := submit(t, f, 1, results...)
	if !slices.Equal(got, results) {
		t.Errorf("results %v", got)
	}
	written := slices.Sorted(slices.Values(slices.Concat(f.committed...)))
	if len(written) != 18 || slices.Contains(written, 7) {
		t.Errorf("written: %v", written)
	}
}

// hangingDB is a database server that does not answer.
type hangingDB struct {
	database
	asked chan struct{}
}

func (h *hangingDB) inTx(ctx context.Context, _ func(querier) error) (bool, error) {
	close(h.asked)
	<-ctx.Done()
	return false, ctx.Err()
}

func (h *hangingDB) translate(err error) error { return err }

// TestAbort: a caller whose write is with a server that does not answer is told,
// whatever its own context says.
func TestAbort(t *testing.T) {
	h := &hangingDB{asked: make(chan struct{})}
	c := startCommitter(h)
	result := make(chan error, 1)
	go func() { result <- c.do(ctx, 1, nil) }()
	<-h.asked
	(&Store{committer: c}).Abort()
	wantErr(t, <-result, context.Canceled)
	c.stop()
}
