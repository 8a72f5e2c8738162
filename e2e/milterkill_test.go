package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/message"
)

// signingPostfix is a Postfix that takes mail by SMTP, has our milter sign it, and gives it to a sink.
// start starts the milter, once more after it was killed.
func signingPostfix(t *testing.T, main string, milterArgs ...string) (port string, s *sink, start func() *exec.Cmd) {
	t.Helper()
	need(t, "/usr/sbin/postfix")
	dir := t.TempDir()
	key, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := dkim.MarshalPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "key.pem")
	if err := os.WriteFile(file, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	zone := dnstest.New(t, dns.MustMemory(dns.Zone{"sender.example": {"TXT v=spf1 -all"}}))
	milter := freePort(t)
	host, milterPort, _ := strings.Cut(milter, ":")
	start = func() *exec.Cmd {
		cmd := exec.Command(binary, append([]string{"milter", "--listen", "inet:" + milterPort + "@" + host, "--authserv-id", "mail.sender.example",
			"--key", "sender.example:s:" + file, "--resolver", zone.Addr()}, milterArgs...)...)
		cmd.Env = append(os.Environ(), "LANG=C.UTF-8")
		out := &syncBuffer{}
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Start(); err != nil {
			t.Error(err)
			return nil
		}
		for deadline := time.Now().Add(30 * time.Second); !strings.Contains(out.String(), "Milter: "); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("the milter does not start:\n%s", out)
				return cmd
			}
		}
		return cmd
	}
	s = startSink(t)
	port = freePort(t)
	sinkHost, sinkPort, _ := strings.Cut(s.addr, ":")
	hop := "smtp:[" + sinkHost + "]:" + sinkPort
	runPostfix(t, "smtpd_milters = inet:"+milter+"\n"+postfixMilter+"default_transport = "+hop+"\nrelay_transport = "+hop+
		"\nrelay_domains = receiver.example\nsmtpd_relay_restrictions = reject_unauth_destination\nsmtpd_error_sleep_time = 0\nsmtpd_hard_error_limit = 1000\nmilter_connect_timeout = 5s\n"+main,
		port+" inet n - n - - smtpd\nanvil unix - - n - 1 anvil\n")
	return port, s, start
}

// TestMilterKilled (case 39): while mail comes in from several clients the milter is killed, ended and started again and
// again. Postfix puts off what came in between; its clients try again; in the end every message arrived, signed.
func TestMilterKilled(t *testing.T) {
	port, s, start := signingPostfix(t, "")
	const messages, workers, kills = 240, 4, 6
	s.got = make(chan delivered, 2*messages) // before anything is sent
	cmd := start()
	var sent atomic.Int32
	var wg sync.WaitGroup
	began := time.Now()
	for w := range workers {
		wg.Go(func() {
			for i := w; i < messages; i += workers {
				for {
					err := sendSMTP(port, fmt.Sprintf("From: me@sender.example\r\nTo: you@receiver.example\r\nSubject: number %d.\r\nMessage-ID: <%d@sender.example>\r\n\r\nHello.\r\n", i, i))
					if err == nil {
						sent.Add(1)
						break
					}
					var reply *smtp.SMTPError
					if errors.As(err, &reply) && reply.Code >= 500 || time.Since(began) > 2*time.Minute {
						t.Errorf("number %d: %v", i, err)
						return
					}
				}
			}
		})
	}
	for k := range kills {
		for int(sent.Load()) < (k+1)*messages/(kills+1) && time.Since(began) < 2*time.Minute {
			time.Sleep(time.Millisecond)
		}
		signal := syscall.SIGKILL
		if k%2 == 1 {
			signal = syscall.SIGTERM
		}
		cmd.Process.Signal(signal)
		cmd.Wait()
		cmd = start()
	}
	wg.Wait()
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	seen := map[string]bool{}
	for len(seen) < messages {
		d := s.next(t, func() string { return fmt.Sprintf("%d of %d came", len(seen), messages) })
		m := message.Parse([]byte(d.raw))
		subject, _ := m.First("Subject")
		seen[subject.Unfolded()] = true
		if m.Count("DKIM-Signature") != 1 {
			t.Fatalf("unsigned:\n%s", d.raw)
		}
	}
}

func sendSMTP(addr, raw string) error {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.CommandTimeout, c.SubmissionTimeout = 30*time.Second, 30*time.Second
	if err := c.Hello("client.example"); err != nil {
		return err
	}
	if err := c.SendMail("bounce@sender.example", []string{"you@receiver.example"}, strings.NewReader(raw)); err != nil {
		return err
	}
	return c.Quit()
}

// TestMilterSignsForUsers: a client from elsewhere is signed for when it logged in, and only then (played with XCLIENT).
func TestMilterSignsForUsers(t *testing.T) {
	need(t, "swaks")
	table := filepath.Join(t.TempDir(), "table.toml")
	write(t, table, "[senders]\nalice = [\"alice@sender.example\"]\n")
	port, s, start := signingPostfix(t, "smtpd_authorized_xclient_hosts = 127.0.0.1\nsmtpd_sasl_auth_enable = no\n", "--policy", table)
	cmd := start()
	defer func() { cmd.Process.Signal(syscall.SIGTERM); cmd.Wait() }()
	host, p, _ := strings.Cut(port, ":")
	for _, tc := range []struct {
		login, from string
		signed      int
	}{{"alice", "alice@sender.example", 1}, {"", "alice@sender.example", 0}, {"alice", "bob@sender.example", 0}, {"eve", "alice@sender.example", 0}} {
		xclient := "ADDR=198.51.100.7 NAME=[UNAVAILABLE] HELO=laptop.example"
		if tc.login != "" {
			xclient += " LOGIN=" + tc.login
		}
		out, err := exec.Command("swaks", "--server", host, "--port", p, "--xclient", xclient, "--ehlo", "laptop.example", "--from", tc.from, "--to", "you@receiver.example", "--header", "From: "+tc.from).CombinedOutput()
		if err != nil {
			t.Fatalf("swaks: %v\n%s", err, out)
		}
		d := s.next(t, func() string { return string(out) })
		m := message.Parse([]byte(d.raw))
		if n := m.Count("DKIM-Signature"); n != tc.signed {
			t.Errorf("%+v: %d signatures\n%s", tc, n, d.raw)
		}
		if n := m.Count("Authentication-Results"); (n == 1) != (tc.login == "") {
			t.Errorf("%+v: %d results\n%s", tc, n, d.raw)
		}
	}
}
