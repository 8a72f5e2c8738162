package api

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/service/servicetest"
	"github.com/todoku/todoku/internal/tokens"
)

// session is the one in which the test mail passes.
var session = evidence.Session{RemoteIP: netip.MustParseAddr("192.0.2.25"), HELO: "mail.example.com", MailFrom: "news@example.com", HasMailFrom: true}

// site is an API that listens, each answer of which is held against its document.
type site struct {
	*servicetest.Site
	t    *testing.T
	api  *Server
	http *httptest.Server
	spec *spec
}

func newSite(t *testing.T, open bool, change func(*Config)) *site {
	t.Helper()
	s := &site{Site: servicetest.New(t, nil), t: t}
	c := Config{Service: s.Service, Guard: tokens.NewGuard(tokens.Config{Store: s.Store, Open: open}), Version: "1.2.3"}
	if change != nil {
		change(&c)
	}
	s.api = New(c)
	s.http = httptest.NewServer(s.api)
	t.Cleanup(s.http.Close)
	s.spec = specOf(t, s.api)
	return s
}

func specOf(t *testing.T, s *Server) *spec {
	t.Helper()
	d, err := s.document()
	if err != nil {
		t.Fatal(err)
	}
	return readSpec(t, d.json)
}

// token makes one with scopes.
func (s *site) token(scopes ...string) string {
	s.t.Helper()
	secret, _, err := tokens.Create(s.t.Context(), s.Store, "test", scopes, time.Time{})
	if err != nil {
		s.t.Fatal(err)
	}
	return secret
}

// call is one request; headers are pairs.
type call struct {
	method, path, body string
	headers            []string
}

func (s *site) request(c call) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), c.method, s.http.URL+c.path, strings.NewReader(c.body))
	if err != nil {
		s.t.Fatal(err)
	}
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(c.headers); i += 2 {
		if c.headers[i] == "Host" {
			r.Host = c.headers[i+1]
			continue
		}
		r.Header.Set(c.headers[i], c.headers[i+1])
	}
	return r
}

// answer of a call.
type answer struct {
	*http.Response
	data []byte
}

// do sends a call and holds the answer against the document.
func (s *site) do(c call) answer {
	s.t.Helper()
	r := s.request(c)
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer w.Body.Close()
	data, err := io.ReadAll(w.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if w.StatusCode != http.StatusMethodNotAllowed && w.StatusCode != http.StatusNotFound && strings.HasPrefix(c.path, prefix) {
		s.asDescribed(c, w, data)
	}
	return answer{w, data}
}

// asDescribed holds an answer against the document.
func (s *site) asDescribed(c call, w *http.Response, data []byte) {
	s.t.Helper()
	path, _, _ := strings.Cut(c.path, "?")
	op, _ := s.spec.operation(c.method, path)
	if op == nil {
		s.t.Errorf("%s %s is not in the document", c.method, path)
		return
	}
	r, ok := op.Responses[strconv.Itoa(w.StatusCode)]
	if ok && w.StatusCode == http.StatusNoContent && len(data) == 0 {
		return
	}
	kind, _, _ := mime.ParseMediaType(w.Header.Get("Content-Type"))
	m, has := r.Content[kind]
	if !ok && w.StatusCode != http.StatusMisdirectedRequest || !has && ok {
		s.t.Errorf("%s %s: %d with %s is not in the document", c.method, path, w.StatusCode, kind)
		return
	}
	if !has || !strings.HasSuffix(kind, "json") {
		return
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		s.t.Errorf("%s %s: %v", c.method, path, err)
	} else if err := s.spec.valid(m.Schema, v); err != nil {
		s.t.Errorf("%s %s: %d is not what the document says: %v", c.method, path, w.StatusCode, err)
	}
}

// get decodes the answer of a call that must succeed.
func get[T any](s *site, c call) (out T) {
	s.t.Helper()
	a := s.do(c)
	if a.StatusCode/100 != 2 {
		s.t.Fatalf("%s %s: %s\n%s", c.method, c.path, a.Status, a.data)
	}
	if err := json.Unmarshal(a.data, &out); err != nil {
		s.t.Fatal(err)
	}
	return out
}

// refused checks that a call is answered by a problem.
func (s *site) refused(what string, c call, word string) answer {
	s.t.Helper()
	a := s.do(c)
	var p Problem
	err := json.Unmarshal(a.data, &p)
	if err != nil || p.Code != word || p.Status != a.StatusCode || p.Type != problemPath+word || p.Detail == "" || p.Title == "" ||
		a.Header.Get("Content-Type") != problemType {
		s.t.Errorf("%s: %s %s %s, want %s", what, a.Status, a.Header.Get("Content-Type"), clip(string(a.data), 600), word)
	}
	if (word == service.RateLimited || word == service.NotYet) && a.Header.Get("Retry-After") == "" {
		s.t.Errorf("%s: no Retry-After", what)
	}
	if word == service.Unauthorized && !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
		s.t.Errorf("%s: no WWW-Authenticate", what)
	}
	return a
}
