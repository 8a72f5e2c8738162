package api

import (
	"bytes"
	"context"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/tokens"
)

type (
	testInput struct {
		Body *service.NewTestRequest
	}
	tokenInput struct {
		Token string `path:"token" maxLength:"64" doc:"of the test" example:"7f3k9m2q4w8xz"`
	}
	waitInput struct {
		Token string `path:"token" maxLength:"64" doc:"of the test" example:"7f3k9m2q4w8xz"`
		Wait  string `query:"wait" pattern:"^[0-9]{1,3}s?$" default:"0s" doc:"seconds to wait for the verdict, at most 60; the answer comes as soon as the verdict is there" example:"30s"`
		After string `query:"after" maxLength:"64" doc:"id of a message that is known already: another one is waited for"`
		LangQuery
	}
)

func (s *Server) registerTests() {
	c := s.Service
	add(s, operation{
		id: "create-test", tag: "test", method: "POST", path: "/tests", scope: service.ScopeSubmit, cost: tokens.Dear, status: http.StatusCreated,
		summary:     catalogue.Text{EN: "Make a one-time test address", JA: "使い捨てのテスト用アドレスを作成する"},
		description: "Send a real message to the address, then wait for its verdict. The address takes mail for 24 hours.",
		problems:    []string{service.StorageFull}, example: (*examples).test,
	}, func(ctx context.Context, q *testInput) (*body[service.Test], error) {
		var t service.NewTestRequest
		if q.Body != nil {
			t = *q.Body
		}
		t.Lang, t.Client, t.Base = orLang(ctx, t.Lang), tokens.CallerOf(ctx).IP, baseOf(ctx)
		v, err := c.NewTest(ctx, t)
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "get-test", tag: "test", method: "GET", path: "/tests/{token}", scope: service.ScopeRead,
		summary: catalogue.Text{EN: "A test and what came in", JA: "テストの状態"}, problems: []string{service.NotFound}, example: (*examples).testState,
	}, func(ctx context.Context, q *tokenInput) (*body[service.TestState], error) {
		v, err := c.Test(ctx, q.Token, baseOf(ctx))
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "wait-for-verdict", tag: "test", method: "GET", path: "/tests/{token}/verdict", scope: service.ScopeRead,
		summary:     catalogue.Text{EN: "Wait for the verdict of a test", JA: "テストの判定を待つ"},
		description: "Answers as soon as the newest message has its verdict, or with how far it came when the wait is over. Ask again until state is verified.",
		problems:    []string{service.NotFound, service.Busy}, example: (*examples).verdict,
	}, func(ctx context.Context, q *waitInput) (*body[service.Verdict], error) {
		seconds, _ := strconv.Atoi(strings.TrimSuffix(q.Wait, "s")) // the pattern held
		if seconds > 0 {
			release, problem := s.Guard.Wait(tokens.CallerOf(ctx))
			if problem != nil {
				return nil, s.problem(ctx, problem)
			}
			defer release()
		}
		v, err := c.Wait(ctx, service.WaitRequest{Token: q.Token, After: q.After, Wait: time.Duration(seconds) * time.Second, Lang: q.lang(ctx), Base: baseOf(ctx)})
		return wrapped(s, ctx, v, err)
	})
}

type (
	messageInput struct {
		ID     string   `path:"id" maxLength:"64" doc:"of the message" example:"m7f3k9m2q4w8xzc5v6b1n0dg"`
		WhatIf []string `query:"what_if,explode" maxItems:"20" maxLength:"5000" doc:"records that are judged as if they had been published, NAME TYPE DATA"`
		LangQuery
	}
	idInput struct {
		ID string `path:"id" maxLength:"64" doc:"of the message" example:"m7f3k9m2q4w8xzc5v6b1n0dg"`
	}
	submitInput struct {
		IP          string `query:"ip" maxLength:"64" doc:"address of the client that sent the message" example:"192.0.2.25"`
		HELO        string `query:"helo" maxLength:"255" doc:"what it said in HELO or EHLO" example:"mail.example.com"`
		MailFrom    string `query:"mail_from" maxLength:"322" doc:"envelope sender" example:"news@example.com"`
		NullPath    bool   `query:"null_path" doc:"the envelope sender is empty, as in bounces; not the same as no mail_from"`
		ContentType string `header:"Content-Type"`
		LangQuery
		RawBody []byte `contentType:"message/rfc822"`
	}
	recentInput struct {
		Limit int `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"how many"`
	}
)

func (s *Server) registerMessages() {
	c := s.Service
	add(s, operation{
		id: "submit-message", tag: "test", method: "POST", path: "/messages", scope: service.ScopeSubmit, cost: tokens.Dear, status: http.StatusCreated,
		maxBody: service.MaxMessage + 1, raw: "message/rfc822", upload: true,
		summary:     catalogue.Text{EN: "Judge a message that you have", JA: "手元のメールを判定する"},
		description: "The body is the message as it is, at most 25 MiB. The envelope is assumed to be what the query says; without one SPF cannot be judged.",
		problems:    []string{service.StorageFull, service.TooLarge, service.UnsupportedMedia}, example: (*examples).submit,
	}, func(ctx context.Context, q *submitInput) (*body[service.Verdict], error) {
		if kind, _, err := mime.ParseMediaType(q.ContentType); err != nil || kind != "message/rfc822" {
			return nil, s.problem(ctx, &service.Problem{Word: service.UnsupportedMedia})
		}
		v, err := c.Submit(ctx, service.SubmitRequest{
			Raw: bytes.Clone(q.RawBody), // the buffer is used again
			IP:  q.IP, HELO: q.HELO, MailFrom: q.MailFrom, NullPath: q.NullPath, Lang: q.lang(ctx), Base: baseOf(ctx),
		})
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "get-message", tag: "test", method: "GET", path: "/messages/{id}", scope: service.ScopeRead,
		summary:     catalogue.Text{EN: "The verdict of a message", JA: "メールの判定"},
		description: "Made from the stored evidence; nothing is looked up. With what_if, as if these records had been published.",
		problems:    []string{service.NotFound, service.NotYet, service.Dropped}, example: (*examples).message,
	}, func(ctx context.Context, q *messageInput) (*body[render.VerifyObject], error) {
		v, err := c.Message(ctx, service.MessageRequest{ID: q.ID, WhatIf: q.WhatIf, Lang: q.lang(ctx)})
		return wrapped(s, ctx, v, err)
	})
	add(s, operation{
		id: "get-message-raw", tag: "test", method: "GET", path: "/messages/{id}/raw", scope: service.ScopeRead,
		summary: catalogue.Text{EN: "The message, octet for octet", JA: "受信したままのメール"}, raw: "message/rfc822", problems: []string{service.NotFound, service.Dropped}, example: (*examples).rawMessage,
	}, func(ctx context.Context, q *idInput) (*file, error) {
		b, err := c.Raw(ctx, q.ID)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return &file{ContentType: "message/rfc822", Disposition: `attachment; filename="message.eml"`, Body: b}, nil
	})
	add(s, operation{
		id: "get-message-bundle", tag: "test", method: "GET", path: "/messages/{id}/bundle", scope: service.ScopeRead,
		summary:     catalogue.Text{EN: "The evidence of a message", JA: "メールの証拠ファイル"},
		description: "What \"todoku verify --replay\" reads.", raw: "application/vnd.todoku.evidence+json", problems: []string{service.NotFound, service.NotYet, service.Dropped}, example: (*examples).bundle,
	}, func(ctx context.Context, q *idInput) (*file, error) {
		b, err := c.Bundle(ctx, q.ID)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return &file{ContentType: "application/vnd.todoku.evidence+json", Disposition: `attachment; filename="message.bundle.json"`, Body: b}, nil
	})
	add(s, operation{
		id: "list-messages", tag: "test", method: "GET", path: "/messages", scope: service.ScopeAdmin,
		summary: catalogue.Text{EN: "The newest messages of everybody", JA: "全員の最新のメール"}, example: (*examples).list,
	}, func(ctx context.Context, q *recentInput) (*body[service.MessageList], error) {
		v, err := c.Recent(ctx, q.Limit, baseOf(ctx))
		return wrapped(s, ctx, v, err)
	})
}
