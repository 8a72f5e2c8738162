package probe

import (
	"context"
	"crypto/tls"
	"sync"
	"testing"
)

// TestRemember: many domains with one exchanger cost one connection, also when they ask
// at the same time; a result that came for want of time is not kept.
func TestRemember(t *testing.T) {
	_, cert, _ := authority(t, now.AddDate(1, 0, 0), "mx.example.com")
	s := newServer(t, orderly(&tls.Config{Certificates: []tls.Certificate{cert}}))
	m := Remember(s.prober(Config{}), 2)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if h := m.Host(over, "mx.example.com"); h.Outcome == Seen {
		t.Fatalf("the time was over: %+v", h)
	}
	before := s.connections()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if h := m.Host(context.Background(), "mx.example.com"); h.Outcome != Seen || h.TLS.Outcome != Accepted {
				t.Errorf("got %s %s %s", h.Outcome, h.Problem, h.Detail)
			}
		})
	}
	all.Wait()
	if n := s.connections() - before; n != 1 {
		t.Errorf("%d connections", n)
	}
	if h := m.WithPostmaster("example.com").Host(context.Background(), "mx.example.com"); h.Postmaster == nil || h.Postmaster.Outcome != Accepted {
		t.Errorf("postmaster: %+v", h.Postmaster)
	}
}
