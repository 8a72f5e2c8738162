package api

import (
	"context"
	"net/http"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/tokens"
	"github.com/todoku/todoku/internal/warmup"
)

type (
	warmupsInput struct{ LangQuery }
	warmupInput  struct {
		Source   string `path:"source" maxLength:"100" doc:"the IP address that mail goes out from" example:"192.0.2.1"`
		Provider string `path:"provider" maxLength:"50" doc:"who receives; * for all without a plan of their own" example:"gmail"`
		LangQuery
	}
	newWarmupInput struct {
		LangQuery
		Body service.WarmupRequest
	}
	changeWarmupInput struct {
		Source   string `path:"source" maxLength:"100" doc:"the IP address that mail goes out from" example:"192.0.2.1"`
		Provider string `path:"provider" maxLength:"50" doc:"who receives; * for all without a plan of their own" example:"gmail"`
		LangQuery
		Body service.WarmupChange
	}
)

// registerWarmups registers what can be done with warm-up plans.
func (s *Server) registerWarmups() {
	c := s.Service
	add(s, operation{
		id: "list-warmups", tag: "flow", method: "GET", path: "/warmups", scope: service.ScopeFlow, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "Warm-up plans, and the standing of source addresses", JA: "ウォームアップの計画と、送信元 IP アドレスの評価の目安"},
		description: "Blocklists are asked about each address at most once in half an hour; where they have not answered in two seconds the answer says that nothing is known of them.",
		problems:    []string{service.NotFound}, example: (*examples).warmups,
	}, func(ctx context.Context, q *warmupsInput) (*body[service.WarmupList], error) {
		v, err := c.Warmups(ctx, whoOf(ctx), q.lang(ctx))
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "begin-warmup", tag: "flow", method: "POST", path: "/warmups", scope: service.ScopeFlow, cost: tokens.Dear, status: http.StatusCreated,
		summary:     catalogue.Text{EN: "Begin a warm-up plan", JA: "ウォームアップの計画を始める"},
		description: "A published plan, or a target with either a number of days or a date. A plan that is there already is replaced by one that goes on from the share of today; what was sent today stays counted.",
		problems:    []string{service.NotFound, service.StorageFull}, example: (*examples).warmupNew,
	}, func(ctx context.Context, q *newWarmupInput) (*body[service.Warmup], error) {
		v, err := c.BeginWarmup(ctx, whoOf(ctx), q.Body, q.lang(ctx))
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "get-warmup", tag: "flow", method: "GET", path: "/warmups/{source}/{provider}", scope: service.ScopeFlow, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "A warm-up plan with its calendar and forecast", JA: "ウォームアップの計画とカレンダー、予測"},
		description: "Each day that is over with what was allowed, used and put off, and what followed; today; and the days to come, if all goes well.",
		problems:    []string{service.NotFound}, example: (*examples).warmup,
	}, func(ctx context.Context, q *warmupInput) (*body[service.Warmup], error) {
		v, err := c.Warmup(ctx, whoOf(ctx), q.Source, q.Provider, q.lang(ctx))
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "change-warmup", tag: "flow", method: "POST", path: "/warmups/{source}/{provider}", scope: service.ScopeFlow, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "Hold, resume or end a warm-up plan", JA: "ウォームアップの計画を据え置く、再開する、終了する"},
		description: "A plan that is held stays at today's share. One that is ended is forgotten, and nothing is bounded any more.",
		problems:    []string{service.NotFound, service.StorageFull}, example: (*examples).warmupChange,
	}, func(ctx context.Context, q *changeWarmupInput) (*body[service.Warmup], error) {
		v, err := c.ChangeWarmup(ctx, whoOf(ctx), q.Source, q.Provider, q.Body, q.lang(ctx))
		return wrapped(s, ctx, v, err)
	})
}

// warmupView is a plan of three days on its second.
func (e *examples) warmupView() service.Warmup {
	steps, _ := warmup.To(200, 3)
	state := warmup.Begin("200/3", steps, exampleTime.Add(-24*time.Hour))
	state.Today = warmup.Counts{Granted: 48, Delivered: 48}
	state.Turn(exampleTime)
	state.Today.Granted, state.Today.Delivered = 12, 11
	v := warmup.View{One: warmup.One{Source: "192.0.2.1", Provider: "gmail", State: state}, Allowed: &state.Steps[state.At].Day, Calendar: state.Calendar(exampleTime, nil), Target: state.Aim(exampleTime)}
	today, mean := state.Volume()
	v.Judged = warmup.Stand(warmup.Seen{Today: today, Mean: mean, Listing: warmup.Listing{Asked: 30}})
	return service.WarmupOf(&v, "en")
}

func (e *examples) warmup() (request, response any) { return nil, e.warmupView() }

func (e *examples) warmups() (request, response any) {
	w := e.warmupView()
	w.Calendar = []service.WarmupDay{}
	return nil, service.WarmupList{Warmups: []service.Warmup{w}, Sources: []service.WarmupSource{{Source: w.Source, Today: 12, Mean: 1.6, Standing: w.Standing}}}
}

func (e *examples) warmupNew() (request, response any) {
	return service.WarmupRequest{Source: "192.0.2.1", Provider: "gmail", Target: 200, Days: 3}, e.warmupView()
}

func (e *examples) warmupChange() (request, response any) {
	w := e.warmupView()
	why := "a new newsletter"
	w.State, w.HeldBecause, w.Target.Date = warmup.OnHold, &why, nil
	w.Calendar = w.Calendar[:2]
	return service.WarmupChange{State: "held", Reason: why}, w
}
