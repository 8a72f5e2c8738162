package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sync/semaphore"

	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/verify"
)

// The memory of a batch is bounded: so many messages, and so many octets of them,
// are on their way at a time, however large the mailbox is and however many the
// workers. There is room for two of the largest messages; each takes a few times its
// size while its line ends are converted.
const (
	batchPerJob = 8
	batchOctets = 2*verify.MaxMessage + 1<<20
)

// job is one message on its way through a batch.
type job struct {
	item item
	cost int64
	// what the worker gives, once done is closed
	out     bytes.Buffer
	outcome outcome
	report  *check.Report // of a target that was checked
	done    chan struct{}
}

// outcome is what one message adds to the exit code.
type outcome struct {
	err      error // could not be read
	findings bool  // at or above --fail-on
	blind    bool  // DNS failed where it mattered
	status   string
}

// batch runs work on every item with several workers and calls write with each
// result in the order of the input. It stops early when ctx ends or write fails.
func batch(ctx context.Context, workers int, each func(yield func(item) bool), work func(context.Context, *job), write func(*job) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pending := make(chan *job, workers*batchPerJob)
	queue := make(chan *job)
	octets := semaphore.NewWeighted(batchOctets)

	go func() {
		defer close(pending)
		defer close(queue)
		each(func(it item) bool {
			j := &job{item: it, cost: min(int64(len(it.raw))+1, batchOctets), done: make(chan struct{})}
			if octets.Acquire(ctx, j.cost) != nil {
				return false
			}
			select {
			case pending <- j:
			case <-ctx.Done():
				return false
			}
			select {
			case queue <- j:
				return true
			case <-ctx.Done():
				return false
			}
		})
	}()
	for range workers {
		go func() {
			for j := range queue {
				work(ctx, j)
				j.item.raw = nil
				close(j.done)
			}
		}()
	}
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx) // a read that blocks is left behind
		case j, more := <-pending:
			if !more {
				return context.Cause(ctx)
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-j.done:
			}
			if err := write(j); err != nil {
				return err
			}
			octets.Release(j.cost)
		}
	}
}

// kept has a panic in work, which only a defect of ours can cause, stay with the message or
// target that it was about: work is called again, with an error in its place.
func (a *app) kept(work func(context.Context, *job)) func(context.Context, *job) {
	return func(ctx context.Context, j *job) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if j.item.err != nil {
				panic(p)
			}
			what, _, _ := strings.Cut(fmt.Sprint(p), "\n")
			j.out.Reset()
			j.outcome, j.report = outcome{}, nil
			j.item.err = errors.New(a.say(msgDefect, "name", j.item.name, "problem", what))
			work(ctx, j)
		}()
		work(ctx, j)
	}
}

// copyOut writes a job's output.
func copyOut(w io.Writer, j *job) error {
	_, err := j.out.WriteTo(w)
	return err
}
