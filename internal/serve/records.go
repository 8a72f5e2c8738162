package serve

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/store"
)

const (
	// eventQueue is how many events wait for the database at most; eventBatch how many are written at one time.
	eventQueue = 4096
	eventBatch = 256
	// eventWrite bounds one attempt to write, eventRetry is the pause after a failure.
	eventWrite = 30 * time.Second
	eventRetry = 5 * time.Second
	// What one event keeps at most.
	eventRcpts, eventDKIM, eventFindings, eventText = 20, 8, 8, 500
)

// eventStore is the part of the store that keeps events.
type eventStore interface {
	AddMailEvents(ctx context.Context, list []store.MailEvent) error
}

// recorder keeps what became of messages. The mail flow never waits for it: when its queue is full events are dropped and counted.
type recorder struct {
	store   eventStore
	log     *slog.Logger
	queue   chan store.MailEvent
	dropped atomic.Int64
	retry   time.Duration
}

func newRecorder(st eventStore, log *slog.Logger) *recorder {
	return &recorder{store: st, log: log, queue: make(chan store.MailEvent, eventQueue), retry: eventRetry}
}

// observe takes an event in; it never blocks.
func (r *recorder) observe(e *filter.Event) {
	select {
	case r.queue <- mailEvent(e):
	default:
		r.dropped.Add(1)
	}
}

// run writes events until ctx ends, then what waits, if the database takes it at once.
func (r *recorder) run(ctx context.Context) {
	var batch []store.MailEvent
	for {
		if len(batch) == 0 {
			select {
			case e := <-r.queue:
				batch = append(batch, e)
			case <-ctx.Done():
				r.last()
				return
			}
		}
		batch = r.gather(batch)
		if err := r.write(ctx, batch); err != nil {
			if ctx.Err() == nil {
				r.log.Error("what became of messages cannot be kept now", "error", err, "waiting", len(r.queue)+len(batch))
			}
			select {
			case <-time.After(r.retry):
			case <-ctx.Done():
				r.putBack(batch)
				r.last()
				return
			}
			continue
		}
		batch = batch[:0]
		if n := r.dropped.Swap(0); n > 0 {
			r.log.Error("what became of some messages is not kept: too many waited for the database", "dropped", n)
		}
	}
}

// putBack puts a batch back, as far as there is room.
func (r *recorder) putBack(batch []store.MailEvent) {
	for i := range batch {
		select {
		case r.queue <- batch[i]:
		default:
			r.dropped.Add(1)
		}
	}
}

// gather adds what waits.
func (r *recorder) gather(batch []store.MailEvent) []store.MailEvent {
	for len(batch) < eventBatch {
		select {
		case e := <-r.queue:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

func (r *recorder) write(ctx context.Context, batch []store.MailEvent) error {
	ctx, cancel := context.WithTimeout(ctx, eventWrite)
	defer cancel()
	return r.store.AddMailEvents(ctx, batch)
}

// last writes what waits at the end.
func (r *recorder) last() {
	ctx, cancel := context.WithTimeout(context.Background(), endFlow)
	defer cancel()
	for {
		batch := r.gather(nil)
		if len(batch) == 0 {
			return
		}
		if err := r.store.AddMailEvents(ctx, batch); err != nil {
			r.log.Error("what became of the last messages is not kept", "error", err, "dropped", len(batch)+len(r.queue))
			return
		}
	}
}

// mailEvent makes what is kept of an event: nothing in it belongs to the message any more.
func mailEvent(e *filter.Event) store.MailEvent {
	cut := func(s string) string { return strings.Clone(s[:min(len(s), eventText)]) }
	results := e.Results()
	out := store.MailEvent{
		ID: store.NewMailEventID(e.Ended), At: e.Ended.UTC().Truncate(time.Millisecond), Outgoing: e.Outgoing, Queue: cut(e.Queue), MessageID: cut(e.MessageID), HELO: cut(e.HELO), User: cut(e.User),
		MailFrom: cut(e.MailFrom), Rcpts: []string{}, RcptCount: e.RcptCount, Author: cut(e.Author), Source: e.Source, Size: e.Size, Results: results[:min(len(results), 4*eventText)], Signed: e.Signed,
		Outcome: string(e.Outcome), Action: e.Action.String(), Reason: cut(e.Reason), Paced: e.Paced, Override: e.Override.Type, Comment: cut(e.Override.Comment), Findings: [][2]string{},
	}
	if e.Outgoing {
		out.Receivers = e.Receivers()
	}
	if e.Client.Addr.IsValid() {
		out.Client = e.Client.Addr.Unmap().String()
	}
	for _, to := range e.Rcpts[:min(len(e.Rcpts), eventRcpts)] {
		out.Rcpts = append(out.Rcpts, cut(to))
	}
	for _, p := range e.Problems[:min(len(e.Problems), eventFindings)] {
		out.Findings = append(out.Findings, [2]string{p.ID, cut(p.Text)})
	}
	if a := e.Auth; a != nil {
		m := &store.MailAuth{
			SPF: string(a.SPF.Result), SPFDomain: cut(a.SPF.Domain), ARC: string(a.ARC.Result), DMARC: string(a.DMARC.Result),
			Disposition: string(a.DMARC.Disposition), DKIM: [][3]string{},
		}
		for i := range a.DKIM[:min(len(a.DKIM), eventDKIM)] {
			if v := &a.DKIM[i]; v.Signature != nil {
				m.DKIM = append(m.DKIM, [3]string{cut(v.Signature.Domain), cut(v.Signature.Selector), string(v.Result)})
			}
		}
		out.Auth = m
	}
	return out
}
