package lab

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/mtasts"
)

// secure makes the lab's zone known as signed.
func secure(t *testing.T, l *testLab) { l.cfg.Resolver = signedZone(t, l.Lab) }

// The matrix of a server that encrypts where it can and checks nothing.
func TestOpportunistic(t *testing.T) {
	l := startLab(t, nil)
	secure(t, l)
	c := client{tls: true}
	for _, name := range []string{Good, Plain, TLS12, Expired, Mismatch, STSGood, STSBad, DANEGood, DANEBad, Slow, Bare, IPv4} {
		if reply, err := c.send(t, l, name); err != nil || reply[0] != '2' {
			t.Errorf("%s: %s %v", name, reply, err)
		}
	}
	for name, want := range map[string]string{RejectRCPT: "550 ", RejectData: "554 ", Size: "552 ", Greylist: "451 ", Deferring: "450 "} {
		if reply, err := c.send(t, l, name); err != nil || !strings.HasPrefix(reply, want) {
			t.Errorf("%s: %s %v", name, reply, err)
		}
	}
	l.want(t, NullMX, VerdictUnseen, "unseen")
	l.want(t, Greylist, VerdictWaiting, "greylist-waiting")
	l.sleep(time.Minute)
	if reply, _ := c.send(t, l, Greylist); !strings.HasPrefix(reply, "451 ") {
		t.Errorf("greylisted too briefly: %s", reply)
	}
	l.sleep(5 * time.Minute)
	if reply, _ := c.send(t, l, Greylist); !strings.HasPrefix(reply, "250 ") {
		t.Errorf("greylisted too long: %s", reply)
	}
	for range 3 {
		l.sleep(10 * time.Minute)
		_, _ = c.send(t, l, Deferring)
	}
	for name, want := range map[string]string{
		Good: "good encrypted", Plain: "good plain-delivered", TLS12: "good encrypted", Expired: "fine unverified", Mismatch: "fine unverified",
		STSGood: "good encrypted", STSBad: "worse sts-ignored", DANEGood: "good encrypted", DANEBad: "worse dane-ignored",
		Greylist: "good greylist-passed", Deferring: "good deferring-passed", RejectRCPT: "good refusal-heeded", RejectData: "good refusal-heeded",
		Slow: "good waited", Bare: "good bare-delivered", Size: "worse size-ignored", IPv4: "good ipv4-delivered", IPv6: "untestable lacks-ipv6",
		BackupMX: "unseen unseen", NullMX: "good null-heeded",
	} {
		v, reason, _ := strings.Cut(want, " ")
		l.want(t, name, Verdict(v), reason)
	}
	m := l.matrix(t)
	if m.Profile != (Profile{TLS: "opportunistic", MTASTS: "no", DANE: "no"}) || len(m.Cells) < 16 {
		t.Errorf("%+v", m.Profile)
	}
	if c := m.Cell(TLS12); c.Args["TLS"] != "TLS 1.2" || c.Attempts[0].HELO != "mail.sender.example" || c.Attempts[0].IP.String() != "127.0.0.1" {
		t.Errorf("%+v", c)
	}
	if c := m.Cell(Deferring); c.Args["Tries"] != "4" || c.Args["Least"] != "600" || len(c.Attempts) != 4 {
		t.Errorf("%+v", c)
	}
}

// What strict servers do shows without a recipient: by the address, or by SNI.
func TestTurnedAway(t *testing.T) {
	l := startLab(t, nil)
	secure(t, l)
	roots := x509.NewCertPool()
	roots.AddCert(l.cfg.Keys.Authority)
	trusting := func(name string) client { return client{tls: true, verify: l.host(name), roots: roots} }
	for i, name := range []string{Expired, Mismatch} {
		if _, err := trusting(name).send(t, l, name); err == nil {
			t.Errorf("%s has a good certificate", name)
		}
		keptStrangers(t, l, i+1)
	}
	for _, name := range []string{STSGood, DANEGood} {
		if reply, err := trusting(name).send(t, l, name); err != nil || reply[0] != '2' {
			t.Errorf("%s: %s %v", name, reply, err)
		}
	}
	// Of a shared address SNI tells who was meant.
	for i, name := range []string{STSBad, DANEBad} {
		c := client{tls: true, verify: "mx.nowhere.example", sni: l.host(name), roots: x509.NewCertPool()}
		if _, err := c.send(t, l, name); err == nil {
			t.Errorf("%s: delivered", name)
		}
		keptStrangers(t, l, i+3)
	}
	l.want(t, Expired, VerdictWorse, "strict-refused")
	l.want(t, Mismatch, VerdictWorse, "strict-refused")
	l.want(t, STSBad, VerdictGood, "sts-refused")
	l.want(t, DANEBad, VerdictGood, "dane-refused")
	if p := l.matrix(t).Profile; p != (Profile{TLS: "strict", MTASTS: "yes", DANE: "yes"}) {
		t.Errorf("%+v", p)
	}
}

// A fallback to clear text after TLS failed is worse than none at all.
func TestClear(t *testing.T) {
	l := startLab(t, nil)
	for _, name := range []string{Good, Expired} {
		if reply, err := (client{}).send(t, l, name); err != nil || reply[0] != '2' {
			t.Errorf("%s: %s %v", name, reply, err)
		}
	}
	l.want(t, Good, VerdictWorse, "clear")
	l.want(t, Expired, VerdictWorse, "clear")
	_, _ = client{tls: true, verify: "x.example", roots: x509.NewCertPool()}.send(t, l, Mismatch)
	keptStrangers(t, l, 1)
	_, _ = client{}.send(t, l, Mismatch)
	l.want(t, Mismatch, VerdictWorse, "clear-after-tls")
	if l.matrix(t).Profile.TLS != "none" {
		t.Error(l.matrix(t).Profile)
	}
	l.want(t, DANEGood, VerdictUntestable, "lacks-dnssec")
}

// What a server does with refusals, offers and silence.
func TestManners(t *testing.T) {
	l := startLab(t, func(c *Config) { c.Slow = 10 * time.Second })
	c := client{tls: true}
	for range 2 {
		_, _ = c.send(t, l, RejectRCPT)
		_, _ = c.send(t, l, Greylist)
	}
	l.want(t, RejectRCPT, VerdictBad, "refusal-retried")
	l.sleep(5 * time.Minute)
	_, _ = c.send(t, l, Greylist)
	l.want(t, Greylist, VerdictWorse, "hasty")
	_, _ = client{leaveData: true}.send(t, l, Slow)
	deadline := time.Now().Add(10 * time.Second)
	for l.matrix(t).Cell(Slow).Verdict == VerdictUnseen && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond) // until the server notices
	}
	l.want(t, Slow, VerdictBad, "impatient")
	_, _ = client{parameters: " BODY=8BITMIME"}.send(t, l, Bare)
	l.want(t, Bare, VerdictBad, "used-unoffered")
	_, _ = client{parameters: " SIZE=500", pipeline: true}.send(t, l, Size)
	l.want(t, Size, VerdictGood, "size-heeded")
	_, _ = c.send(t, l, NullMX)
	l.want(t, NullMX, VerdictBad, "null-tried")
	// The first MX resets; then the second one.
	_, err := c.sendTo(t, l, seatBroken, "")
	if err == nil {
		t.Error("the broken host answers")
	}
	keptStrangers(t, l, 1)
	_, _ = c.send(t, l, BackupMX)
	l.want(t, BackupMX, VerdictGood, "backup-used")
	if l.matrix(t).Cell(Deferring).Verdict != VerdictUnseen {
		t.Error("nothing was sent there")
	}
	_, _ = c.send(t, l, Deferring)
	l.want(t, Deferring, VerdictWaiting, "deferring-waiting")
	l.sleep(5 * time.Hour)
	l.want(t, Deferring, VerdictBad, "not-retried")
}

func TestEightBit(t *testing.T) {
	l := startLab(t, nil)
	_, _ = client{body: "Subject: \xe5\xb1\x8a\r\n\r\nx"}.send(t, l, Bare)
	l.want(t, Bare, VerdictWorse, "eight-bit")
}

// Nobody is relayed for, and nothing is kept of addresses that are not the lab's.
func TestStrangersAreRefused(t *testing.T) {
	l := startLab(t, nil)
	for to, want := range map[string]string{
		"x@elsewhere.example": "550 5.7.1", l.token + "@nosuch.lab.example.com": "550 5.7.1", "nosuch@good.lab.example.com": "550 5.1.1",
		l.token + "@lab.example.com": "550 5.7.1", "@good.lab.example.com": "550 5.1.1", strings.ToUpper(l.token) + "@GOOD.Lab.example.com.": "250 ",
	} {
		if reply, err := (client{}).sendTo(t, l, seatNormal, to); err != nil || !strings.HasPrefix(reply, want) {
			t.Errorf("%s: %q %v, want %s", to, reply, err, want)
		}
	}
}

// Long lines, endless commands, many recipients and commands out of order get an answer or an end.
func TestBounds(t *testing.T) {
	l := startLab(t, nil)
	for name, test := range map[string]struct{ say, want string }{
		"a long line":         {"EHLO " + strings.Repeat("x", maxLine), "500 5.5.2"},
		"too many errors":     {strings.Repeat("WHAT\r\n", maxErrors+5), "500 5.5.2"},
		"too many commands":   {strings.Repeat("NOOP\r\n", maxCommands+5), "250 2.0.0"},
		"no MAIL":             {"EHLO x\r\nRCPT TO:<x@y>\r\nDATA\r\nQUIT", "221"},
		"no EHLO":             {"MAIL FROM:<>\r\nQUIT", "221"},
		"controls":            {"EHLO \x01\xff\x00\r\nMAIL FROM:<\x1b> \x1b=1\r\nQUIT", "221"},
		"a second recipient":  {"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<" + l.token + "@good.lab.example.com>\r\nRCPT TO:<" + l.token + "@slow.lab.example.com>\r\nQUIT", "221"},
		"STARTTLS with cheat": {"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<>", "220 2.0.0 Ready"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", l.seats[seatNormal].bound.String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = io.WriteString(conn, test.say+"\r\n")
			_ = conn.(*net.TCPConn).CloseWrite()
			answer, _ := io.ReadAll(conn)
			lines := strings.Split(strings.TrimRight(string(answer), "\r\n"), "\r\n")
			if last := lines[len(lines)-1]; !strings.HasPrefix(last, test.want) {
				t.Errorf("the last reply is %q", last)
			}
		})
	}
	for _, a := range l.matrix(t).Cell(Good).Attempts {
		if a.Outcome != Left {
			t.Errorf("%+v", a)
		}
	}
}

// RFC 5321 section 4.1.1.4: CRLF.CRLF alone ends the data.
func TestEndOfData(t *testing.T) {
	for text, want := range map[string]int64{
		".\r\n": 0, "a\r\n.\r\n": 3, "a\n.\n\r\n.\r\n": 6, "a\r\n.\n\r\n.\r\n": 7, "\r\r\n.\r\n": 3, "..\r\n.\r\n": 4, "a\r\n\r\n.\r\n": 5,
	} {
		for cut := range len(text) {
			b := &body{state: 2}
			n, over := b.take([]byte(text[:cut]))
			if over || n != cut {
				t.Fatalf("%q is over after %d of %d", text, n, cut)
			}
			if n, over = b.take([]byte(text[cut:] + "QUIT")); !over || n != len(text)-cut || b.octets != want {
				t.Errorf("%q cut at %d: %d octets, over %v, rest %d", text, cut, b.octets, over, n)
			}
		}
	}
}

func TestPolicyHost(t *testing.T) {
	var port net.Addr
	l := startLab(t, func(c *Config) {
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port = free.Addr()
		free.Close()
		c.Policy, _ = ParseAddress(port.String(), 443)
	})
	roots := x509.NewCertPool()
	roots.AddCert(l.cfg.Keys.Authority)
	get := func(name, path string) (int, string) {
		tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", port.String())
		}}
		defer tr.CloseIdleConnections()
		resp, err := (&http.Client{Transport: tr, Timeout: 10 * time.Second}).Get("https://mta-sts." + name + ".lab.example.com" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	for name, match := range map[string]bool{STSGood: true, STSBad: false} {
		code, text := get(name, "/.well-known/mta-sts.txt")
		p := mtasts.ParsePolicy([]byte(text))
		if code != 200 || !p.Valid() || p.Mode != "enforce" {
			t.Errorf("%s: %d %q", name, code, text)
		}
		if _, ok := p.Match(l.host(name)); ok != match {
			t.Errorf("%s: its MX fits: %v", name, ok)
		}
	}
	if code, _ := get(STSGood, "/"); code != 404 {
		t.Errorf("/ gives %d", code)
	}
	if list, err := l.cfg.Store.LabStrangers(context.Background(), "127.0.0.1/32", time.Time{}, 10); err != nil || len(list) != 2 {
		t.Errorf("%v %v", list, err)
	}
	l.want(t, STSGood, VerdictUnseen, "unseen")
}

func TestKeysStay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	a, err := LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	if a.AuthorityPEM() != b.AuthorityPEM() {
		t.Error("the keys changed")
	}
	info, err := os.Stat(filepath.Join(dir, keysFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, keysFile), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeys(dir); err == nil {
		t.Error("broken keys are taken, or written over")
	}
}

// A lab that is stopped does not say that the client went.
func TestStopped(t *testing.T) {
	l := startLab(t, func(c *Config) { c.Slow = time.Minute })
	over := make(chan error, 2)
	go func() {
		_, err := client{}.send(t, l, Slow)
		over <- err
	}()
	idle, err := net.Dial("tcp", l.seats[seatExpired].bound.String())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	if _, err := bufio.NewReader(idle).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for l.tarrying.Load() == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	l.stop()
	if err := <-over; err == nil {
		t.Error("the message was taken")
	}
	l.want(t, Slow, VerdictUnseen, "unseen")
	if list, err := l.cfg.Store.LabStrangers(context.Background(), "127.0.0.1/32", time.Time{}, 10); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
}

// TestSessionsOfOneClient: one client has its share of the sessions, from whatever address of its IPv6 network.
func TestSessionsOfOneClient(t *testing.T) {
	l := &Lab{perClient: map[netip.Prefix]int{}}
	for i := range maxPerClient {
		ip := netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(i)})
		if !l.enter(ip) {
			t.Fatalf("session %d is refused", i)
		}
		if i == 0 {
			l.leave(ip)
			l.enter(ip)
		}
	}
	if l.enter(netip.MustParseAddr("2001:db8::ffff")) || !l.enter(netip.MustParseAddr("2001:db8:1::1")) || !l.enter(netip.MustParseAddr("192.0.2.1")) {
		t.Error("the bound is not that of one network")
	}
}
