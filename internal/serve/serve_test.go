package serve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
)

const testMail = "From: Sender <a@sender.example>\r\nTo: <b@inbox.todoku.example>\r\nDate: Sun, 22 Nov 2026 03:04:00 +0000\r\nMessage-ID: <1@sender.example>\r\nSubject: =?UTF-8?Q?Hell=C3=B6?=\r\n\r\nHello.\r\n"

func testZone() dns.Resolver {
	return dns.MustMemory(dns.Zone{
		"sender.example":          {"TXT v=spf1 ip4:127.0.0.1 -all"},
		"_dmarc.sender.example":   {"TXT v=DMARC1; p=reject"},
		"mail.sender.example":     {"A 127.0.0.1"},
		"1.0.0.127.in-addr.arpa":  {"PTR mail.sender.example"},
		"unrelated.other.example": {"A 192.0.2.1"},
	})
}

// resolverFunc is a resolver of a test.
type resolverFunc func(context.Context, dns.Question) dns.Answer

func (f resolverFunc) Resolve(ctx context.Context, q dns.Question) dns.Answer { return f(ctx, q) }

// silent is a DNS that never answers.
var silent = resolverFunc(func(ctx context.Context, q dns.Question) dns.Answer {
	<-ctx.Done()
	return dns.Answer{Question: q, Status: dns.Timeout}
})

// running is a node that serves.
type running struct {
	*Node
	t     testing.TB
	end   context.CancelFunc
	ended chan error
}

func startNode(t testing.TB, change func(*Config)) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan *Node, 1)
	c := Config{
		Database: filepath.Join(t.TempDir(), "t.db"), SMTP: "127.0.0.1:0", HTTP: "127.0.0.1:0",
		Hostname: "mx.todoku.example", MailDomain: "inbox.todoku.example", Resolver: testZone(),
		Ready: func(n *Node) { ready <- n },
	}
	change(&c)
	n := &running{t: t, end: cancel, ended: make(chan error, 1)}
	go func() { n.ended <- Run(ctx, c) }()
	select {
	case n.Node = <-ready:
	case err := <-n.ended:
		cancel()
		t.Fatalf("it did not start: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		http.DefaultClient.CloseIdleConnections()
		if err := <-n.ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
		n.ended <- nil
	})
	return n
}

// mailbox makes an address and gives the events of it.
func (n *running) mailbox() (box store.Mailbox, events <-chan live.Event) {
	n.t.Helper()
	box, err := n.Store.NewMailbox(n.t.Context(), store.Mailbox{})
	if err != nil {
		n.t.Fatal(err)
	}
	events, cancel := n.Hub.Subscribe(box.Token, netip.Addr{})
	n.t.Cleanup(cancel)
	return box, events
}

func (n *running) deliver(box store.Mailbox) {
	n.t.Helper()
	s := n.dial()
	s.say("EHLO mail.sender.example", "250")
	s.say("MAIL FROM:<a@sender.example>", "250")
	s.say("RCPT TO:<"+box.Token+"@inbox.todoku.example>", "250")
	s.say("DATA", "354")
	s.say(testMail+".", "250")
	s.say("QUIT", "221")
}

// conversation is an SMTP session of a test.
type conversation struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

func (n *running) dial() *conversation {
	n.t.Helper()
	conn, err := net.Dial("tcp", n.SMTP.String())
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { conn.Close() })
	s := &conversation{n.t, conn, bufio.NewReader(conn)}
	s.expect("220")
	return s
}

func (s *conversation) say(line, code string) {
	s.t.Helper()
	if _, err := io.WriteString(s.conn, line+"\r\n"); err != nil {
		s.t.Fatal(err)
	}
	s.expect(code)
}

func (s *conversation) expect(code string) {
	s.t.Helper()
	for {
		line, err := s.r.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, code) {
			s.t.Fatalf("%q (%v), want %s", line, err, code)
		}
		if line[3] == ' ' {
			return
		}
	}
}

// await gives the kinds of the events until one comes, and that one.
func await(t testing.TB, events <-chan live.Event, kind string) (kinds []string, last live.Event) {
	t.Helper()
	for {
		select {
		case e := <-events:
			if kinds = append(kinds, e.Kind); e.Kind == kind {
				return kinds, e
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no %s after %v", kind, kinds)
		}
	}
}

func (n *running) get(path string) (code int, body string) {
	n.t.Helper()
	r, err := http.Get("http://" + n.HTTP.String() + path)
	if err != nil {
		n.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// TestServe: a message's way from the SMTP port to the page of its report.
func TestServe(t *testing.T) {
	n := startNode(t, func(*Config) {})
	box, events := n.mailbox()
	n.deliver(box)
	kinds, verified := await(t, events, "verified")
	want := []string{"connected", "helo", "mail-from", "rcpt", "data", "received", "verifying", "verified"}
	kinds = slices.Compact(kinds)
	if i := slices.Index(kinds, "verifying"); i >= 0 && i+1 < len(kinds) && kinds[i+1] == "received" {
		kinds[i], kinds[i+1] = kinds[i+1], kinds[i] // a worker may take a durable message before its session says so
	}
	if !slices.Equal(kinds, want) {
		t.Errorf("the story is told as %v, want %v", kinds, want)
	}
	if code, body := n.get("/r/" + verified.ReportID); code != 200 || !strings.Contains(body, "sender.example") {
		t.Errorf("the report: %d %s", code, body)
	}
	if code, body := n.get("/r/" + verified.ReportID + ".eml"); code != 200 || body != testMail {
		t.Errorf("the message: %d %q", code, body)
	}
	m, err := n.Store.Message(t.Context(), verified.ReportID)
	if err != nil {
		t.Fatal(err)
	}
	if m.State != store.Verified || m.FromDomain != "sender.example" || m.Subject != "Hellö" || len(m.Evidence.DNS) == 0 {
		t.Errorf("kept: %+v", m)
	}
}

// TestRestartVerifies: what was received and not yet verified when the program died
// is verified by the next one.
func TestRestartVerifies(t *testing.T) {
	database := filepath.Join(t.TempDir(), "t.db")
	first := startNode(t, func(c *Config) { c.Database, c.Resolver = database, silent })
	box, events := first.mailbox()
	first.deliver(box)
	_, received := await(t, events, "verifying")
	first.end()
	if err := <-first.ended; err != nil {
		t.Fatal(err)
	}
	first.ended <- nil

	release, zone := make(chan struct{}), testZone()
	second := startNode(t, func(c *Config) {
		c.Database = database
		c.Resolver = resolverFunc(func(ctx context.Context, q dns.Question) dns.Answer {
			<-release
			return zone.Resolve(ctx, q)
		})
	})
	events, cancel := second.Hub.Subscribe(box.Token, netip.Addr{})
	defer cancel()
	close(release)
	if _, verified := await(t, events, "verified"); verified.ReportID != received.ReportID || verified.ReportID == "" {
		t.Errorf("verified %q, received was %q", verified.ReportID, received.ReportID)
	}
}

// TestResolverDown: without DNS a message has a verdict too, which says so.
func TestResolverDown(t *testing.T) {
	n := startNode(t, func(c *Config) {
		c.Resolver = resolverFunc(func(_ context.Context, q dns.Question) dns.Answer {
			return dns.Answer{Question: q, Status: dns.Timeout}
		})
	})
	box, events := n.mailbox()
	n.deliver(box)
	_, verified := await(t, events, "verified")
	if verified.Status == "pass" || verified.Status == "" {
		t.Errorf("status %q of a message about which nothing is known", verified.Status)
	}
	_, body := n.get("/r/" + verified.ReportID + ".json")
	for _, want := range []string{`"temperror"`, `"spf.temperror"`, `"dmarc.temperror"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the verdict does not say %s: %s", want, body)
		}
	}
}

// TestEndsInTime: nothing that hangs keeps the program from ending: no sender in the middle
// of its message, no event stream, no upload, no verification that waits for DNS.
func TestEndsInTime(t *testing.T) {
	n := startNode(t, func(c *Config) { c.Resolver = silent })
	box, events := n.mailbox()
	n.deliver(box)
	await(t, events, "verifying")

	s := n.dial()
	s.say("EHLO mail.sender.example", "250")
	s.say("MAIL FROM:<a@sender.example>", "250")
	s.say("RCPT TO:<"+box.Token+"@inbox.todoku.example>", "250")
	s.say("DATA", "354")
	fmt.Fprint(s.conn, "Subject: half a mess")

	idle := n.dial()
	idle.say("EHLO mail.sender.example", "250")

	stream, err := http.Get("http://" + n.HTTP.String() + "/m/" + box.Token + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()

	upload, err := net.Dial("tcp", n.HTTP.String())
	if err != nil {
		t.Fatal(err)
	}
	defer upload.Close()
	fmt.Fprintf(upload, "POST /paste HTTP/1.1\r\nHost: %s\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000\r\n\r\n--x\r\n", n.HTTP)

	begun := time.Now()
	n.end()
	idle.expect("421")
	select {
	case err := <-n.ended:
		if err != nil {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end")
	}
	n.ended <- nil
	if _, err := io.ReadAll(stream.Body); errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestStartErrors: what keeps the program from starting is said plainly, and nothing is left running.
func TestStartErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	good := func() Config {
		return Config{
			Database: filepath.Join(dir, "t.db"), SMTP: "127.0.0.1:0", HTTP: "127.0.0.1:0",
			Hostname: "mx.todoku.example", MailDomain: "inbox.todoku.example", Resolver: testZone(),
		}
	}
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"SMTP port taken": {func(c *Config) { c.SMTP = taken.Addr().String() }, "the SMTP port cannot be opened"},
		"web port taken":  {func(c *Config) { c.HTTP = taken.Addr().String() }, "the web port cannot be opened"},
		"no such folder":  {func(c *Config) { c.Database = filepath.Join(dir, "no", "t.db") }, "create the folder"},
		"no resolver":     {func(c *Config) { c.Resolver = nil }, "no resolver"},
		"no database":     {func(c *Config) { c.Database = "postgres://u@127.0.0.1:1/x?connect_timeout=5" }, "is it running"},
	} {
		t.Run(name, func(t *testing.T) {
			config := good()
			c.change(&config)
			config.Ready = func(*Node) { t.Error("it started") }
			if err := Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	t.Run("ended before the start", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := Run(ctx, good()); err != nil {
			t.Error(err)
		}
	})
}
