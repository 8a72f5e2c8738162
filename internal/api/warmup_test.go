package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/warmup"
)

func warmupSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t, true, nil)
	s.Service.Book = warmup.NewBook(warmup.BookConfig{Store: s.Store, Now: func() time.Time { return exampleTime }})
	return s
}

func TestWarmups(t *testing.T) {
	s := warmupSite(t)
	if a := s.do(post("/warmups", object{"source": "192.0.2.1", "provider": "gmail", "target": 1000, "days": 10})); a.StatusCode != 201 || !strings.Contains(string(a.data), `"date":"2026-12-01"`) {
		t.Fatalf("%s %s", a.Status, a.data)
	}
	if a := s.do(post("/warmups", object{"source": "2001:db8::1", "provider": "*", "table": "generic"})); a.StatusCode != 201 {
		t.Fatalf("%s %s", a.Status, a.data)
	}
	w := get[service.Warmup](s, getting("/warmups/192.0.2.1/gmail?lang=ja"))
	if len(w.Calendar) != 11 || w.State != "going" || w.Standing.Standing != "NEUTRAL" || !strings.Contains(w.Standing.Reason, "通") || w.ProviderName == "" {
		t.Errorf("%+v", w)
	}
	if w := get[service.Warmup](s, getting("/warmups/2001:db8::1/*")); w.Provider != "*" || *w.Day != 1 {
		t.Errorf("%+v", w)
	}
	if w := get[service.Warmup](s, getting("/warmups/2001:db8::1/%2A")); w.Provider != "*" {
		t.Errorf("%+v", w)
	}
	l := get[service.WarmupList](s, getting("/warmups"))
	if len(l.Warmups) != 2 || slices.ContainsFunc(l.Warmups, func(w service.Warmup) bool { return len(w.Calendar) > 0 }) {
		t.Errorf("%+v", l)
	}
	w = get[service.Warmup](s, post("/warmups/192.0.2.1/gmail", object{"state": "held", "reason": "complaints"}))
	if w.State != "on-hold" || *w.HeldBecause != "complaints" || w.Target.Date != nil {
		t.Errorf("%+v", w)
	}
	if w = get[service.Warmup](s, post("/warmups/192.0.2.1/gmail", object{"state": "going"})); w.State != "going" || w.HeldBecause != nil {
		t.Errorf("%+v", w)
	}
	if w = get[service.Warmup](s, post("/warmups/192.0.2.1/gmail", object{"state": "ended"})); w.State != "ended" {
		t.Errorf("%+v", w)
	}
	s.refused("ended", getting("/warmups/192.0.2.1/gmail"), service.NotFound)
	s.refused("ended twice", post("/warmups/192.0.2.1/gmail", object{"state": "ended"}), service.NotFound)
	for name, c := range map[string]call{
		"no address": post("/warmups", object{"source": "<b>", "provider": "gmail", "table": "ses"}), "no provider": post("/warmups", object{"source": "192.0.2.1", "provider": "nobody", "table": "ses"}),
		"nothing chosen": post("/warmups", object{"source": "192.0.2.1", "provider": "gmail"}), "too fast": post("/warmups", object{"source": "192.0.2.1", "provider": "gmail", "target": 1000000, "days": 2}),
		"no table": post("/warmups", object{"source": "192.0.2.1", "provider": "gmail", "table": "x"}), "no day": post("/warmups", object{"source": "192.0.2.1", "provider": "gmail", "target": 5, "by": "soon"}),
		"bad state": post("/warmups/2001:db8::1/*", object{"state": "x"}), "bad source": getting("/warmups/x/gmail"), "bad provider": getting("/warmups/192.0.2.1/x"),
	} {
		s.refused(name, c, service.Invalid)
	}
}

// TestWarmupScope: plans are for tokens with the scope alone.
func TestWarmupScope(t *testing.T) {
	s := newSite(t, false, nil)
	s.Service.Book = warmup.NewBook(warmup.BookConfig{Store: s.Store})
	c := getting("/warmups")
	c.headers = []string{"Authorization", "Bearer " + s.token(service.ScopeDomains, service.ScopeAdmin)}
	s.refused("another scope", c, service.Forbidden)
	c.headers[1] = "Bearer " + s.token(service.ScopeFlow)
	if a := s.do(c); a.StatusCode != 200 {
		t.Errorf("%s %s", a.Status, a.data)
	}
}

// TestNoBook: where no plans are kept there are none.
func TestNoBook(t *testing.T) {
	s := newSite(t, true, nil)
	s.refused("list", getting("/warmups"), service.NotFound)
	s.refused("one", getting("/warmups/192.0.2.1/gmail"), service.NotFound)
	s.refused("begin", post("/warmups", object{"source": "192.0.2.1", "provider": "gmail", "table": "ses"}), service.NotFound)
	s.refused("change", post("/warmups/192.0.2.1/gmail", object{"state": "held"}), service.NotFound)
}
