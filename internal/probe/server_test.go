package probe

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/fetch"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// peer is one connection as the server sees it.
type peer struct {
	net.Conn
	r *bufio.Reader
	s *server
}

func (p *peer) say(text string) { io.WriteString(p, text) }

// hear reads one command; "" when the client is gone.
func (p *peer) hear() string {
	line, err := p.r.ReadString('\n')
	if err != nil {
		return ""
	}
	p.s.note(strings.TrimRight(line, "\r\n"))
	return strings.TrimRight(line, "\r\n")
}

// server is an SMTP server on loopback that follows a script for each connection.
type server struct {
	l      net.Listener
	script func(*peer)
	wg     sync.WaitGroup

	mu       sync.Mutex
	conns    []net.Conn
	commands []string
}

func newServer(t testing.TB, script func(*peer)) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{l: l, script: script}
	s.wg.Go(s.accept)
	t.Cleanup(s.close)
	return s
}

func (s *server) accept() {
	for {
		c, err := s.l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		s.wg.Go(func() {
			defer c.Close()
			s.script(&peer{c, bufio.NewReader(c), s})
		})
	}
}

func (s *server) close() {
	s.l.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

func (s *server) note(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, command)
}

func (s *server) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.commands, "|")
}

func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// prober is one that may talk to s.
func (s *server) prober(cfg Config) *Prober {
	port := netip.MustParseAddrPort(s.l.Addr().String()).Port()
	cfg.Dialer = fetch.NewDialer(fetch.Config{
		Resolver: dns.MustMemory(dns.Zone{"mx.example.com": {"A 127.0.0.1"}, "inner.example.com": {"A 10.0.0.1"}, "broken.example.com": {"SERVFAIL"}}),
		Now:      func() time.Time { return now }, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, PortMap: map[uint16]uint16{25: port},
	})
	cfg.HELO = "probe.example.net"
	cfg.Pause = -1
	return New(cfg)
}

// orderly is a script of a server that does all right.
func orderly(cfg *tls.Config) func(*peer) {
	return func(p *peer) {
		p.say("220 mx.example.com ESMTP\r\n")
		for {
			switch line := p.hear(); {
			case line == "":
				return
			case strings.HasPrefix(line, "EHLO "):
				if _, ok := p.Conn.(*tls.Conn); ok || cfg == nil {
					p.say("250-mx.example.com\r\n250 SIZE 1000\r\n")
				} else {
					p.say("250-mx.example.com\r\n250-PIPELINING\r\n250 starttls\r\n")
				}
			case line == "STARTTLS":
				p.say("220 go ahead\r\n")
				conn := tls.Server(p.Conn, cfg)
				if conn.Handshake() != nil {
					return
				}
				p.Conn, p.r = conn, bufio.NewReader(conn)
			case line == "QUIT":
				p.say("221 bye\r\n")
				return
			case line == "RCPT TO:<postmaster@example.com>":
				p.say("250 2.1.5 fine\r\n")
			case line == "MAIL FROM:<>", line == "RSET":
				p.say("250 fine\r\n")
			default:
				p.say("500 what\r\n")
			}
		}
	}
}

// authority makes a root and a certificate below it.
func authority(t testing.TB, until time.Time, names ...string) (chain [][]byte, cert tls.Certificate, roots *x509.CertPool) {
	t.Helper()
	issue := func(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
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
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, NotBefore: now.AddDate(-9, 0, 0), NotAfter: now.AddDate(9, 0, 0), IsCA: true, BasicConstraintsValid: true}
	caDER, caKey := issue(ca, ca, nil)
	root, err := x509.ParseCertificate(caDER)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}, DNSNames: names, NotBefore: now.AddDate(-1, 0, 0), NotAfter: until}
	der, key := issue(leaf, root, caKey)
	roots = x509.NewCertPool()
	roots.AddCert(root)
	return [][]byte{der, caDER}, tls.Certificate{Certificate: [][]byte{der, caDER}, PrivateKey: key}, roots
}
