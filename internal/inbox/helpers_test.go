package inbox

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
)

var ctx = context.Background()

// receiver is a running Server with its store.
type receiver struct {
	addr  string
	store *store.Store
	hub   *live.Hub
	box   store.Mailbox
	stop  func() error // ends Serve and gives its result
}

// start runs a receiver until the test ends; change may alter its configuration.
func start(tb testing.TB, change func(*Config)) *receiver {
	tb.Helper()
	return startOn(tb, tb.TempDir()+"/todoku.db", change)
}

func startOn(tb testing.TB, database string, change func(*Config)) *receiver {
	tb.Helper()
	st, err := store.Open(ctx, database)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = st.Close() })
	box, err := st.NewMailbox(ctx, store.Mailbox{})
	if err != nil {
		tb.Fatal(err)
	}
	c := Config{Hostname: "mx.inbox.example", Domains: []string{"inbox.example"}, Store: st, Hub: live.NewHub()}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	serving, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(serving, l, 5*time.Second) }()
	stopped := false
	r := &receiver{addr: l.Addr().String(), store: st, hub: c.Hub, box: box}
	r.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	tb.Cleanup(func() {
		if err := r.stop(); err != nil {
			tb.Errorf("Serve: %v", err)
		}
	})
	return r
}

func (r *receiver) to() string { return r.box.Token + "@inbox.example" }

// messages gives the stored messages of the receiver's mailbox, oldest first.
func (r *receiver) messages(tb testing.TB) []*store.Message {
	tb.Helper()
	return r.messagesOf(tb, r.box.Token)
}

func (r *receiver) messagesOf(tb testing.TB, token string) []*store.Message {
	tb.Helper()
	list, err := r.store.MessagesFor(ctx, token, 10_000)
	if err != nil {
		tb.Fatal(err)
	}
	var out []*store.Message
	for i := len(list) - 1; i >= 0; i-- {
		m, err := r.store.Message(ctx, list[i].ID)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

// session stops the receiver, so that everything is recorded, and gives its one
// failed session.
func (r *receiver) session(tb testing.TB) store.FailedSession {
	tb.Helper()
	if err := r.stop(); err != nil {
		tb.Fatal(err)
	}
	list, err := r.store.Sessions(ctx, 100)
	if err != nil {
		tb.Fatal(err)
	}
	if len(list) != 1 {
		tb.Fatalf("%d failed sessions, want 1: %+v", len(list), list)
	}
	return list[0]
}

// client is the other end of a conversation, spoken by hand.
type client struct {
	tb   testing.TB
	conn net.Conn
	r    *bufio.Reader
}

// dial connects and reads the banner.
func dial(tb testing.TB, addr string) *client {
	tb.Helper()
	c := dialSilent(tb, addr)
	c.expect("220 ")
	return c
}

func dialSilent(tb testing.TB, addr string) *client {
	tb.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute)) // a hanging test should say where
	return &client{tb, conn, bufio.NewReader(conn)}
}

// send writes octets as they are.
func (c *client) send(s string) {
	c.tb.Helper()
	if _, err := io.WriteString(c.conn, s); err != nil {
		c.tb.Fatalf("sending %.40q: %v", s, err)
	}
}

// expect reads one reply, all its lines, which must begin with prefix.
func (c *client) expect(prefix string) string {
	c.tb.Helper()
	reply, err := c.reply()
	if err != nil {
		c.tb.Fatalf("waiting for %q: %v", prefix, err)
	}
	if !strings.HasPrefix(reply, prefix) {
		c.tb.Fatalf("reply %q, want %q", reply, prefix)
	}
	return reply
}

func (c *client) reply() (string, error) {
	var all strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return all.String(), err
		}
		all.WriteString(line)
		if len(line) < 4 || line[3] == ' ' {
			return strings.TrimSuffix(all.String(), "\r\n"), nil
		}
	}
}

// cmd sends a line and reads its reply.
func (c *client) cmd(line, prefix string) string {
	c.tb.Helper()
	c.send(line + "\r\n")
	return c.expect(prefix)
}

// toData goes up to the 354.
func (c *client) toData(recipient string) {
	c.tb.Helper()
	c.cmd("EHLO client.example", "250")
	c.cmd("MAIL FROM:<a@sender.example>", "250 2.1.0")
	c.cmd("RCPT TO:<"+recipient+">", "250 2.1.5")
	c.cmd("DATA", "354 ")
}

// expectEnd waits for the server to close.
func (c *client) expectEnd() {
	c.tb.Helper()
	if b, err := c.r.ReadByte(); err != io.EOF {
		c.tb.Fatalf("the connection is still open: %q, %v", b, err)
	}
}

// said gives the transcript as text.
func said(s evidence.Session) string {
	var b strings.Builder
	for _, l := range s.Transcript {
		fmt.Fprintf(&b, "%s: %s\n", l.From, l.Text)
	}
	return b.String()
}
