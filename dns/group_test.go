package dns_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
)

// meeting is a resolver that answers only when two questions wait at the same time.
type meeting struct{ met chan struct{} }

func (m meeting) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	select {
	case m.met <- struct{}{}:
	case <-m.met:
	case <-ctx.Done():
		return dns.Answer{Question: q, Status: dns.Timeout}
	}
	return dns.Answer{Question: q, Status: dns.NoData}
}

// Look-ups that have to wait overlap, also behind the wrappers.
func TestGroupOverlapsWhatWaits(t *testing.T) {
	var base dns.Resolver = meeting{make(chan struct{})}
	for name, r := range map[string]dns.Resolver{
		"resolver": base, "recorder": dns.NewRecorder(base), "overlay": dns.Overlay(base), "counter": dns.NewCounter(base, 0),
	} {
		var got [2]dns.Answer
		g := dns.NewGroup(r)
		for i, host := range []string{"a.example", "b.example"} {
			g.Go(func() { got[i] = r.Resolve(t.Context(), dns.Question{Name: host, Type: dns.TypeA}) })
		}
		g.Wait()
		for _, a := range got {
			if a.Status != dns.NoData {
				t.Errorf("%s: %v", name, a.Status)
			}
		}
	}
}

// What answers from memory is asked at once and in order, with no goroutine.
func TestGroupRunsFromMemoryInOrder(t *testing.T) {
	base := dns.MustMemory(dns.Zone{"a.example": {"A 192.0.2.1"}})
	for name, r := range map[string]dns.Resolver{
		"memory": base, "replay": dns.NewReplayer(nil), "recorder": dns.NewRecorder(base),
		"overlay": dns.Overlay(base), "counter": dns.NewCounter(base, 0),
	} {
		var order []int // unguarded on purpose: the race detector must have nothing to say
		g := dns.NewGroup(r)
		for i := range 3 {
			g.Go(func() { order = append(order, i) })
			if len(order) != i+1 {
				t.Errorf("%s: step %d was put off", name, i)
			}
		}
		g.Wait()
	}
}

// What a cache remembers in full is tried at once; else the try is forgotten and made anew, overlapping with others.
func TestGroupTries(t *testing.T) {
	c := dns.NewCache(meeting{make(chan struct{})}, dns.CacheConfig{MaxNegativeTTL: time.Hour})
	known := dns.NewCache(dns.MustMemory(dns.Zone{"a.example": {"A 192.0.2.1"}, "b.example": {"A 192.0.2.2"}}), dns.CacheConfig{})
	ask := func(r dns.Resolver, host string) dns.Answer {
		return r.Resolve(t.Context(), dns.Question{Name: host, Type: dns.TypeA})
	}
	for _, host := range []string{"a.example", "b.example"} {
		ask(known, host)
	}
	var order []dns.Answer // unguarded on purpose
	g := dns.NewGroup(known)
	g.Try(func(r dns.Resolver) { order = append(order, ask(r, "a.example"), ask(r, "b.example")) })
	if len(order) != 2 || !order[0].Status.Found() || !order[1].Status.Found() || !order[1].Cached {
		t.Errorf("%+v", order)
	}
	g.Wait()

	runs := make([]int, 2)
	var got [2]dns.Answer
	g = dns.NewGroup(c)
	for i, host := range []string{"a.example", "b.example"} {
		g.Try(func(r dns.Resolver) {
			runs[i]++
			got[i] = ask(r, host)
		})
	}
	g.Wait()
	for i, a := range got {
		if a.Status != dns.NoData || runs[i] != 2 {
			t.Errorf("%v after %d runs", a.Status, runs[i])
		}
	}
}

// A panic in a goroutine of a group is the panic of who waits, so that a server can keep it to
// one message or domain; what else was begun is done by then.
func TestGroupHandsPanicsOn(t *testing.T) {
	g := dns.NewGroup(meeting{})
	done := make(chan struct{})
	g.Go(func() { panic("a defect") })
	g.Go(func() { close(done) })
	defer func() {
		if p, _ := recover().(string); !strings.HasPrefix(p, "a defect") || !strings.Contains(p, "group_test.go") {
			t.Errorf("recovered %q", p)
		}
		<-done
	}()
	g.Wait()
}
