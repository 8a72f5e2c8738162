package web

import (
	"net/http"
	"net/netip"
	"runtime/debug"

	"github.com/todoku/todoku/internal/caller"
	"github.com/todoku/todoku/internal/i18n"
)

// contentPolicy allows our own files and nothing else: no inline script, no inline style.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure is around every route.
func (s *server) secure(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, http.StatusForbidden, "error.cross-origin")
	}))
	inner := cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		caller.Harden(h, contentPolicy)
		r = caller.BehindProxy(r, s.TrustProxy)
		if !s.hostAllowed(r) {
			s.fail(w, r, http.StatusMisdirectedRequest, "error.host")
			return
		}
		if lang := r.URL.Query().Get("lang"); i18n.Known(lang) && r.Method == http.MethodGet {
			http.SetCookie(w, &http.Cookie{
				Name: i18n.Cookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600,
				HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
			})
		}
		s.guarded(inner, w, r)
	})
}

// guarded turns a panic, which only a defect of ours can cause, into an error page.
func (s *server) guarded(next http.Handler, w http.ResponseWriter, r *http.Request) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			s.Log.Error("a page panicked", "route", caller.Route(r), "panic", p, "stack", string(debug.Stack()))
			s.fail(w, r, http.StatusInternalServerError, "error.defect")
		}
	}()
	next.ServeHTTP(w, r)
}

// The questions about who asks are those of package caller.

func (s *server) hostAllowed(r *http.Request) bool { return caller.HostAllowed(r, s.Hosts) }

func hostName(hostport string) string { return caller.HostName(hostport) }

func isLocalName(host string) bool { return caller.IsLocalName(host) }

func clientAddr(r *http.Request) netip.Addr { return caller.Address(r) }

func localClient(r *http.Request) bool { return caller.Local(r) }
