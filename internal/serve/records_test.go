package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/internal/store"
)

// faulty is a database that is away, or full, as long as err is set.
type faulty struct {
	mu     sync.Mutex
	err    error
	tries  chan struct{}
	events []store.MailEvent
	volume map[string]int64 // messages by author
}

func (f *faulty) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *faulty) AddMailEvents(_ context.Context, list []store.MailEvent) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case f.tries <- struct{}{}:
	default:
	}
	if f.err == nil {
		f.events = append(f.events, list...)
	}
	return f.err
}

func (f *faulty) AddVolume(_ context.Context, list []store.Volume) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		for _, v := range list {
			f.volume[v.Author] += v.Messages
		}
	}
	return f.err
}

func outgoing(i int) *filter.Event {
	return &filter.Event{Outgoing: true, Queue: fmt.Sprint(i), MailFrom: "a@b.example", Author: fmt.Sprint(i%3, ".example"), Rcpts: []string{"x@gmail.com"}, RcptCount: 1, Ended: time.Now(), Source: "192.0.2.1"}
}

// TestEventsWhileTheDatabaseIsAway: the mail flow never waits; what fits the queue is kept when the database is back or has room, in order, the rest is
// counted as dropped.
func TestEventsWhileTheDatabaseIsAway(t *testing.T) {
	for name, fault := range map[string]error{"away": errors.New("connection refused"), "full disk": store.ErrFull} {
		t.Run(name, func(t *testing.T) {
			db := &faulty{err: fault, tries: make(chan struct{}, 1)}
			var said strings.Builder
			r := newRecorder(db, slog.New(slog.NewTextHandler(&said, nil)))
			r.retry = time.Millisecond
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { r.run(ctx); close(done) }()
			r.observe(outgoing(0))
			<-db.tries // and is in the hand of the recorder
			for i := 1; i < 2*eventQueue; i++ {
				r.observe(outgoing(i)) // would block for ever if it waited
			}
			if r.dropped.Load() == 0 {
				t.Error("nothing was dropped")
			}
			db.fail(nil)
			for len(r.queue) > 0 {
				<-db.tries
			}
			stop()
			<-done
			if n := len(db.events); n < eventQueue || n > eventQueue+eventBatch {
				t.Errorf("%d events are kept", n)
			}
			last := -1 // where the recorder takes a batch in hand while others come, there are gaps
			for i, e := range db.events {
				n, err := strconv.Atoi(e.Queue)
				if err != nil || n <= last {
					t.Fatalf("event %d is of %s, after that of %d", i, e.Queue, last)
				}
				last = n
			}
			if !strings.Contains(said.String(), "dropped=") || !strings.Contains(said.String(), "cannot be kept now") {
				t.Error(said.String())
			}
		})
	}
}

// TestEventsAtTheEnd: what waits is written when the end is asked for.
func TestEventsAtTheEnd(t *testing.T) {
	db := &faulty{tries: make(chan struct{}, 1)}
	r := newRecorder(db, slog.New(slog.DiscardHandler))
	for i := range 600 {
		r.observe(outgoing(i))
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	r.run(ctx)
	if len(db.events) != 600 {
		t.Errorf("%d are kept", len(db.events))
	}
}

// TestVolumeWhileTheDatabaseIsAway: what cannot be written is counted later, once.
func TestVolumeWhileTheDatabaseIsAway(t *testing.T) {
	db := &faulty{err: errors.New("away"), volume: map[string]int64{}}
	v := newVolumes(db, slog.New(slog.DiscardHandler))
	for i := range 30 {
		v.observe(outgoing(i))
	}
	if err := v.flush(t.Context()); err == nil {
		t.Error("no error")
	}
	refused := outgoing(0)
	refused.Action = filter.Reject
	v.observe(refused)
	v.observe(&filter.Event{Rcpts: []string{"in@us.example"}})
	v.observe(outgoing(0))
	db.fail(nil)
	for range 2 {
		if err := v.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(db.volume) != 3 || db.volume["0.example"] != 11 || db.volume["1.example"] != 10 {
		t.Errorf("%v", db.volume)
	}
	for i := range 2 * mostVolumes {
		e := outgoing(i)
		e.Author = fmt.Sprint(i, ".example")
		v.observe(e)
	}
	if len(v.n) > mostVolumes+1 {
		t.Errorf("%d counters", len(v.n))
	}
}

// TestMailEventIsBounded: whatever a message says, what is kept of it is small enough.
func TestMailEventIsBounded(t *testing.T) {
	long := strings.Repeat("\x00<\u2028", 5000)
	e := &filter.Event{HELO: long, User: long, MailFrom: long, Queue: long, Author: long, MessageID: long, Reason: long, RcptCount: 5000, Ended: time.Now(), Client: milter.Peer{Addr: netip.MustParseAddr("::ffff:192.0.2.1")}}
	for range 1000 {
		e.Rcpts = append(e.Rcpts, long)
		e.Problems = append(e.Problems, filter.Problem{ID: "a.b", Text: long})
	}
	m := mailEvent(e)
	if m.Client != "192.0.2.1" || m.RcptCount != 5000 || len(m.Rcpts) != eventRcpts {
		t.Errorf("%q %d %d", m.Client, m.RcptCount, len(m.Rcpts))
	}
	st, err := store.Open(t.Context(), t.TempDir()+"/t.db")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.AddMailEvents(t.Context(), []store.MailEvent{m}); err != nil {
		t.Error(err)
	}
	if got, err := st.MailEvents(t.Context(), "192.0.2.1", 10); err != nil || len(got) != 1 || got[0].RcptCount != 5000 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestVolumeByTheClockOfPlans: what goes out counts on the day that plans have (--at), or a plan that begins on it would not know of what
// went before, nor the page show it.
func TestVolumeByTheClockOfPlans(t *testing.T) {
	st, err := store.Open(t.Context(), t.TempDir()+"/t.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	at := time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC)
	f := withFlow(&MilterConfig{Store: st, Now: func() time.Time { return at }, Log: slog.New(slog.DiscardHandler)})
	f.observe(outgoing(0))
	if err := f.volumes.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := st.VolumeSince(t.Context(), "2026-12-24")
	if err != nil || len(list) != 1 || list[0].Day != "2026-12-24" {
		t.Errorf("%+v %v", list, err)
	}
}
