package api

import (
	"context"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/tokens"
)

type (
	checkInput   struct{ Body service.CheckRequest }
	proposeInput struct{ Body service.ProposalRequest }
	explainInput struct{ Body service.ExplainRequest }
	areaInput    struct {
		Area string `query:"area" maxLength:"16" doc:"only those of an area: spf, dkim, dmarc ..." example:"dmarc"`
	}
	findingInput struct {
		ID string `path:"id" maxLength:"100" doc:"of the finding" example:"dmarc.none"`
	}
)

func (s *Server) registerChecks() {
	c := s.Service
	add(s, operation{
		id: "check-domain", tag: "check", method: "POST", path: "/checks", scope: service.ScopeCheck, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "Check a domain, host or address", JA: "ドメイン、ホスト、IP アドレスを診断する"},
		description: "Looks up what is published and says what keeps mail from arriving, what providers make of it and how to repair it. Takes a few seconds, at most about 20.",
		example:     (*examples).check,
	}, func(ctx context.Context, q *checkInput) (*body[render.CheckObject], error) {
		q.Body.Lang = orLang(ctx, q.Body.Lang)
		v, err := c.Check(ctx, q.Body)
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "what-if", tag: "check", method: "POST", path: "/what-if", scope: service.ScopeCheck, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "Judge records before they are published", JA: "レコードを公開する前に判定する"},
		description: "Checks the target as it is and as it would be with the records of what_if, and compares. Nothing is published.",
		example:     (*examples).whatIf,
	}, func(ctx context.Context, q *checkInput) (*body[service.WhatIfResult], error) {
		q.Body.Lang = orLang(ctx, q.Body.Lang)
		v, err := c.WhatIf(ctx, q.Body)
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "propose-records", tag: "check", method: "POST", path: "/proposals", scope: service.ScopeCheck, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "Say what to publish", JA: "公開すべきレコードを提案する"},
		description: "Checks the target and gives every change of its records once, complete and in forms to paste. Nothing is published.",
		example:     (*examples).propose,
	}, func(ctx context.Context, q *proposeInput) (*body[service.Proposal], error) {
		q.Body.Lang = orLang(ctx, q.Body.Lang)
		v, err := c.Propose(ctx, q.Body)
		return wrapped(s, ctx, v, err)
	})
}

func (s *Server) registerExplanations() {
	c := s.Service
	add(s, operation{
		id: "explain", tag: "explain", method: "POST", path: "/explain", scope: service.ScopeCheck, cost: tokens.Dear, maxBody: 8 << 20, upload: true,
		summary:     catalogue.Text{EN: "Explain a bounce, a reply, a log line or a header", JA: "バウンスメール、SMTP 応答、ログ、ヘッダーを説明する"},
		description: "Says in plain words what a text means, by which rule, and what to do next. Nothing is looked up. The text holds at most 1 MiB.",
		problems:    []string{service.NothingToExplain}, example: (*examples).explain,
	}, func(ctx context.Context, q *explainInput) (*body[render.ExplainObject], error) {
		q.Body.Lang = orLang(ctx, q.Body.Lang)
		v, err := c.Explain(ctx, q.Body)
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "list-findings", tag: "explain", method: "GET", path: "/findings", scope: service.ScopeRead,
		summary: catalogue.Text{EN: "List what can be found", JA: "指摘の一覧"}, example: (*examples).findings,
	}, func(ctx context.Context, q *areaInput) (*body[service.Catalogue], error) {
		v, err := c.Findings(ctx, q.Area)
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "get-finding", tag: "explain", method: "GET", path: "/findings/{id}", scope: service.ScopeRead,
		summary: catalogue.Text{EN: "What a finding means, in both languages", JA: "指摘の意味 (英語と日本語)"}, problems: []string{service.NotFound}, example: (*examples).finding,
	}, func(ctx context.Context, q *findingInput) (*body[service.CatalogueEntry], error) {
		v, err := c.Finding(ctx, q.ID)
		return wrapped(s, ctx, v, err)
	})
}
