package service_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/service/servicetest"
	"github.com/todoku/todoku/internal/store"
)

// silent is a resolver that must not be asked.
type silent struct{ t *testing.T }

func (s silent) Resolve(_ context.Context, q dns.Question) dns.Answer {
	s.t.Errorf("%v was asked", q)
	return dns.Answer{}
}

// TestBadChecks: every wrong request says in which field it is wrong, in both languages, before anything is looked up.
func TestBadChecks(t *testing.T) {
	s := servicetest.New(t, func(c *service.Config) {
		c.Checker = &check.Checker{Resolver: silent{t}}
	})
	many := func(n int, text string) []string { return strings.Split(strings.Repeat(text+"|", n)+text, "|") }
	for _, c := range []struct {
		q     service.CheckRequest
		field string
	}{
		{service.CheckRequest{}, "target"},
		{service.CheckRequest{Target: "   "}, "target"},
		{service.CheckRequest{Target: "localhost"}, "target"},
		{service.CheckRequest{Target: "192.0.2.0/24"}, "target"},
		{service.CheckRequest{Target: "not a domain"}, "target"},
		{service.CheckRequest{Target: "example.com", IP: []string{"x"}}, "ip"},
		{service.CheckRequest{Target: "example.com", IP: []string{"fe80::1%lo"}}, "ip"},
		{service.CheckRequest{Target: "example.com", IP: many(10, "192.0.2.1")}, ""},
		{service.CheckRequest{Target: "example.com", Selector: []string{"a b"}}, "selector"},
		{service.CheckRequest{Target: "example.com", Selector: []string{"a..b"}}, "selector"},
		{service.CheckRequest{Target: "example.com", Selector: many(20, "s")}, ""},
		{service.CheckRequest{Target: "example.com", Audience: "everybody"}, "audience"},
		{service.CheckRequest{Target: "example.com", WhatIf: []string{"v=spf1 -all"}}, "what_if"},
		{service.CheckRequest{Target: "example.com", WhatIf: many(20, "example.com TXT x")}, ""},
	} {
		_, err := s.Check(t.Context(), c.q)
		var p *service.Problem
		if !errors.As(err, &p) || p.Word != service.Invalid || p.Field != c.field || p.Detail("en") == "" || p.Detail("en") == p.Detail("ja") {
			t.Errorf("%.80v: %v", c.q, err)
		}
	}
	if _, err := s.WhatIf(t.Context(), service.CheckRequest{Target: "example.com"}); word(err) != service.Invalid {
		t.Errorf("what if nothing: %v", err)
	}
	for _, forms := range [][]string{{"papyrus"}, many(30, "bind")} {
		if _, err := s.Propose(t.Context(), service.ProposalRequest{Target: "example.com", Forms: forms}); word(err) != service.Invalid {
			t.Errorf("%v: %v", forms, err)
		}
	}
}

// TestWhatIf: a record that cures is shown to cure, one that breaks to break, and nothing else changes.
func TestWhatIf(t *testing.T) {
	s := servicetest.New(t, nil)
	has := func(list []string, id string) bool { return strings.Contains(strings.Join(list, " "), id) }
	for _, c := range []struct {
		record, fixed, broke string
	}{
		{"_dmarc.example.com TXT v=DMARC1; p=reject; rua=mailto:d@example.com", "dmarc.none", ""},
		{"example.com TXT v=spf1 ip4:192.0.2.25 ipv4:x -all", "", "spf."},
	} {
		r, err := s.WhatIf(t.Context(), service.CheckRequest{Target: "example.com", WhatIf: []string{c.record}})
		if err != nil {
			t.Fatal(err)
		}
		var fixed, broke []string
		for _, f := range r.Fixed {
			fixed = append(fixed, f.ID)
		}
		for _, f := range r.Broke {
			broke = append(broke, f.ID)
		}
		if !has(fixed, c.fixed) || !has(broke, c.broke) || c.fixed == "" && len(fixed) > 0 || c.broke == "" && len(broke) > 0 || len(r.Changes) != 1 {
			t.Errorf("%s: fixed %v, broke %v", c.record, fixed, broke)
		}
	}
}

// TestProposalCures: what is proposed, put to the what-if, cures what it says.
func TestProposalCures(t *testing.T) {
	s := servicetest.New(t, nil)
	p, err := s.Propose(t.Context(), service.ProposalRequest{Target: "example.com", Forms: []string{"bind", "string"}, Lang: "ja"})
	if err != nil || len(p.Changes) == 0 {
		t.Fatalf("%+v %v", p, err)
	}
	wrong := make(map[string]bool) // what counts as cured: the rest may be there or not
	for _, todo := range p.Todo {
		wrong[todo.Finding] = todo.Status == "fail" || todo.Status == "warn"
	}
	if !wrong["dmarc.none"] {
		t.Fatalf("%+v", p.Todo)
	}
	seen := make(map[string]bool)
	for _, c := range p.Changes {
		key := c.Change.Name + " " + fmt.Sprint(c.Change.Type)
		if seen[key] || len(c.Findings) == 0 || len(c.Forms) != 2 {
			t.Errorf("%s: %+v", key, c)
		}
		seen[key] = true
		for _, data := range c.Change.Data {
			r, err := s.WhatIf(t.Context(), service.CheckRequest{Target: "example.com", WhatIf: []string{key + " " + data}})
			if err != nil {
				t.Fatal(err)
			}
			if wrong[c.Findings[0]] && !strings.Contains(fmt.Sprintf("%v", r.Fixed), c.Findings[0]) {
				t.Errorf("%s %s does not cure %s", key, data, c.Findings[0])
			}
		}
	}
}

// TestNoServer: without a database, what needs one says so; the rest works.
func TestNoServer(t *testing.T) {
	s := service.New(service.Config{Checker: &check.Checker{Resolver: dns.MustMemory(servicetest.Zone)}})
	ctx := t.Context()
	for what, err := range map[string]error{
		"NewTest": second(s.NewTest(ctx, service.NewTestRequest{})), "Test": second(s.Test(ctx, "x", "")), "Wait": second(s.Wait(ctx, service.WaitRequest{Token: "x"})),
		"Message": second(s.Message(ctx, service.MessageRequest{ID: "x"})), "Raw": second(s.Raw(ctx, "x")), "Bundle": second(s.Bundle(ctx, "x")),
		"Submit": second(s.Submit(ctx, service.SubmitRequest{Raw: []byte(servicetest.Mail)})), "Recent": second(s.Recent(ctx, 1, "")),
	} {
		if word(err) != service.NoServer {
			t.Errorf("%s: %v", what, err)
		}
	}
	if h, err := s.Health(ctx); err != nil || h.Database {
		t.Errorf("health: %+v %v", h, err)
	}
	if o, err := s.Check(ctx, service.CheckRequest{Target: "example.com"}); err != nil || len(o.Findings) == 0 {
		t.Errorf("check: %+v %v", o, err)
	}
	if _, err := s.Explain(ctx, service.ExplainRequest{Text: "hello"}); word(err) != service.NothingToExplain {
		t.Errorf("explain: %v", err)
	}
	if _, err := s.Explain(ctx, service.ExplainRequest{Text: strings.Repeat("5", service.MaxExplain+1)}); word(err) != service.TooLarge {
		t.Errorf("explain: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestTurns: when all is busy one who leaves does not wait on, and holds no turn.
func TestTurns(t *testing.T) {
	s := servicetest.New(t, nil)
	giveBack, err := s.TakeAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for what, err := range map[string]error{
		"check": second(s.Check(ctx, service.CheckRequest{Target: "example.com"})), "explain": second(s.Explain(ctx, service.ExplainRequest{Text: "550 no"})),
		"propose": second(s.Propose(ctx, service.ProposalRequest{Target: "example.com"})),
		"what-if": second(s.WhatIf(ctx, service.CheckRequest{Target: "example.com", WhatIf: []string{"example.com TXT x"}})),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", what, err)
		}
	}
	giveBack()
	if _, err := s.TakeAll(t.Context()); err != nil {
		t.Errorf("a turn was lost: %v", err)
	}
}

// TestProblemOf: what an error of the store means to whoever asked.
func TestProblemOf(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	wrap := func(err error) error { return fmt.Errorf("message: %w", err) }
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want string
	}{
		{t.Context(), nil, ""}, {t.Context(), wrap(store.ErrNotFound), service.NotFound}, {t.Context(), wrap(store.ErrFull), service.StorageFull},
		{t.Context(), errors.New("disk I/O error"), service.Unavailable}, {gone, errors.New("interrupted"), context.Canceled.Error()},
		{t.Context(), wrap(&service.Problem{Word: service.Busy}), service.Busy},
	} {
		if got := word(service.ProblemOf(c.ctx, c.err)); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
	for w := range service.Titles {
		p := &service.Problem{Word: w}
		if p.Detail("en") == "" || p.Detail("ja") == "" || p.Detail("en") == p.Detail("ja") {
			t.Errorf("%s has no advice in both languages", w)
		}
	}
}

// TestFindings: the catalogue by area, and one by its id.
func TestFindings(t *testing.T) {
	s := servicetest.New(t, nil)
	all, err := s.Findings(t.Context(), "")
	if err != nil || len(all.Findings) < 200 {
		t.Fatalf("%d %v", len(all.Findings), err)
	}
	some, err := s.Findings(t.Context(), "dmarc")
	if err != nil || len(some.Findings) == 0 || len(some.Findings) >= len(all.Findings) {
		t.Errorf("%d of dmarc, %v", len(some.Findings), err)
	}
	for _, f := range some.Findings {
		if f.Area != "dmarc" {
			t.Errorf("%s is of %s", f.ID, f.Area)
		}
	}
	e, err := s.Finding(t.Context(), "dmarc.none")
	if err != nil || len(e.Requirements) == 0 || e.Fix == nil {
		t.Errorf("%+v %v", e, err)
	}
	if _, err := s.Finding(t.Context(), "dmarc.nothing"); word(err) != service.NotFound {
		t.Errorf("%v", err)
	}
}
