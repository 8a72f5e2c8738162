package verify

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/message"
)

// TestOneClick posts to a real HTTPS server what a mailbox provider posts (RFC 8058
// section 3.2), and judges its answer.
func TestOneClick(t *testing.T) {
	var got []string
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Content-Type")+" "+string(body))
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/ok", http.StatusFound)
		case "/login":
			w.WriteHeader(http.StatusForbidden)
		case "/broken":
			w.WriteHeader(http.StatusInternalServerError)
		case "/cut":
			c, _, _ := w.(http.Hijacker).Hijack()
			c.Close()
		}
	}))
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	port := s.Listener.Addr().(*net.TCPAddr).AddrPort().Port()
	client := fetch.NewClient(fetch.NewDialer(fetch.Config{
		Resolver: dns.MustMemory(dns.Zone{"example.com": {"A 127.0.0.1"}, "inside.example": {"A 10.0.0.1"}}), Roots: roots, Now: time.Now,
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, PortMap: map[uint16]uint16{443: port},
	}), fetch.HTTPConfig{})
	const post = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
	asked := func(path string) []string {
		return []string{"POST " + path + " application/x-www-form-urlencoded List-Unsubscribe=One-Click"}
	}
	for _, c := range []struct {
		name, header string
		want         string   // the finding
		sent         []string // what the server was sent
	}{
		{"taken", "List-Unsubscribe: <mailto:u@example.com>, <https://example.com/ok?u=1>\r\n" + post, "list.endpoint-pass", asked("/ok?u=1")},
		{"a redirect is not followed", "List-Unsubscribe: <https://example.com/moved>\r\n" + post, "list.endpoint-redirect", asked("/moved")},
		{"a login", "List-Unsubscribe: <https://example.com/login>\r\n" + post, "list.endpoint-fails", asked("/login")},
		{"broken for now", "List-Unsubscribe: <https://example.com/broken>\r\n" + post, "list.endpoint-fails", asked("/broken")},
		{"no answer", "List-Unsubscribe: <https://example.com/cut>\r\n" + post, "list.endpoint-unknown", asked("/cut")},
		{"a private address", "List-Unsubscribe: <https://inside.example/>\r\n" + post, "list.endpoint-unknown", nil},
		{"an address", "List-Unsubscribe: <https://169.254.169.254/latest>\r\n" + post, "list.endpoint-unknown", nil},
		{"another port", "List-Unsubscribe: <https://example.com:25/>\r\n" + post, "list.endpoint-unknown", nil},
		{"no name", "List-Unsubscribe: <https://nobody.example/>\r\n" + post, "list.endpoint-unknown", nil},
		{"no one-click", "List-Unsubscribe: <https://example.com/ok>\r\n", "", nil},
		{"another value", "List-Unsubscribe: <https://example.com/ok>\r\nList-Unsubscribe-Post: yes\r\n", "", nil},
		{"http only", "List-Unsubscribe: <http://example.com/ok>\r\n" + post, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got = nil
			m := message.Parse([]byte("From: a@example.com\r\n" + c.header + "\r\n"))
			id := ""
			for _, f := range oneClick(context.Background(), client, m, "example.com") {
				id += f.ID
			}
			if id != c.want {
				t.Errorf("%q, want %q", id, c.want)
			}
			if d := cmp.Diff(c.sent, got); d != "" {
				t.Errorf("sent (-want +got):\n%s", d)
			}
		})
	}
	if f := oneClick(context.Background(), nil, message.Parse([]byte("List-Unsubscribe: <https://example.com/ok>\r\n"+post+"\r\n")), ""); f != nil {
		t.Errorf("without being asked: %v", f)
	}
}
