package imapin

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/message"
)

var ctx = context.Background()

// server is an IMAP server in this process, with one user.
type server struct {
	addr string
	user *imapmemserver.User
}

func newServer(t *testing.T) *server {
	t.Helper()
	mem := imapmemserver.New()
	s := &server{user: imapmemserver.NewUser("ann@example.com", "secret")}
	if err := s.user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	mem.AddUser(s.user)
	srv := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		InsecureAuth: true, Caps: imap.CapSet{imap.CapIMAP4rev1: {}},
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		<-ended
	})
	return s
}

type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

func (s *server) put(t *testing.T, raw string) {
	t.Helper()
	raw = strings.ReplaceAll(raw, "\n", "\r\n")
	if _, err := s.user.Append("INBOX", literal{bytes.NewReader([]byte(raw))}, &imap.AppendOptions{Time: time.Now()}); err != nil {
		t.Fatal(err)
	}
}

func newStore(t *testing.T) *store.Store {
	t.Helper()
	st, err := store.Open(ctx, t.TempDir()+"/todoku.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func (s *server) poller(t *testing.T, st Store, change func(*Config)) *Poller {
	t.Helper()
	c := Config{URL: "imap://ann%40example.com@" + s.addr, Password: "secret", Insecure: true, Store: st}
	if change != nil {
		change(&c)
	}
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const delivered = `Return-Path: <bounce@sender.example>
Received: by 2002:a05:7022:1 with SMTP id x; Thu, 26 Nov 2026 00:00:00 -0800 (PST)
Received: from mail.sender.example (mail.sender.example. [192.0.2.44]) by mx.provider.example with ESMTPS id y; Thu, 26 Nov 2026 00:00:00 -0800 (PST)
Received: from evil.example (evil.example. [198.51.100.6]) by mx.provider.example with ESMTPS id z; Thu, 26 Nov 2026 00:00:00 -0800 (PST)
From: me@sender.example
To: Ann <ann+%s@example.com>
Subject: by IMAP

Hello.
`

func TestPoll(t *testing.T) {
	s, st := newServer(t), newStore(t)
	box, err := st.NewMailbox(ctx, store.Mailbox{})
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, strings.Replace(delivered, "%s", box.Token, 1))
	s.put(t, "Subject: for nobody\n\nx\n")
	s.put(t, "")
	s.put(t, "Subject: large\n\n"+strings.Repeat("0123456789\n", 500))
	var told []string
	p := s.poller(t, st, func(c *Config) {
		c.Receiver, c.MaxSize, c.Received = "MX.provider.example", 2000, func(id string) { told = append(told, id) }
	})
	if n, err := p.Poll(ctx); n != 4 || err != nil {
		t.Fatalf("%d taken, %v", n, err)
	}
	if len(told) != 3 {
		t.Errorf("told of %d", len(told))
	}
	list, err := st.MessagesFor(ctx, box.Token, 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d messages, %v", len(list), err)
	}
	m, err := st.Message(ctx, list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	e := m.Evidence.Session
	if m.Evidence.Source != "imap" || e.RemoteIP != netip.MustParseAddr("192.0.2.44") || e.HELO != "mail.sender.example" || e.MailFrom != "bounce@sender.example" || e.Observed || !e.ESMTP {
		t.Errorf("%s %+v", m.Evidence.Source, e)
	}
	if want := strings.ReplaceAll(strings.Replace(delivered, "%s", box.Token, 1), "\n", "\r\n"); string(m.Evidence.Message) != want {
		t.Errorf("%q", m.Evidence.Message)
	}
	if n, err := p.Poll(ctx); n != 0 || err != nil { // all are seen
		t.Errorf("again: %d taken, %v", n, err)
	}
}

// TestStoredBefore: a message that was stored before the connection broke is marked, and
// not stored again.
func TestStoredBefore(t *testing.T) {
	s, st := newServer(t), newStore(t)
	s.put(t, "Subject: once\n\nx\n")
	p := s.poller(t, &failing{Store: st}, nil)
	if _, err := p.Poll(ctx); !errors.Is(err, errBroken) {
		t.Fatalf("%v", err)
	}
	for range 2 { // the first finds it stored; the second finds nothing
		if _, err := p.Poll(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := st.Recent(ctx, 10); err != nil || len(list) != 1 {
		t.Errorf("%d messages, %v", len(list), err)
	}
}

var errBroken = errors.New("broken")

// failing stores the first message and says that it failed.
type failing struct {
	*store.Store
	calls atomic.Int64
}

func (f *failing) AddMessage(ctx context.Context, m *store.Message) error {
	err := f.Store.AddMessage(ctx, m)
	if err == nil && f.calls.Add(1) == 1 {
		err = errBroken
	}
	return err
}

func TestDelete(t *testing.T) {
	s, st := newServer(t), newStore(t)
	s.put(t, "Subject: a\n\nx\n")
	p := s.poller(t, st, func(c *Config) { c.Delete = true })
	if n, err := p.Poll(ctx); n != 1 || err != nil {
		t.Fatalf("%d %v", n, err)
	}
	status, err := s.user.Status("INBOX", &imap.StatusOptions{NumMessages: true})
	if err != nil || *status.NumMessages != 0 {
		t.Errorf("%+v %v", status, err)
	}
}

func TestWrongPassword(t *testing.T) {
	s := newServer(t)
	var log bytes.Buffer
	p := s.poller(t, newStore(t), func(c *Config) {
		c.Password, c.Every, c.Log = "wr0ng-secret", time.Hour, slog.New(slog.NewTextHandler(&log, nil))
	})
	if _, err := p.Poll(ctx); err == nil || strings.Contains(err.Error(), "wr0ng-secret") {
		t.Errorf("%v", err)
	}
	running, cancel := context.WithCancel(ctx)
	cancel()
	if err := p.Run(running); err != nil {
		t.Error(err)
	}
	if strings.Contains(log.String(), "wr0ng-secret") {
		t.Errorf("the password is logged: %s", &log)
	}
}

// TestEnvelope: only what the named host noted is believed.
func TestEnvelope(t *testing.T) {
	const good = "Received: from mail.sender.example (mail.sender.example [192.0.2.44]) by mx.provider.example with ESMTP id y; Thu, 26 Nov 2026 00:00:00 +0000\r\n"
	const forged = "Received: from good.example (good.example [198.51.100.6]) by mx.provider.example with ESMTP id z; Thu, 26 Nov 2026 00:00:00 +0000\r\n"
	for _, c := range []struct{ name, header, receiver, want string }{
		{"nobody is believed", good, "", "invalid IP  false"},
		{"the host's own field", good, "mx.provider.example", "192.0.2.44  false"},
		{"with a path above it", "Return-Path: <a@b.example>\r\n" + good, "mx.provider.example", "192.0.2.44 a@b.example true"},
		{"the null path", "Return-Path: <>\r\n" + good, "mx.provider.example", "192.0.2.44  true"},
		{"a path beneath it is the sender's", good + "Return-Path: <forged@b.example>\r\n", "mx.provider.example", "192.0.2.44  false"},
		{"a path that is none", "Return-Path: a@b.example\r\n" + good, "mx.provider.example", "192.0.2.44  false"},
		{"forged beneath", good + forged, "mx.provider.example", "192.0.2.44  false"},
		{"the host's field without an address", "Received: from x by mx.provider.example with LMTP id q; Thu, 26 Nov 2026 00:00:00 +0000\r\n" + forged, "mx.provider.example", "invalid IP  false"},
		{"another host", good, "mx.other.example", "invalid IP  false"},
	} {
		p, err := New(Config{URL: "imaps://a@imap.example.com", Receiver: c.receiver})
		if err != nil {
			t.Fatal(err)
		}
		s := p.session(message.Parse([]byte(c.header + "From: a@b.example\r\n\r\n")))
		got := s.RemoteIP.String() + " " + s.MailFrom + " " + map[bool]string{true: "true", false: "false"}[s.HasMailFrom]
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNew(t *testing.T) {
	for _, bad := range []Config{
		{URL: ""}, {URL: "imap.example.com"}, {URL: "https://a@imap.example.com"}, {URL: "imaps://imap.example.com"}, {URL: "imaps://a:b@imap.example.com"},
		{URL: "imaps://a@/INBOX"}, {URL: "imap://a@imap.example.com", Insecure: true},
	} {
		if _, err := New(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		} else if strings.Contains(err.Error(), ":b@") {
			t.Errorf("the password is shown: %v", err)
		}
	}
	p, err := New(Config{URL: "imaps://ann%40example.com@imap.example.com/Tests/Mail"})
	if err != nil || p.addr != "imap.example.com:993" || p.user != "ann@example.com" || p.mailbox != "Tests/Mail" || p.startTLS {
		t.Errorf("%+v %v", p, err)
	}
	if p, err = New(Config{URL: "imap://a@[2001:db8::1]"}); err != nil || p.addr != "[2001:db8::1]:143" || p.mailbox != "INBOX" || !p.startTLS {
		t.Errorf("%+v %v", p, err)
	}
}

// TestFirst: a range without end costs no more than what is taken.
func TestFirst(t *testing.T) {
	for _, c := range []struct {
		set  imap.NumSet
		want int
	}{
		{imap.UIDSet{{Start: 1, Stop: 1<<32 - 1}}, 100}, {imap.UIDSet{{Start: 1<<32 - 2, Stop: 1<<32 - 1}}, 2}, {imap.UIDSet{{Start: 3, Stop: 3}, {Start: 7, Stop: 9}}, 4},
		{imap.UIDSet{{Start: 5, Stop: 0}}, 0}, {imap.UIDSet{}, 0}, {imap.SeqSet{{Start: 1, Stop: 9}}, 0}, {nil, 0},
	} {
		if got := first(c.set, 100); len(got) != c.want {
			t.Errorf("%v: %d, want %d", c.set, len(got), c.want)
		}
	}
}
