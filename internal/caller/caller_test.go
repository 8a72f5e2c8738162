package caller

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func request(from, host string, fields ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr, r.Host = from, host
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	return r
}

// TestLocal: only a connection from loopback that names loopback and passed nobody is of this machine.
func TestLocal(t *testing.T) {
	for _, c := range []struct {
		from, host string
		fields     []string
		want       bool
	}{
		{"127.0.0.1:5", "127.0.0.1:8025", nil, true},
		{"127.9.9.9:5", "localhost", nil, true},
		{"[::1]:5", "[::1]:8025", nil, true},
		{"[::ffff:127.0.0.1]:5", "todoku.localhost.", nil, true},
		{"127.0.0.1:5", "LOCALHOST:8025", nil, true},
		{"127.0.0.1:5", "evil.example", nil, false},
		{"127.0.0.1:5", "localhost.evil.example", nil, false},
		{"127.0.0.1:5", "192.0.2.1", nil, false},
		{"127.0.0.1:5", "", nil, false},
		{"192.0.2.1:5", "127.0.0.1", nil, false},
		{"nonsense", "127.0.0.1", nil, false},
		{"127.0.0.1:5", "127.0.0.1", []string{"X-Forwarded-For", "127.0.0.1"}, false},
		{"127.0.0.1:5", "127.0.0.1", []string{"Forwarded", "for=127.0.0.1"}, false},
		{"127.0.0.1:5", "127.0.0.1", []string{"X-Real-IP", "127.0.0.1"}, false},
		{"127.0.0.1:5", "127.0.0.1", []string{"Via", "1.1 proxy"}, false},
	} {
		if got := Local(request(c.from, c.host, c.fields...)); got != c.want {
			t.Errorf("%s %s %v: %t", c.from, c.host, c.fields, got)
		}
	}
}

// TestHostAllowed: a name that a stranger pointed here is not answered to (DNS rebinding).
func TestHostAllowed(t *testing.T) {
	for _, c := range []struct {
		host, listens string
		ours          []string
		want          bool
	}{
		{"127.0.0.1:8025", "127.0.0.1:8025", nil, true},
		{"[2001:db8::1]", "127.0.0.1:8025", nil, true},
		{"localhost:8025", "127.0.0.1:8025", nil, true},
		{"evil.example", "127.0.0.1:8025", nil, false},
		{"evil.example", "192.0.2.1:80", []string{"todoku.example"}, false},
		{"todoku.example", "192.0.2.1:80", []string{"todoku.example"}, true},
		{"Todoku.Example.:443", "192.0.2.1:80", []string{"todoku.example."}, true},
		{"sub.todoku.example", "192.0.2.1:80", []string{"todoku.example"}, false},
		{"any.example", "192.0.2.1:80", nil, true}, // it listens for others, and has no name that it knows
		{"", "127.0.0.1:8025", nil, false},
	} {
		r := request("127.0.0.1:5", c.host)
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.listens)))))
		if got := HostAllowed(r, c.ours); got != c.want {
			t.Errorf("%q at %s, ours %v: %t", c.host, c.listens, c.ours, got)
		}
	}
}

// TestNetwork: what counts as one client.
func TestNetwork(t *testing.T) {
	for from, want := range map[string]string{
		"192.0.2.1:5": "192.0.2.1/32", "[::ffff:192.0.2.1]:5": "192.0.2.1/32", "[2001:db8::1:2:3:4]:5": "2001:db8::/64", "[fe80::1%eth0]:5": "fe80::/64", "nonsense": "invalid Prefix",
	} {
		if got := Network(AddressOf(from)).String(); got != want {
			t.Errorf("%s: %s, want %s", from, got, want)
		}
	}
}
