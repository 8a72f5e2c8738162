package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/verify"
	"github.com/todoku/todoku/message"
)

// rescanEvery bounds how long a message waits whose wake-up was lost: the queue
// was full, or another node that took it died.
const rescanEvery = 15 * time.Second

// workers verify what the inbox made durable. The queue is the database: the
// channel only wakes a worker at once, and losing a wake-up costs a rescan.
type workers struct {
	store    *store.Store
	hub      *live.Hub
	resolver dns.Resolver
	timeout  time.Duration
	count    int
	log      *slog.Logger
	wake     chan string

	mu   sync.Mutex
	busy map[string]bool
}

func newWorkers(c Config, st *store.Store, hub *live.Hub) *workers {
	return &workers{
		store: st, hub: hub, resolver: c.Resolver, timeout: c.VerifyTimeout, count: c.Workers, log: c.Log,
		wake: make(chan string, 1024), busy: map[string]bool{},
	}
}

// received is called by the inbox for each durable message and never blocks it.
func (w *workers) received(id string) {
	select {
	case w.wake <- id:
	default:
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
				}
			}
		})
	}
	w.rescan(ctx)
	wg.Wait()
	return nil
}

func (w *workers) rescan(ctx context.Context) {
	t := time.NewTicker(rescanEvery)
	defer t.Stop()
	for {
		ids, err := w.store.Unverified(ctx, cap(w.wake)/2)
		if err != nil && ctx.Err() == nil {
			w.log.Error("looking for messages to verify failed", "error", err)
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
	m, err := w.store.Message(ctx, id)
	if err == nil && m.State == store.Received {
		_, err = w.verify(ctx, m)
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrNotFound) {
		w.log.Error("verifying a message failed; it will be tried again", "message", id, "error", err)
	}
}

func (w *workers) claim(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[id] {
		return false
	}
	w.busy[id] = true
	return true
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
	})
	if ctx.Err() != nil {
		return nil, ctx.Err() // we are stopping: leave it unverified rather than judge on half an answer
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
