package e2e

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	labDomain = "lab.todoku.example"
	// insideLab tells this test, in the environment, that it runs inside the namespace.
	insideLab = "TODOKU_LAB_INSIDE"
	// binaryEnv names the program that was built already.
	binaryEnv = "TODOKU_E2E_BINARY"

	labResolver, labServer, labPolicy, labAuthority = "127.0.0.53", "127.0.2.53", "127.0.2.40", "lab-ca.pem"
)

// labAddresses are those of the lab: eight of IPv4, one of IPv6.
var labAddresses = []string{"--lab-domain", labDomain, "--lab-listen", "127.0.2.0/28", "--lab-listen", "fd00:25::11", "--lab-policy", labPolicy}

// labCase is a real Postfix, and what the matrix must say of it.
type labCase struct {
	name, main string
	profile    [3]string
	want       map[string]string // where it differs from usualMatrix
}

// usualMatrix is what every Postfix does at receivers that are not about TLS.
var usualMatrix = map[string]string{
	"plain": "good plain-delivered", "greylist": "good greylist-passed", "deferring": "good deferring-passed",
	"reject-rcpt": "good refusal-heeded", "reject-data": "good refusal-heeded", "slow": "good waited", "bare": "good bare-delivered",
	"size": "good size-heeded", "ipv4": "good ipv4-delivered", "ipv6": "good ipv6-delivered", "backup-mx": "good backup-used", "null-mx": "good null-heeded",
}

// encryptedMatrix is what one does that encrypts where it can.
var encryptedMatrix = map[string]string{
	"good": "good encrypted", "tls12": "good encrypted", "expired": "fine unverified", "mismatch": "fine unverified",
	"sts-good": "good encrypted", "sts-bad": "worse sts-ignored", "dane-good": "good encrypted", "dane-bad": "worse dane-ignored",
}

func labCases(dir string, match map[string]string) []labCase {
	return []labCase{
		{"default", "", [3]string{"none", "no", "no"}, map[string]string{
			"good": "worse clear", "tls12": "worse clear", "expired": "worse clear", "mismatch": "worse clear",
			"sts-good": "worse clear", "sts-bad": "worse sts-ignored", "dane-good": "worse clear", "dane-bad": "worse dane-ignored",
		}},
		{"may", "smtp_tls_security_level = may\n", [3]string{"opportunistic", "no", "no"}, encryptedMatrix},
		{"dane", "smtp_dns_support_level = dnssec\nsmtp_tls_security_level = dane\n", [3]string{"opportunistic", "no", "yes"}, with(encryptedMatrix, "dane-bad", "good dane-refused")},
		{"mta-sts", "smtp_tls_security_level = may\nsmtp_tls_CAfile = " + dir + "/" + labAuthority + "\nsmtp_tls_policy_maps = inline:{ " +
			fmt.Sprintf("{sts-good.%[1]s = secure match=%[2]s servername=hostname} {sts-bad.%[1]s = secure match=%[3]s servername=hostname} }\n", labDomain, match["sts-good"], match["sts-bad"]),
			[3]string{"opportunistic", "yes", "no"}, with(encryptedMatrix, "sts-bad", "good sts-refused")},
	}
}

func with(m map[string]string, key, value string) map[string]string {
	out := map[string]string{key: value}
	for k, v := range m {
		if k != key {
			out[k] = v
		}
	}
	return out
}

// TestOutboundLab has a real Postfix, in several configurations, send to the lab: in a network
// namespace, on port 25, with a zone that ldns signs, nsd serves and unbound validates.
func TestOutboundLab(t *testing.T) {
	if os.Getenv(insideLab) != "" {
		outboundLab(t)
		return
	}
	need(t, "unshare", "ip", "mount", "/usr/sbin/postfix", "/usr/sbin/nsd", "/usr/sbin/unbound", "ldns-signzone", "ldns-keygen")
	if out, err := exec.Command("unshare", "--net", "--mount", "--pid", "--mount-proc", "--fork", "true").CombinedOutput(); err != nil {
		lack(t, "no namespaces: %v %s", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	// With the namespace of processes whatever was started ends, however the test does.
	inner := exec.CommandContext(ctx, "unshare", "--net", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child", os.Args[0], "-test.run=^TestOutboundLab$", "-test.v", "-test.timeout=3m")
	inner.Env = append(os.Environ(), insideLab+"=1", binaryEnv+"="+binary)
	out, err := inner.CombinedOutput()
	if err != nil {
		t.Fatalf("inside the namespace: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "--- PASS: TestOutboundLab/mta-sts") {
		t.Errorf("inside the namespace nothing was tested:\n%s", out)
	}
}

// outboundLab is the test inside the namespace.
func outboundLab(t *testing.T) {
	dir := t.TempDir()
	labNetwork(t, dir)
	labDNS(t, dir)
	args := append([]string{"--resolver", labResolver + ":53", "--no-blocklists", "--lab-dir", dir, "--lab-greylist", "6s", "--lab-slow", "2s"}, labAddresses...)
	n := serve(t, args...)
	cases := labCases(dir, labPolicies(t, dir))
	var runs []string
	for i, c := range cases {
		p := runPostfixWith(t, fmt.Sprintf(labMain, i+1, i+1)+c.main, "discard unix - - n - - discard\n")
		runs = append(runs, n.labSend(t, p))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 110*time.Second)
	defer cancel()
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) { n.labJudge(t, ctx, c, runs[i]) })
	}
}

// labMain is what all cases share: each sends from addresses of its own, and retries soon.
const labMain = `inet_interfaces = 127.0.0.1
inet_protocols = all
smtp_bind_address = 127.0.1.%d
smtp_bind_address6 = fd00:25::10%d
smtp_dns_support_level = enabled
minimal_backoff_time = 2s
maximal_backoff_time = 3s
queue_run_delay = 1s
transport_maps = inline:{ {sender.example = discard:} }
`

func labNetwork(t *testing.T, dir string) {
	t.Helper()
	resolv := filepath.Join(dir, "resolv.conf")
	write(t, resolv, "nameserver "+labResolver+"\n")
	commands := [][]string{{"ip", "link", "set", "lo", "up"}, {"mount", "--bind", resolv, "/etc/resolv.conf"}}
	for _, a := range []string{"11", "101", "102", "103", "104"} {
		commands = append(commands, []string{"ip", "-6", "addr", "add", "fd00:25::" + a + "/128", "dev", "lo", "nodad"})
	}
	for _, c := range commands {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v %s", c, err, out)
		}
	}
}

// labDNS prints the lab's zone, signs it, serves it and validates it.
func labDNS(t *testing.T, dir string) {
	t.Helper()
	run := func(in string, name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Env = in, append(os.Environ(), "LANG=C.UTF-8")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, stderr.String())
		}
		return strings.TrimSpace(string(out))
	}
	zone := filepath.Join(dir, "zone")
	write(t, zone, run(dir, binary, append([]string{"lab", "zone", "--lab-dir", dir}, labAddresses...)...)+"\n")
	key := run(dir, "ldns-keygen", "-k", "-a", "ECDSAP256SHA256", labDomain)
	run(dir, "ldns-signzone", "-n", "-o", labDomain, "-f", "zone.signed", "zone", key)
	write(t, filepath.Join(dir, "nsd.conf"), nsdServer(dir, labServer)+fmt.Sprintf(`remote-control:
  control-enable: no
zone:
  name: "%s"
  zonefile: "zone.signed"
`, labDomain))
	write(t, filepath.Join(dir, "unbound.conf"), unboundServer(dir, labResolver, "validator iterator")+fmt.Sprintf(`  trust-anchor-file: "%s/%s.ds"
  local-zone: "sender.example." static
stub-zone:
  name: "%s"
  stub-addr: %s
remote-control:
  control-enable: no
`, dir, key, labDomain, labServer))
	background(t, filepath.Join(dir, "nsd.log"), "/usr/sbin/nsd", "-d", "-c", filepath.Join(dir, "nsd.conf"))
	background(t, filepath.Join(dir, "unbound.log"), "/usr/sbin/unbound", "-d", "-c", filepath.Join(dir, "unbound.conf"))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	poll(t, ctx, "the zone to be served", func() bool {
		list, err := net.DefaultResolver.LookupMX(ctx, "good."+labDomain)
		return err == nil && len(list) == 1
	}, func() string {
		log, _ := os.ReadFile(filepath.Join(dir, "unbound.log"))
		return string(log)
	})
}

// labPolicies fetches the MTA-STS policies as a program beside Postfix does, and gives what
// their "mx" says.
func labPolicies(t *testing.T, dir string) map[string]string {
	t.Helper()
	authority, err := os.ReadFile(filepath.Join(dir, labAuthority))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	out := map[string]string{}
	for _, name := range []string{"sts-good", "sts-bad"} {
		resp, err := client.Get("https://mta-sts." + name + "." + labDomain + "/.well-known/mta-sts.txt")
		if err != nil {
			t.Fatal(err)
		}
		for s := bufio.NewScanner(resp.Body); s.Scan(); {
			if mx, ok := strings.CutPrefix(s.Text(), "mx: "); ok {
				out[name] = mx
			}
		}
		resp.Body.Close()
		if out[name] == "" {
			t.Fatalf("the policy of %s names no MX", name)
		}
	}
	return out
}

// labMatrix is the part of a run's JSON that is looked at.
type labMatrix struct {
	Profile   struct{ TLS, MTASTS, DANE string }
	Receivers []struct {
		Receiver, Address, Verdict, Reason string
		Args                               map[string]string
		Attempts                           []json.RawMessage
	}
}

func (n *node) labMatrix(t *testing.T, token string) (m labMatrix) {
	t.Helper()
	text := strings.ReplaceAll(n.get(t, "/lab/"+token+".json", http.StatusOK), `"mta_sts"`, `"mtasts"`)
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// labBegin makes a run.
func (n *node) labBegin(t *testing.T) string {
	t.Helper()
	resp, err := http.PostForm("http://"+n.http+"/lab", url.Values{})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	token, ok := strings.CutPrefix(resp.Request.URL.Path, "/lab/")
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK || !ok {
		t.Fatalf("no run of the lab: %s\n%.1000s", resp.Status, body)
	}
	return token
}

// labSend makes a run and sends one message to all its addresses.
func (n *node) labSend(t *testing.T, p *postfix) (token string) {
	t.Helper()
	token = n.labBegin(t)
	var to []string
	for _, r := range n.labMatrix(t, token).Receivers {
		to = append(to, r.Address)
	}
	if len(to) < 16 {
		t.Fatalf("only %d receivers", len(to))
	}
	p.send(t, "me@sender.example", to[0], fmt.Sprintf(letter, "lab@"+labDomain, time.Now().UnixNano()), to[1:]...)
	return token
}

// labJudge waits until the whole matrix is as it must be.
func (n *node) labJudge(t *testing.T, ctx context.Context, c labCase, token string) {
	t.Helper()
	var m labMatrix
	wrong := func() (out []string) {
		m = n.labMatrix(t, token)
		for _, r := range m.Receivers {
			want := c.want[r.Receiver]
			if want == "" {
				want = usualMatrix[r.Receiver]
			}
			if got := r.Verdict + " " + r.Reason; got != want {
				out = append(out, fmt.Sprintf("%s: %s %v, want %s\n%s", r.Receiver, got, r.Args, want, r.Attempts))
			}
		}
		if got := [3]string{m.Profile.TLS, m.Profile.MTASTS, m.Profile.DANE}; got != c.profile {
			out = append(out, fmt.Sprintf("the profile is %q, want %q", got, c.profile))
		}
		return out
	}
	poll(t, ctx, "the matrix", func() bool { return len(wrong()) == 0 }, func() string { return strings.Join(wrong(), "\n") + "\n" + n.log.String() })
	for _, r := range m.Receivers {
		if r.Receiver == "deferring" && (len(r.Attempts) != 4 || r.Args["Tries"] != "4") {
			t.Errorf("the curve of what was put off three times has %d points", len(r.Attempts))
		}
	}
	page := n.get(t, "/lab/"+token, http.StatusOK)
	if !strings.Contains(page, `<svg class="curve"`) || strings.Contains(page, "not seen yet") {
		t.Errorf("the page of the run lacks the curve, or shows less than the matrix\n%.3000s", page)
	}
}

// TestBrowserLab begins a run by keyboard, and sees what comes without reloading the page.
func TestBrowserLab(t *testing.T) {
	for _, w := range []struct{ lang, html, before, after string }{
		{"en-US", "en", "Nothing was delivered yet.", "Delivered in clear text"}, {"ja-JP", "ja", "まだ何も届いていません。", "平文で配送されました"},
	} {
		t.Run(w.lang, func(t *testing.T) {
			at := freePort(t)
			n := serve(t, "--resolver", senderZone(t).Addr(), "--lab-domain", labDomain, "--lab-listen", at)
			ctx := browser(t, w.lang)
			var path, body string
			if err := chromedp.Run(ctx,
				chromedp.Navigate("http://"+n.http+"/lab"), shown(t, "main form"),
				chromedp.Focus("main form button"), chromedp.KeyEvent(kb.Enter),
				onPage(t, "/lab/", "#matrix-h"), chromedp.Evaluate("location.pathname", &path), textOf(t, "main", &body),
				chromedp.Evaluate("document.activeElement.blur(); window.stays = true", nil),
			); err != nil {
				t.Fatal(err)
			}
			run := strings.TrimPrefix(path, "/lab/")
			if !strings.Contains(body, w.before) || !strings.Contains(body, run+"@reject-data."+labDomain) {
				t.Errorf("a new run shows\n%.2000s", body)
			}
			message := strings.ReplaceAll(fmt.Sprintf(letter, "lab", 1), "\n", "\r\n")
			if err := sendPlain(at, "me@sender.example", run+"@good."+labDomain, message); err != nil {
				t.Fatal(err)
			}
			_ = sendPlain(at, "me@sender.example", run+"@deferring."+labDomain, message)
			if err := chromedp.Run(ctx, onPage(t, "/lab/", "svg.curve"), textOf(t, "main", &body)); err != nil {
				t.Fatal(err)
			}
			var stays bool
			if err := chromedp.Run(ctx, chromedp.Evaluate("window.stays === true", &stays)); err != nil || !stays || !strings.Contains(body, w.after) {
				t.Errorf("the page was loaded anew: %v, or shows not what came (%v)\n%.2000s", !stays, err, body)
			}
			shot(t, ctx, "lab-"+w.html)
		})
	}
}
