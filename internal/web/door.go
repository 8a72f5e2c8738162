package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/store"
)

// visitor is who asks for a page.
type visitor struct {
	// Person is who signed in; its ID is "" for others.
	Person store.Person
	// Admin may see what is of others.
	Admin bool
}

type visitorKey struct{}

// visitorOf gives who asks. Where there are no logins it is whoever can connect, and a
// person at this machine is the operator.
func visitorOf(r *http.Request) visitor {
	if v, ok := r.Context().Value(visitorKey{}).(visitor); ok {
		return v
	}
	return visitor{Admin: localClient(r)}
}

// door lets in who signed in. Where there are logins nobody is let in for coming from
// this machine: behind a reverse proxy everybody does.
func (s *server) door(next http.Handler) http.Handler {
	if s.Access == nil {
		return next
	}
	return s.Access.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, in, err := s.Access.Current(r.Context())
		if err != nil {
			s.storeError(w, r, err)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), visitorKey{}, visitor{Person: p, Admin: in && p.Role == access.Admin}))
		switch {
		case in || s.openToStrangers(r):
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			http.Redirect(w, r, "/login?"+url.Values{"next": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
		default:
			s.fail(w, r, http.StatusUnauthorized, "error.login")
		}
	}))
}

// openToStrangers reports whether a page is open to who did not sign in.
func (s *server) openToStrangers(r *http.Request) bool {
	return openToAll(r.URL.Path) || s.Public && !ofOthers(r.URL.Path) || s.Open != nil && s.Open(r)
}

// mayOpen reports whether the visitor of one page would be let into another one.
func (s *server) mayOpen(r *http.Request, path string) bool {
	if s.Access == nil || visitorOf(r).Person.ID != "" {
		return true
	}
	there := r.Clone(r.Context())
	there.Method, there.URL = http.MethodGet, &url.URL{Path: path}
	return s.openToStrangers(there)
}

// openToAll are the pages by which somebody comes in, and what shows nothing of anybody.
func openToAll(path string) bool {
	switch path {
	case "/login", "/login/openid", "/login/openid/back", "/logout", "/setup", "/healthz", "/robots.txt", "/reply/confirm", "/favicon.ico":
		return true
	}
	return strings.HasPrefix(path, "/assets/") || strings.HasPrefix(path, "/share/")
}

// ofOthers are the pages that list what is not the visitor's own; no tester that is open
// to all shows them to all.
func ofOthers(path string) bool {
	switch path {
	case "/operator", "/history", "/domains", "/domains.csv", "/forwards.csv", "/tokens", "/mail", "/volume", "/volume.csv", "/warmup", "/people", "/account":
		return true
	}
	return strings.HasPrefix(path, "/domains/") || strings.HasPrefix(path, "/warmup/") || strings.HasPrefix(path, "/people/")
}

// nextPage is a page of ours that a form may lead on to, never another site.
func nextPage(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") ||
		strings.ContainsAny(s, "\\\r\n\t") || openToAll(u.Path) {
		return "/"
	}
	return u.RequestURI()
}
