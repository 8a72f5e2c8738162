package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
)

// TestPostfixHandsOver has a real Postfix take mail from a host elsewhere (played with
// XCLIENT) and hand it over in both ways: by LMTP with XFORWARD, and through a pipe. SPF
// is judged for that host, not for Postfix.
func TestPostfixHandsOver(t *testing.T) {
	need(t, "/usr/sbin/postfix", "swaks")
	zone := dnstest.New(t, dns.MustMemory(dns.Zone{
		"sender.example": {"TXT v=spf1 ip4:192.0.2.44 -all"}, "_dmarc.sender.example": {"TXT v=DMARC1; p=reject"},
		"mail.sender.example": {"A 192.0.2.44"}, "44.2.0.192.in-addr.arpa": {"PTR mail.sender.example"},
	}))
	if err := os.Chmod(filepath.Dir(binary), 0o755); err != nil { // the pipe runs as nobody
		t.Fatal(err)
	}
	lmtp := freePort(t)
	n := serve(t, "--resolver", zone.Addr(), "--lmtp", lmtp, "--no-blocklists")
	for way, transport := range map[string]string{"lmtp": "lmtp:inet:" + lmtp, "pipe": "todoku:"} {
		t.Run(way, func(t *testing.T) {
			smtp := freePort(t)
			runPostfix(t, `relay_domains = inbox.test.example
transport_maps = inline:{ {inbox.test.example = `+transport+`} }
lmtp_send_xforward_command = yes
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_relay_restrictions = reject_unauth_destination
todoku_destination_recipient_limit = 1
`, smtp+` inet n - n - - smtpd
lmtp unix - - n - - lmtp
todoku unix - n n - - pipe flags=q user=nobody argv=`+binary+` receive --server `+lmtp+` --ip ${client_address} --helo ${client_helo} -f ${sender} -- ${recipient}
`)
			token := n.newToken(t)
			host, port, _ := strings.Cut(smtp, ":")
			out, err := exec.Command("swaks", "--server", host, "--port", port, "--xclient", "ADDR=192.0.2.44 HELO=mail.sender.example NAME=[UNAVAILABLE]", "--xclient-optional",
				"--ehlo", "mail.sender.example", "--from", "me@sender.example", "--to", token+"@inbox.test.example", "--header", "Subject: handed over").CombinedOutput()
			if err != nil || !strings.Contains(string(out), "XCLIENT ADDR=192.0.2.44") {
				t.Fatalf("swaks: %v\n%s", err, out)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
			defer cancel()
			_, id := n.events(t, ctx, token, "verified")
			if v := n.verdict(t, id); v.SPF.Result != "pass" || v.DMARC.Result != "pass" {
				t.Errorf("spf %q, dmarc %q, want pass", v.SPF.Result, v.DMARC.Result)
			}
			var bundle struct {
				Source  string
				Session struct {
					RemoteIP string `json:"remote_ip"`
					HELO     string
					Observed bool
				}
			}
			if err := json.Unmarshal([]byte(n.get(t, "/r/"+id+".bundle.json", http.StatusOK)), &bundle); err != nil {
				t.Fatal(err)
			}
			if s := bundle.Session; bundle.Source != "lmtp" || s.RemoteIP != "192.0.2.44" || s.HELO != "mail.sender.example" || s.Observed {
				t.Errorf("%+v", bundle)
			}
			if page := n.get(t, "/r/"+id, http.StatusOK); !strings.Contains(page, "A mail server handed this message over") {
				t.Error("the report does not say how the message came")
			}
		})
	}
	// What the pipe tells Postfix of an address that is not there.
	cmd := exec.Command(binary, "receive", "--server", lmtp, "-f", "me@sender.example", "--", "nobody@inbox.test.example")
	cmd.Stdin = strings.NewReader("Subject: x\n\nx\n")
	if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 67 {
		t.Errorf("%v: %s", err, out)
	}
}
