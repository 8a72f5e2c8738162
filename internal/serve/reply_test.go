package serve

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/inbox"
	"github.com/todoku/todoku/internal/spamfilter"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/verify"
)

// correspondent is the mail exchanger of sender.example; it gives what it receives.
func correspondent(t *testing.T) (port uint16, received <-chan string) {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "them.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	got := make(chan string, 10)
	in, err := inbox.New(inbox.Config{
		Hostname: "mail.sender.example", Domains: []string{"sender.example"}, Store: st, Service: func(string) bool { return true },
		Received: func(id string) {
			if m, err := st.Message(context.Background(), id); err == nil {
				got <- "MAIL FROM:<" + m.Evidence.Session.MailFrom + ">\n" + string(m.Evidence.Message)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- in.Serve(ctx, l, time.Second) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return netip.MustParseAddrPort(l.Addr().String()).Port(), got
}

// rspamd answers as one does that has nothing against a message. (The real one is asked in the tests
// of package spamfilter.)
func rspamd(t *testing.T) verify.SpamFilter {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"is_skipped":false,"score":1.5,"required_score":15,"action":"no action","symbols":{"GOOD":{"name":"GOOD","score":1.5}}}`))
	}))
	t.Cleanup(s.Close)
	f, err := spamfilter.NewRspamd(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func answering(t *testing.T, c *Config, port uint16) {
	t.Helper()
	c.Resolver = dns.MustMemory(dns.Zone{
		"sender.example":         {"TXT v=spf1 ip4:127.0.0.1 -all", "MX 10 mail.sender.example"},
		"_dmarc.sender.example":  {"TXT v=DMARC1; p=reject"},
		"mail.sender.example":    {"A 127.0.0.1"},
		"1.0.0.127.in-addr.arpa": {"PTR mail.sender.example"},
	})
	c.Reply = &ReplyConfig{Local: "check-auth", Dialer: fetch.NewDialer(fetch.Config{
		Resolver: c.Resolver, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, PortMap: map[uint16]uint16{25: port},
	})}
}

var reportLink = regexp.MustCompile(`https://todoku\.example(/r/[0-9a-z]+)`)

// TestReplyByMail: the report comes back to the sender straight through his mail exchanger, and
// its page is open without a login, which other pages are not.
func TestReplyByMail(t *testing.T) {
	port, received := correspondent(t)
	n := startNode(t, func(c *Config) {
		answering(t, c, port)
		c.PublicURL, c.HTTPHosts = "https://todoku.example", []string{"todoku.example"}
		c.Filters = []verify.SpamFilter{rspamd(t)}
	})
	s := n.dial()
	s.say("EHLO mail.sender.example", "250")
	s.say("MAIL FROM:<a@sender.example>", "250")
	s.say("RCPT TO:<Check-Auth@inbox.todoku.example>", "250")
	s.say("DATA", "354")
	s.say(testMail+".", "250")
	var mail string
	select {
	case mail = <-received:
	case <-time.After(30 * time.Second):
		t.Fatal("no report came")
	}
	for _, want := range []string{"MAIL FROM:<>\n", "To: <a@sender.example>\r\n", "In-Reply-To: <1@sender.example>\r\n", "SPF check:          pass", "Spam filter check:  ham"} {
		if !strings.Contains(mail, want) {
			t.Errorf("the report lacks %q\n%s", want, mail)
		}
	}
	link := reportLink.FindStringSubmatch(mail)
	if link == nil {
		t.Fatalf("no link in\n%s", mail)
	}
	// The opinion is evidence: the page, which is a replay, has it too.
	if m, err := n.Store.Message(t.Context(), strings.TrimPrefix(link[1], "/r/")); err != nil || len(m.Evidence.Opinions) != 1 || m.Evidence.Opinions[0].Score != 1.5 {
		t.Errorf("stored opinions: %+v (%v)", m.Evidence.Opinions, err)
	}
	ordinary := &store.Message{Token: "somebody"}
	ordinary.Evidence.Source, ordinary.Evidence.Message = "smtp", []byte(testMail)
	ordinary.Evidence.Session.Recipients = []string{"somebody@inbox.todoku.example"}
	if err := n.Store.AddMessage(t.Context(), ordinary); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	for path, want := range map[string]int{
		link[1]: 200, link[1] + ".json": 200, "/r/" + ordinary.ID: 303, "/": 303, "/r/" + store.NewID(): 303, "/reply/confirm?token=" + store.NewID(): 200,
	} {
		resp, err := client.Get("http://" + n.HTTP.String() + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, resp.Status, want)
		}
	}
	req, err := http.NewRequest("POST", "http://"+n.HTTP.String()+"/reply/confirm", strings.NewReader(url.Values{"token": {store.NewID()}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://evil.example")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site: %s", resp.Status)
	}
}

// TestNoReplyAddress: where nothing is answered there is no such address.
func TestNoReplyAddress(t *testing.T) {
	n := startNode(t, func(*Config) {})
	s := n.dial()
	s.say("EHLO mail.sender.example", "250")
	s.say("MAIL FROM:<a@sender.example>", "250")
	s.say("RCPT TO:<check-auth@inbox.todoku.example>", "550")
}

// TestReplyAfterRestart: a message that was taken and not yet verified is answered by the next program.
func TestReplyAfterRestart(t *testing.T) {
	port, received := correspondent(t)
	file := filepath.Join(t.TempDir(), "t.db")
	st, err := store.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	m := &store.Message{}
	m.Evidence.Source, m.Evidence.Message = "smtp", []byte(testMail)
	m.Evidence.Session.MailFrom, m.Evidence.Session.HasMailFrom, m.Evidence.Session.HELO = "a@sender.example", true, "mail.sender.example"
	m.Evidence.Session.RemoteIP, m.Evidence.Session.Recipients = netip.MustParseAddr("127.0.0.1"), []string{"check-auth@inbox.todoku.example"}
	if err := st.AddMessage(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	st.Close()
	startNode(t, func(c *Config) {
		c.Database = file
		answering(t, c, port)
	})
	select {
	case mail := <-received:
		if !strings.Contains(mail, m.ID) {
			t.Error(mail)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no report came")
	}
}
