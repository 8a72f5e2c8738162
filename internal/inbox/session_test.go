package inbox

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
)

func TestMessageAndEverythingObserved(t *testing.T) {
	var reported []string
	noon := time.Date(2026, 11, 6, 12, 0, 0, 0, time.UTC)
	r := start(t, func(c *Config) {
		c.Received = func(id string) { reported = append(reported, id) }
		c.Now = func() time.Time { return noon }
		c.Source = "demo"
	})
	c := dial(t, r.addr)
	c.cmd("EHLO client.example", "250")
	c.cmd("MAIL FROM:<a@sender.example> SIZE=40 BODY=8BITMIME", "250 2.1.0")
	c.cmd("RCPT TO:<"+strings.ToUpper(r.box.Token)+"+tag@Inbox.Example.>", "250 2.1.5")
	c.cmd("DATA", "354")
	c.cmd("Subject: x\r\n\r\n..\r\n.", "250 2.0.0")
	c.cmd("QUIT", "221 2.0.0")
	c.expectEnd()

	got := r.messages(t)
	if len(got) != 1 {
		t.Fatalf("%d messages", len(got))
	}
	m := got[0]
	if len(reported) != 1 || reported[0] != m.ID {
		t.Errorf("reported %v, stored %s", reported, m.ID)
	}
	if want := "Subject: x\r\n\r\n.\r\n"; string(m.Evidence.Message) != want {
		t.Errorf("message %q, want %q", m.Evidence.Message, want)
	}
	s := m.Evidence.Session
	want := evidence.Session{
		Observed: true, RemoteIP: netip.MustParseAddr("127.0.0.1"), LocalAddr: r.addr, HELO: "client.example", ESMTP: true,
		MailFrom: "a@sender.example", HasMailFrom: true, Recipients: []string{strings.ToUpper(r.box.Token) + "+tag@Inbox.Example."},
		Parameters: []string{"SIZE=40", "BODY=8BITMIME"}, Started: noon, Ended: noon, Outcome: "accepted",
	}
	if diff := cmp.Diff(want, s, cmpopts.EquateComparable(netip.Addr{}),
		cmpopts.IgnoreFields(evidence.Session{}, "ID", "RemotePort", "Transcript")); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
	if m.Evidence.Source != "demo" || s.ID == "" || s.RemotePort == 0 || !m.Evidence.Time.Equal(noon) {
		t.Errorf("evidence %+v", m.Evidence)
	}
	wantSaid := `server: 220 mx.inbox.example ESMTP Todoku
client: EHLO client.example
server: 250-mx.inbox.example
server: 250-PIPELINING
server: 250-8BITMIME
server: 250-SMTPUTF8
server: 250-ENHANCEDSTATUSCODES
server: 250-CHUNKING
server: 250-SIZE 52428800
server: 250-LIMITS RCPTMAX=10
server: 250 STARTTLS
client: MAIL FROM:<a@sender.example> SIZE=40 BODY=8BITMIME
server: 250 2.1.0 Sender OK
client: RCPT TO:<` + s.Recipients[0] + `>
server: 250 2.1.5 Recipient OK
client: DATA
server: 354 Send the message; end it with a line of a single dot
note: 21 octets of message data
server: 250 2.0.0 Message accepted and stored (session ` + s.ID + `)
`
	if diff := cmp.Diff(wantSaid, said(s)); diff != "" {
		t.Errorf("transcript (-want +got):\n%s", diff)
	}
	if list, _ := r.store.Sessions(ctx, 10); len(list) != 0 {
		t.Errorf("a good session left %+v", list)
	}
}

// The conversation, line by line: what is sent and how the reply begins. {to} is
// the mailbox's address.
func TestConversations(t *testing.T) {
	for name, lines := range map[string]string{
		"HELO gives no extensions":           "HELO a|250 mx.inbox.example",
		"HELO without a name (5321 4.1.1.1)": "EHLO|501 5.5.4\nHELO |501 5.5.4",
		"address literals (4.1.3)":           "EHLO [192.0.2.1]|250\nEHLO [IPv6:2001:db8::1]|250",
		"odd names are taken (4.1.4)":        "EHLO _odd name!|250",
		"verbs in any case (2.4)":            "eHlO x|250\nmail from:<a@b.example>|250 2.1.0\nrCpT tO:<{to}>|250 2.1.5",
		"order (4.1.4)":                      "MAIL FROM:<a@b.example>|503 5.5.1\nEHLO x|250\nRCPT TO:<{to}>|503 5.5.1\nDATA|503 5.5.1",
		"DATA without recipient (3.3)":       "EHLO x|250\nMAIL FROM:<a@b.example>|250\nDATA|503 5.5.1",
		"MAIL twice (4.1.4)":                 "EHLO x|250\nMAIL FROM:<>|250\nMAIL FROM:<>|503 5.5.1\nRSET|250\nMAIL FROM:<>|250",
		"EHLO resets (4.1.4)":                "EHLO x|250\nMAIL FROM:<>|250\nEHLO x|250\nRCPT TO:<{to}>|503",
		"null sender (4.5.5)":                "EHLO x|250\nMAIL FROM:<>|250 2.1.0\nRCPT TO:<{to}>|250",
		"space after the colon":              "EHLO x|250\nMAIL FROM: <a@b.example>|250\nRCPT TO: <{to}>|250",
		"source routes (4.1.1.3)":            "EHLO x|250\nMAIL FROM:<@a.example:a@b.example>|250\nRCPT TO:<@c.example:{to}>|250",
		"postmaster (4.5.1)":                 "EHLO x|250\nMAIL FROM:<>|250\nRCPT TO:<Postmaster>|250\nRCPT TO:<postmaster@inbox.example>|250",
		"our address as a literal":           "EHLO x|250\nMAIL FROM:<>|250\nRCPT TO:<{token}@[127.0.0.1]>|250\nRCPT TO:<{token}@[127.0.0.9]>|550 5.7.1",
		"VRFY, EXPN, HELP, NOOP (3.5, 4.1)":  "VRFY x|252 2.5.2\nEXPN x|502 5.5.1\nHELP|214\nNOOP x|250 2.0.0",
		"AUTH is not offered":                "EHLO x|250\nAUTH PLAIN AAA|502 5.5.1",
		"unknown command":                    "GET / HTTP/1.1|500 5.5.2\n|500 5.5.2",
		"unknown parameters (4.1.1.11)":      "EHLO x|250\nMAIL FROM:<> FOO=1|555 5.5.4\nMAIL FROM:<> BODY=X|501 5.5.4\nMAIL FROM:<>|250\nRCPT TO:<{to}> NOTIFY=NEVER|555 5.5.4",
		"no angle brackets":                  "EHLO x|250\nMAIL FROM:a@b.example|501 5.1.7\nMAIL FROM:<>|250\nRCPT TO:{to}|501 5.1.3",
		"unknown recipient":                  "EHLO x|250\nMAIL FROM:<>|250\nRCPT TO:<nobody@inbox.example>|550 5.1.1 No such one-time address",
		"relaying":                           "EHLO x|250\nMAIL FROM:<>|250\nRCPT TO:<a@elsewhere.example>|550 5.7.1 Nothing is relayed",
		"SIZE (1870)":                        "EHLO x|250\nMAIL FROM:<> SIZE=52428801|552 5.3.4\nMAIL FROM:<> SIZE=99999999999999999999|552 5.3.4\nMAIL FROM:<> SIZE=x|501\nMAIL FROM:<> SIZE=52428800|250",
		"SMTPUTF8 (6531 3.4)":                "EHLO x|250\nMAIL FROM:<届@例え.jp>|553 5.6.7\nMAIL FROM:<届@例え.jp> SMTPUTF8|250",
		"bare LF ends a command":             "EHLO x\nNOOP|250",
		"DATA takes no argument":             "EHLO x|250\nMAIL FROM:<>|250\nRCPT TO:<{to}>|250\nDATA x|501 5.5.4",
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, nil)
			c := dial(t, r.addr)
			lines = strings.NewReplacer("{to}", r.to(), "{token}", r.box.Token).Replace(lines)
			if name == "bare LF ends a command" {
				c.send("EHLO x\nNOOP\n")
				c.expect("250-")
				c.expect("250 2.0.0")
				return
			}
			for _, line := range strings.Split(lines, "\n") {
				command, reply, _ := strings.Cut(line, "|")
				c.cmd(command, reply)
			}
		})
	}
}

// RFC 2920 section 3.1: commands in one piece are answered in one, in order.
func TestPipelining(t *testing.T) {
	r := start(t, nil)
	c := dial(t, r.addr)
	c.cmd("EHLO x", "250")
	c.send("MAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@inbox.example>\r\nRCPT TO:<" + r.to() + ">\r\nDATA\r\n")
	for _, want := range []string{"250 2.1.0", "550 5.1.1", "250 2.1.5", "354"} {
		c.expect(want)
	}
	c.send("a\r\n.\r\nNOOP\r\nQUIT\r\n")
	for _, want := range []string{"250 2.0.0 Message", "250 2.0.0 OK", "221"} {
		c.expect(want)
	}
	if n := len(r.messages(t)); n != 1 {
		t.Errorf("%d messages", n)
	}
}

// RFC 3030: BDAT brings octets as they are, with no dots and no line ends.
func TestChunking(t *testing.T) {
	r := start(t, func(c *Config) { c.MaxSize = 1000 })
	c := dial(t, r.addr)
	begin := func() {
		c.cmd("MAIL FROM:<>", "250")
		c.cmd("RCPT TO:<"+r.to()+">", "250")
	}
	c.cmd("EHLO x", "250")
	c.send("BDAT 5 LAST\r\nQUIT\n") // no transaction: the chunk is read all the same
	c.expect("503 5.5.1")
	begin()
	c.send("BDAT 6\r\na\r\n.\r\nBDAT 0\r\nBDAT 5 LAST\r\nb\x00\r.\n")
	c.expect("250 2.0.0 6 octets")
	c.expect("250 2.0.0 0 octets")
	c.expect("250 2.0.0 Message")
	begin()
	c.send("BDAT 1\r\nx")
	c.expect("250")
	c.cmd("DATA", "503")
	c.cmd("RCPT TO:<"+r.to()+">", "503")
	c.send("BDAT 1000\r\n" + strings.Repeat("y", 1000))
	c.expect("552 5.3.4")
	c.send("BDAT 1 LAST\r\nz")
	c.expect("503")
	c.cmd("BDAT x", "501")
	c.cmd("BDAT 1 FIRST", "501")
	c.cmd("BDAT 99999999999999999999", "501")
	c.cmd("QUIT", "221")

	got := r.messages(t)
	if len(got) != 1 || string(got[0].Evidence.Message) != "a\r\n.\r\nb\x00\r.\n" {
		t.Fatalf("stored: %d messages, %q", len(got), got[0].Evidence.Message)
	}
}

func TestSizeLimit(t *testing.T) {
	r := start(t, func(c *Config) { c.MaxSize = 100_000 })
	c := dial(t, r.addr)
	c.cmd("EHLO x", "250")
	for _, extra := range []int{0, 1, 1_000_000} {
		c.cmd("MAIL FROM:<>", "250")
		c.cmd("RCPT TO:<"+r.to()+">", "250")
		c.cmd("DATA", "354")
		want := "250 2.0.0"
		if extra > 0 {
			want = "552 5.3.4"
		}
		c.cmd(strings.Repeat("x", 100_000-2+extra)+"\r\n.", want)
	}
	c.cmd("QUIT", "221")
	if got := r.messages(t); len(got) != 1 || got[0].Size != 100_000 {
		t.Errorf("%d messages", len(got))
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	list, err := r.store.Sessions(ctx, 10)
	if err != nil || len(list) != 2 || list[0].Session.Outcome != "too-large" || list[0].Token != r.box.Token {
		t.Errorf("sessions: %+v, %v", list, err)
	}
}

func TestRecipientLimit(t *testing.T) {
	r := start(t, func(c *Config) { c.MaxRecipients = 2 })
	c := dial(t, r.addr)
	c.cmd("EHLO x", "250")
	c.cmd("MAIL FROM:<>", "250")
	for i, want := range []string{"250 2.1.5", "250 2.1.5", "452 4.5.3"} {
		box, err := r.store.NewMailbox(ctx, store.Mailbox{Token: fmt.Sprint("box", i)})
		if err != nil {
			t.Fatal(err)
		}
		c.cmd("RCPT TO:<"+box.Token+"@inbox.example>", want)
	}
}

// A message to several addresses is stored for each, and none learns of the others.
func TestSeveralMailboxesStaySecret(t *testing.T) {
	r := start(t, nil)
	other, err := r.store.NewMailbox(ctx, store.Mailbox{})
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, r.addr)
	c.cmd("EHLO x", "250")
	c.cmd("MAIL FROM:<first@sender.example>", "250")
	c.cmd("RCPT TO:<"+other.Token+"@inbox.example>", "250")
	c.cmd("RSET", "250")
	c.cmd("MAIL FROM:<a@sender.example>", "250")
	c.cmd("RCPT TO:<"+r.to()+">", "250")
	c.cmd("RCPT TO:<"+r.to()+">", "250") // twice is once
	c.cmd("RCPT TO:<"+other.Token+"@inbox.example>", "250")
	c.cmd("RCPT TO:<"+other.Token+">", "501")
	c.cmd("DATA", "354")
	c.cmd("a\r\n.", "250")
	c.cmd("QUIT", "221")

	for _, pair := range [][2]string{{r.box.Token, other.Token}, {other.Token, r.box.Token}} {
		own, secret := pair[0], pair[1]
		list, err := r.store.MessagesFor(ctx, own, 10)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d messages for %s, %v", len(list), own, err)
		}
		m, err := r.store.Message(ctx, list[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		text := said(m.Evidence.Session) + fmt.Sprint(m.Evidence.Session)
		if !strings.Contains(text, "RCPT TO:<"+own+"@inbox.example>") {
			t.Errorf("its own address is not told:\n%s", text)
		}
		if strings.Contains(text, secret) || strings.Contains(text, "first@sender.example") {
			t.Errorf("another's mail is told of:\n%s", text)
		}
	}
}

func TestFailedSessions(t *testing.T) {
	for _, c := range []struct {
		name    string
		talk    func(*client, *receiver)
		outcome string
		detail  string // a part of it
		known   bool   // the mailbox
	}{
		{"unknown recipient", func(c *client, _ *receiver) {
			c.cmd("EHLO x", "250")
			c.cmd("MAIL FROM:<a@b.example>", "250")
			c.cmd("RCPT TO:<nobody@inbox.example>", "550")
			c.cmd("QUIT", "221")
		}, "unknown-recipient", "<nobody@inbox.example>: No such", false},
		{"relaying", func(c *client, _ *receiver) {
			c.cmd("EHLO x", "250")
			c.cmd("MAIL FROM:<a@b.example>", "250")
			c.cmd("RCPT TO:<a@elsewhere.example>", "550")
			c.cmd("QUIT", "221")
		}, "refused", "Nothing is relayed", false},
		{"dropped before DATA", func(c *client, r *receiver) {
			c.cmd("EHLO x", "250")
			c.cmd("MAIL FROM:<a@b.example>", "250")
			c.cmd("RCPT TO:<"+r.to()+">", "250")
		}, "dropped", "after RCPT TO, before the message was complete", true},
		{"dropped in DATA", func(c *client, r *receiver) {
			c.toData(r.to())
			c.send("Subject: half\r\n")
		}, "dropped", "before the message was complete", true},
		{"dropped after EHLO", func(c *client, _ *receiver) { c.cmd("EHLO x", "250") }, "dropped", "after EHLO, before MAIL FROM", false},
		{"no mail", func(c *client, _ *receiver) {
			c.cmd("HELO x", "250")
			c.cmd("QUIT", "221")
		}, "no-mail", "after HELO", false},
		{"too large by SIZE", func(c *client, _ *receiver) {
			c.cmd("EHLO x", "250")
			c.cmd("MAIL FROM:<a@b.example> SIZE=999999999999", "552")
			c.cmd("QUIT", "221")
		}, "too-large", "at most", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, nil)
			conn := dial(t, r.addr)
			c.talk(conn, r)
			_ = conn.conn.Close()
			awaitSession(t, r)
			f := r.session(t)
			if f.Session.Outcome != c.outcome || !strings.Contains(f.Session.Detail, c.detail) {
				t.Errorf("outcome %q, detail %q", f.Session.Outcome, f.Session.Detail)
			}
			if want := map[bool]string{true: r.box.Token}[c.known]; f.Token != want {
				t.Errorf("token %q, want %q", f.Token, want)
			}
			if !strings.Contains(said(f.Session), "client: ") || f.Session.HELO != "x" && f.Session.HELO != "client.example" {
				t.Errorf("session %+v", f.Session)
			}
		})
	}
}

// awaitSession waits until the receiver has seen a client go and kept its session:
// stopping it at once would hide how the session ended.
func awaitSession(t *testing.T, r *receiver) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if list, err := r.store.Sessions(ctx, 1); err != nil || len(list) > 0 {
			return
		}
	}
	t.Fatal("no failed session was kept")
}

func TestBareConnectLeavesNoTrace(t *testing.T) {
	r := start(t, nil)
	c := dial(t, r.addr)
	_ = c.conn.Close()
	ok := dial(t, r.addr)
	ok.cmd("QUIT", "221")
	ok.expectEnd()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	list, err := r.store.Sessions(ctx, 10)
	if err != nil || len(list) != 1 || list[0].Session.Outcome != "no-mail" {
		t.Errorf("%+v, %v", list, err)
	}
}

// A scan must not fill the disk: what strangers leave is limited.
func TestFailedSessionsAreLimited(t *testing.T) {
	r := start(t, nil)
	for range 300 {
		c := dial(t, r.addr)
		c.cmd("QUIT", "221")
		c.expectEnd()
		_ = c.conn.Close()
	}
	list, err := r.store.Sessions(ctx, 1000)
	if err != nil || len(list) < 100 || len(list) > 290 {
		t.Errorf("%d of 300 were kept, %v", len(list), err)
	}
}

func kinds(events []live.Event) (k []string) {
	for _, e := range events {
		k = append(k, e.Kind)
	}
	return k
}

// until reads events up to the first of a kind.
func until(t *testing.T, events <-chan live.Event, kind string) (got []live.Event) {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		select {
		case e := <-events:
			if got = append(got, e); e.Kind == kind {
				return got
			}
		case <-timeout:
			t.Fatalf("no %q came, only %v", kind, kinds(got))
		}
	}
}

// The page of the mailbox sees the session from its beginning, though its recipient
// is known late; the same whether or not it matched the session by address before.
func TestLiveStory(t *testing.T) {
	for name, page := range map[string]string{"page elsewhere": "192.0.2.9", "page on loopback": "127.0.0.1"} {
		t.Run(name, func(t *testing.T) {
			r := start(t, nil)
			events, cancel := r.hub.Subscribe(r.box.Token, netip.MustParseAddr(page))
			defer cancel()
			c := dial(t, r.addr)
			c.toData(r.to())
			c.cmd("a\r\n.", "250")
			got := until(t, events, "received")
			want := []string{"connected", "helo", "mail-from", "rcpt", "data", "data", "received"}
			if diff := cmp.Diff(want, kinds(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			last := got[len(got)-1]
			if m := r.messages(t); last.ReportID != m[0].ID || last.SessionID != m[0].Evidence.Session.ID || last.Bytes != 3 {
				t.Errorf("received: %+v", last)
			}
			for i, e := range got {
				if e.Seq != i+1 && page == "127.0.0.1" || e.At.IsZero() {
					t.Errorf("event %d: %+v", i, e)
				}
			}
		})
	}
}

func TestLiveFailure(t *testing.T) {
	r := start(t, nil)
	local, cancelLocal := r.hub.Subscribe(r.box.Token, netip.MustParseAddr("127.0.0.1"))
	defer cancelLocal()
	remote, cancelRemote := r.hub.Subscribe(r.box.Token, netip.MustParseAddr("192.0.2.9"))
	defer cancelRemote()
	c := dial(t, r.addr)
	c.cmd("EHLO x", "250")
	c.cmd("MAIL FROM:<a@b.example>", "250")
	c.cmd("RCPT TO:<nobody@inbox.example>", "550")
	c.cmd("QUIT", "221")
	got := until(t, local, "refused")
	if diff := cmp.Diff([]string{"connected", "helo", "mail-from", "rcpt-refused", "refused"}, kinds(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if f := r.session(t); got[4].ReportID != f.ID {
		t.Errorf("the page is sent to %q, the session is %q", got[4].ReportID, f.ID)
	}
	if len(remote) != 0 {
		t.Error("a page elsewhere saw a session that is not for it")
	}
}

func TestDroppedIsToldToTheMailbox(t *testing.T) {
	r := start(t, nil)
	events, cancel := r.hub.Subscribe(r.box.Token, netip.MustParseAddr("192.0.2.9"))
	defer cancel()
	c := dial(t, r.addr)
	c.toData(r.to())
	_ = c.conn.Close()
	got := until(t, events, "dropped")
	if f := r.session(t); got[len(got)-1].ReportID != f.ID || f.Token != r.box.Token {
		t.Errorf("event %+v, session %+v", got[len(got)-1], f)
	}
}

func TestProxyLine(t *testing.T) {
	trust := func(c *Config) { c.TrustProxy = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }
	t.Run("of a trusted client", func(t *testing.T) {
		r := start(t, trust)
		c := dialSilent(t, r.addr)
		c.send("PROXY TCP4 203.0.113.5 127.0.0.1 4321 25\r\n")
		c.expect("220")
		c.toData(r.to())
		c.cmd("a\r\n.", "250")
		s := r.messages(t)[0].Evidence.Session
		if s.RemoteIP.String() != "203.0.113.5" || s.RemotePort != 4321 {
			t.Errorf("client %v:%d", s.RemoteIP, s.RemotePort)
		}
	})
	t.Run("left out", func(t *testing.T) {
		r := start(t, trust)
		c := dial(t, r.addr)
		c.toData(r.to())
		c.cmd("a\r\n.", "250")
		if s := r.messages(t)[0].Evidence.Session; s.RemoteIP.String() != "127.0.0.1" {
			t.Errorf("client %v", s.RemoteIP)
		}
	})
	t.Run("of anyone else", func(t *testing.T) {
		r := start(t, nil)
		c := dial(t, r.addr)
		c.cmd("PROXY TCP4 203.0.113.5 127.0.0.1 4321 25", "500 5.5.2")
		c.toData(r.to())
		c.cmd("a\r\n.", "250")
		if s := r.messages(t)[0].Evidence.Session; s.RemoteIP.String() != "127.0.0.1" {
			t.Errorf("client %v", s.RemoteIP)
		}
	})
	t.Run("broken", func(t *testing.T) {
		c := dial(t, start(t, trust).addr)
		c.cmd("PROXY TCP4 nonsense", "421 4.7.0")
		c.expectEnd()
	})
	t.Run("too late", func(t *testing.T) {
		c := dial(t, start(t, trust).addr)
		c.cmd("EHLO x", "250")
		c.cmd("PROXY TCP4 203.0.113.5 127.0.0.1 4321 25", "500 5.5.2")
	})
}

func TestTooManySessions(t *testing.T) {
	t.Run("in all", func(t *testing.T) {
		r := start(t, func(c *Config) { c.MaxSessions = 1 })
		first := dial(t, r.addr)
		second := dialSilent(t, r.addr)
		second.expect("421 4.7.0")
		second.expectEnd()
		first.cmd("NOOP", "250")
	})
	t.Run("of one client", func(t *testing.T) {
		r := start(t, func(c *Config) {
			c.MaxPerIP = 1
			c.TrustProxy = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		})
		from := func(ip string) *client {
			c := dial(t, r.addr)
			c.send("PROXY TCP4 " + ip + " 127.0.0.1 1 25\r\nNOOP\r\n")
			return c
		}
		first := from("203.0.113.1")
		first.expect("250")
		second := from("203.0.113.1")
		second.expect("421 4.7.0")
		second.expectEnd()
		from("203.0.113.2").expect("250")
		first.cmd("QUIT", "221")
		first.expectEnd()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) { // the place is free soon after
			if reply, err := from("203.0.113.1").reply(); err == nil && strings.HasPrefix(reply, "250") {
				return
			} else if time.Now().After(deadline) {
				t.Fatalf("no place: %q, %v", reply, err)
			}
		}
	})
}

// Running transactions finish, others are told to come again.
func TestGracefulStop(t *testing.T) {
	r := start(t, nil)
	idle, sending := dial(t, r.addr), dial(t, r.addr)
	idle.cmd("EHLO x", "250")
	sending.toData(r.to())
	sending.send("half ")
	result := make(chan error, 1)
	go func() { result <- r.stop() }()
	idle.expect("421 4.3.2")
	idle.expectEnd()
	if conn, err := net.Dial("tcp", r.addr); err == nil {
		_ = conn.Close()
		t.Error("a stopping receiver accepts")
	}
	sending.cmd("and the other half\r\n.", "250 2.0.0")
	sending.expect("421 4.3.2")
	if err := <-result; err != nil {
		t.Error(err)
	}
	if n := len(r.messages(t)); n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestStopCutsOffAfterTheGracePeriod(t *testing.T) {
	st, err := store.Open(ctx, t.TempDir()+"/todoku.db")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	box, err := st.NewMailbox(ctx, store.Mailbox{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Hostname: "mx", Domains: []string{"inbox.example"}, Store: st})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(serving, l, 50*time.Millisecond) }()
	c := dial(t, l.Addr().String())
	c.toData(box.Token + "@inbox.example")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	st, err := store.Open(ctx, t.TempDir()+"/todoku.db")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	good := Config{Hostname: "mx.example", Domains: []string{"inbox.example"}, Store: st}
	for name, change := range map[string]func(*Config){
		"no store": func(c *Config) { c.Store = nil }, "no host name": func(c *Config) { c.Hostname = "" },
		"two lines": func(c *Config) { c.Hostname = "a\r\nb" }, "no domain": func(c *Config) { c.Domains = nil },
		"negative": func(c *Config) { c.MaxSize = -1 },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil || !strings.HasPrefix(err.Error(), "inbox: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}
