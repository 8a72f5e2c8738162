// Package api is the REST API: OpenAPI 3.1 made from the code, JSON of the contract,
// problems by RFC 9457. It decides nothing: package service does what it offers.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/todoku/todoku/internal/caller"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/tokens"
)

// Config of the API.
type Config struct {
	Service *service.Service
	Guard   *tokens.Guard
	// Hosts are further host names that are answered to, TrustProxy the proxies whose
	// X-Forwarded-For is believed; both as for the pages.
	Hosts      []string
	TrustProxy []netip.Prefix
	// PublicURL is what clients call this program by; "": by what they just did.
	PublicURL string
	Version   string
	Log       *slog.Logger
}

// Server is the API.
type Server struct {
	Config
	huma       huma.API
	mux        *http.ServeMux
	operations []operation
	document   func() (document, error)
}

const (
	busyFor = 10 * time.Second
	// prefix of all operations. What is beneath it keeps its meaning; a change that would
	// break clients gets another prefix.
	prefix = "/api/v1"
)

// New gives the API.
func New(c Config) *Server {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{Config: c, mux: http.NewServeMux()}
	format := huma.Format{Marshal: func(w io.Writer, v any) error { return render.WriteJSON(w, v) }, Unmarshal: unmarshal}
	s.huma = humago.New(s.mux, huma.Config{
		OpenAPI: description(c.Version), Formats: map[string]huma.Format{"application/json": format, "json": format}, DefaultFormat: "application/json",
		RejectUnknownQueryParameters: true,
	})
	s.register()
	s.complete()
	s.document = sync.OnceValues(s.write)
	s.mux.HandleFunc("GET /api/openapi.json", s.file("application/openapi+json", func(d document) []byte { return d.json }))
	s.mux.HandleFunc("GET /api/openapi.yaml", s.file("application/openapi+yaml", func(d document) []byte { return d.yaml }))
	s.mux.HandleFunc("GET /api/{$}", s.page)
	s.mux.HandleFunc("GET /api", s.page)
	s.mux.HandleFunc("GET "+problemPath+"{word}", s.problemPage)
	s.mux.HandleFunc("/", s.nowhere)
	return s
}

// unmarshal refuses what encoding/json is lax about: data behind the value.
func unmarshal(data []byte, v any) error {
	if !json.Valid(data) {
		return errors.New(notJSON) // an error of the package may hold what was sent
	}
	return json.Unmarshal(data, v)
}

// ServeHTTP answers what is beneath /api.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Secure(s.mux).ServeHTTP(w, r)
}

type langKey struct{}

func langOf(ctx context.Context) string {
	lang, _ := ctx.Value(langKey{}).(string)
	return lang
}

// Secure is around every route for programs, those of MCP too.
func (s *Server) Secure(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, &service.Problem{Word: service.CrossOrigin})
	}))
	inner := cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		caller.Harden(h, contentPolicy)
		h.Set("Cache-Control", "no-store")
		r = caller.BehindProxy(r.WithContext(context.WithValue(r.Context(), langKey{}, i18n.FromRequest(r))), s.TrustProxy)
		if !caller.HostAllowed(r, s.Hosts) {
			s.refuse(w, r, &service.Problem{Word: service.WrongHost})
			return
		}
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				s.Log.Error("a request panicked", "route", caller.Route(r), "panic", p, "stack", string(debug.Stack()))
				s.refuse(w, r, &service.Problem{Word: service.Defect})
			}
		}()
		inner.ServeHTTP(w, r)
	})
}

// Admitted lets in who may use the API, and keeps who it is in the context (tokens.CallerOf).
func (s *Server) Admitted(next http.Handler) http.Handler {
	return s.Secure(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, problem := s.Guard.Admit(r)
		if problem == nil {
			problem = s.Guard.Spend(c, "", tokens.Cheap)
		}
		if problem != nil {
			s.refuse(w, r, problem)
			return
		}
		next.ServeHTTP(w, r.WithContext(tokens.WithCaller(r.Context(), c)))
	}))
}

// Base is what the client calls this program by, for the addresses in answers.
func (s *Server) Base(r *http.Request) string {
	if s.PublicURL != "" {
		return s.PublicURL
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host // it was allowed
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, p *service.Problem) {
	newProblem(langOf(r.Context()), p).write(w)
}

// nowhere answers what no route is for: another method, or another path.
func (s *Server) nowhere(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut, http.MethodPatch} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); strings.HasPrefix(pattern, method+" ") {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		s.refuse(w, r, &service.Problem{Word: service.NotFound})
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	s.refuse(w, r, &service.Problem{Word: service.WrongMethod})
}

func (s *Server) file(mime string, of func(document) []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d, err := s.document()
		if err != nil {
			s.Log.Error("the OpenAPI document cannot be written", "error", err)
			s.refuse(w, r, &service.Problem{Word: service.Defect})
			return
		}
		w.Header().Set("Content-Type", mime)
		_, _ = w.Write(of(d)) // the client left: nobody to tell
	}
}
