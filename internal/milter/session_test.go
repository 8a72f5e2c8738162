package milter

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/said"
)

// wholeMessage is one message as Postfix sends it where no replies are wanted.
var wholeMessage = []string{
	"DM" + "i\x00ABC\x00{auth_authen}\x00alice\x00", "M<a@sender.example>\x00SIZE=100\x00BODY=8BITMIME\x00",
	"DR{rcpt_addr}\x00b@rcpt.example\x00", "R<b@rcpt.example>\x00", "T",
	"LFrom\x00 a@sender.example\x00", "LSubject\x00\n\ttwo\n lines\x00", "LX-Tight\x00no space\x00", "LX-Empty\x00\x00",
	"N", "BHello\r\n", "BWorld\r\n", "DEi\x00ABC\x00", "E",
}

const wholeEvents = `connect client.example 192.0.2.1 1234
helo mail.example
mail a@sender.example [SIZE=100 BODY=8BITMIME] auth=alice
rcpt b@rcpt.example []
data
header From: a@sender.example` + "\r\n" + `
header Subject:` + "\r\n\ttwo\r\n lines\r\n" + `
header X-Tight:no space` + "\r\n" + `
header X-Empty:` + "\r\n" + `
eoh false
eom 14 i=ABC`

func TestSessionWithoutReplies(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			l, log := startServer(t, &Server{Options: every}, network)
			c := dial(t, l)
			version, actions, flags := c.negotiate(postfixOffer)
			if version != 6 || actions != 0xff || flags != 0x1ff880 {
				t.Errorf("negotiated version %d, actions %#x, flags %#x", version, actions, flags)
			}
			c.say(append([]string{connectPacket, "Hmail.example\x00"}, wholeMessage...)...)
			c.hear('c') // the one answer: to the end of the message
			if got := log.String(); got != wholeEvents {
				t.Errorf("got\n%s\nwant\n%s", got, wholeEvents)
			}
			c.say("Q")
			c.closed()
		})
	}
}

// Before version 6 every step is answered, and a space behind the colon is assumed.
func TestSessionVersion2(t *testing.T) {
	l, log := startServer(t, &Server{Options: every}, "tcp")
	c := dial(t, l)
	version, actions, flags := c.negotiate(offer(2, 0x3f, 0x7f))
	if version != 2 || actions != 0x3f || flags != 0 {
		t.Errorf("negotiated version %d, actions %#x, flags %#x", version, actions, flags)
	}
	c.ask(connectPacket, 'c')
	c.ask("Hmail.example\x00", 'c')
	c.ask("M<>\x00", 'c')
	c.ask("R<b@rcpt.example>\x00", 'c')
	c.ask("LFrom\x00a@sender.example\x00", 'c')
	c.ask("N", 'c')
	c.ask("Bx", 'c')
	c.ask("E", 'c')
	if got := log.String(); !strings.Contains(got, "mail  [] auth=\n") || !strings.Contains(got, "header From: a@sender.example\r\n") {
		t.Errorf("got\n%s", got)
	}
}

// Each reply that decides is sent at a step that is answered.
func TestAnsweredSteps(t *testing.T) {
	for _, tc := range []struct {
		at, packets string
		step        Steps
		reply       Reply
		want        string
	}{
		{"connect", connectPacket, OnConnect, Reject, `r ""`},
		{"helo", "Hx\x00", OnHelo, Say(550, "5.7.1", "100% no"), `y "550 5.7.1 100%% no\x00"`},
		{"mail", "M<a@x>\x00", OnMail, TempFail, `t ""`},
		{"rcpt", "R<a@x>\x00", OnRcpt, Say(451, "", "one\ntwo"), `y "451-one\r\n451 two\x00"`},
		{"data", "T", OnData, Discard, `d ""`},
		{"header", "LA\x00 b\x00", OnHeader, Accept, `a ""`},
		{"eoh", "N", OnEndOfHeader, Reject, `r ""`},
		{"body", "Bx", OnBody, Skip, `s ""`},
		{"body", "Bx", OnBody, Reject, `r ""`},
		{"unknown", "UXYZZY\x00", OnUnknown, Say(500, "5.5.1", "what"), `y "500 5.5.1 what\x00"`},
	} {
		t.Run(tc.at, func(t *testing.T) {
			log := &record{}
			s := &Server{Options: Options{Answered: tc.step}, Handler: func(c *Conn) Session {
				return &probe{log: log, conn: c, answer: func(e string) Reply {
					if strings.HasPrefix(e, tc.at) {
						return tc.reply
					}
					return Continue
				}}
			}}
			l, _ := startServer(t, s, "tcp")
			c := dial(t, l)
			c.negotiate(postfixOffer)
			for _, p := range []string{connectPacket, "Hx\x00", "UXYZZY\x00", "M<a@x>\x00", "R<a@x>\x00", "T", "LA\x00 b\x00", "N", "Bx"} {
				c.say(p)
				if p == tc.packets {
					break
				}
			}
			got, err := c.read()
			if err != nil || got.String() != tc.want {
				t.Fatalf("got %v, %v, want %s", got, err, tc.want)
			}
		})
	}
}

// Where the mail server waits for no reply, a verdict is kept until it does.
func TestVerdictIsKept(t *testing.T) {
	for _, at := range []string{"connect", "helo", "mail", "rcpt", "data", "header", "eoh", "body", "eom"} {
		log := &record{}
		s := &Server{Options: every, Handler: func(c *Conn) Session {
			return &probe{log: log, conn: c,
				answer: func(e string) Reply {
					if strings.HasPrefix(e, at) {
						return Say(550, "5.7.1", "no: "+at)
					}
					return Continue
				},
				finish: func(m *Changes) { _ = m.AddHeader("X-Dropped", " with the message") },
			}
		}}
		l, _ := startServer(t, s, "tcp")
		c := dial(t, l)
		c.negotiate(postfixOffer)
		c.say(append([]string{connectPacket, "Hx\x00"}, wholeMessage...)...)
		if p := c.hear('y'); p.data != "550 5.7.1 no: "+at+"\x00" {
			t.Errorf("%s: %v", at, p)
		}
		if at != "connect" && at != "helo" && at != "eom" && !strings.Contains(log.String(), "abort") {
			t.Errorf("%s: the transaction was not told:\n%s", at, log)
		}
	}
}

func TestChanges(t *testing.T) {
	log := &record{}
	var failed []string
	s := &Server{Options: every, Handler: func(c *Conn) Session {
		return &probe{log: log, conn: c, finish: func(m *Changes) {
			must := func(err error) {
				if err != nil {
					failed = append(failed, err.Error())
				}
			}
			must(m.Progress())
			must(m.InsertHeader(0, "DKIM-Signature", " v=1;\r\n\tb=x"))
			must(m.AddHeader("X-Last", " y"))
			must(m.ChangeHeader("Subject", 1, " new"))
			must(m.DeleteHeader("Authentication-Results", 3))
			must(m.ReplaceBody(bytes.Repeat([]byte("0123456789abcdef"), 5000)))
			must(m.ReplaceBody([]byte("end")))
			must(m.ChangeFrom("srs@x.example", "SIZE=1"))
			must(m.AddRcpt("b@x.example"))
			must(m.AddRcpt("c@x.example", "NOTIFY=NEVER"))
			must(m.DeleteRcpt("d@x.example"))
			must(m.Quarantine("why\nnot"))
			for _, bad := range []error{
				m.AddHeader("X: y", " z"), m.AddHeader("X", " a\r\nInjected: b"), m.AddHeader("X", " a\x00"), m.AddHeader("", " b"),
				m.AddHeader("X", " a\rb"), m.AddRcpt("a>\x00"), m.ChangeFrom("a", "b\r\nc"), m.InsertHeader(-1, "X", " y"),
				m.AddHeader("X", strings.Repeat("x", 70000)), m.ChangeHeader("X", 1, " "),
			} {
				if bad == nil {
					failed = append(failed, "a bad value was taken")
				}
			}
		}}
	}}
	l, _ := startServer(t, s, "tcp")
	c := dial(t, l)
	c.negotiate(postfixOffer)
	c.say(append([]string{connectPacket}, wholeMessage...)...)
	var got []string
	for {
		p, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		if p.code == 'b' && len(p.data) > 10 {
			p.data = strings.Repeat("#", len(p.data)/10000)
		}
		got = append(got, p.String())
		if p.code == 'c' {
			break
		}
	}
	want := []string{`p ""`, `i "\x00\x00\x00\x00DKIM-Signature\x00 v=1;\n\tb=x\x00"`, `h "X-Last\x00 y\x00"`, `m "\x00\x00\x00\x01Subject\x00 new\x00"`,
		`m "\x00\x00\x00\x03Authentication-Results\x00\x00"`, `b "######"`, `b "#"`, `b "end"`, `e "<srs@x.example>\x00SIZE=1\x00"`, `+ "<b@x.example>\x00"`,
		`2 "<c@x.example>\x00NOTIFY=NEVER\x00"`, `- "<d@x.example>\x00"`, `q "why not\x00"`, `c ""`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || failed != nil {
		t.Errorf("got\n%s\nwant\n%s\nfailed: %q", strings.Join(got, "\n"), strings.Join(want, "\n"), failed)
	}
}

func TestChangesNotNegotiated(t *testing.T) {
	var errs []error
	s := &Server{Options: every, Handler: func(c *Conn) Session {
		return &probe{log: &record{}, conn: c, finish: func(m *Changes) {
			errs = append(errs, m.AddHeader("X", " y"), m.ChangeFrom("a@x"))
		}}
	}}
	l, _ := startServer(t, s, "tcp")
	c := dial(t, l)
	c.negotiate(offer(6, uint32(AddHeaders), 0))
	for _, p := range []string{connectPacket, "M<a@x>\x00", "R<a@x>\x00", "LA\x00b\x00", "N"} {
		c.ask(p, 'c')
	}
	// Without the leading space step the mail server adds the space itself.
	if p := c.ask("E", 'h'); p.data != "X\x00y\x00" {
		t.Errorf("got %v", p)
	}
	c.hear('c')
	if errs[0] != nil || errs[1] != ErrNotNegotiated {
		t.Errorf("got %v", errs)
	}
}

// The macros that a filter asks for are in the answer to the negotiation.
func TestAsksForMacros(t *testing.T) {
	o := every
	o.Macros = map[Stage][]string{StageMail: {"i", "{auth_authen}"}, StageConnect: {"j"}}
	l, _ := startServer(t, &Server{Options: o}, "tcp")
	c := dial(t, l)
	p := c.ask(postfixOffer, 'O')
	if want := "\x00\x00\x00\x00j\x00" + "\x00\x00\x00\x02i {auth_authen}\x00"; p.data[12:] != want || p.data[6] != 1 {
		t.Errorf("got %v, want %q at its end", p, want)
	}
	if p := dial(t, l).ask(offer(6, 0xff, 0), 'O'); len(p.data) != 12 {
		t.Errorf("lists for a mail server that knows none: %v", p)
	}
}

// A filter that needs no body is sent none.
func TestSkippedSteps(t *testing.T) {
	o := Options{Skipped: EveryStep}
	l, log := startServer(t, &Server{Options: o}, "tcp")
	c := dial(t, l)
	_, _, flags := c.negotiate(postfixOffer)
	if flags&0xfff != 0x8|0x10|0x20|0x100|0x200 {
		t.Errorf("flags %#x", flags)
	}
	c.say(connectPacket, "M<a@x>\x00", "N", "E")
	c.hear('c')
	// One that does not let steps out is answered, and the session hears nothing of them.
	c = dial(t, l)
	c.negotiate(offer(6, 0, 0))
	for _, p := range []string{connectPacket, "M<a@x>\x00", "R<b@x>\x00", "T", "LA\x00b\x00", "N", "Bx", "E"} {
		c.ask(p, 'c')
	}
	if s := log.String(); strings.Contains(s, "rcpt") || strings.Contains(s, "header") || strings.Contains(s, "data") {
		t.Errorf("got\n%s", s)
	}
}

func TestListen(t *testing.T) {
	for in, want := range map[string]string{
		"inet:8891@127.0.0.1": "tcp 127.0.0.1:8891", "inet:8891": "tcp 127.0.0.1:8891", "inet6:1@::1": "tcp6 [::1]:1", "inet6:1@[::1]": "tcp6 [::1]:1",
		"inet:127.0.0.1:25": "tcp 127.0.0.1:25", "unix:/run/x": "unix /run/x", "local:/run/x": "unix /run/x", "/run/x": "unix /run/x", "[::1]:5": "tcp [::1]:5",
		"": "", "inet:": "", "inet:x@y": "", "unix:": "", "x": "", "inet:70000@x": "",
	} {
		network, address, err := ParseAddress(in)
		if got := strings.TrimSpace(network + " " + address); got != want || (err != nil) != (want == "") {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
	path := filepath.Join(t.TempDir(), "milter.sock")
	l, err := Listen("unix:"+path, 0o606, "0")
	if err != nil && os.Getuid() != 0 {
		l, err = Listen("unix:"+path, 0o606, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o606 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := Listen("unix:"+path+"-none/s", 0, ""); err == nil || !strings.Contains(err.Error(), "there is no folder "+path+"-none") {
		t.Errorf("a folder that is not there: %v", err)
	}
	if _, err := Listen("unix:"+filepath.Join(filepath.Dir(path), strings.Repeat("x", 120)), 0, ""); err == nil || !strings.Contains(err.Error(), "more than a socket can have") || !strings.Contains(said.Japanese(err), "ソケットには長すぎます") {
		t.Errorf("a path that is too long: %v", err)
	}
	if _, err := Listen("unix:"+path+"-2", 0, "nosuchgroup"); err == nil || err.Error() != "there is no group nosuchgroup" {
		t.Errorf("a group that is not there: %v", err)
	}
	if _, err := Listen(path, 0, ""); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("took a socket that is in use: %v", err)
	}
	l.Close()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket stayed behind")
	}
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	if l, err = Listen(path, 0, ""); err != nil {
		t.Fatalf("a socket that a dead program left: %v", err)
	}
	l.Close()
	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, nil, 0o600)
	if _, err := Listen(file, 0, ""); err == nil {
		t.Error("replaced a file that is no socket")
	}
}

// At the end, messages that are under way get their verdict; connections without a session end at once.
// TestHungUp: the log says in words that a mail server went in the middle of a message or packet, and nothing of one that went between messages.
func TestHungUp(t *testing.T) {
	for name, c := range map[string]struct {
		sent []byte
		said bool
	}{
		"between messages":        {encode('C', connectPacket[1:]), false},
		"within a message":        {append(encode('C', connectPacket[1:]), encode('M', "<a@b.example>\x00")...), true},
		"within a packet":         {encode('B', "x")[:3], true},
		"within a packet's data":  {encode('C', connectPacket[1:])[:9], true},
		"before it said anything": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			logged := &record{}
			s := &Server{Options: every, Log: slog.New(slog.NewTextHandler(writerFunc(func(b []byte) { logged.add("%s", b) }), nil))}
			l, _ := startServer(t, s, "tcp")
			cl := dial(t, l)
			cl.negotiate(postfixOffer)
			if _, err := cl.conn.Write(c.sent); err != nil {
				t.Fatal(err)
			}
			if err := cl.conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			for { // it may have an answer to what was whole
				if _, err := cl.read(); err != nil {
					break
				}
			}
			s.running.Wait()
			if text := logged.String(); strings.Contains(text, "hung up in the middle") != c.said || strings.Contains(text, "EOF") {
				t.Errorf("%q", text)
			}
		})
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

func TestDrain(t *testing.T) {
	release, reached := make(chan struct{}), make(chan struct{})
	s := &Server{Options: every, Handler: func(c *Conn) Session {
		return &probe{log: &record{}, conn: c, finish: func(*Changes) { close(reached); <-release }}
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, time.Minute) }()
	unused, working := dial(t, l), dial(t, l)
	unused.negotiate(postfixOffer)
	working.negotiate(postfixOffer)
	working.say(append([]string{connectPacket}, wholeMessage...)...)
	<-reached
	stop()
	unused.closed()
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("a new connection was taken")
	}
	close(release)
	working.hear('c')
	working.say("Q")
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestSay(t *testing.T) {
	long := strings.Repeat("word ", 200)
	for _, tc := range []struct {
		r    Reply
		want string
	}{
		{Say(550, "5.7.1", "no"), "550 5.7.1 no"},
		{Say(550, "4.7.1", "classes differ"), "tempfail"},
		{Say(250, "", "no refusal"), "tempfail"},
		{Say(451, "4.7.0", "a\r\nb\x01\u00fc"), "451-4.7.0 a\r\n451 4.7.0 b??"},
		{Say(451, "", ""), "451 "},
		{Reply{}, "continue"}, {Accept, "accept"}, {Reject, "reject"}, {Discard, "discard"}, {Skip, "skip"}, {Shutdown, "shutdown"},
	} {
		if got := tc.r.String(); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
	for _, line := range strings.Split(Say(550, "5.7.1", long).String(), "\r\n") {
		if len(line) > 500 || !strings.HasPrefix(line, "550") {
			t.Errorf("line %q", line)
		}
	}
}
