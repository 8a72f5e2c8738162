package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/todoku/todoku/internal/catalogue"
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
	none struct{}
)

// register registers all operations, in the order in which they are listed.
func (s *Server) register() {
	s.registerChecks()
	s.registerTests()
	s.registerMessages()
	s.registerLab()
	s.registerDomains()
	s.registerWarmups()
	s.registerTraffic()
	s.registerExplanations()
	s.registerHealth()
}

func (s *Server) registerHealth() {
	add(s, operation{
		id: "get-health", tag: "server", method: "GET", path: "/health",
		summary: catalogue.Text{EN: "Whether the program can do its work", JA: "稼働状態"}, problems: []string{service.Unavailable}, example: (*examples).health,
	}, func(ctx context.Context, _ *none) (*body[service.Health], error) {
		v, err := s.Service.Health(ctx)
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
			var release func()
			if release, problem = s.Guard.Upload(c); problem == nil {
				defer release()
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
