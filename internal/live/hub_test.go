package live_test

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/todoku/todoku/internal/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	loopback = netip.MustParseAddr("127.0.0.1")
	outside  = netip.MustParseAddr("192.0.2.1")
)

// drain reads what is waiting.
func drain(c <-chan live.Event) []string {
	var kinds []string
	for {
		select {
		case e, open := <-c:
			if !open {
				return kinds
			}
			kinds = append(kinds, e.Kind)
		default:
			return kinds
		}
	}
}

func TestPublishReachesOnlyTheToken(t *testing.T) {
	h := live.NewHub()
	a, cancelA := h.Subscribe("aaa", outside)
	defer cancelA()
	a2, cancelA2 := h.Subscribe("AAA", outside)
	defer cancelA2()
	b, cancelB := h.Subscribe("bbb", outside)
	defer cancelB()

	h.Publish("Aaa", live.Event{Kind: "data"})
	h.Publish("nobody", live.Event{Kind: "data"})

	for name, got := range map[string][]string{"first": drain(a), "second": drain(a2)} {
		if diff := cmp.Diff([]string{"data"}, got); diff != "" {
			t.Errorf("%s page of the token (-want +got):\n%s", name, diff)
		}
	}
	if got := drain(b); got != nil {
		t.Errorf("another token got %v", got)
	}
}

func TestPublishSessionIsForLoopbackAlone(t *testing.T) {
	for _, c := range []struct {
		name          string
		page, session string
		want          bool
	}{
		{"same loopback address", "127.0.0.1", "127.0.0.1", true},
		{"IPv4-mapped loopback", "::ffff:127.0.0.1", "127.0.0.1", true},
		{"IPv6 loopback", "::1", "::1", true},
		{"two loopback addresses", "127.0.0.1", "127.0.0.2", false},
		{"same public address", "192.0.2.1", "192.0.2.1", false},
		{"loopback page, public session", "127.0.0.1", "192.0.2.1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := live.NewHub()
			events, cancel := h.Subscribe("aaa", netip.MustParseAddr(c.page))
			defer cancel()
			h.PublishSession(netip.MustParseAddr(c.session), live.Event{Kind: "connected"})
			if got := len(drain(events)) == 1; got != c.want {
				t.Errorf("delivered = %v, want %v", got, c.want)
			}
		})
	}
}

func TestNumberedEventsArriveOnce(t *testing.T) {
	h := live.NewHub()
	events, cancel := h.Subscribe("aaa", loopback)
	defer cancel()
	connected := live.Event{Kind: "connected", SessionID: "s", Seq: 1}
	helo := live.Event{Kind: "helo", SessionID: "s", Seq: 2}

	h.PublishSession(loopback, connected)
	h.Publish("aaa", connected) // the story is told again from its beginning
	h.Publish("aaa", helo)
	h.Publish("aaa", live.Event{Kind: "verifying", SessionID: "s"}) // not numbered
	h.Publish("aaa", live.Event{Kind: "verifying", SessionID: "s"})

	want := []string{"connected", "helo", "verifying", "verifying"}
	if diff := cmp.Diff(want, drain(events)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSlowReaderLosesTheOldest(t *testing.T) {
	h := live.NewHub()
	events, cancel := h.Subscribe("aaa", outside)
	defer cancel()
	const sent = 1000
	for i := range sent {
		h.Publish("aaa", live.Event{Kind: fmt.Sprint(i)})
	}
	got := drain(events)
	if len(got) == 0 || len(got) >= sent {
		t.Fatalf("%d events waited: the buffer must be bounded", len(got))
	}
	for i, kind := range got {
		if want := fmt.Sprint(sent - len(got) + i); kind != want {
			t.Fatalf("event %d is %s, want %s (the newest, in order)", i, kind, want)
		}
	}
}

func TestCancelClosesAndMayBeRepeated(t *testing.T) {
	h := live.NewHub()
	events, cancel := h.Subscribe("aaa", loopback)
	cancel()
	cancel()
	h.Publish("aaa", live.Event{Kind: "data"})
	h.PublishSession(loopback, live.Event{Kind: "data"})
	if e, open := <-events; open {
		t.Errorf("got %v after cancel", e)
	}
}

func TestConcurrentUse(t *testing.T) {
	h := live.NewHub()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				events, cancel := h.Subscribe("aaa", loopback)
				h.Publish("aaa", live.Event{Kind: "data", SessionID: fmt.Sprint(i, j), Seq: 1})
				h.PublishSession(loopback, live.Event{Kind: "connected", SessionID: fmt.Sprint(i, j), Seq: 2})
				if len(drain(events)) == 0 {
					t.Error("a subscriber missed its own event")
				}
				cancel()
			}
		})
	}
	wg.Wait()
}

func BenchmarkPublish(b *testing.B) {
	h := live.NewHub()
	_, cancel := h.Subscribe("aaa", outside)
	defer cancel()
	for b.Loop() {
		h.Publish("aaa", live.Event{Kind: "data"})
	}
}

// BenchmarkPublishFloor is a bare buffered channel, emptied when full.
func BenchmarkPublishFloor(b *testing.B) {
	c := make(chan live.Event, 64)
	for b.Loop() {
		select {
		case c <- live.Event{Kind: "data"}:
		default:
			<-c
			c <- live.Event{Kind: "data"}
		}
	}
}
