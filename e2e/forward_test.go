package e2e

import (
	"encoding/json"
	"fmt"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/message"
)

// chain is A, who signs and sends, B, who forwards, and C, who receives: a Postfix each, with our milter.
type chain struct {
	dir               string
	zone              *dnstest.Server
	records           map[string]string
	a                 *postfix
	b                 string // its SMTP port
	sealing, checking *program
	policy            string
	home, end, list   *sink
	detailed          func() string
}

// The addresses that A, B and C send from.
const addrB, addrC = "127.0.0.3", "127.0.0.4"

// chainKey makes a key, and gives what --key wants.
func (x *chain) chainKey(t *testing.T, zone dns.Zone, domain, selector, algorithm string) string {
	t.Helper()
	key, err := dkim.GenerateKey(algorithm, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := dkim.MarshalPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(x.dir, selector+"."+domain+".pem")
	if err := os.WriteFile(file, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	record, err := dkim.RecordFor(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	name := selector + "._domainkey." + domain
	zone[name], x.records[name] = []string{"TXT " + record}, record
	return domain + ":" + selector + ":" + file
}

func hop(addr string) string {
	host, port, _ := strings.Cut(addr, ":")
	return "smtp:[" + host + "]:" + port
}

func inet(addr string) string {
	host, port, _ := strings.Cut(addr, ":")
	return "inet:" + port + "@" + host
}

// mainBlock is a block of lines of main.cf in the documents.
var mainBlock = regexp.MustCompile("(?ms)^```\n(smtpd_milters = .*?)^```$")

// forwardingPage gives the lines of main.cf that docs/forwarding.md shows for its two set-ups.
func forwardingPage(t *testing.T) (canonical, byMilter string) {
	t.Helper()
	page, err := os.ReadFile("../docs/forwarding.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := mainBlock.FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 2 {
		t.Fatalf("docs/forwarding.md has %d set-ups", len(blocks))
	}
	return blocks[0][1], blocks[1][1]
}

// startChain starts all three. flags are those of B's milter, main what its Postfix does with forwarded mail, the milter being at 127.0.0.1:8891 there.
func startChain(t *testing.T, srsDomain string, flags []string, main string) *chain {
	t.Helper()
	need(t, "/usr/sbin/postfix")
	x := &chain{dir: t.TempDir(), records: map[string]string{}, home: startSink(t), end: startSink(t), list: startSink(t)}
	zone := dns.Zone{
		"sender.example": {"TXT v=spf1 ip4:" + senderIP + " -all"}, "_dmarc.sender.example": {"TXT v=DMARC1; p=reject"},
		"mail.sender.example": {"A " + senderIP}, "2.0.0.127.in-addr.arpa": {"PTR mail.sender.example"},
		"b.example": {"TXT v=spf1 ip4:" + addrB + " -all"}, "mail.b.example": {"A " + addrB}, "3.0.0.127.in-addr.arpa": {"PTR mail.b.example"},
		"c.example": {"TXT v=spf1 ip4:" + addrC + " -all"},
	}
	if srsDomain != "b.example" {
		zone[srsDomain] = zone["b.example"]
	}
	sealKey := x.chainKey(t, zone, "b.example", "arc", "rsa")
	signRSA, signEd := x.chainKey(t, zone, "sender.example", "rsa", "rsa"), x.chainKey(t, zone, "sender.example", "ed", "ed25519")
	x.zone = dnstest.New(t, dns.MustMemory(zone))
	secret := filepath.Join(x.dir, "srs.secret")
	if err := os.WriteFile(secret, []byte("a secret of B\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	x.policy = filepath.Join(x.dir, "table.toml")
	write(t, x.policy, "sealers = [\"b.example\"]\n[default]\ndmarc-reject = \"reject\"\n")

	signing := run(t, "Milter: tcp:", "milter", "--listen", "inet:0@127.0.0.1", "--authserv-id", "mail.sender.example", "--key", signRSA, "--key", signEd, "--resolver", x.zone.Addr())
	x.sealing = run(t, "Milter: tcp:", append([]string{"milter", "--listen", "inet:0@127.0.0.1", "--authserv-id", "mail.b.example", "--trusted-network", "127.0.0.1",
		"--seal-key", sealKey, "--srs-domain", srsDomain, "--srs-secret-file", secret, "--resolver", x.zone.Addr()}, flags...)...)
	x.checking = run(t, "Milter: tcp:", "milter", "--listen", "inet:0@127.0.0.1", "--authserv-id", "mx.c.example", "--trusted-network", "none", "--policy", x.policy, "--resolver", x.zone.Addr())
	x.detailed = func() string { return x.sealing.log.String() + "\n" + x.checking.log.String() }

	portC := freePort(t)
	x.b = freePort(t)
	const smtpd = " inet n - n - - smtpd\nanvil unix - - n - 1 anvil\n"
	common := postfixMilter + "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\nsmtpd_error_sleep_time = 0\nanvil_status_update_time = 1h\n"
	runPostfix(t, "smtpd_milters = inet:"+x.checking.addr(t)+"\n"+common+"mynetworks = 127.0.0.250\nsmtp_bind_address = "+addrC+"\nrelay_domains = c.example\nrelay_transport = "+hop(x.end.addr)+
		"\ndefault_transport = error:no other way\ntransport_maps = inline:{ {"+srsDomain+" = "+hop(x.b)+"} }\nmyorigin = c.example\n", portC+smtpd)
	runPostfix(t, strings.ReplaceAll(main, "127.0.0.1:8891", x.sealing.addr(t))+common+"mynetworks = 127.0.0.1\nsmtp_bind_address = "+addrB+
		"\ndefault_transport = error:no other way\ntransport_maps = inline:{ {c.example = "+hop(portC)+"}, {closed.example = "+hop(portC)+"}, {sender.example = "+hop(x.home.addr)+"}, {lists.b.example = "+hop(x.list.addr)+"} }\n"+
		"virtual_alias_domains = b.example\nvirtual_alias_maps = inline:{ {info@b.example = you@c.example}, {full@b.example = full@c.example}, {closed@b.example = you@closed.example}, {list@b.example = list@lists.b.example}, {list-bounces@b.example = owner@sender.example} }\n"+
		"remote_header_rewrite_domain =\nlocal_header_rewrite_clients =\n", x.b+smtpd)
	x.a = runPostfix(t, "smtpd_milters = inet:"+signing.addr(t)+"\nnon_smtpd_milters = $smtpd_milters\n"+postfixMilter+"default_transport = "+hop(x.b)+"\nsmtp_bind_address = "+senderIP+"\n", "")
	return x
}

// atC gives what C said of a message.
func atC(t *testing.T, d delivered) string {
	t.Helper()
	for _, f := range message.Parse([]byte(d.raw)).All("Authentication-Results") {
		if text := strings.Join(strings.Fields(f.Unfolded()), " "); strings.HasPrefix(text, "mx.c.example;") {
			return text
		}
	}
	t.Fatalf("C says nothing:\n%s", d.raw)
	return ""
}

func wants(t *testing.T, what, text string, all ...string) {
	t.Helper()
	for _, w := range all {
		if !strings.Contains(text, w) {
			t.Errorf("%s: no %q in %s", what, w, text)
		}
	}
}

// arcPasses has dkimpy verify the chain of a message.
func (x *chain) arcPasses(t *testing.T, raw string) {
	t.Helper()
	const script = `
import sys, json, dkim
records = json.loads(sys.argv[1])
look = lambda name, timeout=5: records.get((name.decode() if isinstance(name, bytes) else name).rstrip('.'), '').encode() or None
cv, sets, why = dkim.arc_verify(sys.stdin.buffer.read(), dnsfunc=look)
print(cv.decode() if cv else None, len(sets), why)
`
	need(t, "/usr/bin/python3")
	records, err := json.Marshal(x.records)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/usr/bin/python3", "-c", script, string(records))
	cmd.Stdin = strings.NewReader(raw)
	out, err := cmd.CombinedOutput()
	if err != nil && strings.Contains(string(out), "No module named 'dkim'") && os.Getenv("CI") != "true" {
		t.Logf("dkimpy is not installed (Debian package python3-dkim)")
		return
	}
	if err != nil || !strings.HasPrefix(string(out), "pass 1 ") {
		t.Errorf("dkimpy: %v: %s\n%s", err, out, raw)
	}
}

const chainLetter = "From: Sender <me@sender.example>\nTo: <%s>\nSubject: hello\nDate: Thu, 26 Nov 2026 12:00:00 +0900\nMessage-ID: <%d@sender.example>\n\nHello.\n"

func (x *chain) send(t *testing.T, to string) {
	t.Helper()
	x.a.send(t, "bounce@sender.example", to, fmt.Sprintf(chainLetter, to, time.Now().UnixNano()))
}

// forwardedUnchanged: at C DMARC passes by A's signature, SPF by the rewritten sender, and the seal is good by others' reckoning.
func (x *chain) forwardedUnchanged(t *testing.T, srsDomain string) {
	t.Helper()
	x.send(t, "info@b.example")
	d := x.end.next(t, x.detailed)
	if !strings.HasPrefix(d.from, "SRS0=") || !strings.HasSuffix(d.from, "=sender.example=bounce@"+srsDomain) || len(d.to) != 1 || d.to[0] != "you@c.example" {
		t.Errorf("from %s to %v", d.from, d.to)
	}
	text := atC(t, d)
	wants(t, "at C", text, "dkim=pass header.d=sender.example", "spf=pass smtp.mailfrom="+srsDomain, "arc=pass (i=1 sealed by b.example)", "dmarc=pass (p=reject", "header.from=sender.example")
	aar, _ := message.Parse([]byte(d.raw)).First("ARC-Authentication-Results")
	wants(t, "the seal", strings.Join(strings.Fields(aar.Unfolded()), " "), "i=1; mail.b.example;", "dkim=pass header.d=sender.example", "spf=pass smtp.mailfrom=sender.example", "dmarc=pass")
	x.arcPasses(t, d.raw)
	passes(t, x.zone.Addr(), x.records, save(t, d.raw))
}

// bounceComesHome: C's next server refuses a message, and C's own Postfix tells the rewritten sender; C refuses one, and B's Postfix does.
func (x *chain) bounceComesHome(t *testing.T) {
	t.Helper()
	for to, why := range map[string]string{"full@b.example": "the mailbox is full", "closed@b.example": "Relay access denied"} {
		x.send(t, to)
		d := x.home.next(t, x.detailed)
		if d.from != "" || len(d.to) != 1 || d.to[0] != "bounce@sender.example" || !strings.Contains(strings.Join(strings.Fields(d.raw), " "), why) {
			t.Errorf("%s: from %q to %v:\n%s", to, d.from, d.to, d.raw)
		}
	}
}

// TestForwardByMilter: the milter knows who is forwarded, and rewrites the sender and the recipient of bounces itself.
func TestForwardByMilter(t *testing.T) {
	_, lines := forwardingPage(t)
	x := startChain(t, "srs.b.example", []string{"--forward", "info@b.example=you@c.example", "--forward", "full@b.example", "--forward", "closed@b.example"}, lines+
		"recipient_delimiter = +\nsmtp_header_checks = regexp:{{/^X-Todoku-Pass:/ IGNORE}}\n")
	x.forwardedUnchanged(t, "srs.b.example")
	x.bounceComesHome(t)
	x.send(t, "info+tag@b.example") // of which Postfix makes you+tag
	d := x.end.next(t, x.detailed)
	m := message.Parse([]byte(d.raw))
	if f, _ := m.First("X-Forwarded-For"); f.Unfolded() != "info+tag@b.example you@c.example" {
		t.Errorf("X-Forwarded-For: %s", f.Unfolded())
	}
	if !strings.HasPrefix(d.from, "SRS0=") || d.to[0] != "you+tag@c.example" || m.Count("X-Todoku-Pass") > 0 {
		t.Errorf("from %s to %v:\n%s", d.from, d.to, d.raw)
	}
	// A line that Postfix breaks as it sends it does not break the seal.
	long := "References:" + strings.Repeat(" <1@sender.example>", 80) + "\r\n"
	if err := mail(t, senderIP, x.b, "bounce@sender.example", "info@b.example", long+strings.ReplaceAll(fmt.Sprintf(chainLetter, "info@b.example", 1), "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	d = x.end.next(t, x.detailed)
	wants(t, "long line", atC(t, d), "arc=pass (i=1 sealed by b.example)")
	if strings.Contains(d.raw, long) {
		t.Errorf("the line was not broken:\n%s", d.raw)
	}
	x.sealing.waitFor(t, "so the ARC seal leaves that field out", 1)
	// Nothing else is taken in the domain of rewritten senders: it would be bounced at whoever is named as its sender.
	for _, to := range []string{"somebody@srs.b.example", "SRS0=AAAA=AA=sender.example=bounce@srs.b.example"} {
		if err := smtp.SendMail(x.b, nil, "", []string{to}, []byte("Subject: bounce\r\n\r\nx\r\n")); err == nil || !strings.HasPrefix(err.Error(), "550") {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// TestForwardByCanonicalMaps: Postfix asks for the rewritten addresses, as it does of postsrsd; a list changes mail on its way.
func TestForwardByCanonicalMaps(t *testing.T) {
	tables := freePort(t)
	lines, _ := forwardingPage(t)
	x := startChain(t, "b.example", []string{"--srs-listen", inet(tables)}, strings.ReplaceAll(lines, "127.0.0.1:10003", tables))
	x.forwardedUnchanged(t, "b.example")
	x.bounceComesHome(t)

	// The list adds a footer and hands the message back. C believes B, and nobody else.
	reinject := func() {
		t.Helper()
		x.send(t, "list@b.example")
		d := x.list.next(t, x.detailed)
		changed := strings.Replace(d.raw, "Subject: hello", "Subject: [list] hello", 1) + "-- \r\nthe list\r\n"
		if err := smtp.SendMail(x.b, nil, "list-bounces@b.example", []string{"you@c.example"}, []byte(changed)); err != nil {
			t.Fatal(err)
		}
	}
	reinject()
	d := x.end.next(t, x.detailed)
	wants(t, "changed", atC(t, d), "dkim=fail", "arc=pass (i=1 sealed by b.example)", "dmarc=fail (p=reject", "override=local_policy")
	x.arcPasses(t, d.raw)
	if d.from != "list-bounces@b.example" || strings.Contains(d.raw, "X-Todoku-") {
		t.Errorf("from %s\n%s", d.from, d.raw)
	}

	write(t, x.policy, "sealers = [\"another.example\"]\n[default]\ndmarc-reject = \"reject\"\n")
	if err := x.checking.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	x.checking.waitFor(t, "the milter has new settings", 1)
	reinject()
	d = x.home.next(t, x.detailed)
	if d.to[0] != "owner@sender.example" || !strings.Contains(strings.Join(strings.Fields(d.raw), " "), "550 5.7.26 Message refused (dmarc-reject)") || !strings.Contains(strings.Join(strings.Fields(d.raw), " "), "its ARC chain passes, but b.example, who sealed last, is not among the sealers") {
		t.Errorf("to %v\n%s", d.to, d.raw)
	}
	x.forwardedUnchanged(t, "b.example") // needs nobody's belief
}
