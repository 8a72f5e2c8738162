package handover

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/inbox"
	"github.com/todoku/todoku/internal/store"
)

var ctx = context.Background()

// receiver runs an inbox that speaks LMTP on a TCP port and on a Unix socket.
func receiver(t *testing.T) (st *store.Store, tcp, unix string) {
	t.Helper()
	st, err := store.Open(ctx, t.TempDir()+"/todoku.db")
	if err != nil {
		t.Fatal(err)
	}
	s, err := inbox.New(inbox.Config{Hostname: "mx.inbox.example", Domains: []string{"inbox.example"}, Store: st, LMTP: true, MaxSize: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	serving, cancel := context.WithCancel(ctx)
	ended := make(chan error, 2)
	unix = filepath.Join(t.TempDir(), "lmtp")
	for i, network := range []string{"tcp", "unix"} {
		l, err := net.Listen(network, []string{"127.0.0.1:0", unix}[i])
		if err != nil {
			t.Fatal(err)
		}
		if network == "tcp" {
			tcp = l.Addr().String()
		}
		go func() { ended <- s.Serve(serving, l, time.Second) }()
	}
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		st.Close()
	})
	return st, tcp, "unix:" + unix
}

func TestDeliver(t *testing.T) {
	st, tcp, unix := receiver(t)
	for _, addr := range []string{tcp, unix} {
		box, err := st.NewMailbox(ctx, store.Mailbox{})
		if err != nil {
			t.Fatal(err)
		}
		to := box.Token + "@inbox.example"
		m := Message{RemoteIP: netip.MustParseAddr("2001:db8::7"), HELO: "mail+x.sender.example", MailFrom: "a@sender.example", Recipients: []string{to, to},
			Raw: []byte("Subject: a\nFrom: a@sender.example\n\n.dot\n\nlast")}
		if err := Deliver(ctx, addr, m); err != nil {
			t.Fatal(err)
		}
		list, err := st.MessagesFor(ctx, box.Token, 10)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d messages, %v", len(list), err)
		}
		got, err := st.Message(ctx, list[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		s := got.Evidence.Session
		if s.RemoteIP != m.RemoteIP || s.HELO != m.HELO || s.MailFrom != m.MailFrom || s.Observed {
			t.Errorf("%+v", s)
		}
		if want := "Subject: a\r\nFrom: a@sender.example\r\n\r\n.dot\r\n\r\nlast\r\n"; string(got.Evidence.Message) != want {
			t.Errorf("%q, want %q", got.Evidence.Message, want)
		}
	}
}

func TestRefused(t *testing.T) {
	st, tcp, _ := receiver(t)
	box, err := st.NewMailbox(ctx, store.Mailbox{})
	if err != nil {
		t.Fatal(err)
	}
	good := box.Token + "@inbox.example"
	for _, c := range []struct {
		name      string
		addr      string
		m         Message
		code      int // 0: no reply
		temporary bool
	}{
		{"nobody", tcp, Message{Recipients: []string{"nobody@inbox.example"}}, 550, false},
		{"one of two", tcp, Message{Recipients: []string{good, "nobody@inbox.example"}}, 550, false},
		{"elsewhere", tcp, Message{Recipients: []string{"a@example.com"}}, 550, false},
		{"too large", tcp, Message{Recipients: []string{good}, Raw: []byte(strings.Repeat("0123456789\n", 2000))}, 552, false},
		{"an envelope with a line end", tcp, Message{MailFrom: "a@b.example>\r\nRCPT TO:<x@inbox.example", Recipients: []string{good}}, 501, false},
		{"no recipient", tcp, Message{}, 0, true},
		{"no server", "127.0.0.1:1", Message{Recipients: []string{good}}, 0, true},
		{"no socket", "unix:/nonexistent/lmtp", Message{Recipients: []string{good}}, 0, true},
	} {
		err := Deliver(ctx, c.addr, c.m)
		var r *Refused
		code := 0
		if errors.As(err, &r) {
			code = r.Code
		}
		if err == nil || code != c.code || Temporary(err) != c.temporary {
			t.Errorf("%s: %v (%d, temporary %t)", c.name, err, code, Temporary(err))
		}
	}
	if list, err := st.MessagesFor(ctx, box.Token, 10); err != nil || len(list) != 0 {
		t.Errorf("%d messages are kept, %v", len(list), err)
	}
}

// TestCancelled: a server that says nothing is not waited for when the caller leaves.
func TestCancelled(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	leaving, cancel := context.WithCancel(ctx)
	go func() {
		if conn, err := l.Accept(); err == nil {
			defer conn.Close()
			cancel()
			_, _ = conn.Read(make([]byte, 1)) // until the other end closes
		}
	}()
	if err := Deliver(leaving, l.Addr().String(), Message{Recipients: []string{"a@inbox.example"}}); !Temporary(err) {
		t.Errorf("%v", err)
	}
}
