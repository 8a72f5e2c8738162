package inbox

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/store"
)

func has(t *testing.T, reply, want string) {
	t.Helper()
	if !strings.Contains(reply, want) {
		t.Errorf("no %q in %q", want, reply)
	}
}

func lmtp(c *Config) { c.LMTP = true }

// TestLMTP: RFC 2033, and who sent the message by XFORWARD.
func TestLMTP(t *testing.T) {
	r := start(t, lmtp)
	c := dialSilent(t, r.addr)
	c.expect("220 mx.inbox.example LMTP Todoku")
	for _, wrong := range []string{"EHLO mail.example.com", "HELO mail.example.com", "STARTTLS", "MAIL FROM:<a@sender.example>"} {
		c.cmd(wrong, "50")
	}
	has(t, c.cmd("LHLO mail.inbox.example", "250"), "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE")
	for _, wrong := range []string{
		"XFORWARD", "XFORWARD ADDR=nonsense", "XFORWARD ADDR=fe80::1%eth0", "XFORWARD PORT=70000", "XFORWARD COLOUR=red", "XFORWARD HELO=a+", "XFORWARD HELO=a+zz",
		"XFORWARD HELO=" + strings.Repeat("a", 300),
	} {
		d := dial(t, r.addr)
		d.cmd("LHLO localhost", "250")
		d.cmd(wrong, "501 5.5.4")
		d.cmd("QUIT", "221")
	}
	c.cmd("NOOP", "250") // a working session is not ended by what came before
	c.cmd("XFORWARD NAME=[UNAVAILABLE] ADDR=192.0.2.7 PORT=41234 PROTO=ESMTP HELO=mail+2Esender.example IDENT=4Qx SOURCE=REMOTE", "250")
	c.cmd("MAIL FROM:<a@sender.example> BODY=8BITMIME", "250 2.1.0")
	c.cmd("XFORWARD ADDR=192.0.2.8", "503")
	other, err := r.store.NewMailbox(ctx, store.Mailbox{})
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{r.to(), "nobody@inbox.example", other.Token + "@inbox.example", r.to()} {
		c.send("RCPT TO:<" + to + ">\r\n")
		if strings.HasPrefix(to, "nobody") {
			c.expect("550 5.1.1")
		} else {
			c.expect("250 2.1.5")
		}
	}
	c.cmd("DATA", "354")
	c.send("Subject: handed over\r\n\r\nHello.\r\n.\r\n")
	for range 3 { // one for each recipient that was accepted
		c.expect("250 2.0.0")
	}
	c.cmd("NOOP", "250")
	for _, token := range []string{r.box.Token, other.Token} {
		m := r.messagesOf(t, token)
		if len(m) != 1 {
			t.Fatalf("%d messages", len(m))
		}
		s := m[0].Evidence.Session
		if m[0].Evidence.Source != "lmtp" || s.Observed || s.RemoteIP != netip.MustParseAddr("192.0.2.7") || s.RemotePort != 41234 || s.HELO != "mail.sender.example" || !s.ESMTP ||
			s.MailFrom != "a@sender.example" {
			t.Errorf("%s %+v", m[0].Evidence.Source, s)
		}
	}
	c.cmd("XFORWARD ADDR=IPV6:2001:db8::1 HELO=[UNAVAILABLE]", "250")
	r.hand(t, c)
	s := last(r.messages(t)).Evidence.Session
	if s.RemoteIP != netip.MustParseAddr("2001:db8::1") || s.HELO != "" {
		t.Errorf("%+v", s)
	}
}

func last(list []*store.Message) *store.Message { return list[len(list)-1] }

// hand sends one small message in a session that has greeted.
func (r *receiver) hand(t *testing.T, c *client) {
	t.Helper()
	for _, step := range [][2]string{
		{"MAIL FROM:<>", "250"}, {"RCPT TO:<" + r.to() + ">", "250"}, {"DATA", "354"}, {"Subject: x\r\n\r\nx\r\n.", "250"},
	} {
		c.cmd(step[0], step[1])
	}
}

// TestLMTPKnowsNobody: without XFORWARD the mail server that connects is not taken for
// the sender.
func TestLMTPKnowsNobody(t *testing.T) {
	r := start(t, lmtp)
	c := dial(t, r.addr)
	has(t, c.cmd("LHLO localhost", "250"), "PIPELINING")
	r.hand(t, c)
	s := last(r.messages(t)).Evidence.Session
	if s.RemoteIP.IsValid() || s.HELO != "" || s.Observed || !s.HasMailFrom {
		t.Errorf("%+v", s)
	}
}

// TestLMTPRefusal: each recipient hears that the message is too large.
func TestLMTPRefusal(t *testing.T) {
	r := start(t, func(c *Config) { c.LMTP, c.MaxSize = true, 1000 })
	c := dial(t, r.addr)
	has(t, c.cmd("LHLO localhost", "250"), "SIZE 1000")
	c.cmd("MAIL FROM:<>", "250")
	for range 2 {
		c.cmd("RCPT TO:<"+r.to()+">", "250")
	}
	c.cmd("DATA", "354")
	c.send(strings.Repeat("0123456789\r\n", 200) + ".\r\n")
	for range 2 {
		c.expect("552 5.3.4")
	}
	c.cmd("QUIT", "221")
}

// TestLMTPOnASocket: many sessions over a Unix socket, whose clients have no address.
func TestLMTPOnASocket(t *testing.T) {
	st, err := store.Open(ctx, t.TempDir()+"/todoku.db")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	s, err := New(Config{Hostname: "mx.inbox.example", Domains: []string{"inbox.example"}, Store: st, LMTP: true, MaxPerIP: 2})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "lmtp")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	serving, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(serving, l, time.Second) }()
	for i := range 10 {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "LHLO localhost\r\nQUIT\r\n")
		b := make([]byte, 4096)
		n, err := conn.Read(b)
		if err != nil || !strings.HasPrefix(string(b[:n]), "220") {
			t.Errorf("session %d: %q %v", i+1, b[:n], err)
		}
		conn.Close()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
