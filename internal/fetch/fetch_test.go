package fetch

import (
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire/https"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRefused(t *testing.T) {
	for _, a := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"168.63.129.16", "192.0.0.192", "192.168.1.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
		"100::1", "2001:0:7f00:1::", "2001:0:808:808:0:0:80ff:fffe", "2001:2::1", "2001:10::1", "2001:20::1", "2002:7f00:1::1", "2002:a9fe:a9fe::", "2002:c0a8:101::1",
		"fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "2001:4860::1%1", "fec0::1", "ff02::1", "4000::1", "5f00::1", "1::1",
		"2001:4860::5efe:10.0.0.1", "2001:4860::200:5efe:127.0.0.1",
	} {
		if Refused(netip.MustParseAddr(a)) == "" {
			t.Errorf("%s is not refused", a)
		}
	}
	for _, a := range []string{
		"8.8.8.8", "192.0.2.1", "198.51.100.1", "203.0.113.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "198.17.0.1", "198.20.0.1", "223.255.255.255",
		"2001:db8::1", "3fff::1", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2001:0:808:808:0:0:f7f7:f7f7", "2606:4700::1111",
	} {
		if reason := Refused(netip.MustParseAddr(a)); reason != "" {
			t.Errorf("%s is refused: %s", a, reason)
		}
	}
	if Refused(netip.Addr{}) == "" {
		t.Error("no address is not refused")
	}
}

// FuzzRefused: however an IPv4 address is wrapped up, a refused one stays refused.
func FuzzRefused(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1}, uint64(0))
	f.Add([]byte{169, 254, 169, 254}, uint64(1<<40))
	f.Fuzz(func(t *testing.T, b []byte, rest uint64) {
		if len(b) != 4 {
			return
		}
		v4 := netip.AddrFrom4([4]byte(b))
		if Refused(v4) == "" {
			return
		}
		var mapped, nat, six, ter [16]byte
		copy(mapped[10:], append([]byte{0xff, 0xff}, b...))
		copy(nat[:], append([]byte{0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}, b...))
		copy(six[:], append([]byte{0x20, 2}, b...))
		copy(ter[:], []byte{0x20, 1, 0, 0, 8, 8, 8, 8, 0, 0, 0, 0, ^b[0], ^b[1], ^b[2], ^b[3]})
		for i := 6; i < 16; i++ {
			six[i] = byte(rest >> (8 * (i % 8)))
		}
		for _, a := range [][16]byte{mapped, nat, six, ter} {
			if addr := netip.AddrFrom16(a); Refused(addr) == "" {
				t.Errorf("%s, in which there is %s, is not refused", addr, v4)
			}
		}
	})
}

// site is an HTTPS server on loopback whose certificate is for names.
type site struct {
	*httptest.Server
	port  uint16
	roots *x509.CertPool
	hits  atomic.Int64
}

func newSite(t *testing.T, h http.HandlerFunc, until time.Time, names ...string) *site {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: names,
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: until, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, _ := x509.ParseCertificate(der)
	s := &site{roots: x509.NewCertPool()}
	s.roots.AddCert(cert)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		h(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	s.port = s.Listener.Addr().(*net.TCPAddr).AddrPort().Port()
	return s
}

var now = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

var zone = dns.Zone{
	"www.example.com": {"A 127.0.0.1"}, "other.example.com": {"A 127.0.0.1"}, "inner.example.com": {"A 10.0.0.1", "AAAA fd00::1"},
	"broken.example.com": {"SERVFAIL"}, "empty.example.com": {"TXT x"}, "mixed.example.com": {"A 10.0.0.1", "A 127.0.0.1", "AAAA ::1"},
}

// open is a client that may talk to s.
func (s *site) open(cfg HTTPConfig) *Client {
	return NewClient(NewDialer(Config{Resolver: dns.MustMemory(zone), Roots: s.roots, Now: func() time.Time { return now },
		Allow: loopback, PortMap: map[uint16]uint16{443: s.port}}), cfg)
}

func TestGet(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "https://inner.example.com/", http.StatusFound)
		case "/away":
			http.Redirect(w, r, "https://other.example.com/", http.StatusFound)
		case "/down":
			http.Redirect(w, r, "http://www.example.com/", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/port":
			http.Redirect(w, r, "https://www.example.com:6379/", http.StatusFound)
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/fits":
			io.WriteString(w, strings.Repeat("x", 1000))
		case "/large":
			io.WriteString(w, strings.Repeat("x", 1001))
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			zeros := make([]byte, 1<<20)
			for range 64 {
				if _, err := z.Write(zeros); err != nil {
					return
				}
			}
			z.Close()
		case "/headers":
			w.Header().Set("X", strings.Repeat("x", maxHeaderBytes+1))
		case "/slow":
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/cookie":
			http.SetCookie(w, &http.Cookie{Name: "a", Value: r.Header.Get("Cookie") + "b"})
			io.WriteString(w, r.Header.Get("Cookie"))
		default:
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, "hello from "+r.Host)
		}
	}, now.AddDate(1, 0, 0), "www.example.com")
	strict := s.open(HTTPConfig{MaxBody: 1000})
	lax := s.open(HTTPConfig{MaxBody: 1000, MaxRedirects: 3})
	hasty := s.open(HTTPConfig{Timeout: 300 * time.Millisecond})
	for _, c := range []struct {
		name    string
		client  *Client
		url     string
		problem string
		body    string
	}{
		{"plain", strict, "https://www.example.com/", "", "hello from www.example.com"},
		{"redirect-is-the-answer", strict, "https://www.example.com/redirect", https.FetchRedirect, ""},
		{"redirect-to-an-inner-host", lax, "https://www.example.com/redirect", https.FetchRefusedAddr, ""},
		{"redirect-to-plain-http", lax, "https://www.example.com/down", https.FetchRedirect, ""},
		{"redirect-to-another-port", lax, "https://www.example.com/port", https.FetchBadURL, ""},
		{"redirect-without-end", lax, "https://www.example.com/loop", https.FetchRedirect, ""},
		{"redirect-to-a-host-with-another-name", lax, "https://www.example.com/away", https.FetchCertName, ""},
		{"status", strict, "https://www.example.com/gone", https.FetchStatus, ""},
		{"fits", strict, "https://www.example.com/fits", "", strings.Repeat("x", 1000)},
		{"too-large", strict, "https://www.example.com/large", https.FetchTooLarge, strings.Repeat("x", 1000)},
		{"gzip-bomb", strict, "https://www.example.com/bomb", https.FetchTooLarge, strings.Repeat("\x00", 1000)},
		{"header-too-large", strict, "https://www.example.com/headers", https.FetchFailed, ""},
		{"slow-body", hasty, "https://www.example.com/slow", https.FetchTimeout, ""},
		{"no-cookies", strict, "https://www.example.com/cookie", "", ""},
		{"certificate-of-another-name", strict, "https://other.example.com/", https.FetchCertName, ""},
		{"inner-host", strict, "https://inner.example.com/", https.FetchRefusedAddr, ""},
		{"inner-address", strict, "https://10.0.0.1/", https.FetchRefusedAddr, ""},
		{"inner-address-v6", strict, "https://[::ffff:169.254.169.254]/", https.FetchRefusedAddr, ""},
		{"zone", strict, "https://[fe80::1%25lo]/", https.FetchRefusedAddr, ""},
		{"decimal-address", strict, "https://2130706433/", https.FetchNoAddress, ""},
		{"octal-address", strict, "https://0177.0.0.1/", https.FetchNoAddress, ""},
		{"short-address", strict, "https://127.1/", https.FetchNoAddress, ""},
		{"port", strict, "https://www.example.com:22/", https.FetchBadURL, ""},
		{"plain-http", strict, "http://www.example.com/", https.FetchBadURL, ""},
		{"file", strict, "file:///etc/passwd", https.FetchBadURL, ""},
		{"user", strict, "https://u:p@www.example.com/", https.FetchBadURL, ""},
		{"no-host", strict, "https:///x", https.FetchBadURL, ""},
		{"nonsense", strict, "https://a b/", https.FetchBadURL, ""},
		{"dns-fails", strict, "https://broken.example.com/", https.FetchDNS, ""},
		{"no-address", strict, "https://empty.example.com/", https.FetchNoAddress, ""},
		{"nxdomain", strict, "https://gone.example.com/", https.FetchNoAddress, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 { // nothing is kept from one time to the next
				d := c.client.Get(context.Background(), c.url)
				if d.Problem != c.problem || string(d.Body) != c.body || (d.Problem != "") != (d.Detail != "") {
					t.Errorf("%d %q (%s), %d octets of body", d.Status, d.Problem, d.Detail, len(d.Body))
				}
			}
		})
	}
}

func TestCertificates(t *testing.T) {
	hello := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }
	old := newSite(t, hello, now.AddDate(0, 0, -1), "www.example.com")
	if d := old.open(HTTPConfig{}).Get(context.Background(), "https://www.example.com/"); d.Problem != https.FetchCertExpired || old.hits.Load() != 0 {
		t.Errorf("expired: %+v", d)
	}
	strange := newSite(t, hello, now.AddDate(1, 0, 0), "www.example.com")
	strange.roots = x509.NewCertPool()
	if d := strange.open(HTTPConfig{}).Get(context.Background(), "https://www.example.com/"); d.Problem != https.FetchCertUnknown || strange.hits.Load() != 0 {
		t.Errorf("unknown authority: %+v", d)
	}
}

func TestNotTLS(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	s := &site{port: plain.Listener.Addr().(*net.TCPAddr).AddrPort().Port()}
	if d := s.open(HTTPConfig{}).Get(context.Background(), "https://www.example.com/"); d.Problem != https.FetchTLS {
		t.Errorf("%+v", d)
	}
}

func TestNoProxyFromTheEnvironment(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }, now.AddDate(1, 0, 0), "www.example.com")
	if d := s.open(HTTPConfig{}).Get(context.Background(), "https://www.example.com/"); d.Problem != "" {
		t.Errorf("%+v", d)
	}
}

// rebinding answers with a public address first and with loopback ever after.
type rebinding struct{ asked atomic.Int64 }

func (r *rebinding) Resolve(_ context.Context, q dns.Question) dns.Answer {
	a := dns.Answer{Question: q, Status: dns.NoData}
	if q.Type == dns.TypeA {
		addr := netip.MustParseAddr("127.0.0.1")
		if r.asked.Add(1) == 1 {
			addr = netip.MustParseAddr("192.0.2.1")
		}
		a.Status, a.Records = dns.Success, []dns.Record{{Name: q.Name, Type: q.Type, Addr: addr, Data: addr.String()}}
	}
	return a
}

func TestRebinding(t *testing.T) {
	r := &rebinding{}
	d := NewDialer(Config{Resolver: r, ConnectTimeout: time.Millisecond})
	_, err := d.Dial(context.Background(), "rebind.example.com", 443)
	var e *Error
	if !errors.As(err, &e) || e.Addr.Addr() != netip.MustParseAddr("192.0.2.1") || r.asked.Load() != 1 {
		t.Errorf("%v after %d questions", err, r.asked.Load())
	}
	if _, err := d.Dial(context.Background(), "rebind.example.com", 443); Problem(err) != https.FetchRefusedAddr {
		t.Errorf("%v", err)
	}
	if err := d.control(context.Background(), "tcp4", "127.0.0.1:443", nil); err == nil {
		t.Error("the last look lets loopback through")
	}
}

func TestDial(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := netip.MustParseAddrPort(l.Addr().String()).Port()
	d := NewDialer(Config{Resolver: dns.MustMemory(zone), Allow: loopback, PortMap: map[uint16]uint16{25: port}})
	conn, err := d.DialContext(context.Background(), "tcp", "mixed.example.com:25")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	for address, want := range map[string]string{
		"mixed.example.com:26": https.FetchBadURL, "mixed.example.com:https": https.FetchBadURL, "mixed.example.com": https.FetchBadURL,
		"inner.example.com:25": https.FetchRefusedAddr, "gone.example.com:25": https.FetchNoAddress, "broken.example.com:25": https.FetchDNS,
	} {
		if _, err := d.DialContext(context.Background(), "tcp", address); err == nil || Problem(err) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := d.DialContext(context.Background(), "udp", "mixed.example.com:25"); Problem(err) != https.FetchBadURL {
		t.Errorf("udp: %v", err)
	}
	l.Close()
	if _, err := d.Dial(context.Background(), "mixed.example.com", 25); Problem(err) != https.FetchConnect || !strings.Contains(err.Error(), "mixed.example.com port 25 (127.0.0.1)") {
		t.Errorf("closed port: %v", err)
	}
}
