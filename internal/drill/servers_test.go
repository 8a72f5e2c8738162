package drill

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/probe"
)

// now is the time of every live case.
var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// authority signs certificates for tests.
type authority struct {
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	roots *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{roots: x509.NewCertPool()}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, NotBefore: now.AddDate(-5, 0, 0), NotAfter: now.AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true}
	der, key := certify(t, template, template, nil)
	a.cert, _ = x509.ParseCertificate(der)
	a.key = key
	a.roots.AddCert(a.cert)
	return a
}

// certify makes a certificate with a new key, signed by that key itself where signer is nil.
func certify(t testing.TB, template, parent *x509.Certificate, signer *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

// issue gives a certificate for names that is valid until a time.
func (a *authority) issue(t testing.TB, until time.Time, names ...string) *tls.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, NotBefore: now.AddDate(-2, 0, 0), NotAfter: until}
	der, key := certify(t, template, a.cert, a.key)
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}
}

// selfSigned gives a certificate for which nobody vouches.
func selfSigned(t testing.TB, name string) *tls.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0)}
	der, key := certify(t, template, template, nil)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// page is what the web server answers at one URL.
type page struct {
	status   int // 200 where 0
	kind     string
	location string
	body     string
}

// world is what stands behind a zone: a web server and a mail server on loopback, to
// which all connections are led, whatever addresses the zone has.
type world struct {
	*authority
	web  *httptest.Server
	hits atomic.Int64
	smtp net.Listener
	wg   sync.WaitGroup

	// What the servers do; nothing of it changes while a check runs.
	webCert, mxCert *tls.Certificate
	pages           map[string]page // by host and path
	startTLS        bool
	lowest, highest uint16 // TLS versions of the mail server; highest 0: any
	banner          string
	noPostmaster    bool
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{authority: newAuthority(t), pages: make(map[string]page), startTLS: true, lowest: tls.VersionTLS12, banner: "220 mail.example.com ESMTP"}
	w.webCert = w.issue(t, now.AddDate(1, 0, 0), "mta-sts.example.com", "www.example.com")
	w.mxCert = w.issue(t, now.AddDate(1, 0, 0), "mail.example.com")
	w.web = httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	w.web.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.web.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return w.webCert, nil }}
	w.web.StartTLS()
	var err error
	if w.smtp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	w.wg.Go(w.accept)
	t.Cleanup(func() {
		w.web.Close()
		w.smtp.Close()
		w.wg.Wait()
	})
	return w
}

func (w *world) serve(out http.ResponseWriter, r *http.Request) {
	w.hits.Add(1)
	p, ok := w.pages[r.Host+r.URL.Path]
	if !ok {
		http.NotFound(out, r)
		return
	}
	if p.kind != "" {
		out.Header().Set("Content-Type", p.kind)
	}
	if p.location != "" {
		out.Header().Set("Location", p.location)
	}
	if p.status != 0 {
		out.WriteHeader(p.status)
	}
	io.WriteString(out, p.body)
}

func (w *world) accept() {
	for {
		c, err := w.smtp.Accept()
		if err != nil {
			return
		}
		w.wg.Go(func() {
			defer c.Close()
			c.SetDeadline(time.Now().Add(20 * time.Second))
			w.converse(c)
		})
	}
}

// converse is one SMTP session as a mail server leads it.
func (w *world) converse(conn net.Conn) {
	in, inside := bufio.NewReader(conn), false
	say := func(s string) { io.WriteString(conn, s+"\r\n") }
	say(w.banner)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch line = strings.ToUpper(strings.TrimSpace(line)); {
		case strings.HasPrefix(line, "EHLO") && w.startTLS && !inside:
			say("250-mail.example.com\r\n250-SIZE 10000000\r\n250 STARTTLS")
		case strings.HasPrefix(line, "EHLO"):
			say("250-mail.example.com\r\n250 SIZE 10000000")
		case line == "STARTTLS":
			say("220 go ahead")
			inner := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*w.mxCert}, MinVersion: w.lowest, MaxVersion: w.highest})
			if inner.Handshake() != nil {
				return
			}
			conn, in, inside = inner, bufio.NewReader(inner), true
		case strings.HasPrefix(line, "RCPT") && w.noPostmaster:
			say("550 5.1.1 no such user")
		case line == "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

// dialer leads connections to the two servers. Where guarded, it refuses what is private
// and sees no other addresses, so that nothing leaves this machine.
func (w *world) dialer(zone dns.Resolver, guarded bool) *fetch.Dialer {
	port := func(a net.Addr) uint16 { return netip.MustParseAddrPort(a.String()).Port() }
	cfg := fetch.Config{Resolver: onlyPrivate{zone}, Roots: w.roots, Now: func() time.Time { return now }}
	if !guarded {
		cfg.Resolver, cfg.Allow = toLoopback{zone}, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		cfg.PortMap = map[uint16]uint16{443: port(w.web.Listener.Addr()), 25: port(w.smtp.Addr())}
	}
	return fetch.NewDialer(cfg)
}

func (w *world) prober(d *fetch.Dialer) *probe.Prober {
	return probe.New(probe.Config{Dialer: d, HELO: "probe.example.net", Pause: -1, Versions: true})
}

// toLoopback puts 127.0.0.1 in the place of every address.
type toLoopback struct{ dns.Resolver }

func (r toLoopback) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	a := r.Resolver.Resolve(ctx, q)
	if q.Type == dns.TypeAAAA {
		a.Status, a.Records = dns.NoData, nil
	}
	if q.Type == dns.TypeA && a.Status.Found() {
		rec, err := dns.NewRecord(a.Records[0].Name, dns.TypeA, 60, "127.0.0.1")
		if err != nil {
			panic(fmt.Sprint("127.0.0.1 is no address: ", err))
		}
		a.Records = []dns.Record{rec}
	}
	return a
}

// onlyPrivate hides public addresses.
type onlyPrivate struct{ dns.Resolver }

func (r onlyPrivate) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	a := r.Resolver.Resolve(ctx, q)
	a.Records = slices.DeleteFunc(slices.Clone(a.Records), func(rec dns.Record) bool { return rec.Addr.IsValid() && fetch.Refused(rec.Addr) == "" })
	if a.Status.Found() && len(a.Records) == 0 {
		a.Status = dns.NoData
	}
	return a
}

// oneServer asks the loopback server in the place of any other: the name servers of the
// zone have addresses that are nobody's.
type oneServer struct{ dns.Resolver }

func (r oneServer) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	q.Server = netip.AddrPort{}
	return r.Resolver.Resolve(ctx, q)
}
