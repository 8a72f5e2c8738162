package inbox

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

// secure begins TLS on a connection after EHLO.
func (c *client) secure(config *tls.Config) error {
	c.tb.Helper()
	c.cmd("EHLO before.example", "250")
	c.cmd("STARTTLS", "220 2.0.0")
	t := tls.Client(c.conn, config)
	if err := t.Handshake(); err != nil {
		return err
	}
	c.conn, c.r = t, bufio.NewReader(t)
	return nil
}

func TestSTARTTLS(t *testing.T) {
	r := start(t, nil)
	c := dial(t, r.addr)
	if err := c.secure(&tls.Config{InsecureSkipVerify: true, ServerName: "mx.inbox.example"}); err != nil {
		t.Fatal(err)
	}
	c.cmd("MAIL FROM:<a@b.example>", "503 5.5.1") // RFC 3207 section 4.2: the EHLO is forgotten
	if reply := c.cmd("EHLO after.example", "250"); strings.Contains(reply, "STARTTLS") {
		t.Errorf("STARTTLS is offered inside TLS: %s", reply)
	}
	c.cmd("STARTTLS", "503")
	c.cmd("MAIL FROM:<a@b.example>", "250")
	c.cmd("RCPT TO:<"+r.to()+">", "250")
	c.cmd("DATA", "354")
	c.cmd("a\r\n.", "250")
	c.cmd("QUIT", "221")
	s := r.messages(t)[0].Evidence.Session
	if s.TLS == nil || s.TLS.Version != "TLS 1.3" || s.TLS.Cipher == "" || s.TLS.ServerName != "mx.inbox.example" || s.TLS.Error != "" {
		t.Errorf("TLS %+v", s.TLS)
	}
	if s.HELO != "after.example" {
		t.Errorf("HELO %q", s.HELO)
	}
	for _, want := range []string{"client: EHLO before.example\n", "client: STARTTLS\n", "note: TLS 1.3, ", "client: EHLO after.example\n", "client: DATA\n"} {
		if !strings.Contains(said(s), want) {
			t.Errorf("the transcript lacks %q:\n%s", want, said(s))
		}
	}
}

func TestSelfSignedCertificateIsForTheHost(t *testing.T) {
	for _, host := range []string{"mx.inbox.example", "192.0.2.1"} {
		config, err := SelfSigned(host)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := tlsLeaf(config)
		if err != nil || cert.VerifyHostname(host) != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestTLSFailuresLeaveTheirReason(t *testing.T) {
	for name, c := range map[string]struct {
		fail func(*client)
		want string
	}{
		"old version": {func(c *client) {
			if err := c.secure(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
				c.tb.Error("TLS 1.1 was taken")
			}
		}, "unsupported versions"},
		"certificate refused": {func(c *client) {
			// With TLS 1.3 the client learns of the certificate when the server is done.
			if err := c.secure(&tls.Config{ServerName: "mx.inbox.example"}); err == nil {
				c.tb.Error("a self-signed certificate was taken")
			}
		}, "bad certificate"},
		"no TLS at all": {func(c *client) {
			c.cmd("EHLO x", "250")
			c.cmd("STARTTLS", "220")
			c.send("MAIL FROM:<a@b.example>\r\n")
		}, "does not look like a TLS handshake"},
		"closed": {func(c *client) {
			c.cmd("EHLO x", "250")
			c.cmd("STARTTLS", "220")
			_ = c.conn.Close()
		}, "closed the connection during the handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, nil)
			conn := dial(t, r.addr)
			c.fail(conn)
			_ = conn.conn.Close()
			awaitSession(t, r)
			f := r.session(t)
			if f.Session.Outcome != "tls-error" || !strings.Contains(f.Session.Detail, c.want) {
				t.Errorf("outcome %q, detail %q, want %q", f.Session.Outcome, f.Session.Detail, c.want)
			}
			if f.Session.TLS == nil || f.Session.TLS.Error != f.Session.Detail || !strings.Contains(said(f.Session), "note: TLS failed: ") {
				t.Errorf("session %+v", f.Session)
			}
		})
	}
}

// A client that we did not write.
func TestForeignClient(t *testing.T) {
	r := start(t, nil)
	c, err := smtp.DialStartTLS(r.addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.SendMail("a@sender.example", []string{r.to()}, strings.NewReader("Subject: x\r\n\r\n.dot\r\n")); err != nil {
		t.Fatal(err)
	}
	err = c.SendMail("a@sender.example", []string{"nobody@inbox.example"}, strings.NewReader("x"))
	var refusal *smtp.SMTPError
	if !errors.As(err, &refusal) || refusal.Code != 550 || refusal.EnhancedCode != (smtp.EnhancedCode{5, 1, 1}) {
		t.Errorf("unknown recipient: %v", err)
	}
	m := r.messages(t)
	if len(m) != 1 || string(m[0].Evidence.Message) != "Subject: x\r\n\r\n.dot\r\n" || m[0].Evidence.Session.TLS == nil {
		t.Errorf("stored: %d", len(m))
	}
}

func TestSwaks(t *testing.T) {
	swaks, err := exec.LookPath("swaks")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%s: swaks is not installed: %v", t.Name(), err)
	}
	r := start(t, nil)
	host, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(swaks, "--server", host, "--port", port, "--tls", "--pipeline", "--to", r.to(), "--from", "a@sender.example", "--body", "届く").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if m := r.messages(t); len(m) != 1 || m[0].Evidence.Session.TLS == nil || !strings.Contains(string(m[0].Evidence.Message), "届く") {
		t.Errorf("%d messages\n%s", len(m), out)
	}
}
