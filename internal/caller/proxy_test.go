package caller

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestBehindProxy(t *testing.T) {
	ours := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		from, forwarded, want string
	}{
		{"127.0.0.1:5", "203.0.113.9", "203.0.113.9"},
		{"127.0.0.1:5", "198.51.100.1, 203.0.113.9", "203.0.113.9"}, // the first is what the client wrote
		{"127.0.0.1:5", "203.0.113.9, 10.1.2.3", "203.0.113.9"},     // two proxies of ours
		{"127.0.0.1:5", "2001:db8::1", "2001:db8::1"},
		{"127.0.0.1:5", "[2001:db8::1]", "2001:db8::1"},
		{"127.0.0.1:5", "::ffff:203.0.113.9", "203.0.113.9"},
		{"127.0.0.1:5", "", "127.0.0.1"},
		{"127.0.0.1:5", "unknown", "127.0.0.1"},
		{"127.0.0.1:5", "203.0.113.9, nonsense", "127.0.0.1"},
		{"127.0.0.1:5", "10.1.2.3", "127.0.0.1"},
		{"127.0.0.1:5", "203.0.113.9" + strings.Repeat(",10.0.0.1", 50), "127.0.0.1"},
		{"198.51.100.7:5", "203.0.113.9", "198.51.100.7"}, // no proxy of ours
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.from
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := Address(BehindProxy(r, ours)).String(); got != c.want {
			t.Errorf("from %s, forwarded %.60q: %s, want %s", c.from, c.forwarded, got, c.want)
		}
	}
}
