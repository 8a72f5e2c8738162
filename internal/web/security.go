package web

import (
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"

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
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		r = s.behindProxy(r)
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
			s.Log.Error("a page panicked", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			s.fail(w, r, http.StatusInternalServerError, "error.defect")
		}
	}()
	next.ServeHTTP(w, r)
}

// hostAllowed defends against DNS rebinding: a page of evil.example whose name is
// made to point at 127.0.0.1 sends "Host: evil.example". An IP address cannot be
// rebound, so it is always answered.
func (s *server) hostAllowed(r *http.Request) bool {
	host := hostName(r.Host)
	if _, err := netip.ParseAddr(host); err == nil || isLocalName(host) {
		return true
	}
	for _, h := range s.Hosts {
		if strings.EqualFold(strings.TrimSuffix(hostName(h), "."), host) {
			return true
		}
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && len(s.Hosts) == 0 && !addrOf(local.String()).IsLoopback()
}

// hostName is the host of "host", "host:port" or "[v6]:port", without a final dot.
func hostName(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// isLocalName: names that mean this machine wherever they are resolved (RFC 6761 section 6.3).
func isLocalName(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// addrOf is the address of "host:port", the zero value when there is none.
func addrOf(hostport string) netip.Addr {
	ap, err := netip.ParseAddrPort(hostport)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// clientAddr is the address of the connection. What forwarding headers say is not
// believed: anyone can write them.
func clientAddr(r *http.Request) netip.Addr { return addrOf(r.RemoteAddr) }

// localClient reports whether a person at this machine asks. Behind a reverse proxy on
// the same machine everybody's connection comes from loopback, so a request
// that was forwarded, or that names another host, is nobody's in particular.
func localClient(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host := hostName(r.Host)
	ip, err := netip.ParseAddr(host)
	return clientAddr(r).IsLoopback() && (isLocalName(host) || (err == nil && ip.IsLoopback()))
}
