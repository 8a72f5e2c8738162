package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/reply"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/verify"
	"github.com/todoku/todoku/message"
)

const (
	// rescanEvery bounds how long a message waits whose wake-up was lost: another
	// node that took it died, or verifying it failed.
	rescanEvery = 15 * time.Second
	// queued bounds the wake-ups that wait.
	queued = 1024
)

// rescanned bounds the wake-ups of one rescan; a variable, so that a test can make it small.
var rescanned = queued / 2

// workers verify what the inbox made durable. The queue is the database: the
// channel only wakes a worker at once, and losing a wake-up costs a rescan.
type workers struct {
	store    *store.Store
	hub      *live.Hub
	resolver dns.Resolver
	lists    *blocklist.Checker
	filters  []verify.SpamFilter
	timeout  time.Duration
	count    int
	log      *slog.Logger
	answer   *reply.Responder // nil: nothing is answered by mail
	wake     chan string
	// more: the database may hold messages that nobody was woken for, because wake
	// was full when they came or the last rescan ended at its bound. They are looked
	// for as soon as the workers are out of work, which drained tells.
	more    atomic.Bool
	drained chan struct{}
	done    atomic.Int64 // verified since the last rescan

	mu   sync.Mutex
	busy map[string]bool
	// defective are messages whose verification panicked, which only a defect of ours
	// can cause. Until the program is started again they are left alone.
	defective map[string]bool
}

func newWorkers(c Config, st *store.Store, hub *live.Hub) *workers {
	return &workers{
		store: st, hub: hub, resolver: c.Resolver, lists: c.Checker.Lists, filters: c.Filters, timeout: c.VerifyTimeout, count: c.Workers, log: c.Log,
		wake: make(chan string, queued), drained: make(chan struct{}, 1), busy: map[string]bool{}, defective: map[string]bool{},
	}
}

// received is called by the inbox for each durable message and never blocks it.
func (w *workers) received(id string) {
	select {
	case w.wake <- id:
	default:
		w.more.Store(true)
	}
}

func (w *workers) run(ctx context.Context) error {
	var wg sync.WaitGroup
	for range w.count {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case id := <-w.wake:
					w.one(ctx, id)
					w.tellDrained()
				}
			}
		})
	}
	w.rescan(ctx)
	wg.Wait()
	return nil
}

// tellDrained wakes the rescan once the queue is empty and more may be waiting.
func (w *workers) tellDrained() {
	if len(w.wake) > 0 || !w.more.Load() {
		return
	}
	select {
	case w.drained <- struct{}{}:
	default:
	}
}

func (w *workers) rescan(ctx context.Context) {
	t := time.NewTicker(rescanEvery)
	defer t.Stop()
	for first := true; ; first = false {
		progress := w.done.Swap(0) > 0 || first
		w.more.Store(false)
		ids, err := w.store.Unverified(ctx, rescanned)
		if err != nil && ctx.Err() == nil {
			w.log.Error("looking for messages to verify failed", "error", err)
		}
		// Where nothing gets done (the database cannot be written, say) only the tick
		// tries again.
		if len(ids) == rescanned && progress {
			w.more.Store(true)
		}
		for _, id := range ids {
			select {
			case w.wake <- id:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-w.drained:
		case <-t.C:
		}
	}
}

// one verifies one message unless another worker of this process is at it.
func (w *workers) one(ctx context.Context, id string) {
	if !w.claim(id) {
		return
	}
	defer w.release(id)
	defer func() {
		if p := recover(); p != nil { // one message must never keep the others from their verdicts
			w.log.Error("verifying a message panicked; it is left without a verdict", "message", id, "panic", p, "stack", string(debug.Stack()))
			w.setDefective(id)
		}
	}()
	m, err := w.store.Message(ctx, id)
	if err == nil && m.State == store.Received {
		if _, err = w.verify(ctx, m); err == nil {
			w.done.Add(1)
		}
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrNotFound) {
		w.log.Error("verifying a message failed; it will be tried again", "message", id, "error", err)
	}
}

func (w *workers) claim(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[id] || w.defective[id] {
		return false
	}
	w.busy[id] = true
	return true
}

// setDefective remembers so many as one rescan finds: more would not be reached.
func (w *workers) setDefective(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.defective) < rescanned {
		w.defective[id] = true
	}
}

func (w *workers) release(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, id)
}

// verify judges one stored message, keeps the evidence and tells the page that waits.
func (w *workers) verify(ctx context.Context, m *store.Message) (*render.Report, error) {
	w.hub.Publish(m.Token, live.Event{Kind: "verifying", At: time.Now(), ReportID: m.ID})
	look, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	rep := verify.Message(look, w.resolver, verify.Request{
		Name: m.ID, Source: m.Evidence.Source, Raw: m.Evidence.Message, Session: m.Evidence.Session,
		Now: m.Received, LineEndsConverted: m.Evidence.LineEndsConverted,
		Inspector: &verify.Inspector{Lists: w.lists}, Filters: w.filters,
	})
	if ctx.Err() != nil {
		return nil, ctx.Err() // we are stopping: leave it unverified rather than judge on half an answer
	}
	if w.answer != nil { // before the verdict is kept: what is not answered is verified again
		if _, err := w.answer.Answer(ctx, m, rep); err != nil {
			return nil, fmt.Errorf("answering it by mail: %w", err)
		}
	}
	m.Evidence = rep.Bundle
	m.State = store.Verified
	m.Status = rep.Headline("en").Status
	m.FromDomain = rep.Auth.DMARC.FromDomain
	m.Subject = subject(rep.Message)
	if err := w.store.SetVerified(ctx, m); err != nil {
		return nil, fmt.Errorf("keeping the verdict: %w", err)
	}
	w.hub.Publish(m.Token, live.Event{Kind: "verified", At: time.Now(), ReportID: m.ID, Status: m.Status})
	return rep, nil
}

// subject gives the decoded subject for lists, at most 200 characters.
func subject(m *message.Message) string {
	for _, f := range m.All("Subject") {
		s := []rune(message.DecodeHeader(f.Unfolded()))
		return string(s[:min(len(s), 200)])
	}
	return ""
}
