package api

import (
	"bytes"
	"context"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/tokens"
)

// operation is one operation as it is listed.
type operation struct {
	id, tag, method, path string
	summary               catalogue.Text
	description           string
	scope                 string // "": open to all
	cost                  tokens.Cost
	status                int
	maxBody               int64
	raw                   string // content type of a body that is no JSON
	upload                bool   // holds its body in memory
	problems              []string
	example               func(e *examples) (request, response any)
}

// LangQuery is the language of the texts.
type LangQuery struct {
	Lang string `query:"lang" enum:"en,ja" doc:"language of the texts; by default that of Accept-Language, else English"`
}

func (q LangQuery) lang(ctx context.Context) string { return orLang(ctx, q.Lang) }

func orLang(ctx context.Context, lang string) string {
	if lang == "" {
		return langOf(ctx)
	}
	return lang
}

type (
	// JSON of any object.
	body[T any] struct{ Body *T }
	// octets of a file.
	file struct {
		ContentType string `header:"Content-Type"`
		Disposition string `header:"Content-Disposition"`
		Body        []byte
	}
	none         struct{}
	checkInput   struct{ Body service.CheckRequest }
	proposeInput struct{ Body service.ProposalRequest }
	explainInput struct{ Body service.ExplainRequest }
	testInput    struct {
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
	areaInput struct {
		Area string `query:"area" maxLength:"16" doc:"only those of an area: spf, dkim, dmarc ..." example:"dmarc"`
	}
	findingInput struct {
		ID string `path:"id" maxLength:"100" doc:"of the finding" example:"dmarc.none"`
	}
)

// register registers all operations, in the order in which they are listed.
func (s *Server) register() {
	c := s.Service
	add(s, operation{
		id: "check-domain", tag: "check", method: "POST", path: "/checks", scope: service.ScopeCheck, cost: tokens.Dear,
		summary:     catalogue.Text{EN: "Check a domain, host or address", JA: "ドメイン、ホスト、IP アドレスを検査する"},
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
	s.registerTests()
	s.registerMessages()
	s.registerLab()
	s.registerDomains()
	s.registerWarmups()
	s.registerTraffic()
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
	add(s, operation{
		id: "get-health", tag: "server", method: "GET", path: "/health",
		summary: catalogue.Text{EN: "Whether the program can do its work", JA: "稼働状態"}, problems: []string{service.Unavailable}, example: (*examples).health,
	}, func(ctx context.Context, _ *none) (*body[service.Health], error) {
		v, err := c.Health(ctx)
		return wrapped(s, ctx, v, err)
	})
}

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
			release, ok := s.waits.take(tokens.CallerOf(ctx))
			if !ok {
				return nil, s.problem(ctx, &service.Problem{Word: service.Busy, RetryAfter: busyFor})
			}
			defer release()
		}
		v, err := c.Wait(ctx, service.WaitRequest{Token: q.Token, After: q.After, Wait: time.Duration(seconds) * time.Second, Lang: q.lang(ctx), Base: baseOf(ctx)})
		return wrapped(s, ctx, v, err)
	})
}

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

// wrapped makes an answer of what the service gave.
func wrapped[T any](s *Server, ctx context.Context, v *T, err error) (*body[T], error) {
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &body[T]{v}, nil
}

type baseKey struct{}

func baseOf(ctx context.Context) string {
	base, _ := ctx.Value(baseKey{}).(string)
	return base
}

// add registers one operation with package huma.
func add[I, O any](s *Server, op operation, handle func(context.Context, *I) (*O, error)) {
	op.path = prefix + op.path
	s.operations = append(s.operations, op)
	h := huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Summary: op.summary.EN, Description: op.description, Tags: []string{op.tag},
		DefaultStatus: op.status, MaxBodyBytes: op.maxBody, BodyReadTimeout: time.Minute,
		Errors: op.statuses(), Middlewares: huma.Middlewares{s.admit(op)},
	}
	if h.MaxBodyBytes == 0 {
		h.MaxBodyBytes = 256 << 10
	}
	h.Security = []map[string][]string{} // open to all, and said so
	if op.scope != "" {
		h.Security = []map[string][]string{{tokenScheme: {op.scope}}, {}}
		h.Description = strings.TrimSpace(h.Description + " Scope: " + op.scope + ".")
	}
	huma.Register(s.huma, h, handle)
}

// statuses are those that an operation may answer beside its own.
func (op operation) statuses() []int {
	out := []int{http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable}
	if op.scope != "" {
		out = append(out, http.StatusUnauthorized)
	}
	if op.method == http.MethodPost {
		out = append(out, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	for _, word := range op.problems {
		out = append(out, statuses[word])
	}
	return out
}

// admit lets in who may use an operation, before its body is read.
func (s *Server) admit(op operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		if op.scope == "" {
			next(ctx)
			return
		}
		c, problem := s.Guard.Admit(r)
		if problem == nil {
			problem = s.Guard.Spend(c, op.scope, op.cost)
		}
		if problem == nil && op.upload {
			release, ok := s.uploads.take(c)
			if ok {
				defer release()
			} else {
				problem = &service.Problem{Word: service.Busy, RetryAfter: busyFor}
			}
		}
		if problem != nil {
			s.refuse(w, r, problem)
			return
		}
		ctx = huma.WithContext(ctx, tokens.WithCaller(context.WithValue(ctx.Context(), baseKey{}, s.Base(r)), c))
		next(ctx)
	}
}
