package dns_test

import (
	"context"
	"testing"

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
