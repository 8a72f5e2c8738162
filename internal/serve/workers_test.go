package serve

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
)

func openStore(tb testing.TB) *store.Store {
	tb.Helper()
	st, err := store.Open(context.Background(), filepath.Join(tb.TempDir(), "t.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = st.Close() })
	return st
}

// TestBacklogDrains: more messages than wake-ups are kept wait in the database; they
// are verified one after the other, not a batch every [rescanEvery].
func TestBacklogDrains(t *testing.T) {
	st := openStore(t)
	defer func(n int) { rescanned = n }(rescanned)
	rescanned = 40
	n := 2*rescanned + 20
	messages := make([]*store.Message, n)
	for i := range messages {
		messages[i] = &store.Message{Token: "backlog", Evidence: evidence.Bundle{
			Source: "paste", Message: fmt.Appendf(nil, "From: <a@sender.example>\r\nSubject: %d\r\n\r\nx\r\n", i),
		}}
	}
	if err := st.AddMessages(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
	hub := live.NewHub()
	c := Config{Resolver: dns.MustMemory(dns.Zone{}), Workers: 2}
	if err := c.defaults(); err != nil {
		t.Fatal(err)
	}
	w := newWorkers(c, st, hub)
	verified := make(chan struct{}, n)
	hubEvents, unsubscribe := hub.Subscribe("backlog", messages[0].Evidence.Session.RemoteIP)
	defer unsubscribe()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { // counts by the database; the events only say when to look
		for range hubEvents {
			if ids, err := st.Unverified(ctx, 1); err == nil && len(ids) == 0 {
				verified <- struct{}{}
				return
			}
		}
	})
	begun := time.Now()
	wg.Go(func() { _ = w.run(ctx) })
	select {
	case <-verified:
		if took := time.Since(begun); took > rescanEvery {
			t.Errorf("the backlog waited for the next rescan: %v", took)
		}
	case <-time.After(4 * rescanEvery):
		left, _ := st.Unverified(ctx, n)
		t.Errorf("%d of %d messages are still to verify", len(left), n)
	}
	cancel()
	unsubscribe()
	wg.Wait()
}

// TestPanicIsContained: a defect that one message brings to light leaves that message without a
// verdict, and the program running.
func TestPanicIsContained(t *testing.T) {
	zone := testZone()
	n := startNode(t, func(c *Config) {
		c.Resolver = resolverFunc(func(ctx context.Context, q dns.Question) dns.Answer {
			if q.Name == "_dmarc.bad.example" {
				panic("a defect")
			}
			return zone.Resolve(ctx, q)
		})
	})
	box, events := n.mailbox()
	s := n.dial()
	s.say("EHLO mail.sender.example", "250")
	for _, from := range []string{"bad.example", "sender.example"} {
		s.say("MAIL FROM:<a@sender.example>", "250")
		s.say("RCPT TO:<"+box.Token+"@inbox.todoku.example>", "250")
		s.say("DATA", "354")
		s.say("From: <a@"+from+">\r\n\r\nx\r\n.", "250")
	}
	_, verified := await(t, events, "verified")
	m, err := n.Store.Message(t.Context(), verified.ReportID)
	if err != nil || m.FromDomain != "sender.example" {
		t.Errorf("verified: %+v, %v", m, err)
	}
	if ids, err := n.Store.Unverified(t.Context(), 10); err != nil || len(ids) != 1 {
		t.Errorf("left without a verdict: %v, %v", ids, err)
	}
}
