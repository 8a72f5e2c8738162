package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// postfix is a private Postfix instance.
type postfix struct{ conf string }

// startPostfix runs a Postfix that sends everything to one address.
func startPostfix(t *testing.T, nextHop string) *postfix {
	t.Helper()
	host, port, _ := strings.Cut(nextHop, ":")
	hop := "[" + host + "]:" + port
	return runPostfix(t, "default_transport = smtp:"+hop+"\nrelay_transport = smtp:"+hop+"\nsmtp_tls_security_level = encrypt\n", "")
}

// runPostfix runs one that asks no DNS and has nothing but loopback IPv4.
func runPostfix(t *testing.T, main, master string) *postfix {
	t.Helper()
	return runPostfixWith(t, "inet_interfaces = loopback-only\ninet_protocols = ipv4\nsmtp_host_lookup = native\ndisable_dns_lookups = yes\n"+main, master)
}

// runPostfixWith runs Debian's Postfix from a configuration of its own, to which main and
// master add lines. Postfix wants root.
func runPostfixWith(t *testing.T, main, master string) *postfix {
	t.Helper()
	need(t, "/usr/sbin/postfix")
	needRoot(t, "Postfix")
	// Not t.TempDir: Postfix's own user must be able to reach its queue.
	root, err := os.MkdirTemp("", "todoku-postfix-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	p := &postfix{conf: filepath.Join(root, "conf")}
	queue, data := filepath.Join(root, "queue"), filepath.Join(root, "data")
	for _, d := range []string{p.conf, queue, data} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	owner(t, data, "postfix")
	write(t, filepath.Join(p.conf, "main.cf"), fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %s
data_directory = %s
maillog_file = %s
maillog_file_prefixes = %s
myhostname = mail.sender.example
mydestination =
%ssmtp_tls_loglevel = 1
alias_maps =
local_recipient_maps =
`, queue, data, filepath.Join(root, "log"), root, main))
	write(t, filepath.Join(p.conf, "master.cf"), `pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
`+master)
	p.run(t, "start")
	t.Cleanup(func() {
		p.run(t, "stop")
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(root, "log"))
			t.Logf("Postfix said:\n%s", log)
		}
	})
	return p
}

func (p *postfix) run(t *testing.T, verb string) {
	t.Helper()
	if out, err := exec.Command("/usr/sbin/postfix", "-c", p.conf, verb).CombinedOutput(); err != nil {
		t.Fatalf("postfix %s: %v\n%s", verb, err, out)
	}
}

// send hands a message to Postfix as a local program would.
func (p *postfix) send(t *testing.T, from, to, message string, more ...string) {
	t.Helper()
	cmd := exec.Command("/usr/sbin/sendmail", append([]string{"-C", p.conf, "-i", "-f", from, to}, more...)...)
	cmd.Stdin = strings.NewReader(message)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sendmail: %v\n%s", err, out)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func owner(t *testing.T, path, name string) {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
}

const letter = "From: Sender <me@sender.example>\nTo: <%s>\nSubject: through the real thing\nDate: Sun, 22 Nov 2026 12:00:00 +0900\nMessage-ID: <%d@sender.example>\n\nHello.\n"

func TestPostfixOverSTARTTLS(t *testing.T) {
	zone := senderZone(t)
	n := serve(t, "--resolver", zone.Addr())
	p := startPostfix(t, n.smtp)
	token := n.newToken(t)
	to := token + "@inbox.test.example"

	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	p.send(t, "me@sender.example", to, fmt.Sprintf(letter, to, time.Now().UnixNano()))
	kinds, id := n.events(t, ctx, token, "verified")
	for _, want := range []string{"tls", "helo", "mail-from", "rcpt", "received"} {
		if !strings.Contains(strings.Join(kinds, " ")+" ", want+" ") {
			t.Errorf("no %q among the live events %v", want, kinds)
		}
	}
	v := n.verdict(t, id)
	if v.SPF.Result != "pass" || v.DMARC.Result != "pass" {
		t.Errorf("spf %q, dmarc %q, want pass", v.SPF.Result, v.DMARC.Result)
	}
	page := n.get(t, "/r/"+id, 200)
	for _, want := range []string{"mail.sender.example", "sender.example", "TLS"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not mention %s", want)
		}
	}
}

func TestSwaksOverSTARTTLS(t *testing.T) {
	need(t, "swaks")
	zone := senderZone(t)
	n := serve(t, "--resolver", zone.Addr())
	token := n.newToken(t)
	host, port, _ := strings.Cut(n.smtp, ":")
	out, err := exec.Command("swaks", "--server", host, "--port", port, "--tls", "--ehlo", "mail.sender.example",
		"--from", "me@sender.example", "--to", token+"@inbox.test.example", "--header", "Subject: swaks").CombinedOutput()
	if err != nil {
		t.Fatalf("swaks: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, id := n.events(t, ctx, token, "verified")
	if v := n.verdict(t, id); v.SPF.Result != "pass" || v.DMARC.Result != "pass" {
		t.Errorf("spf %q, dmarc %q, want pass\n%s", v.SPF.Result, v.DMARC.Result, n.get(t, "/r/"+id+".txt", 200))
	}
}
