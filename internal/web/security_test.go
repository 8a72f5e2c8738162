package web

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestHostAllowed(t *testing.T) {
	for name, c := range map[string]struct {
		host, local string
		hosts       []string
		want        int
	}{
		"loopback address":              {"127.0.0.1:8025", "127.0.0.1:8025", nil, 200},
		"IPv6 loopback":                 {"[::1]:8025", "[::1]:8025", nil, 200},
		"localhost":                     {"localhost:8025", "127.0.0.1:8025", nil, 200},
		"rebound name":                  {"evil.example:8025", "127.0.0.1:8025", nil, 421},
		"rebound name, no local known":  {"evil.example", "", nil, 421},
		"name that ends like localhost": {"evillocalhost", "127.0.0.1:8025", nil, 421},
		"configured name":               {"Todoku.Example.:8025", "127.0.0.1:8025", []string{"todoku.example"}, 200},
		"another than configured":       {"evil.example", "127.0.0.1:8025", []string{"todoku.example"}, 421},
		"bound to all, any name":        {"todoku.example", "198.51.100.1:80", nil, 200},
		"bound to all, names given":     {"evil.example", "198.51.100.1:80", []string{"todoku.example"}, 421},
		"an address cannot be rebound":  {"198.51.100.1", "198.51.100.1:80", []string{"todoku.example"}, 200},
		"no host":                       {"", "127.0.0.1:8025", nil, 421},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(cfg *Config) { cfg.Hosts = c.hosts })
			w := s.get(t, "/paste", func(r *http.Request) {
				r.Host = c.host
				if c.local != "" {
					addr, err := net.ResolveTCPAddr("tcp", c.local)
					if err != nil {
						t.Fatal(err)
					}
					*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(addr)))
				}
			})
			if w.Code != c.want {
				t.Errorf("status %d, want %d", w.Code, c.want)
			}
			if w.Header().Get("Content-Security-Policy") == "" {
				t.Error("no content policy")
			}
		})
	}
}

func TestOperatorIsForLoopback(t *testing.T) {
	s := populated(t)
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"at the machine":     {func(*http.Request) {}, 200},
		"by name":            {func(r *http.Request) { r.Host = "localhost:8025" }, 200},
		"IPv6":               {func(r *http.Request) { r.RemoteAddr, r.Host = "[::1]:4000", "[::1]:8025" }, 200},
		"from elsewhere":     {func(r *http.Request) { r.RemoteAddr = "192.0.2.7:4000" }, 403},
		"through a proxy":    {func(r *http.Request) { r.Header.Set("X-Forwarded-For", "127.0.0.1") }, 403},
		"forwarded":          {func(r *http.Request) { r.Header.Set("Forwarded", "for=127.0.0.1") }, 403},
		"by a public name":   {func(r *http.Request) { r.Host = "192.0.2.1" }, 403},
		"broken remote addr": {func(r *http.Request) { r.RemoteAddr = "@" }, 403},
	} {
		w := s.get(t, "/operator", c.change)
		if w.Code != c.want {
			t.Errorf("%s: status %d, want %d", name, w.Code, c.want)
		}
		if c.want == 403 && strings.Contains(w.Body.String(), `href="/operator"`) {
			t.Errorf("%s: the page leads to what it does not show", name)
		}
	}
}

// TestForgedPost: another web site's form must not store anything here (CSRF).
func TestForgedPost(t *testing.T) {
	for name, c := range map[string]struct {
		site, origin string
		want         int
	}{
		"own form":                 {"same-origin", "", 303},
		"other site":               {"cross-site", "https://evil.example", 403},
		"other port, same machine": {"same-site", "http://127.0.0.1:9999", 403},
		"old browser, other site":  {"", "https://evil.example", 403},
		"old browser, own form":    {"", "http://127.0.0.1:8025", 303},
		"no browser":               {"", "", 303},
	} {
		s := newSite(t)
		r := request("POST", "/paste", strings.NewReader("message=From%3A+a%40b.example%0D%0A%0D%0Ahello"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		s.h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: status %d, want %d", name, w.Code, c.want)
		}
		if c.want == 403 && len(s.mem.messages) != 0 {
			t.Errorf("%s: the message was stored", name)
		}
	}
}

// script is what a hostile message tries in every place.
const script = `"><script>alert(1)</script><img src=x onerror=alert(1)> '"` + "\x1b[31m\u202Emoc.live\u202C\u200B\x00\xff"

// TestHostileContent puts script tags, control characters, bidirectional overrides
// and octets that are no UTF-8 wherever a message, the DNS or a client can.
func TestHostileContent(t *testing.T) {
	s := newSite(t)
	s.keep("evil", "tok", hostileReport())
	s.server.headline = nil
	s.server.headline = hostileHeadline
	s.mem.messages[0].Subject, s.mem.messages[0].FromDomain = script, script
	s.mem.mailboxes["tok"] = mailboxOf("tok")
	s.mem.sessions = hostileSessions()
	for _, path := range []string{"/r/evil", "/r/evil?lang=ja", "/m/tok", "/s/evil", "/operator", "/nowhere/" + "%3Cscript%3E"} {
		w := s.get(t, path)
		body := w.Body.String()
		root := checkPage(t, w.Body.Bytes())
		scripts, images, ours := 0, 0, 1
		if strings.HasPrefix(path, "/r/") {
			ours = 2 // the report has one of its own
		}
		count(root, "script", &scripts)
		count(root, "img", &images)
		if scripts != ours || images != 1 {
			t.Errorf("%s: %d scripts and %d images, want our own", path, scripts, images)
		}
		for _, raw := range []string{"<script>alert", "onerror=alert(1)>", "\x1b", "\u202E", "\u200B", "\x00", "\xff"} {
			if strings.Contains(body, raw) {
				t.Errorf("%s: %q reaches the page: %s", path, raw, around([]byte(body), raw))
			}
		}
		if strings.HasPrefix(path, "/r/") || path == "/s/evil" {
			for _, shown := range []string{`\x1B`, `\u{202E}`, `\u{200B}`, `\x00`, `\xFF`} {
				if !strings.Contains(body, shown) {
					t.Errorf("%s: %s is not shown as an escape", path, shown)
				}
			}
		}
	}
}

func count(n *html.Node, tag string, total *int) {
	if n.Type == html.ElementNode && n.Data == tag {
		*total++
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		count(c, tag, total)
	}
}

// TestHugeReport: a message can make thousands of everything; the page stays bounded.
func TestHugeReport(t *testing.T) {
	s := newSite(t)
	s.keep("huge", "tok", hugeReport())
	w := s.get(t, "/r/huge")
	if w.Code != 200 {
		t.Fatal(w.Code)
	}
	if n := w.Body.Len(); n > 3<<20 {
		t.Errorf("the page has %d octets", n)
	}
	for _, want := range []string{"… and 1940 more, in the downloads", "… and 2988 more, in the downloads", "/r/huge.eml"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	checkPage(t, w.Body.Bytes())
}
