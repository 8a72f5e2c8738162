package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
)

// replying is a program that answers by mail, signed with both kinds of key, and a Postfix
// that sends to it and receives from it.
type replying struct {
	*node
	zone    *dnstest.Server
	records map[string]string // of the keys
	postfix *postfix
	mail    string // the Maildir of me@sender.example
	smtp    string // where Postfix receives
}

// startReplying has Postfix deliver mail for sender.example to a Maildir, but for what transports says.
func startReplying(t *testing.T, transports, master string) *replying {
	t.Helper()
	r := &replying{records: map[string]string{}, smtp: freePort(t)}
	args := []string{"--no-blocklists", "--smart-host", r.smtp, "--smart-host-tls", "none"}
	zone := dns.Zone{
		"sender.example":         {"TXT v=spf1 ip4:127.0.0.1 -all", "MX 10 mail.sender.example"},
		"mail.sender.example":    {"A 127.0.0.1"},
		"_dmarc.sender.example":  {"TXT v=DMARC1; p=reject"},
		"1.0.0.127.in-addr.arpa": {"PTR mail.sender.example"},
	}
	keys := t.TempDir()
	for _, algorithm := range []string{"rsa", "ed25519"} {
		key, err := dkim.GenerateKey(algorithm, 2048)
		if err != nil {
			t.Fatal(err)
		}
		pem, err := dkim.MarshalPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		record, err := dkim.RecordFor(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(keys, algorithm)
		if err := os.WriteFile(file, pem, 0o600); err != nil {
			t.Fatal(err)
		}
		name := algorithm + "._domainkey.inbox.test.example"
		r.records[name], zone[name] = record, []string{"TXT " + record}
		args = append(args, "--dkim-key", file, "--dkim-selector", algorithm)
	}
	r.zone = dnstest.New(t, dns.MustMemory(zone))
	r.node = serve(t, append(args, "--resolver", r.zone.Addr())...)

	base, err := os.MkdirTemp("", "todoku-maildir-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	if err := os.Chmod(base, 0o777); err != nil {
		t.Fatal(err)
	}
	r.mail = filepath.Join(base, "me")
	host, port, _ := net.SplitHostPort(r.node.smtp)
	r.postfix = runPostfix(t, `transport_maps = inline:{ `+transports+` {inbox.test.example = smtp:[`+host+`]:`+port+`} }
virtual_mailbox_domains = sender.example
virtual_mailbox_base = `+base+`
virtual_mailbox_maps = static:me/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_relay_restrictions = permit_mynetworks, reject
mynetworks = 127.0.0.0/8
`, r.smtp+` inet n - n - - smtpd
virtual unix - n n - - virtual
`+master)
	return r
}

// next waits for one mail in the Maildir, takes it out and gives its file, with CRLF.
func (r *replying) next(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	var found string
	poll(t, ctx, "the answer", func() bool {
		list, _ := filepath.Glob(filepath.Join(r.mail, "new", "*"))
		if len(list) > 0 {
			found = list[0]
		}
		return found != ""
	}, func() string { return r.log.String() })
	raw, err := os.ReadFile(found)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(found); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "answer.eml")
	if err := os.WriteFile(file, bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const dkimpyVerify = `
import sys
try:
    import dkim, nacl
except ImportError:
    sys.exit(3)
records = dict(a.split("\t") for a in sys.argv[2:])
message = open(sys.argv[1], "rb").read()
txt = lambda name, timeout=5: records.get((name.decode() if isinstance(name, bytes) else name).rstrip("."), "").encode()
print([dkim.DKIM(message).verify(idx=i, dnsfunc=txt) for i in range(2)])
`

func (r *replying) passes(t *testing.T, file string) {
	t.Helper()
	passes(t, r.zone.Addr(), r.records, file)
}

// passes has both signatures of a mail verified by our own engine, dkimpy and OpenDKIM. records are the keys,
// by name.
func passes(t *testing.T, resolver string, records map[string]string, file string) {
	t.Helper()
	out, err := exec.Command(binary, "dkim", "verify", "--json", "--resolver", resolver, file).CombinedOutput()
	if err != nil || strings.Count(string(out), `"result":"pass"`) != 2 {
		t.Errorf("our own engine: %v\n%s", err, out)
	}
	arguments := []string{"-c", dkimpyVerify, file}
	var data strings.Builder
	for name, record := range records {
		arguments = append(arguments, name+"\t"+record)
		fmt.Fprintf(&data, "%s %s\n", name, record)
	}
	ran := false
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		cmd := exec.Command(python, arguments...)
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 3 {
			continue
		}
		ran = true
		if err != nil || strings.TrimSpace(string(out)) != "[True, True]" {
			t.Errorf("dkimpy: %v\n%s", err, out)
		}
		break
	}
	if !ran && os.Getenv("CI") == "true" {
		t.Error("dkimpy is not installed")
	}
	conf, names := filepath.Join(t.TempDir(), "conf"), filepath.Join(t.TempDir(), "dns")
	write(t, names, data.String())
	write(t, conf, "Syslog no\nRequireSafeKeys no\nMode v\nTestDNSData file:"+names+"\n")
	out, err = exec.Command("/usr/sbin/opendkim", "-x", conf, "-v", "-t", file).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "succeeded") || strings.Contains(string(out), "failed") {
		t.Errorf("OpenDKIM: %v\n%s", err, out)
	}
}

func readMail(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(raw), "\r\n", "\n")
}

// TestPostfixGetsAReply: mail to check-auth@ through a real Postfix comes back as a report, in both languages.
func TestPostfixGetsAReply(t *testing.T) {
	need(t, "/usr/sbin/postfix", "/usr/sbin/opendkim")
	r := startReplying(t, "", "")
	const to = "check-auth@inbox.test.example"
	r.postfix.send(t, "me@sender.example", to, "From: Me <me@sender.example>\nTo: "+to+"\nSubject: how is it\nMessage-ID: <q1@sender.example>\nDate: Thu, 26 Nov 2026 12:00:00 +0900\n\nHello.\n")
	file := r.next(t)
	for _, want := range []string{
		"Return-Path: <>\n", "From: Todoku <check-auth-report@inbox.test.example>\n", "To: <me@sender.example>\n", "Subject: Re: how is it\n", "In-Reply-To: <q1@sender.example>\n",
		"Auto-Submitted: auto-replied\n", "\nSPF check:          pass (sender.example)\n", "\nSource IP:          127.0.0.1\n", "Content-Type: text/html", "\nHELO hostname:      mail.sender.example\n",
	} {
		if mail := readMail(t, file); !strings.Contains(mail, want) {
			t.Errorf("the answer lacks %q\n%s", want, mail)
		}
	}
	r.passes(t, file)

	r.postfix.send(t, "me@sender.example", to, "From: Me <me@sender.example>\nTo: "+to+"\nSubject: =?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=\nMessage-ID: <q2@sender.example>\nDate: Thu, 26 Nov 2026 12:00:00 +0900\n\nHello.\n")
	file = r.next(t)
	for _, want := range []string{"Subject: Re: =?iso-2022-jp?", "Content-Language: ja\n", "In-Reply-To: <q2@sender.example>\n"} {
		want = strings.Replace(want, "Re: =?iso-2022-jp?", "=?utf-8?b?UmU6IOODhuOCueODiA==?=", 1)
		if mail := readMail(t, file); !strings.Contains(mail, want) {
			t.Errorf("the answer lacks %q\n%s", want, mail)
		}
	}
	r.passes(t, file)

	// A sender whom nothing proves gets no mail, but the link in the reply to DATA.
	out, err := exec.Command("swaks", "--server", r.node.smtp, "--ehlo", "mail.sender.example", "--from", "me@nobody.example", "--to", to).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "; report: http://"+r.http+"/r/") {
		t.Errorf("swaks: %v\n%s", err, out)
	}
}

// TestReplyLoop: another autoresponder that knows no rule answers the report, to its sender
// and to where its own mail went. One report is all that it gets.
func TestReplyLoop(t *testing.T) {
	need(t, "/usr/sbin/postfix", "swaks")
	folder, err := os.MkdirTemp("", "todoku-auto-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(folder, "answer")
	r := startReplying(t, "{auto@sender.example = auto:}", "auto unix - n n - - pipe flags=q user=nobody argv="+script+"\n")
	write(t, script, `#!/bin/sh
cat > `+folder+`/last
echo answered >> `+folder+`/count
from=$(sed -n 's/^From:.*<\(.*\)>.*/\1/p' `+folder+`/last | head -n 1)
id=$(sed -n 's/^Message-ID: *//p' `+folder+`/last | head -n 1)
for to in "$from" check-auth@inbox.test.example; do
	swaks --server `+r.smtp+` --ehlo mail.sender.example --from auto@sender.example --to "$to" --header "Subject: Re: I am away" --header "In-Reply-To: $id" > /dev/null || exit 75
done
`)
	if err := os.Chmod(script, 0o755); err != nil {
		t.Fatal(err)
	}
	const to = "check-auth@inbox.test.example"
	r.postfix.send(t, "auto@sender.example", to, "From: auto@sender.example\nTo: "+to+"\nSubject: first\nMessage-ID: <1@sender.example>\n\nHello.\n")
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	// Both answers came, and neither was answered.
	poll(t, ctx, "the answers of the autoresponder", func() bool {
		log := r.log.String()
		return strings.Contains(log, "why_not=not-asked") && strings.Contains(log, "why_not=loop")
	}, func() string { return r.log.String() })
	if n := strings.Count(r.log.String(), "answered=true"); n != 1 {
		t.Errorf("%d reports\n%s", n, r.log)
	}
	if count, err := os.ReadFile(filepath.Join(folder, "count")); err != nil || strings.Count(string(count), "\n") != 1 {
		t.Errorf("the autoresponder answered %q times, %v", count, err)
	}
}
