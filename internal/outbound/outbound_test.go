package outbound

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/store"
)

var oneHost = dns.Zone{"them.example": {"MX 10 mx.them.example"}, "mx.them.example": {"A 127.0.0.1"}}

func TestDelivery(t *testing.T) {
	s := newServer(t, nil)
	s.tls = selfSigned(t)
	d := newDesk(t, s, oneHost)
	o := d.one(nil)
	if o.State != store.OutboundDelivered || o.Attempts != 1 || o.Answer != "mx.them.example [127.0.0.1] said: 250 2.0.0 queued as 1" {
		t.Errorf("%+v", o)
	}
	if got := s.received(); len(got) != 1 || got[0] != body {
		t.Errorf("received %q", got)
	}
	want := "EHLO us.example|STARTTLS|EHLO us.example|MAIL FROM:<> BODY=8BITMIME|RCPT TO:<user@them.example>|DATA|QUIT"
	if got := s.commands(); got != want {
		t.Errorf("said %s\nwant %s", got, want)
	}
}

// What servers answer, and what becomes of the mail.
func TestReplies(t *testing.T) {
	for name, test := range map[string]struct {
		replies  map[string][]string
		state    store.OutboundState
		attempts int
		answer   string // is in it
	}{
		"4yz to the recipient, then taken": {map[string][]string{"RCPT": {"450 4.2.0 greylisted", "250 ok"}}, store.OutboundDelivered, 2, "250"},
		"4yz to the message, then taken":   {map[string][]string{".": {"451 4.3.0 later", "250 ok"}}, store.OutboundDelivered, 2, "250"},
		"4yz to the greeting, then taken":  {map[string][]string{"greeting": {"421 4.3.2 busy", "220 hi"}}, store.OutboundDelivered, 2, "250"},
		"5yz to the recipient":             {map[string][]string{"RCPT": {"550 5.1.1 no such user"}}, store.OutboundFailed, 1, "550 5.1.1 no such user"},
		"5yz to the sender":                {map[string][]string{"MAIL": {"550 5.7.1 no null path here"}}, store.OutboundFailed, 1, "550 5.7.1"},
		"5yz to DATA":                      {map[string][]string{"DATA": {"554 5.5.1 no"}}, store.OutboundFailed, 1, "554 5.5.1"},
		"5yz to the message":               {map[string][]string{".": {"550 5.7.1 spam"}}, store.OutboundFailed, 1, "550 5.7.1 spam"},
		"5yz to the greeting":              {map[string][]string{"greeting": {"554 5.7.1 go away"}}, store.OutboundFailed, 1, "554 5.7.1 go away"},
		"hangs up at once, then taken":     {map[string][]string{"greeting": {"", "220 hi"}}, store.OutboundDelivered, 2, "250"},
		"hangs up after the message":       {map[string][]string{".": {"", "250 ok"}}, store.OutboundDelivered, 2, "250"},
		"no SMTP at all, then SMTP":        {map[string][]string{"greeting": {"SSH-2.0-OpenSSH", "220 hi"}}, store.OutboundDelivered, 2, "250"},
		"EHLO is not known":                {map[string][]string{"EHLO": {"502 5.5.1 no"}}, store.OutboundDelivered, 1, "250"},
		"control octets in a reply":        {map[string][]string{"RCPT": {"550 5.1.1 \x1b[2Jno"}}, store.OutboundFailed, 1, "550 5.1.1 \uFFFD[2Jno"},
		"a long reply":                     {map[string][]string{"RCPT": {"550 5.1.1 " + strings.Repeat("x", 1800)}}, store.OutboundFailed, 1, "..."},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, test.replies)
			o := newDesk(t, s, oneHost).one(nil)
			if o.State != test.state || o.Attempts != test.attempts || !strings.Contains(o.Answer, test.answer) || len(o.Answer) > maxAnswer+3 {
				t.Errorf("%s after %d attempts: %q", o.State, o.Attempts, o.Answer)
			}
			if n := len(s.received()); o.State == store.OutboundDelivered && n < 1 {
				t.Error("nothing was received")
			}
		})
	}
}

func TestTimeOuts(t *testing.T) {
	for _, verb := range []string{"greeting", "EHLO", "MAIL", "RCPT", "DATA", "."} {
		t.Run(verb, func(t *testing.T) {
			s := newServer(t, map[string][]string{verb: {"silence", map[string]string{"greeting": "220 hi", "DATA": "354 go"}[verb]}})
			if got := s.replies[verb]; got[1] == "" {
				got[1] = "250 2.0.0 ok"
			}
			d := newDesk(t, s, oneHost)
			o := d.one(func(c *Config) { c.Command = 200 * time.Millisecond })
			if o.State != store.OutboundDelivered || o.Attempts != 2 {
				t.Errorf("%s after %d attempts: %s", o.State, o.Attempts, o.Answer)
			}
		})
	}
	t.Run("all of it", func(t *testing.T) { // a server that never says no cannot hold a worker for ever
		s := newServer(t, map[string][]string{"RCPT": {"silence"}})
		d := newDesk(t, s, oneHost)
		d.put("1", "user@them.example")
		d.run(func(c *Config) { c.Delivery, c.FirstPause = 200*time.Millisecond, time.Hour })
		if o := <-d.settled; o.State != store.OutboundWaiting || !strings.Contains(o.Answer, "time-out while giving the envelope") {
			t.Errorf("%s: %s", o.State, o.Answer)
		}
	})
}

// A server that does not stop talking costs a bounded amount of memory.
func TestTalkativeServer(t *testing.T) {
	s := newServer(t, map[string][]string{"EHLO": {strings.Repeat("250-"+strings.Repeat("x", 500)+"\r\n", 4*maxRead/500) + "250 ok"}})
	d := newDesk(t, s, oneHost)
	d.put("1", "user@them.example")
	d.run(func(c *Config) { c.FirstPause = time.Hour })
	if o := <-d.settled; o.State != store.OutboundWaiting || !strings.Contains(o.Answer, "says too much") {
		t.Errorf("%s: %s", o.State, o.Answer)
	}
}

func TestGivenUpWhenItExpires(t *testing.T) {
	s := newServer(t, map[string][]string{"RCPT": {"450 4.2.0 later"}})
	o := newDesk(t, s, oneHost).one(func(c *Config) { c.FirstPause, c.LongestPause = 2*time.Hour, 2*time.Hour })
	if o.State != store.OutboundFailed || o.Attempts != 1 || !strings.Contains(o.Answer, "450 4.2.0") {
		t.Errorf("%+v", o)
	}
}

func TestExchangers(t *testing.T) {
	for name, test := range map[string]struct {
		zone   dns.Zone
		state  store.OutboundState // waiting: it is tried again
		answer string
	}{
		"RFC 5321 section 5.1: without MX the domain itself": {dns.Zone{"them.example": {"A 127.0.0.1"}}, store.OutboundDelivered, "them.example ["},
		"RFC 7505 section 3: null MX":                        {dns.Zone{"them.example": {"MX 0 .", "A 127.0.0.1"}}, store.OutboundFailed, "takes no mail"},
		"no such domain":                                     {dns.Zone{"other.example": {"A 127.0.0.1"}}, store.OutboundFailed, "does not exist"},
		"DNS fails":                                          {dns.Zone{"them.example": {"SERVFAIL"}}, store.OutboundWaiting, "could not be looked up"},
		"no address at all":                                  {dns.Zone{"them.example": {"TXT x"}}, store.OutboundFailed, "no address"},
		"the exchanger has none":                             {dns.Zone{"them.example": {"MX 10 mx.them.example"}}, store.OutboundFailed, "no address"},
		"one of two has none":                                {dns.Zone{"them.example": {"MX 10 a.them.example", "MX 20 b.them.example"}, "b.them.example": {"A 127.0.0.1"}}, store.OutboundDelivered, "b.them.example ["},
		"the exchanger's DNS fails":                          {dns.Zone{"them.example": {"MX 10 mx.them.example"}, "mx.them.example": {"SERVFAIL"}}, store.OutboundWaiting, "look-up failed"},
		"a private address":                                  {dns.Zone{"them.example": {"MX 10 mx.them.example"}, "mx.them.example": {"A 10.0.0.1"}}, store.OutboundFailed, "never connected to"},
		"the metadata service":                               {dns.Zone{"them.example": {"A 169.254.169.254"}}, store.OutboundFailed, "never connected to"},
		"we are the best":                                    {dns.Zone{"them.example": {"MX 10 us.example", "MX 20 mx.them.example"}, "mx.them.example": {"A 127.0.0.1"}}, store.OutboundFailed, "this host is the best"},
		"we are second":                                      {dns.Zone{"them.example": {"MX 20 us.example", "MX 10 mx.them.example"}, "mx.them.example": {"A 127.0.0.1"}}, store.OutboundDelivered, "mx.them.example ["},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, newServer(t, nil), test.zone)
			d.put("1", "user@them.example")
			d.run(func(c *Config) { c.FirstPause, c.LongestPause = time.Minute, time.Minute })
			if o := <-d.settled; o.State != test.state || !strings.Contains(o.Answer, test.answer) {
				t.Errorf("%s: %q", o.State, o.Answer)
			}
		})
	}
}

// The second exchanger is asked where the first one does not take mail now, and not where it refuses the recipient.
func TestSecondExchanger(t *testing.T) {
	zone := dns.Zone{"them.example": {"MX 10 a.them.example", "MX 20 b.them.example"}, "a.them.example": {"A 127.0.0.1"}, "b.them.example": {"A 127.0.0.1"}}
	for first, want := range map[string]int{"421 4.3.2 busy": 2, "554 5.7.1 not you": 2} {
		s := newServer(t, map[string][]string{"greeting": {first, "220 hi"}})
		if o := newDesk(t, s, zone).one(nil); o.State != store.OutboundDelivered || o.Attempts != 1 || s.connections() != want {
			t.Errorf("%s: %s after %d connections: %s", first, o.State, s.connections(), o.Answer)
		}
	}
	s := newServer(t, map[string][]string{"RCPT": {"550 5.1.1 nobody", "250 ok"}})
	if o := newDesk(t, s, zone).one(nil); o.State != store.OutboundFailed || s.connections() != 1 {
		t.Errorf("%s after %d connections: %s", o.State, s.connections(), o.Answer)
	}
}

// RFC 7435: encryption that does not work is no reason not to deliver.
func TestBrokenTLS(t *testing.T) {
	s := newServer(t, nil)
	s.tls, s.badTLS = selfSigned(t), true
	if o := newDesk(t, s, oneHost).one(nil); o.State != store.OutboundDelivered || o.Attempts != 1 || s.connections() != 2 {
		t.Errorf("%s after %d connections: %s", o.State, s.connections(), o.Answer)
	}
	s = newServer(t, map[string][]string{"STARTTLS": {"454 4.7.0 not now"}})
	s.tls, s.refusesTLS = selfSigned(t), true
	if o := newDesk(t, s, oneHost).one(nil); o.State != store.OutboundDelivered || s.connections() != 1 {
		t.Errorf("%s after %d connections: %s", o.State, s.connections(), o.Answer)
	}
}

// Several nodes share a queue: each mail is delivered once.
func TestSeveralNodes(t *testing.T) {
	s := newServer(t, nil)
	d := newDesk(t, s, oneHost)
	const n = 30
	for i := range n {
		d.put(fmt.Sprint(i), fmt.Sprintf("user%d@them.example", i))
	}
	for range 3 {
		d.run(nil)
	}
	for range n {
		if o := d.until(); o.State != store.OutboundDelivered || o.Attempts != 1 {
			t.Errorf("%+v", o)
		}
	}
	if got := len(s.received()); got != n {
		t.Errorf("received %d of %d", got, n)
	}
}

// A node that is asked to end gives its mail back, and another one has it at once.
func TestOrderlyEnd(t *testing.T) {
	s := newServer(t, map[string][]string{"RCPT": {"silence", "250 ok"}})
	s.said = make(chan string, 100)
	d := newDesk(t, s, oneHost)
	d.put("1", "user@them.example")
	stop := d.run(func(c *Config) { c.Grace = 10 * time.Millisecond })
	for verb := ""; verb != "RCPT"; verb = <-s.said {
	}
	stop()
	d.run(nil)
	if o := d.until(); o.State != store.OutboundDelivered || o.Attempts != 1 {
		t.Errorf("%s after %d attempts: %s", o.State, o.Attempts, o.Answer)
	}
}

const (
	childDatabase = "TODOKU_TEST_OUTBOUND_DATABASE"
	childServer   = "TODOKU_TEST_OUTBOUND_SERVER"
)

// child is a node that will be killed.
func child(database, server string) {
	st, err := store.Open(context.Background(), database)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	q, err := New(Config{Store: st, Hostname: "us.example", Smart: &SmartHost{Address: server, TLS: "none"}, Poll: 5 * time.Millisecond})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready")
	_ = q.Run(context.Background())
}

// A node is killed (kill -9) in the middle of a delivery: another one takes over when the lease ends.
func TestKilledNode(t *testing.T) {
	s := newServer(t, map[string][]string{"RCPT": {"silence", "250 ok"}})
	s.said = make(chan string, 100)
	file := t.TempDir() + "/t.db"
	st, err := store.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, store: st, settled: make(chan store.Outbound, 10)}
	d.put("1", "user@them.example")
	st.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDatabase+"="+file, childServer+"="+s.l.Addr().String())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	for verb := ""; verb != "RCPT"; verb = <-s.said {
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()

	heir, err := store.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { heir.Close() })
	d.store = heir
	d.config = Config{Store: heir, Hostname: "us.example", Smart: &SmartHost{Address: s.l.Addr().String(), TLS: "none"}, Poll: 5 * time.Millisecond,
		Settled: func(o store.Outbound) { d.settled <- o }}
	if got, err := heir.ClaimOutbound(t.Context(), "early", time.Now(), time.Now(), 1); err != nil || len(got) != 0 {
		t.Fatalf("claimed before the lease ended: %v %v", got, err)
	}
	d.run(func(c *Config) { c.Now = func() time.Time { return time.Now().Add(15 * time.Minute) } })
	if o := d.until(); o.State != store.OutboundDelivered || o.Attempts != 2 {
		t.Errorf("%s after %d attempts: %s", o.State, o.Attempts, o.Answer)
	}
}

func TestSmartHost(t *testing.T) {
	ours := selfSigned(t)
	leaf, err := x509.ParseCertificate(ours.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	trusted := ours.Clone()
	trusted.RootCAs, trusted.ServerName = x509.NewCertPool(), "mx.example"
	trusted.RootCAs.AddCert(leaf)
	for name, test := range map[string]struct {
		host    SmartHost
		offers  bool
		replies map[string][]string
		state   store.OutboundState
		answer  string
	}{
		"plain":                         {SmartHost{TLS: "none"}, true, nil, store.OutboundDelivered, "250"},
		"STARTTLS where offered":        {SmartHost{}, true, nil, store.OutboundDelivered, "250"},
		"not offered":                   {SmartHost{}, false, nil, store.OutboundDelivered, "250"},
		"demanded":                      {SmartHost{TLS: "starttls", Config: trusted}, true, nil, store.OutboundDelivered, "250"},
		"demanded and not offered":      {SmartHost{TLS: "starttls", Config: trusted}, false, nil, store.OutboundWaiting, "without it nothing is sent"},
		"a stranger's certificate":      {SmartHost{TLS: "starttls"}, true, nil, store.OutboundWaiting, "handshake failed"},
		"with a password":               {SmartHost{Username: "u", Password: "p", Config: trusted}, true, map[string][]string{"AUTH": {"235 2.7.0 in"}}, store.OutboundDelivered, "250"},
		"with a wrong one":              {SmartHost{Username: "u", Password: "p", Config: trusted}, true, map[string][]string{"AUTH": {"535 5.7.8 no"}}, store.OutboundWaiting, "signing in failed"},
		"a password in the clear":       {SmartHost{Username: "u", Password: "p", Config: trusted}, false, nil, store.OutboundWaiting, "not sent without TLS"},
		"it refuses the recipient":      {SmartHost{TLS: "none"}, true, map[string][]string{"RCPT": {"550 5.1.1 nobody"}}, store.OutboundFailed, "550 5.1.1"},
		"it refuses us with the banner": {SmartHost{TLS: "none"}, true, map[string][]string{"greeting": {"554 5.7.1 not you"}}, store.OutboundWaiting, "554 5.7.1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, test.replies)
			s.extra = "250-AUTH PLAIN\r\n"
			if test.offers {
				s.tls = ours
			}
			d := newDesk(t, s, nil)
			test.host.Address = s.l.Addr().String()
			d.put("1", "user@them.example")
			d.run(func(c *Config) { c.Smart, c.FirstPause = &test.host, time.Minute })
			if o := <-d.settled; o.State != test.state || !strings.Contains(o.Answer, test.answer) {
				t.Errorf("%s: %q", o.State, o.Answer)
			}
			if login := strings.Contains(s.commands(), "AUTH PLAIN AHUAcA=="); login != (test.host.Username != "" && test.offers) {
				t.Errorf("the password was sent: %v\n%s", login, s.commands())
			}
		})
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	st, err := store.Open(t.Context(), t.TempDir()+"/t.db")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for name, c := range map[string]Config{
		"no store": {Smart: &SmartHost{Address: "h:25"}}, "no way out": {Store: st}, "no port": {Store: st, Smart: &SmartHost{Address: "h"}},
		"no dialer": {Store: st, Resolver: dns.MustMemory(dns.Zone{})}, "no such TLS": {Store: st, Smart: &SmartHost{Address: "h:25", TLS: "maybe"}},
		"a password in the clear": {Store: st, Smart: &SmartHost{Address: "h:25", TLS: "none", Username: "u"}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New(Config{Store: st, Resolver: dns.MustMemory(dns.Zone{}), Dialer: fetch.NewDialer(fetch.Config{Resolver: dns.MustMemory(dns.Zone{})})}); err != nil {
		t.Error(err)
	}
}

// The pauses double up to the longest.
func TestPause(t *testing.T) {
	for tries, want := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute, 5: 16 * time.Minute, 20: 4 * time.Hour, 1 << 30: 4 * time.Hour} {
		for range 50 {
			if got := pause(time.Minute, 4*time.Hour, tries); got < want*7/8 || got > want*9/8+1 {
				t.Errorf("after %d tries: %v, want about %v", tries, got, want)
			}
		}
	}
}

// A report whose message loses its body just while it is delivered is over: no error, and no second try.
func TestEndedUnderWay(t *testing.T) {
	s := newServer(t, nil)
	s.said = make(chan string)
	d := newDesk(t, s, oneHost)
	m := &store.Message{Evidence: evidence.Bundle{Message: []byte(body)}}
	if err := errors.Join(d.store.AddMessage(t.Context(), m), d.store.SetVerified(t.Context(), m)); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	d.put("reply:"+m.ID, "user@them.example")
	stop := d.run(func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for verb := ""; verb != "DATA"; verb = <-s.said {
	}
	if err := d.store.DropBody(t.Context(), m.ID, nil, nil, time.Now()); err != nil {
		t.Fatal(err)
	}
	go func() {
		for range s.said {
		}
	}()
	if o := d.until(); o.State != store.OutboundFailed || o.Attempts != 1 || len(o.Message) != 0 {
		t.Errorf("%+v", o)
	}
	stop()
	s.close()
	close(s.said)
	if got := log.String(); strings.Contains(got, "level=ERROR") || !strings.Contains(got, "not sent again") {
		t.Errorf("the log says %s", got)
	}
}
