package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/wire/https"
)

func TestHost(t *testing.T) {
	chain, cert, roots := authority(t, now.AddDate(1, 0, 0), "mx.example.com")
	s := newServer(t, orderly(&tls.Config{Certificates: []tls.Certificate{cert}}))
	h := s.prober(Config{Postmaster: "example.com"}).Host(context.Background(), "mx.example.com")
	if h.Outcome != Seen || h.Problem != "" || !h.ESMTP || h.Banner.Text() != "mx.example.com ESMTP" || h.Addr.String() != "127.0.0.1" || !h.At.Equal(now) {
		t.Errorf("%+v", h)
	}
	if !reflect.DeepEqual(h.Extensions, []string{"PIPELINING", "starttls"}) || !reflect.DeepEqual(h.TLSExtensions, []string{"SIZE 1000"}) {
		t.Errorf("%q %q", h.Extensions, h.TLSExtensions)
	}
	if h.TLS.Outcome != Accepted || h.TLS.Problem != "" || h.TLS.Version != "TLS 1.3" || h.TLS.Cipher == "" || h.TLS.Injected || !reflect.DeepEqual(h.TLS.Chain, chain) {
		t.Errorf("%+v", h.TLS)
	}
	if h.Postmaster == nil || h.Postmaster.Outcome != Accepted || len(h.Versions) != 0 {
		t.Errorf("%+v %+v", h.Postmaster, h.Versions)
	}
	// Not one command more, and never DATA.
	if want := "EHLO probe.example.net|STARTTLS|EHLO probe.example.net|MAIL FROM:<>|RCPT TO:<postmaster@example.com>|RSET|QUIT"; s.heard() != want {
		t.Errorf("the host heard %s", s.heard())
	}
	if problem, detail := Verify(h.TLS.Chain, "MX.example.com.", roots, now); problem != "" {
		t.Errorf("%s %s", problem, detail)
	}
	stored, err := json.Marshal([]Host{h})
	var back Replay
	if err == nil {
		err = json.Unmarshal(stored, &back)
	}
	if again := back.Host(context.Background(), "mx.example.com"); err != nil || !reflect.DeepEqual(again, h) {
		t.Errorf("%v\n%+v\n%+v", err, again, h)
	}
	if gone := back.Host(context.Background(), "other.example.com"); gone.Outcome != Inconclusive || gone.Problem != NotTried {
		t.Errorf("%+v", gone)
	}
}

func TestVersions(t *testing.T) {
	_, cert, _ := authority(t, now.AddDate(1, 0, 0), "mx.example.com")
	for _, c := range []struct {
		name        string
		low, high   uint16
		agreed      string
		versions    string
		connections int
	}{
		{"modern", tls.VersionTLS12, tls.VersionTLS13, "TLS 1.3", "TLS 1.2 accepted, TLS 1.1 refused, TLS 1.0 refused", 4},
		{"only-1.3", tls.VersionTLS13, tls.VersionTLS13, "TLS 1.3", "TLS 1.2 refused, TLS 1.1 refused, TLS 1.0 refused", 4},
		{"all", tls.VersionTLS10, tls.VersionTLS13, "TLS 1.3", "TLS 1.2 accepted, TLS 1.1 accepted, TLS 1.0 accepted", 4},
		{"only-1.2", tls.VersionTLS12, tls.VersionTLS12, "TLS 1.2", "TLS 1.1 refused, TLS 1.0 refused", 3},
		{"only-1.0", tls.VersionTLS10, tls.VersionTLS10, "TLS 1.0", "TLS 1.1 refused", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: c.low, MaxVersion: c.high}
			s := newServer(t, orderly(cfg))
			h := s.prober(Config{Versions: true}).Host(context.Background(), "mx.example.com")
			var got []string
			for _, v := range h.Versions {
				got = append(got, fmt.Sprintf("%s %s", v.Version, v.Outcome))
			}
			if h.TLS.Version != c.agreed || strings.Join(got, ", ") != c.versions || s.connections() != c.connections {
				t.Errorf("%s; %q; %d connections; %+v", h.TLS.Version, got, s.connections(), h.TLS)
			}
		})
	}
}

// TestVersionsBackOff: a host that had enough is left alone.
func TestVersionsBackOff(t *testing.T) {
	_, cert, _ := authority(t, now.AddDate(1, 0, 0), "mx.example.com")
	good := orderly(&tls.Config{Certificates: []tls.Certificate{cert}})
	s := newServer(t, func(p *peer) {
		if p.s.connections() > 1 {
			p.say("421 too many connections\r\n")
			return
		}
		good(p)
	})
	h := s.prober(Config{Versions: true}).Host(context.Background(), "mx.example.com")
	if len(h.Versions) != 1 || h.Versions[0].Outcome != Inconclusive || s.connections() != 2 || h.TLS.Outcome != Accepted {
		t.Errorf("%+v, %d connections", h.Versions, s.connections())
	}
}

// say is a script of a server that says one thing and waits for the client to go.
func say(text string) func(*peer) {
	return func(p *peer) {
		p.say(text)
		for p.hear() != "" {
		}
	}
}

// after is a script of a server that answers EHLO, and then says one thing to each command.
func after(ehlo, text string) func(*peer) {
	return func(p *peer) {
		p.say("220 mx\r\n")
		for line := p.hear(); line != ""; line = p.hear() {
			if strings.HasPrefix(line, "EHLO") {
				p.say(ehlo)
			} else {
				p.say(text)
			}
		}
	}
}

const withTLS = "250-mx\r\n250 STARTTLS\r\n"

func TestHostsThatAreNotAsTheyShouldBe(t *testing.T) {
	hangUp := func(*peer) {}
	endless := func(p *peer) {
		for {
			if _, err := p.Write([]byte("220-" + strings.Repeat("x", 60_000))); err != nil {
				return
			}
		}
	}
	for _, c := range []struct {
		name    string
		script  func(*peer)
		outcome Outcome
		problem string
		tls     Outcome
		tlsWhy  string
	}{
		{"hangs-up", hangUp, Inconclusive, Closed, "", ""},
		{"greylisting-4xx", say("421 4.3.2 come back later\r\n"), Inconclusive, Deferred, "", ""},
		{"refused-554", say("554 5.7.1 your address is on a list\r\n"), Inconclusive, NotWelcome, "", ""},
		{"not-smtp", say("HTTP/1.1 400 Bad Request\r\n"), Inconclusive, NotSMTP, "", ""},
		{"no-code", say("22x mx\r\n"), Inconclusive, NotSMTP, "", ""},
		{"code-with-no-space", say("220mx\r\n"), Inconclusive, NotSMTP, "", ""},
		{"empty-line", say("\r\n"), Inconclusive, NotSMTP, "", ""},
		{"half-a-line", func(p *peer) { p.say("220 m") }, Inconclusive, Closed, "", ""},
		{"endless-line", endless, Inconclusive, NotSMTP, "", ""},
		{"endless-reply", say(strings.Repeat("220-mx\r\n", maxLines+1)), Inconclusive, NotSMTP, "", ""},
		{"ehlo-deferred", after("451 later\r\n", ""), Inconclusive, Deferred, "", ""},
		{"ehlo-refused-by-policy", after("550 5.7.1 bad HELO\r\n", ""), Inconclusive, NotWelcome, "", ""},
		{"helo-only", after("502 what\r\n", "250 mx\r\n"), Seen, "", NotOffered, ""},
		{"helo-refused-too", after("502 what\r\n", "502 what\r\n"), Inconclusive, NotWelcome, "", ""},
		{"no-starttls", after("250 mx\r\n", "221 bye\r\n"), Seen, "", NotOffered, ""},
		{"starttls-in-another-word", after("250-mx\r\n250 XSTARTTLS\r\n", "221 bye\r\n"), Seen, "", NotOffered, ""},
		{"starttls-deferred", after(withTLS, "454 4.7.0 not now\r\n"), Seen, "", Inconclusive, TLSDeferred},
		{"starttls-refused", after(withTLS, "502 5.5.1 what\r\n"), Seen, "", Refused, TLSNotWelcome},
		{"starttls-lie", lie, Seen, "", Refused, HandshakeFail},
		{"bare-lf", after("250 mx\n", "221 bye\n"), Seen, "", NotOffered, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, c.script)
			h := s.prober(Config{}).Host(context.Background(), "mx.example.com")
			if h.Outcome != c.outcome || h.Problem != c.problem || (h.Problem != "") != (h.Detail != "") || h.TLS.Outcome != c.tls || h.TLS.Problem != c.tlsWhy {
				t.Errorf("%s %q %q; TLS %+v", h.Outcome, h.Problem, h.Detail, h.TLS)
			}
		})
	}
}

// lie answers STARTTLS and goes on in the clear.
func lie(p *peer) {
	p.say("220 mx\r\n")
	p.hear()
	p.say(withTLS)
	p.hear()
	p.say("220 go ahead\r\n")
	p.r.ReadByte() // the ClientHello has begun
	p.say("500 what was that\r\n")
	for p.hear() != "" {
	}
}

// TestInjected is CVE-2011-0411 seen from the other side.
func TestInjected(t *testing.T) {
	_, cert, _ := authority(t, now.AddDate(1, 0, 0), "mx.example.com")
	s := newServer(t, func(p *peer) {
		p.say("220 mx\r\n")
		p.hear()
		p.say(withTLS)
		p.hear()
		p.say("220 go ahead\r\n250 injected\r\n")
		conn := tls.Server(p.Conn, &tls.Config{Certificates: []tls.Certificate{cert}})
		if conn.Handshake() == nil {
			p.Conn, p.r = conn, bufio.NewReader(conn)
			p.hear()
			p.say("250 mx\r\n")
			p.hear()
		}
	})
	h := s.prober(Config{}).Host(context.Background(), "mx.example.com")
	if h.TLS.Outcome != Accepted || !h.TLS.Injected || len(h.TLSExtensions) != 0 {
		t.Errorf("%+v", h.TLS)
	}
}

// TestTarpit: whatever a host does, the time of one host is the time of one host.
func TestTarpit(t *testing.T) {
	drip := func(p *peer) {
		for {
			if _, err := p.Write([]byte("220-x\r\n")); err != nil {
				return
			}
			if _, err := p.Read(make([]byte, 1)); err != nil {
				return
			}
		}
	}
	noHandshake := func(p *peer) {
		p.say("220 mx\r\n")
		p.hear()
		p.say(withTLS)
		p.hear()
		p.say("220 go ahead\r\n")
		for p.hear() != "" {
		}
	}
	for name, c := range map[string]struct {
		script func(*peer)
		want   Host
	}{
		"silent":       {func(p *peer) { p.hear() }, Host{Outcome: Inconclusive, Problem: NoAnswer}},
		"drip":         {drip, Host{Outcome: Inconclusive, Problem: NoAnswer}},
		"no-handshake": {noHandshake, Host{Outcome: Seen, TLS: TLS{Outcome: Inconclusive, Problem: NoAnswer}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, c.script)
			h := s.prober(Config{Timeout: 300 * time.Millisecond}).Host(context.Background(), "mx.example.com")
			if h.Outcome != c.want.Outcome || h.Problem != c.want.Problem || h.TLS.Outcome != c.want.TLS.Outcome || h.TLS.Problem != c.want.TLS.Problem {
				t.Errorf("%s %q; TLS %+v", h.Outcome, h.Problem, h.TLS)
			}
		})
	}
	t.Run("the-caller-stops-waiting", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		s := newServer(t, func(p *peer) {
			cancel()
			p.hear()
		})
		if h := s.prober(Config{}).Host(ctx, "mx.example.com"); h.Problem != NoAnswer && h.Problem != https.FetchTimeout && h.Problem != https.FetchConnect {
			t.Errorf("%+v", h)
		}
	})
}

func TestUnreachable(t *testing.T) {
	s := newServer(t, nil)
	s.close()
	for name, want := range map[string]struct {
		outcome Outcome
		problem string
	}{
		"mx.example.com": {Unreachable, https.FetchConnect}, "inner.example.com": {Unreachable, https.FetchRefusedAddr}, "gone.example.com": {Unreachable, https.FetchNoAddress},
		"broken.example.com": {Inconclusive, https.FetchDNS}, "a\r\nb": {Unreachable, https.FetchBadURL}, "": {Unreachable, https.FetchBadURL}, "10.0.0.1": {Unreachable, https.FetchRefusedAddr},
	} {
		if h := s.prober(Config{}).Host(context.Background(), name); h.Outcome != want.outcome || h.Problem != want.problem || h.Detail == "" {
			t.Errorf("%q: %+v", name, h)
		}
	}
}

func TestHostsAreFewAtATime(t *testing.T) {
	entered, leave := make(chan struct{}, 100), make(chan struct{})
	s := newServer(t, func(p *peer) {
		entered <- struct{}{}
		<-leave
		after("250 mx\r\n", "221 bye\r\n")(p)
	})
	names := make([]string, MaxHosts+2)
	for i := range names {
		names[i] = "mx.example.com"
	}
	done := make(chan []Host)
	go func() { done <- s.prober(Config{Parallel: 3}).Hosts(context.Background(), names) }()
	for range 3 {
		<-entered
	}
	if n := s.connections(); n != 3 {
		t.Errorf("%d connections at one time", n)
	}
	close(leave)
	for i, h := range <-done {
		if want := i < MaxHosts; (h.Outcome == Seen) != want || !want && h.Problem != NotTried {
			t.Errorf("%d: %+v", i, h)
		}
	}
}

func TestRecipientOutcome(t *testing.T) {
	for text, want := range map[string]Outcome{
		"250 ok": Accepted, "251 will forward": Accepted, "252 cannot verify": Accepted,
		"450 4.2.0 greylisted": Inconclusive, "451 later": Inconclusive, "550 5.7.1 blocked": Inconclusive, "554 no": Inconclusive, "550 go away": Inconclusive,
		"550 5.1.1 unknown": Refused, "550 5.2.1 disabled": Refused, "550 No such user here": Refused, "553 5.1.2 x": Refused, "503 first": Inconclusive,
		"550 5.1.x unknown user": Refused, "554 5.1.1.1 x": Inconclusive,
	} {
		r, err := readReply(bufio.NewReaderSize(strings.NewReader(text+"\r\n"), maxLine), func(string) {})
		if err != nil || recipientOutcome(r) != want {
			t.Errorf("%s: %v %v", text, recipientOutcome(r), err)
		}
	}
}

func TestVerify(t *testing.T) {
	good, _, roots := authority(t, now.AddDate(1, 0, 0), "mx.example.com", "*.example.net")
	old, _, oldRoots := authority(t, now.AddDate(0, 0, -1), "mx.example.com")
	for _, c := range []struct {
		name    string
		chain   [][]byte
		host    string
		roots   *x509.CertPool
		problem string
	}{
		{"good", good, "mx.example.com", roots, ""},
		{"wildcard", good, "a.example.net", roots, ""},
		{"wildcard-is-one-label", good, "a.b.example.net", roots, https.FetchCertName},
		{"name", good, "mx.example.org", roots, https.FetchCertName},
		{"expired", old, "mx.example.com", oldRoots, https.FetchCertExpired},
		{"unknown-before-name", good, "mx.example.org", oldRoots, https.FetchCertUnknown},
		{"none", nil, "mx.example.com", roots, https.FetchCertBad},
		{"nonsense", [][]byte{{1, 2, 3}}, "mx.example.com", roots, https.FetchCertBad},
	} {
		problem, detail := Verify(c.chain, c.host, c.roots, now)
		if problem != c.problem || (problem != "") != (detail != "") {
			t.Errorf("%s: %q %q", c.name, problem, detail)
		}
	}
	certs := Parse(good)
	if d := Describe(certs[0]); d.Key != "ECDSA" || d.KeyBits != 256 || d.SelfSigned || len(d.SHA256) != 64 || d.Issuer != "CN=Test CA" {
		t.Errorf("%+v", d)
	}
	if d := Describe(certs[1]); !d.SelfSigned {
		t.Errorf("%+v", d)
	}
}

func FuzzReadReply(f *testing.F) {
	for _, s := range []string{"220 mx\r\n", "250-a\r\n250 b\n", "220", "250-a\r\n251 b\r\n", "\r\n", "220 5.1.1 x\r\n" + strings.Repeat("x", 3000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		lines := 0
		r, err := readReply(bufio.NewReaderSize(strings.NewReader(s), maxLine), func(line string) {
			if lines++; len(line) > 3*maxLine {
				t.Errorf("a line of %d octets", len(line))
			}
		})
		if (r == nil) == (err == nil) || lines > maxLines {
			t.Errorf("%v %v, %d lines", r, err, lines)
		}
		if r != nil {
			if r.Code < 200 || r.Code > 599 || len(r.Lines) != lines {
				t.Errorf("%+v", r)
			}
			r.Enhanced()
			recipientOutcome(r)
		}
	})
}
