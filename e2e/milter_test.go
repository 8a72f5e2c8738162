package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/message"
)

// sink is an SMTP server that keeps what it is given.
type sink struct {
	addr string
	got  chan delivered
}

type delivered struct {
	from string
	to   []string
	raw  string
}

func startSink(t *testing.T) *sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{addr: l.Addr().String(), got: make(chan delivered, 100)}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &sinkSession{sink: s}, nil }))
	srv.Domain, srv.EnableSMTPUTF8 = "sink.example", true
	done := make(chan struct{})
	go func() { srv.Serve(l); close(done) }()
	t.Cleanup(func() { srv.Close(); <-done })
	return s
}

func (s *sink) next(t *testing.T, detail func() string) delivered {
	t.Helper()
	select {
	case d := <-s.got:
		return d
	case <-time.After(30 * time.Second):
		t.Fatalf("no mail came\n%s", detail())
		return delivered{}
	}
}

type sinkSession struct {
	sink *sink
	d    delivered
}

// refusals are what the sink says to recipients of some names, as Gmail and others say it.
var refusals = map[string]*smtp.SMTPError{
	"full":    {Code: 550, EnhancedCode: smtp.EnhancedCode{5, 2, 2}, Message: "the mailbox is full"},
	"rate":    {Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 28}, Message: "Gmail has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited. For more information, go to https://support.google.com/mail/?p=UnsolicitedRateLimitError - gsmtp"},
	"blocked": {Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Gmail has detected that this message is likely unsolicited mail. To reduce the amount of spam sent to Gmail, this message has been blocked. For more information, go to https://support.google.com/mail/?p=UnsolicitedMessageError - gsmtp"},
	"later":   {Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Greylisted, try again in 300 seconds"},
}

func (s *sinkSession) Reset()        { s.d = delivered{} }
func (s *sinkSession) Logout() error { return nil }
func (s *sinkSession) Mail(from string, _ *smtp.MailOptions) error {
	s.d.from = from
	return nil
}
func (s *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if e := refusals[strings.ToLower(to[:max(0, strings.IndexByte(to, '@'))])]; e != nil {
		return e
	}
	s.d.to = append(s.d.to, to)
	return nil
}
func (s *sinkSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	s.d.raw = string(raw)
	s.sink.got <- s.d
	return err
}

// program is a running command that says when it is ready.
type program struct {
	cmd *exec.Cmd
	log *syncBuffer
}

// run starts a command of the program under test, and waits for a text in what it says.
func run(t *testing.T, until string, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(binary, args...), log: &syncBuffer{}}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.Env = append(os.Environ(), "LANG=C.UTF-8")
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- p.cmd.Wait() }()
	t.Cleanup(func() {
		p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-exited:
			if err != nil {
				t.Errorf("%v ended with %v\n%s", args, err, p.log)
			}
		case <-time.After(30 * time.Second):
			p.cmd.Process.Kill()
			t.Errorf("%v did not end\n%s", args, p.log)
		}
		if t.Failed() {
			t.Logf("%v said:\n%s", args, p.log)
		}
	})
	p.waitFor(t, until, 1)
	return p
}

// waitFor waits until the program has said a text so often.
func (p *program) waitFor(t *testing.T, text string, times int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	poll(t, ctx, text, func() bool { return strings.Count(p.log.String(), text) >= times }, p.log.String)
}

// flow is a sender and a receiver, each a Postfix with our milter, and a sink behind the receiver.
type flow struct {
	zone     *dnstest.Server
	records  map[string]string
	sender   *postfix
	signing  *program
	checking *program
	sink     *sink
	receiver string // its SMTP port
	policy   string // the file of its table
}

// The sender's Postfix sends from here, so that the receiver can tell it from others on loopback.
const senderIP = "127.0.0.2"

const postfixMilter = "milter_default_action = tempfail\nmilter_protocol = 6\nsmtpd_peername_lookup = no\n"

func startFlow(t *testing.T, signingArgs ...string) *flow {
	t.Helper()
	need(t, "/usr/sbin/postfix", "swaks")
	f := &flow{records: map[string]string{}, sink: startSink(t)}
	dir, err := os.MkdirTemp("", "todoku-milter-") // Postfix must be able to reach the socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	zone := dns.Zone{
		"sender.example": {"TXT v=spf1 ip4:" + senderIP + " -all"}, "_dmarc.sender.example": {"TXT v=DMARC1; p=reject"},
		"mail.sender.example": {"A " + senderIP}, "2.0.0.127.in-addr.arpa": {"PTR mail.sender.example"},
		"quarantine.example": {"TXT v=spf1 -all"}, "_dmarc.quarantine.example": {"TXT v=DMARC1; p=quarantine"},
		"none.example": {"A 127.0.0.9"},
	}
	args := []string{"milter", "--listen", "inet:0@127.0.0.1", "--authserv-id", "mail.sender.example"}
	for _, selector := range []string{"rsa", "ed25519"} {
		key, err := dkim.GenerateKey(selector, 2048)
		if err != nil {
			t.Fatal(err)
		}
		pem, err := dkim.MarshalPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, selector+".pem")
		if err := os.WriteFile(file, pem, 0o600); err != nil {
			t.Fatal(err)
		}
		record, err := dkim.RecordFor(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		name := selector + "._domainkey.sender.example"
		zone[name], f.records[name] = []string{"TXT " + record}, record
		args = append(args, "--key", "sender.example:"+selector+":"+file)
	}
	f.zone = dnstest.New(t, dns.MustMemory(zone))
	f.signing = run(t, "Milter: tcp:", append(append(args, "--resolver", f.zone.Addr()), signingArgs...)...)

	f.policy = filepath.Join(dir, "table.toml")
	write(t, f.policy, "")
	socket := filepath.Join(dir, "socket")
	f.checking = run(t, "Milter: unix:", "milter", "--listen", "unix:"+socket, "--socket-group", "postfix", "--authserv-id", "mx.receiver.example",
		"--trusted-network", "none", "--policy", f.policy, "--received-spf", "--resolver", f.zone.Addr())
	f.receiver = freePort(t)
	sinkHost, sinkPort, _ := strings.Cut(f.sink.addr, ":")
	runPostfix(t, "smtpd_milters = unix:"+socket+"\n"+postfixMilter+"default_transport = smtp:["+sinkHost+"]:"+sinkPort+"\nrelay_transport = $default_transport\nrelay_domains = receiver.example sender.example"+
		"\nsmtpd_relay_restrictions = reject_unauth_destination\nmessage_size_limit = 20000000\n", f.receiver+" inet n - n - - smtpd\nanvil unix - - n - 1 anvil\n")
	_, receiverPort, _ := strings.Cut(f.receiver, ":")
	f.sender = runPostfix(t, "smtpd_milters = inet:"+f.signing.addr(t)+"\nnon_smtpd_milters = $smtpd_milters\n"+postfixMilter+
		"default_transport = smtp:[127.0.0.1]:"+receiverPort+"\nsmtp_bind_address = "+senderIP+"\nmessage_size_limit = 20000000\n", "")
	return f
}

// addr is where a milter said that it listens by TCP.
func (p *program) addr(t *testing.T) string {
	t.Helper()
	_, rest, ok := strings.Cut(p.log.String(), "Milter: tcp:")
	if !ok {
		t.Fatalf("no address in %s", p.log)
	}
	addr, _, _ := strings.Cut(rest, "\n")
	return addr
}

func (f *flow) detail() string { return f.signing.log.String() + "\n" + f.checking.log.String() }

// save writes a message to a file for other programs.
func save(t *testing.T, raw string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mail.eml")
	write(t, file, raw)
	return file
}

// TestMilterBetweenPostfixes: one Postfix signs, the next verifies, both with our milter; OpenDKIM and dkimpy agree.
func TestMilterBetweenPostfixes(t *testing.T) {
	need(t, "/usr/sbin/opendkim")
	f := startFlow(t)
	head := "From: Sender <me@sender.example>\nTo: <you@receiver.example>\nDate: Thu, 26 Nov 2026 12:00:00 +0900\nMessage-ID: <%d@sender.example>\n"
	forged := "Authentication-Results: mx.receiver.example; dmarc=pass header.from=bank.example\n"
	for name, rest := range map[string]string{
		"plain":        "Subject: hello\n\nHello.\n",
		"folded":       "Subject: one\n\ttwo\n  three  \nX-Odd:no space\nX-Trailing: x \t\n\nBody with trailing space \n\n\n",
		"no body":      "Subject: nothing\n\n",
		"forged":       forged + "Subject: forged\n" + forged + "\nHello.\n",
		"1 MB":         "Subject: large\n\n" + strings.Repeat(strings.Repeat("0123456789", 7)+"\n", 15_000),
		"70 KB header": "Subject: " + strings.Repeat("x", 70_000) + "\n\nHello.\n",
		"many fields":  "Subject: many\n" + strings.Repeat("X-Many: "+strings.Repeat("y", 100)+"\n", 500) + "\nHello.\n",
		"8bit":         "Subject: \xe5\xb1\x8a\xe3\x81\x8f\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n\xe5\xb1\x8a\xe3\x81\x8f\n",
	} {
		f.sender.send(t, "bounce@sender.example", "you@receiver.example", fmt.Sprintf(head, time.Now().UnixNano())+rest)
		d := f.sink.next(t, f.detail)
		m := message.Parse([]byte(d.raw))
		ours := verified(t, name, m, d.raw)
		if ours != 1 || m.Count("DKIM-Signature") != 2 || m.Count("Received-SPF") != 1 {
			t.Errorf("%s: %d results of ours\n%.3000s", name, ours, d.raw)
		}
		passes(t, f.zone.Addr(), f.records, save(t, d.raw))
	}
	if strings.Contains(f.detail(), "finding=") {
		t.Errorf("findings:\n%s", f.detail())
	}
}

// swaks sends a spoof to the receiver from an address that may not send for anybody.
func (f *flow) spoof(t *testing.T, author, to string) (out string, ok bool) {
	t.Helper()
	host, port, _ := strings.Cut(f.receiver, ":")
	b, err := exec.Command("swaks", "--server", host, "--port", port, "--ehlo", "evil.example", "--from", "me@none.example", "--to", to,
		"--header", "From: "+author, "--header", "Subject: spoof").CombinedOutput()
	return string(b), err == nil
}

// TestMilterSpoofsByTheTable: a spoof is marked by default, and what the table says after SIGHUP.
func TestMilterSpoofsByTheTable(t *testing.T) {
	f := startFlow(t)
	check := func(author, field, want string) {
		t.Helper()
		out, ok := f.spoof(t, author, "you@receiver.example")
		if !ok {
			t.Fatalf("refused:\n%s\n%s", out, f.detail())
		}
		m := message.Parse([]byte(f.sink.next(t, f.detail).raw))
		if got, _ := m.First(field); !strings.HasPrefix(got.Unfolded(), want) {
			t.Errorf("%s: %s is %q, want %q", author, field, got.Unfolded(), want)
		}
		if a, _ := m.First("Authentication-Results"); !strings.Contains(a.Unfolded(), "dmarc=") {
			t.Errorf("%s: %q", author, a.Unfolded())
		}
	}
	check("ceo@sender.example", "X-Todoku-Verdict", "dmarc-reject; ")
	check("ceo@quarantine.example", "X-Todoku-Verdict", "dmarc-quarantine; ")
	check("ceo@none.example", "X-Todoku-Verdict", "unauthenticated; ")

	write(t, f.policy, `
[[rule]]
outcome = "dmarc-reject"
to = "postmaster@*"
action = "accept"

[default]
dmarc-reject = "reject"
dmarc-quarantine = "quarantine"
unauthenticated = "defer"
`)
	f.checking.cmd.Process.Signal(syscall.SIGHUP)
	f.checking.waitFor(t, "the milter has new settings", 1)
	if out, ok := f.spoof(t, "ceo@sender.example", "you@receiver.example"); ok || !strings.Contains(out, "550 5.7.26 Message refused (dmarc-reject)") {
		t.Errorf("not refused:\n%s", out)
	}
	if out, ok := f.spoof(t, "ceo@none.example", "you@receiver.example"); ok || !strings.Contains(out, "451 4.7.26 Message put off (unauthenticated)") {
		t.Errorf("not deferred:\n%s", out)
	}
	check("ceo@quarantine.example", "X-Todoku-Quarantine", "yes; dmarc-quarantine; ")
	if out, ok := f.spoof(t, "ceo@sender.example", "postmaster@receiver.example"); !ok {
		t.Errorf("refused for the postmaster:\n%s", out)
	}
	f.sink.next(t, f.detail)

	// A table that cannot be read leaves the old one in force.
	write(t, f.policy, "[default]\ndmarc-reject = \"refuse\"\n")
	f.checking.cmd.Process.Signal(syscall.SIGHUP)
	f.checking.waitFor(t, "the old ones stay", 1)
	if out, ok := f.spoof(t, "ceo@sender.example", "you@receiver.example"); ok || !strings.Contains(out, "550 5.7.26") {
		t.Errorf("not refused:\n%s", out)
	}
}

// TestMilterUnsigned: mail that gets no signature is sent with a finding, or put off where that is wanted.
func TestMilterUnsigned(t *testing.T) {
	f := startFlow(t, "--unsigned", "reject")
	// Lines that Postfix breaks do not break the signatures.
	long := strings.Replace(fmt.Sprintf(letter, "you@receiver.example", 1), "To: ", "References:"+strings.Repeat(" <1@sender.example>", 80)+"\nTo: "+strings.Repeat("x@receiver.example, ", 80), 1)
	f.sender.send(t, "bounce@sender.example", "you@receiver.example", long)
	if d := f.sink.next(t, f.detail); verified(t, "long lines", message.Parse([]byte(d.raw)), d.raw) != 1 {
		t.Errorf("%s", d.raw)
	}
	f.signing.waitFor(t, "so the signature leaves that field out", 2)
	cmd := exec.Command("/usr/sbin/sendmail", "-C", f.sender.conf, "-i", "-f", "bounce@sender.example", "you@receiver.example")
	cmd.Stdin = strings.NewReader("From: me@freemail.example\nSubject: as somebody else\n\nx\n")
	cmd.Run()
	f.signing.waitFor(t, "finding=dkim.no-key", 1)
	// The refusal comes home as a bounce, which is signed for no author of ours either: Postfix sends bounces past milters.
	if d := f.sink.next(t, f.detail); !strings.Contains(strings.Join(strings.Fields(d.raw), " "), "unsigned mail is not sent") || d.from != "" {
		t.Errorf("got\n%s", d.raw)
	}
}

// verified counts the results that the receiver wrote. Each says that SPF, both signatures, DMARC and the reverse name pass.
func verified(t *testing.T, name string, m *message.Message, raw string) (ours int) {
	t.Helper()
	for _, a := range m.All("Authentication-Results") {
		text := strings.Join(strings.Fields(a.Unfolded()), " ")
		if !strings.HasPrefix(text, "mx.receiver.example; dkim=pass header.d=sender.example") {
			t.Errorf("%s: %s\n%.3000s", name, text, raw)
			continue
		}
		ours++
		for _, want := range []string{"spf=pass smtp.mailfrom=sender.example", "dmarc=pass (p=reject", "header.from=sender.example", "iprev=pass"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in %s", name, want, text)
			}
		}
		if strings.Count(text, "dkim=pass") != 2 {
			t.Errorf("%s: %s", name, text)
		}
	}
	return ours
}
