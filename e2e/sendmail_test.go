package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/message"
)

// sendmailMC is what every Sendmail of the tests has: it delivers at once, however busy the machine is; %[1]s is its folder, %[2]s its port.
const sendmailMC = "OSTYPE(`linux')dnl\n" +
	"define(`QUEUE_DIR', `%[1]s/queue')define(`STATUS_FILE', `%[1]s/statistics')define(`confPID_FILE', `%[1]s/pid')define(`HELP_FILE', `%[1]s/help')undefine(`ALIAS_FILE')dnl\n" +
	"define(`confSERVICE_SWITCH_FILE', `%[1]s/service.switch')define(`confDONT_BLAME_SENDMAIL', `GroupReadableKeyFile,GroupWritableDirPathSafe')define(`confDEF_USER_ID', `65534:65534')dnl\n" +
	"define(`confQUEUE_LA', `10000')define(`confREFUSE_LA', `10000')define(`confTO_IDENT', `0')define(`confTO_CONNECT', `5s')define(`confLOG_LEVEL', `14')define(`confDELIVERY_MODE', `background')dnl\n" +
	"FEATURE(`no_default_msa')FEATURE(`nocanonify')FEATURE(`accept_unresolvable_domains')FEATURE(`accept_unqualified_senders')dnl\n" +
	"DAEMON_OPTIONS(`Name=MTA, Family=inet, Addr=127.0.0.1, Port=%[2]s')dnl\n"

// startSendmail runs Sendmail; mc are further lines of its sendmail.mc.
func startSendmail(t *testing.T, mc string) (c *cell, addr string) {
	t.Helper()
	program, cf := unpacked(t, "usr/libexec/sendmail/sendmail"), unpacked(t, "usr/share/sendmail/cf")+"/"
	c, addr = newCell(t), freePort(t)
	_, port, _ := strings.Cut(addr, ":")
	if err := os.Mkdir(filepath.Join(c.dir, "queue"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(c.dir, "statistics"), "")
	write(t, filepath.Join(c.dir, "help"), "")
	write(t, filepath.Join(c.dir, "service.switch"), "hosts files\naliases files\npasswd files\n")
	write(t, filepath.Join(c.dir, "sendmail.mc"), fmt.Sprintf(sendmailMC, c.dir, port)+mc)
	m4 := exec.Command("m4", "-D_CF_DIR_="+cf, cf+"m4/cf.m4", filepath.Join(c.dir, "sendmail.mc"))
	out, err := m4.Output()
	if err != nil {
		t.Fatalf("m4: %v", err)
	}
	conf := filepath.Join(c.dir, "sendmail.cf")
	write(t, conf, string(out))
	c.start(t, addr, program, "-bD", "-C", conf, "-q1h")
	return c, addr
}

// smartHost are lines by which a Sendmail passes everything on to one address.
func smartHost(addr string) string {
	host, port, _ := strings.Cut(addr, ":")
	return "define(`SMART_HOST', `esmtp:[" + host + "]')define(`ESMTP_MAILER_ARGS', `TCP $h " + port + "')dnl\n"
}

// milterMC is the line of sendmail.mc that docs/milter.md shows.
func milterMC(socket string) string {
	return "INPUT_MAIL_FILTER(`todoku', `S=" + socket + ", F=T, T=C:1m;S:30s;R:30s;E:5m')dnl\n"
}

// sendmailFlow is startFlow with Sendmail in the place of Postfix: the sender's milter by TCP, the receiver's by a Unix socket.
type sendmailFlow struct {
	flow
	from, to *cell
	sends    string // where the sender takes mail
}

func startSendmailFlow(t *testing.T) *sendmailFlow {
	t.Helper()
	unpacked(t, "usr/libexec/sendmail/sendmail")
	f := &sendmailFlow{flow: flow{records: map[string]string{}, sink: startSink(t)}}
	dir, err := os.MkdirTemp("/run", "todoku-") // Sendmail trusts no socket below a folder such as /tmp
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	zone := dns.Zone{
		"sender.example": {"TXT v=spf1 ip4:" + senderIP + " -all"}, "_dmarc.sender.example": {"TXT v=DMARC1; p=reject"},
		"mail.sender.example": {"A " + senderIP}, "2.0.0.127.in-addr.arpa": {"PTR mail.sender.example"},
		"quarantine.example": {"TXT v=spf1 -all"}, "_dmarc.quarantine.example": {"TXT v=DMARC1; p=quarantine"},
		"none.example": {"A 127.0.0.9"}, "broken.example": {"TXT v=spf1 include:servfail.example -all"}, "servfail.example": {"SERVFAIL"}, "_dmarc.broken.example": {"SERVFAIL"},
	}
	args := []string{"milter", "--listen", "inet:0@127.0.0.1", "--authserv-id", "mail.sender.example"}
	for _, selector := range []string{"rsa", "ed25519"} {
		args = append(args, "--key", "sender.example:"+selector+":"+f.key(t, zone, dir, selector))
	}
	f.zone = dnstest.New(t, dns.MustMemory(zone))
	f.signing = run(t, "Milter: tcp:", append(args, "--resolver", f.zone.Addr())...)

	f.policy = filepath.Join(dir, "table.toml")
	write(t, f.policy, "")
	socket := filepath.Join(dir, "socket")
	f.checking = run(t, "Milter: unix:", "milter", "--listen", "unix:"+socket, "--authserv-id", "mx.receiver.example",
		"--trusted-network", "none", "--policy", f.policy, "--received-spf", "--resolver", f.zone.Addr())
	f.to, f.receiver = startSendmail(t, smartHost(f.sink.addr)+"RELAY_DOMAIN(`receiver.example')dnl\ndefine(`confDOMAIN_NAME', `mx.receiver.example')dnl\n"+milterMC("local:"+socket)+"MAILER(`smtp')dnl\n")
	host, port, _ := strings.Cut(f.signing.addr(t), ":")
	f.from, f.sends = startSendmail(t, smartHost(f.receiver)+"define(`confDOMAIN_NAME', `mail.sender.example')CLIENT_OPTIONS(`Family=inet, Addr="+senderIP+"')dnl\n"+milterMC("inet:"+port+"@"+host)+"MAILER(`smtp')dnl\n")
	return f
}

// key makes a key of sender.example, and publishes it.
func (f *flow) key(t *testing.T, zone dns.Zone, dir, selector string) (file string) {
	t.Helper()
	key, err := dkim.GenerateKey(selector, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := dkim.MarshalPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, selector+".pem")
	if err := os.WriteFile(file, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	record, err := dkim.RecordFor(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	name := selector + "._domainkey.sender.example"
	zone[name], f.records[name] = []string{"TXT " + record}, record
	return file
}

func (f *sendmailFlow) detail() string {
	return f.flow.detail() + "\n" + f.from.log.String() + "\n" + f.to.log.String()
}

// TestMilterBetweenSendmails: one Sendmail signs, the next verifies, both with our milter, whatever Sendmail makes of the header on the
// way; dkimpy agrees.
func TestMilterBetweenSendmails(t *testing.T) {
	f := startSendmailFlow(t)
	head := "From: O'Sender <me@sender.example>\nTo: <you@receiver.example>\nDate: Thu, 26 Nov 2026 12:00:00 +0900\nMessage-ID: <%d@sender.example>\n"
	forged := "Authentication-Results: mx.receiver.example; dmarc=pass header.from=bank.example\n"
	for name, rest := range map[string]string{
		"plain":        "Subject: hello\n\nHello.\n",
		"folded":       "Subject: one\n\ttwo\n  three  \nX-Odd:no space\nX-Trailing: x \t\n\nBody with trailing space \n\n\n",
		"no body":      "Subject: nothing\n\n",
		"no id":        "",
		"forged":       forged + "Subject: forged\n" + forged + "\nHello.\n",
		"many to":      "Cc: " + strings.Repeat("somebody@receiver.example,Another One <another@receiver.example> , ", 20) + "last@receiver.example\nSubject: many\n\nHello.\n",
		"comments":     "Cc: (hidden) \"Q. Uoted\" <q@receiver.example>,\n\tgroup: a@receiver.example;\nReply-To: me@sender.example (Me)\nSubject: comments\n\nHello.\n",
		"200 KB":       "Subject: large\n\n" + strings.Repeat(strings.Repeat("0123456789", 7)+"\n", 3000),
		"20 KB header": "Subject: " + strings.Repeat(strings.Repeat("x", 70)+"\n ", 280) + "end\n\nHello.\n",
		"many fields":  "Subject: many\n" + strings.Repeat("X-Many: "+strings.Repeat("y", 100)+"\n", 200) + "\nHello.\n",
		"unqualified":  "Cc: bob, Another <another>\nReply-To: a@b.example c@d.example\nBcc: hidden@receiver.example\nSubject: unqualified\n\nHello.\n",
		"dots":         "Subject: dots\n\n.\n..\nFrom here on\n.end\n",
		"8bit":         "Subject: \xe5\xb1\x8a\xe3\x81\x8f\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n\xe5\xb1\x8a\xe3\x81\x8f\n",
	} {
		raw := fmt.Sprintf(head, time.Now().UnixNano()) + rest
		if name == "no id" {
			raw = "From: me@sender.example\nSubject: Sendmail adds Date, To and Message-ID\n\nHello.\n"
		}
		if err := mail(t, "", f.sends, "bounce@sender.example", "you@receiver.example", raw); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, f.detail())
		}
		d := f.sink.next(t, f.detail)
		m := message.Parse([]byte(d.raw))
		ours := verified(t, name, m, d.raw)
		if ours != 1 || m.Count("DKIM-Signature") != 2 || m.Count("Received-SPF") != 1 || m.Count("Authentication-Results") != 1 {
			t.Errorf("%s: %d results of ours\n%.3000s", name, ours, d.raw)
		}
		if strings.Contains("many to, unqualified, folded", name) { // dkimpy and OpenDKIM agree
			passes(t, f.zone.Addr(), f.records, save(t, d.raw))
		}
	}
	if strings.Contains(f.flow.detail(), "finding=") {
		t.Errorf("findings:\n%s", f.flow.detail())
	}
}

// TestMilterSendmailByTheTable: a spoof is marked by default, and after SIGHUP what the table says, which the client sees.
func TestMilterSendmailByTheTable(t *testing.T) {
	f := startSendmailFlow(t)
	spoof := func(author, to string) error {
		return mail(t, "127.0.0.9", f.receiver, "me@none.example", to, "From: "+author+"\nSubject: spoof\nDate: Thu, 26 Nov 2026 12:00:00 +0900\n\nx\n")
	}
	tagged := func(author, field, want string) {
		t.Helper()
		if err := spoof(author, "you@receiver.example"); err != nil {
			t.Fatalf("refused: %v\n%s", err, f.detail())
		}
		m := message.Parse([]byte(f.sink.next(t, f.detail).raw))
		if got, _ := m.First(field); !strings.HasPrefix(strings.TrimSpace(got.Unfolded()), want) {
			t.Errorf("%s: %s is %q, want %q", author, field, got.Unfolded(), want)
		}
		if a, _ := m.First("Authentication-Results"); !strings.Contains(a.Unfolded(), "dmarc=") {
			t.Errorf("%s: %q", author, a.Unfolded())
		}
	}
	tagged("ceo@sender.example", "X-Todoku-Verdict", "dmarc-reject; ")
	tagged("ceo@quarantine.example", "X-Todoku-Verdict", "dmarc-quarantine; ")

	write(t, f.policy, "[default]\ndmarc-reject = \"reject\"\ndmarc-quarantine = \"quarantine\"\nunauthenticated = \"defer\"\ntemperror = \"defer\"\n")
	f.checking.cmd.Process.Signal(syscall.SIGHUP)
	f.checking.waitFor(t, "the milter has new settings", 1)
	for _, c := range []struct {
		author string
		code   int
		text   string
	}{{"ceo@sender.example", 550, "5.7.26 Message refused (dmarc-reject)"}, {"ceo@none.example", 451, "4.7.26 Message put off (unauthenticated)"}, {"ceo@broken.example", 451, "4.4.3 Message put off (temperror)"}} {
		err := spoof(c.author, "you@receiver.example")
		if code, text := refusal(err); code != c.code || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d %s", c.author, code, text)
		}
	}
	tagged("ceo@quarantine.example", "X-Todoku-Quarantine", "yes; dmarc-quarantine; ")
}
