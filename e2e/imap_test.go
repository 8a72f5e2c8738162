package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// dovecot runs Debian's Dovecot with one user and a Maildir, and gives its address.
func dovecot(t *testing.T) (addr, maildir string) {
	t.Helper()
	need(t, "/usr/sbin/dovecot")
	needRoot(t, "Dovecot")
	root, err := os.MkdirTemp("", "todoku-dovecot-") // not t.TempDir: Dovecot's own users must reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	maildir = filepath.Join(root, "mail")
	for _, d := range []string{"", "cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(maildir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{"", "cur", "new", "tmp"} {
		owner(t, filepath.Join(maildir, d), "nobody")
	}
	addr = freePort(t)
	host, port, _ := net.SplitHostPort(addr)
	conf := filepath.Join(root, "dovecot.conf")
	write(t, conf, fmt.Sprintf(`base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/log
protocols = imap
listen = %[2]s
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:%[3]s
service imap-login {
  inet_listener imap {
    port = %[4]s
  }
  inet_listener imaps {
    port = 0
  }
}
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=%[3]s
}
`, root, host, maildir, port))
	cmd := exec.Command("/usr/sbin/dovecot", "-F", "-c", conf)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(root, "log"))
			t.Logf("Dovecot said:\n%s", log)
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	poll(t, ctx, "Dovecot to listen", func() bool {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	}, func() string { log, _ := os.ReadFile(filepath.Join(root, "log")); return string(log) })
	return addr, maildir
}

// TestDovecot takes a message out of a real Dovecot's mailbox: it appears on the page that
// waits for it, is judged for the host that the mailbox's mail host noted, and is seen.
func TestDovecot(t *testing.T) {
	addr, maildir := dovecot(t)
	zone := senderZone(t)
	password := filepath.Join(t.TempDir(), "password")
	write(t, password, "secret\n")
	n := serve(t, "--resolver", zone.Addr(), "--no-blocklists", "--imap", "imap://ann@"+addr, "--imap-insecure", "--imap-password-file", password, "--imap-receiver", "mx.provider.example", "--imap-every", "5s")
	token := n.newToken(t)
	message := "Return-Path: <me@sender.example>\r\nReceived: from mail.sender.example (mail.sender.example [127.0.0.1]) by mx.provider.example with ESMTPS id 1; Sun, 22 Nov 2026 12:00:00 +0900\r\n" +
		strings.ReplaceAll(fmt.Sprintf(letter, "ann+"+token+"@provider.example", time.Now().UnixNano()), "\n", "\r\n")
	tmp, fresh := filepath.Join(maildir, "tmp", "1.test"), filepath.Join(maildir, "new", "1.test")
	write(t, tmp, message)
	owner(t, tmp, "nobody")
	if err := os.Rename(tmp, fresh); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	_, id := n.events(t, ctx, token, "verified")
	if v := n.verdict(t, id); v.SPF.Result != "pass" || v.DMARC.Result != "pass" {
		t.Errorf("spf %q, dmarc %q, want pass", v.SPF.Result, v.DMARC.Result)
	}
	if page := n.get(t, "/r/"+id, 200); !strings.Contains(page, "taken out of a mailbox") {
		t.Error("the report does not say how the message came")
	}
	poll(t, ctx, "the message to be marked as seen", func() bool {
		seen, _ := filepath.Glob(filepath.Join(maildir, "cur", "*:2,*S*"))
		return len(seen) == 1
	}, func() string { return n.log.String() })
}
