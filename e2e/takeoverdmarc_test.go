package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
)

// knownDifferences are the cases where OpenDMARC says otherwise than our RFC 7489 answer. Each stands in docs/from-opendkim.md.
var knownDifferences = map[string]string{
	"strict DKIM, subdomain signs": "OpenDMARC pass, RFC 7489 fail, RFC 9989 fail; refused: 0, Todoku 550",
	"strict SPF, subdomain":        "OpenDMARC pass, RFC 7489 fail, RFC 9989 fail; refused: 0, Todoku 550",
	"two records":                  "OpenDMARC , RFC 7489 none, RFC 9989 none; refused: 550, Todoku 0",
	"no p= but rua=":               "OpenDMARC permerror, RFC 7489 fail, RFC 9989 fail; refused: 0, Todoku 0",
	"two From":                     "OpenDMARC pass, RFC 7489 permerror, RFC 9989 permerror; refused: 0, Todoku 0",
	"two mailboxes":                "OpenDMARC , RFC 7489 permerror, RFC 9989 permerror; refused: 0, Todoku 0",
	"From with a comment":          "OpenDMARC pass, RFC 7489 permerror, RFC 9989 permerror; refused: 0, Todoku 0",
	"capitals":                     "OpenDMARC none, RFC 7489 fail, RFC 9989 fail; refused: 0, Todoku 550",
	"rsa-sha1":                     "OpenDMARC pass, RFC 7489 fail, RFC 9989 fail; refused: 0, Todoku 550",
	"RSA of 768 bits":              "OpenDMARC pass, RFC 7489 fail, RFC 9989 fail; refused: 0, Todoku 550",
}

// dmarcCase is a message from 192.0.2.1 (pass of SPF for aligned.example and what it includes) or elsewhere.
type dmarcCase struct {
	name, ip, helo, from, author string
	sign                         string // "selector.domain" of a key file, "" for none
	more                         string // fields
	spoil                        bool   // the body is changed after signing
}

var dmarcCases = []dmarcCase{
	{name: "DKIM aligned", ip: "192.0.2.9", author: "a@alpha.example", sign: "a.alpha.example", from: "b@elsewhere.example"},
	{name: "DKIM aligned, Ed25519", ip: "192.0.2.9", author: "a@eddy.example", sign: "e.eddy.example", from: "b@elsewhere.example"},
	{name: "SPF aligned", ip: "192.0.2.1", author: "a@alpha.example", from: "a@alpha.example"},
	{name: "both", ip: "192.0.2.1", author: "a@alpha.example", from: "a@alpha.example", sign: "a.alpha.example"},
	{name: "neither", ip: "192.0.2.9", author: "a@alpha.example", from: "a@alpha.example"},
	{name: "unaligned DKIM", ip: "192.0.2.9", author: "a@alpha.example", from: "b@elsewhere.example", sign: "b.beta.example"},
	{name: "unaligned SPF", ip: "192.0.2.1", author: "a@beta.example", from: "a@alpha.example"},
	{name: "changed body", ip: "192.0.2.9", author: "a@alpha.example", from: "b@elsewhere.example", sign: "a.alpha.example", spoil: true},
	{name: "null sender, HELO of the domain", ip: "192.0.2.1", helo: "alpha.example", author: "a@alpha.example"},
	{name: "null sender, other HELO", ip: "192.0.2.9", helo: "elsewhere.example", author: "a@alpha.example"},
	{name: "subdomain, relaxed DKIM", ip: "192.0.2.9", author: "a@sub.alpha.example", from: "b@elsewhere.example", sign: "a.alpha.example"},
	{name: "subdomain, relaxed SPF", ip: "192.0.2.1", author: "a@sub.alpha.example", from: "b@alpha.example"},
	{name: "subdomain, sp=none", ip: "192.0.2.9", author: "a@sub.gamma.example", from: "b@elsewhere.example"},
	{name: "strict DKIM, subdomain signs", ip: "192.0.2.9", author: "a@strict.example", from: "b@elsewhere.example", sign: "s.sub.strict.example"},
	{name: "strict DKIM, exact", ip: "192.0.2.9", author: "a@strict.example", from: "b@elsewhere.example", sign: "x.strict.example"},
	{name: "strict SPF, subdomain", ip: "192.0.2.1", author: "a@strict.example", from: "b@sub.strict.example"},
	{name: "p=none", ip: "192.0.2.9", author: "a@watch.example", from: "b@elsewhere.example"},
	{name: "p=quarantine", ip: "192.0.2.9", author: "a@quarantine.example", from: "b@elsewhere.example"},
	{name: "no record", ip: "192.0.2.9", author: "a@elsewhere.example", from: "b@elsewhere.example"},
	{name: "two records", ip: "192.0.2.9", author: "a@twice.example", from: "b@elsewhere.example"},
	{name: "not a record", ip: "192.0.2.9", author: "a@broken.example", from: "b@elsewhere.example"},
	{name: "no p= but rua=", ip: "192.0.2.9", author: "a@onlyrua.example", from: "b@elsewhere.example"},
	{name: "public suffix of two labels", ip: "192.0.2.9", author: "a@deep.shop.co.uk", from: "b@elsewhere.example", sign: "u.shop.co.uk"},
	{name: "neighbours under a public suffix", ip: "192.0.2.9", author: "a@other.co.uk", from: "b@elsewhere.example", sign: "u.shop.co.uk"},
	{name: "two From", ip: "192.0.2.1", author: "a@alpha.example\r\nFrom: ceo@beta.example", from: "a@alpha.example"},
	{name: "two mailboxes", ip: "192.0.2.1", author: "a@alpha.example, ceo@beta.example", from: "a@alpha.example"},
	{name: "From with a comment", ip: "192.0.2.1", author: "\"ceo@beta.example\" <a@alpha.example> (x@gamma.example)", from: "a@alpha.example"},
	{name: "forged results", ip: "192.0.2.9", author: "a@alpha.example", from: "b@elsewhere.example", more: "Authentication-Results: mx.here.example; dkim=pass header.d=alpha.example; spf=pass smtp.mailfrom=alpha.example\r\n"},
	{name: "capitals", ip: "192.0.2.9", author: "A@CAPITALS.Example", from: "b@elsewhere.example"},
	{name: "unknown tags and pct=100", ip: "192.0.2.9", author: "a@tags.example", from: "b@elsewhere.example"},
	{name: "adkim=s, SPF relaxed", ip: "192.0.2.1", author: "a@half.example", from: "b@sub.half.example"},
	{name: "p=quarantine, sp=reject", ip: "192.0.2.9", author: "a@sub.lower.example", from: "b@elsewhere.example"},
	{name: "SPF softfail", ip: "192.0.2.9", author: "a@soft.example", from: "a@soft.example"},
	{name: "SPF permerror", ip: "192.0.2.1", author: "a@loop.example", from: "a@loop.example"},
	{name: "record in two strings", ip: "192.0.2.9", author: "a@split.example", from: "b@elsewhere.example"},
	{name: "display name only is an address", ip: "192.0.2.9", author: "\"ceo@alpha.example\" <x@elsewhere.example>", from: "b@elsewhere.example"},
	{name: "group in From", ip: "192.0.2.9", author: "Friends: a@alpha.example;", from: "b@elsewhere.example"},
	{name: "encoded display name", ip: "192.0.2.1", author: "=?utf-8?q?=E5=B1=8A=E3=81=8F?= <a@alpha.example>", from: "a@alpha.example"},
	{name: "two mailboxes of one domain", ip: "192.0.2.1", author: "a@alpha.example, b@alpha.example", from: "a@alpha.example"},
	{name: "rsa-sha1", ip: "192.0.2.9", author: "a@alpha.example", from: "b@elsewhere.example", sign: "a.alpha.example:rsa-sha1"},
	{name: "RSA of 768 bits", ip: "192.0.2.9", author: "a@weak.example", from: "b@elsewhere.example", sign: "w.weak.example"},
}

func dmarcZone(records map[string]string) dns.Zone {
	zone := dns.Zone{
		"alpha.example": {"TXT v=spf1 ip4:192.0.2.1 -all", "A 192.0.2.1"}, "_dmarc.alpha.example": {"TXT v=DMARC1; p=reject"},
		"sub.alpha.example": {"A 192.0.2.1"}, "_dmarc.beta.example": {"TXT v=DMARC1; p=reject"}, "beta.example": {"A 192.0.2.2"},
		"_dmarc.eddy.example": {"TXT v=DMARC1; p=reject"}, "eddy.example": {"A 192.0.2.2"}, "elsewhere.example": {"TXT v=spf1 -all", "A 192.0.2.3"},
		"_dmarc.gamma.example": {"TXT v=DMARC1; p=reject; sp=none"}, "sub.gamma.example": {"A 192.0.2.2"},
		"_dmarc.strict.example": {"TXT v=DMARC1; p=reject; adkim=s; aspf=s"}, "strict.example": {"A 192.0.2.1"}, "sub.strict.example": {"TXT v=spf1 ip4:192.0.2.1 -all", "A 192.0.2.1"},
		"_dmarc.watch.example": {"TXT v=DMARC1; p=none"}, "_dmarc.quarantine.example": {"TXT v=DMARC1; p=quarantine"},
		"_dmarc.twice.example": {"TXT v=DMARC1; p=reject", "TXT v=DMARC1; p=reject; adkim=s"}, "_dmarc.broken.example": {"TXT v=spf1 -all"}, "_dmarc.onlyrua.example": {"TXT v=DMARC1; rua=mailto:r@onlyrua.example"},
		"_dmarc.shop.co.uk": {"TXT v=DMARC1; p=reject"}, "deep.shop.co.uk": {"A 192.0.2.2"}, "_dmarc.other.co.uk": {"TXT v=DMARC1; p=reject"}, "other.co.uk": {"A 192.0.2.2"},
		"_dmarc.capitals.example": {"TXT V=DMARC1; P=Reject"}, "capitals.example": {"A 192.0.2.2"}, "_dmarc.tags.example": {"TXT v=DMARC1;p=reject;pct=100;x-new=1;fo=1:d:s;"}, "tags.example": {"A 192.0.2.2"},
		"_dmarc.half.example": {"TXT v=DMARC1; p=reject; adkim=s"}, "half.example": {"A 192.0.2.2"}, "sub.half.example": {"TXT v=spf1 ip4:192.0.2.1 -all", "A 192.0.2.1"},
		"_dmarc.lower.example": {"TXT v=DMARC1; p=quarantine; sp=reject"}, "sub.lower.example": {"A 192.0.2.2"}, "_dmarc.soft.example": {"TXT v=DMARC1; p=reject"}, "soft.example": {"TXT v=spf1 ~all", "A 192.0.2.2"},
		"_dmarc.loop.example": {"TXT v=DMARC1; p=reject"}, "loop.example": {"TXT v=spf1 include:loop.example -all", "A 192.0.2.2"}, "_dmarc.split.example": {`TXT "v=DMARC1; " "p=reject"`}, "split.example": {"A 192.0.2.2"},
		"_dmarc.weak.example": {"TXT v=DMARC1; p=reject"}, "weak.example": {"A 192.0.2.2"},
	}
	for n, r := range records {
		zone[n] = []string{"TXT " + r}
	}
	return zone
}

// weakKey makes an RSA key that Go refuses to make, and gives its record.
func weakKey(t *testing.T, file string) (record string) {
	t.Helper()
	if out, err := exec.Command("openssl", "genrsa", "-out", file, "768").CombinedOutput(); err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	out, err := exec.Command("openssl", "rsa", "-in", file, "-pubout").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return "v=DKIM1; k=rsa; p=" + strings.Join(lines[1:len(lines)-1], "")
}

// signer starts an OpenDKIM that signs with one key, however weak.
func signer(t *testing.T, dir, spec string) (socket string) {
	t.Helper()
	name, algorithm, _ := strings.Cut(spec, ":")
	if strings.HasPrefix(name, "e.") {
		algorithm = "ed25519-sha256"
	}
	if algorithm == "" {
		algorithm = "rsa-sha256"
	}
	selector, domain, _ := strings.Cut(name, ".")
	sub := filepath.Join(dir, strings.ReplaceAll(spec, ":", "-")+".d")
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(sub, "KeyTable"), "k "+domain+":"+selector+":"+filepath.Join(dir, name)+"\n")
	write(t, filepath.Join(sub, "SigningTable"), "* k\n")
	return peer(t, sub, "/usr/sbin/opendkim", "Socket local:"+sub+"/s\nSyslog no\nBackground no\nRequireSafeKeys no\nMode s\nCanonicalization relaxed/relaxed\nInternalHosts 0.0.0.0/0\nMinimumKeyBits 512\nSignatureAlgorithm "+
		algorithm+"\nKeyTable file:"+sub+"/KeyTable\nSigningTable refile:"+sub+"/SigningTable\n")
}

// serveDNS serves on port 53, for resolv.conf knows no ports, at an address of the loopback interface that no other run has.
func serveDNS(t *testing.T, r dns.Resolver) *dnstest.Server {
	t.Helper()
	for tries := 0; ; tries++ {
		server, err := dnstest.Start(r, fmt.Sprintf("127.%d.%d.%d:53", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254)))
		if err == nil {
			t.Cleanup(func() { server.Close() })
			return server
		}
		if tries == 10 {
			t.Fatal(err)
		}
	}
}

var dmarcWord = regexp.MustCompile(`(?i)dmarc=([a-z]+)`)

// dmarcSaid gives what the fields of the host say of DMARC, "" for nothing.
func dmarcSaid(raw string) string {
	for _, f := range message.Parse([]byte(raw)).All("Authentication-Results") {
		text := f.Unfolded()
		if m := dmarcWord.FindStringSubmatch(text); m != nil && strings.HasPrefix(strings.TrimSpace(text), "mx.here.example") {
			return m[1]
		}
	}
	return ""
}

// TestTakeOverOpenDMARC: OpenDKIM and OpenDMARC in series give the verdicts of our RFC 7489 answer, and our milter with
// their configuration refuses what they refuse. Where not, docs/from-opendkim.md says so.
func TestTakeOverOpenDMARC(t *testing.T) {
	need(t, "/usr/sbin/opendkim", "/usr/sbin/opendmarc", "unshare", "openssl", "/usr/share/publicsuffix/public_suffix_list.dat")
	if out, err := exec.Command("unshare", "--mount", "true").CombinedOutput(); err != nil {
		lack(t, "this user may not give a program a resolv.conf of its own: %v %s", err, out)
	}
	dir := shortDir(t)
	records := keyFiles(t, dir, map[string]string{"a.alpha.example": "rsa", "b.beta.example": "rsa", "e.eddy.example": "ed25519", "s.sub.strict.example": "rsa", "x.strict.example": "rsa", "u.shop.co.uk": "rsa"})
	records["w._domainkey.weak.example"] = weakKey(t, filepath.Join(dir, "w.weak.example"))
	memory := dns.MustMemory(dmarcZone(records))
	server := serveDNS(t, memory)
	var data strings.Builder
	for n, r := range records {
		fmt.Fprintf(&data, "%s %s\n", n, r)
	}
	write(t, filepath.Join(dir, "dns"), data.String())
	// Our server always answers; what a busy machine takes for that is no finding about OpenDMARC.
	write(t, filepath.Join(dir, "resolv.conf"), "nameserver "+server.AddrPort().Addr().String()+"\noptions timeout:10 attempts:2\n")
	write(t, filepath.Join(dir, "ignore"), "203.0.113.1\n")
	suffixes, err := os.ReadFile("/usr/share/publicsuffix/public_suffix_list.dat")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "suffixes"), string(suffixes)+"\nexample\n") // OpenDMARC knows no domain below a suffix that is not listed
	openDKIM := peer(t, dir, "/usr/sbin/opendkim", "Socket local:"+dir+"/dkim\nSyslog no\nBackground no\nMode v\nAuthservID mx.here.example\nAlwaysAddARHeader yes\nMinimumKeyBits 512\nInternalHosts 127.0.0.1\nTestDNSData file:"+dir+"/dns\n")
	openDMARC := peer(t, dir, "/usr/sbin/opendmarc", "Socket local:"+dir+"/dmarc\nSyslog no\nBackground no\nAuthservID mx.here.example\nTrustedAuthservIDs mx.here.example\nSPFSelfValidate yes\nSPFIgnoreResults yes\nRejectFailures yes\n"+
		"IgnoreHosts "+dir+"/ignore\nPublicSuffixList "+dir+"/suffixes\n",
		"unshare", "--mount", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`, filepath.Join(dir, "resolv.conf"))
	ours := "unix:" + dir + "/ours"
	run(t, ours, "milter", "--listen", ours, "--import-opendkim", filepath.Join(dir, "opendkim.conf"), "--import-opendmarc", filepath.Join(dir, "opendmarc.conf"), "--resolver", server.Addr(), "--timeout", "60s")
	signers := map[string]string{}
	page, err := os.ReadFile("../docs/from-opendkim.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range dmarcCases {
		m := posted{c.ip, "client.example", c.from, c.more + likeness(c.author, i*7)}
		if c.helo != "" {
			m.helo = c.helo
		}
		if c.sign != "" {
			if signers[c.sign] == "" {
				signers[c.sign] = signer(t, dir, c.sign)
			}
			m.raw = tell(t, signers[c.sign], m).raw
			if !strings.Contains(m.raw, "DKIM-Signature:") {
				t.Fatalf("%s: OpenDKIM did not sign\n%s", c.name, m.raw)
			}
		}
		if c.spoil {
			m.raw += "changed\r\n"
		}
		after := m
		after.raw = tell(t, openDKIM, m).raw
		theirs := tell(t, openDMARC, after)
		mine := tell(t, ours, m)
		res := mailauth.Authenticate(context.Background(), memory, message.Parse([]byte(m.raw)), mailauth.Envelope{RemoteIP: netip.MustParseAddr(c.ip), HELO: m.helo, MailFrom: c.from, Null: c.from == "", Receiver: "mx.here.example"}, time.Now())
		got := fmt.Sprintf("OpenDMARC %s, RFC 7489 %s, RFC 9989 %s; refused: %v, Todoku %v", dmarcSaid(theirs.raw), res.DMARC.RFC7489.Result, res.DMARC.Result, theirs.smtp, mine.smtp)
		if mine.smtp == 0 && dmarcSaid(mine.raw) != string(res.DMARC.Result) {
			t.Errorf("%s: our milter says %q, the library %q", c.name, dmarcSaid(mine.raw), res.DMARC.Result)
		}
		refusedAlike := (theirs.smtp >= 500) == (mine.smtp >= 500)
		sameVerdict := theirs.smtp != 0 || dmarcSaid(theirs.raw) == string(res.DMARC.RFC7489.Result)
		if known := knownDifferences[c.name]; known != "" {
			if got != known {
				t.Errorf("%s: %s\nthe page is about: %s", c.name, got, known)
			}
			if row := "| " + c.name + " | " + known + " |"; !strings.Contains(string(page), row) {
				t.Errorf("docs/from-opendkim.md lacks %s", row)
			}
		} else if !refusedAlike || !sameVerdict {
			t.Errorf("%s: %s (%s)", c.name, got, strconv.Quote(res.DMARC.Reason))
		}
		t.Logf("%s: %s", c.name, got)
	}
}
