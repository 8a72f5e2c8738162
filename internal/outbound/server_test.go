package outbound

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/inbox"
	"github.com/todoku/todoku/internal/store"
)

func TestMain(m *testing.M) {
	if database := os.Getenv(childDatabase); database != "" {
		child(database, os.Getenv(childServer))
		return
	}
	goleak.VerifyTestMain(m)
}

// server is an SMTP server on loopback. What it answers to a command is in replies, by verb ("greeting"
// and "." are the first one and that after the message), each used once and the last one for ever; "" hangs up,
// "silence" says nothing.
type server struct {
	t      testing.TB
	l      net.Listener
	tls    *tls.Config // nil: no STARTTLS
	badTLS bool        // the handshake fails
	// refusesTLS: STARTTLS is offered and then refused.
	refusesTLS bool
	extra      string // further lines of EHLO
	wg         sync.WaitGroup
	mu         sync.Mutex
	replies    map[string][]string
	conns      []net.Conn
	heard      []string
	mail       []string
	said       chan string // the verb of each command, where somebody listens
}

func newServer(t testing.TB, replies map[string][]string) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, l: l, replies: replies}
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
		s.wg.Go(func() { s.talk(c) })
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

func (s *server) port() uint16 { return netip.MustParseAddrPort(s.l.Addr().String()).Port() }

// reply gives what is to be said, and false to hang up.
func (s *server) reply(c net.Conn, verb, otherwise string) bool {
	s.mu.Lock()
	text := otherwise
	if list := s.replies[verb]; len(list) > 0 {
		if text = list[0]; len(list) > 1 {
			s.replies[verb] = list[1:]
		}
	}
	said := s.said
	s.mu.Unlock()
	if said != nil {
		said <- verb
	}
	switch text {
	case "":
		return false
	case "silence":
		_, _ = io.Copy(io.Discard, c) // until the client gives up
		return false
	}
	_, err := io.WriteString(c, text+"\r\n")
	return err == nil
}

func (s *server) talk(c net.Conn) {
	defer func() { c.Close() }()
	if !s.reply(c, "greeting", "220 mx.example ESMTP") {
		return
	}
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.note(line)
		verb := strings.ToUpper(strings.Fields(line + " ?")[0])
		switch verb {
		case "EHLO":
			_, encrypted := c.(*tls.Conn)
			ehlo := "250-mx.example\r\n250-8BITMIME\r\n" + s.extra
			if s.tls != nil && !encrypted {
				ehlo += "250-STARTTLS\r\n"
			}
			if !s.reply(c, verb, ehlo+"250 ENHANCEDSTATUSCODES") {
				return
			}
		case "STARTTLS":
			if !s.reply(c, verb, "220 go") {
				return
			}
			if s.badTLS {
				return
			}
			if s.refusesTLS {
				continue
			}
			t := tls.Server(c, s.tls)
			if t.Handshake() != nil {
				return
			}
			c, r = t, bufio.NewReader(t)
		case "DATA":
			if !s.reply(c, verb, "354 go") {
				return
			}
			if !s.data(c, r) {
				return
			}
		default:
			if !s.reply(c, verb, "250 2.0.0 ok") {
				return
			}
		}
	}
}

func (s *server) data(c net.Conn, r *bufio.Reader) bool {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mu.Lock()
	s.mail = append(s.mail, b.String())
	s.mu.Unlock()
	return s.reply(c, ".", "250 2.0.0 queued as 1")
}

func (s *server) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, line)
}

func (s *server) commands() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.heard, "|")
}

func (s *server) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.mail...)
}

func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

func selfSigned(t testing.TB) *tls.Config {
	t.Helper()
	c, err := inbox.SelfSigned("mx.example")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// desk is a store and what a queue on it needs.
type desk struct {
	t       *testing.T
	store   *store.Store
	config  Config
	settled chan store.Outbound
}

const body = "From: a@us.example\r\nSubject: x\r\n\r\n.dot\r\n..\r\nend\r\n"

// newDesk has the exchangers of the zone at s: all addresses of loopback lead to its port.
func newDesk(t *testing.T, s *server, zone dns.Zone) *desk {
	t.Helper()
	st, err := store.Open(context.Background(), t.TempDir()+"/t.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	d := &desk{t: t, store: st, settled: make(chan store.Outbound, 100)}
	r := dns.MustMemory(zone)
	d.config = Config{
		Store: st, Hostname: "us.example", Resolver: r, Command: 5 * time.Second, Delivery: 20 * time.Second,
		FirstPause: time.Millisecond, LongestPause: 10 * time.Millisecond, Poll: 5 * time.Millisecond,
		Settled: func(o store.Outbound) { d.settled <- o },
	}
	d.config.Dialer = fetch.NewDialer(fetch.Config{
		Resolver: r, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, PortMap: map[uint16]uint16{25: s.port()}, ConnectTimeout: 2 * time.Second,
	})
	return d
}

func (d *desk) put(reason, to string) {
	d.t.Helper()
	now := time.Now()
	if err := d.store.AddOutbound(d.t.Context(), &store.Outbound{
		Reason: reason, Kind: "reply", Recipient: to, Message: []byte(body), Created: now, Expires: now.Add(time.Hour),
	}, nil, nil); err != nil {
		d.t.Fatal(err)
	}
}

// run runs a queue and gives what ends it.
func (d *desk) run(change func(*Config)) (stop func()) {
	d.t.Helper()
	c := d.config
	if change != nil {
		change(&c)
	}
	q, err := New(c)
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := q.Run(ctx); err != nil {
			d.t.Error(err)
		}
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	d.t.Cleanup(stop)
	return stop
}

// until waits for a mail to be over.
func (d *desk) until() store.Outbound {
	d.t.Helper()
	for {
		select {
		case o := <-d.settled:
			if o.State != store.OutboundWaiting {
				return o
			}
		case <-time.After(30 * time.Second):
			d.t.Fatal("nothing came of the mail")
		}
	}
}

// one sends a mail to user@them.example and gives what became of it.
func (d *desk) one(change func(*Config)) store.Outbound {
	d.t.Helper()
	d.put(fmt.Sprint(time.Now().UnixNano()), "user@them.example")
	stop := d.run(change)
	defer stop()
	return d.until()
}
