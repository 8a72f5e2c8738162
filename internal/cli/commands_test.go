package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/evidence"
)

func TestSignAndVerify(t *testing.T) {
	for _, algorithm := range []string{"rsa", "ed25519"} {
		for _, canon := range []string{"relaxed/relaxed", "simple/simple", "relaxed", "simple/relaxed"} {
			t.Run(algorithm+" "+canon, func(t *testing.T) {
				p, key := withKey(t, algorithm)
				signed := p.with(hello).run("dkim", "sign", "--domain", "shop.example", "--selector", "s1", "--key", key,
					"--canonicalization", canon, "--timestamp", "1800000000", "--expires", "2030-01-01T00:00:00Z").want(t, 0)
				if !strings.HasPrefix(signed.out, "DKIM-Signature:") || !strings.HasSuffix(signed.out, hello) {
					t.Fatalf("want the field before the message: %q", signed.out)
				}
				v := p.with(signed.out).run("dkim", "verify", "--json", "--at", "2027-03-01T00:00:00Z").want(t, 0).json(t)
				if got := at(t, v, 0, "result"); got != "pass" {
					t.Fatalf("%v", v)
				}
				want := canon
				if !strings.Contains(canon, "/") {
					want += "/simple" // RFC 6376 section 3.5
				}
				if got := at(t, v, 0, "canonicalization"); got != want {
					t.Errorf("canonicalization %v, want %s", got, want)
				}
				late := p.with(signed.out).run("dkim", "verify", "--json", "--at", "2031-01-01T00:00:00Z").want(t, 0).json(t)
				if got := at(t, late, 0, "result"); got == "pass" {
					t.Error("an expired signature passes")
				}
			})
		}
	}
}

// TestLineEnds: a file with LF is signed, and comes out, as CRLF, and stderr says so.
func TestLineEnds(t *testing.T) {
	p, key := withKey(t, "ed25519")
	r := p.with(strings.ReplaceAll(hello, "\r\n", "\n")).run("dkim", "sign", "--domain", "shop.example", "--selector", "s1", "--key", key).want(t, 0)
	if strings.Contains(strings.ReplaceAll(r.out, "\r\n", ""), "\n") || !strings.Contains(r.err, "CRLF") {
		t.Errorf("out %q, stderr %q", r.out, r.err)
	}
	p.with(strings.ReplaceAll(r.out, "\r\n", "\n"))
	v := p.run("dkim", "verify", "--json").want(t, 0).json(t)
	if at(t, v, 0, "result") != "pass" {
		t.Errorf("%v", v)
	}
}

func TestUnsigned(t *testing.T) {
	p := newProgram(t, shop())
	if r := p.with(hello).run("dkim", "verify", "--json").want(t, 0); strings.TrimSpace(r.out) != "[]" {
		t.Errorf("an unsigned message gives [], not %s", r.out)
	}
	v := p.with(hello).run("arc", "verify", "--json").want(t, 0).json(t)
	if at(t, v, "result") != "none" || at(t, v, "instances") != 0.0 || at(t, v, "oldest_pass") != nil {
		t.Errorf("%v", v)
	}
}

func TestKeygen(t *testing.T) {
	p := newProgram(t, shop())
	file := filepath.Join(t.TempDir(), "k.pem")
	r := p.run("dkim", "keygen", "--domain", "shop.example", "--selector", "s9", "--out", file).want(t, 0)
	rec, err := dns.ParseRR(strings.TrimSpace(r.out))
	if err != nil || rec.Name != "s9._domainkey.shop.example" || !strings.HasPrefix(rec.Data, "v=DKIM1;") {
		t.Errorf("record %q: %v %+v", r.out, err, rec)
	}
	if strings.Contains(r.out+r.err, "PRIVATE") {
		t.Error("the private key is printed")
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	before, _ := os.ReadFile(file)
	p.run("dkim", "keygen", "--out", file).want(t, 2)
	if after, _ := os.ReadFile(file); !bytes.Equal(before, after) {
		t.Error("a key was overwritten")
	}
	if r := p.run("dkim", "keygen", "--algorithm", "ed25519", "--out", "-").want(t, 0); !strings.Contains(r.out, "PRIVATE KEY") || !strings.Contains(r.err, "v=DKIM1") {
		t.Errorf("out %q err %q", r.out, r.err)
	}
	v := p.run("dkim", "keygen", "--json", "--domain", "shop.example", "--selector", "s9", "--out", filepath.Join(t.TempDir(), "k")).want(t, 0).json(t)
	if at(t, v, "dns", 0, "name") != "s9._domainkey.shop.example." || at(t, v, "bits") != 2048.0 {
		t.Errorf("%v", v)
	}
	for _, args := range [][]string{{}, {"--bits", "512", "--out", "x"}, {"--algorithm", "dsa", "--out", "x"}} {
		p.run(append([]string{"dkim", "keygen"}, args...)...).want(t, 2)
	}
}

func TestSeal(t *testing.T) {
	p, key, signed := signedHello(t)
	withResults := "Authentication-Results: mx.lists.example; dkim=pass header.d=shop.example; dmarc=pass header.from=shop.example\r\n" + signed
	seal := []string{"arc", "seal", "--domain", "lists.example", "--selector", "s1", "--key", key, "--authserv-id", "mx.lists.example"}
	one := p.with(withResults).run(seal...).want(t, 0)
	v := p.with(one.out).run("arc", "verify", "--json").want(t, 0).json(t)
	if at(t, v, "result") != "pass" || at(t, v, "instances") != 1.0 || at(t, v, "oldest_pass") != 0.0 {
		t.Fatalf("%v", v)
	}
	if claims, _ := at(t, v, "sets", 0, "claims").(string); !strings.Contains(claims, "dmarc=pass") {
		t.Errorf("the message's own results are not in the set: %q", claims)
	}
	two := p.with(one.out).run(seal...).want(t, 0)
	v = p.with(two.out).run("arc", "verify", "--json").want(t, 0).json(t)
	if at(t, v, "result") != "pass" || at(t, v, "instances") != 2.0 {
		t.Fatalf("%v", v)
	}
	// The story of the changed body: DMARC fails, and the chain could override it.
	changed := strings.Replace(signed, "\r\n\r\nHello", "\r\n\r\nHello, footer", 1)
	passed := "Authentication-Results: mx.lists.example; dmarc=pass header.from=shop.example\r\n" + changed
	relayed := p.with(p.with(passed).run(seal...).want(t, 0).out).run("verify", "--json", "--ip", "198.51.100.9", "--helo", "fwd.example", "--mail-from", "list@lists.example", "-").want(t, 1)
	if !strings.Contains(relayed.out, `"dmarc.fail"`) || !strings.Contains(relayed.out, `"arc.could-override"`) {
		t.Errorf("%s", relayed.out)
	}
	p.with(hello).run("arc", "seal", "--domain", "lists.example", "--selector", "s1", "--key", key).want(t, 2)
	// A chain whose key cannot be fetched is not sealed as broken.
	p.env["TODOKU_RESOLVER"] = "127.0.0.1:1"
	p.env["TODOKU_TIMEOUT"] = "3s"
	if r := p.with(one.out).run(seal...).want(t, 3); r.out != "" {
		t.Error("something was sealed")
	}
	p.with(one.out).run("arc", "verify").want(t, 3)
}

func TestSPF(t *testing.T) {
	p := newProgram(t, shop())
	for _, c := range []struct {
		name    string
		args    []string
		code    int
		result  string
		checked bool
		more    map[string]any
	}{
		{"pass", envelope, 0, "pass", true, map[string]any{"mechanism": "ip4:192.0.2.1", "identity": "mailfrom", "domain": "shop.example"}},
		{"fail is evaluated", []string{"--ip", "192.0.2.2", "--helo", "x", "--mail-from", "a@shop.example"}, 0, "fail", true, map[string]any{"mechanism": "-all"}},
		{"null path", []string{"--ip", "192.0.2.1", "--helo", "shop.example", "--mail-from", ""}, 0, "pass", true, map[string]any{"identity": "helo", "domain": "shop.example"}},
		{"null path in brackets", []string{"--ip", "192.0.2.1", "--helo", "shop.example", "--mail-from", "<>"}, 0, "pass", true, map[string]any{"identity": "helo"}},
		{"no address", []string{"--helo", "x", "--mail-from", "a@shop.example"}, 0, "none", false, map[string]any{"identity": nil, "record": nil}},
		{"no envelope sender", []string{"--ip", "192.0.2.1", "--helo", "shop.example"}, 0, "none", false, nil},
		{"null path without HELO", []string{"--ip", "192.0.2.1", "--mail-from", ""}, 0, "none", false, nil},
		{"no record", []string{"--ip", "192.0.2.1", "--helo", "x", "--mail-from", "a@plain.example"}, 0, "none", true, map[string]any{"record": nil, "mechanism": nil}},
		{"permerror is evaluated", []string{"--ip", "192.0.2.1", "--helo", "x", "--mail-from", "a@self.example"}, 0, "permerror", true, nil},
		{"temperror", []string{"--ip", "192.0.2.1", "--helo", "x", "--mail-from", "a@servfail.example"}, 3, "temperror", true, nil},
		{"what if", []string{"--ip", "198.51.100.7", "--helo", "x", "--mail-from", "a@plain.example", "--what-if", "plain.example. TXT v=spf1 ip4:198.51.100.7 -all"}, 0, "pass", true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := p.run(append([]string{"spf", "--json"}, c.args...)...).want(t, c.code).json(t)
			if at(t, v, "result") != c.result || at(t, v, "checked") != c.checked {
				t.Errorf("%v", v)
			}
			for k, want := range c.more {
				if got := at(t, v, k); got != want {
					t.Errorf("%s is %v, want %v", k, got, want)
				}
			}
			p.run(append([]string{"spf"}, c.args...)...).want(t, c.code)
		})
	}
	for _, args := range [][]string{{"--ip", "1.2.3"}, {"--ip", "fe80::1%eth0"}, {"extra"}, {"--nope"}, {"--what-if", "nonsense"}, {"--resolver", "a:b:c"}, {"--at", "today"}, {"--timeout", "0"}, {"--lang", "fr"}, {"--fail-on", "never"}} {
		p.run(append([]string{"spf"}, args...)...).want(t, 2)
	}
}

func TestDMARC(t *testing.T) {
	p := newProgram(t, shop())
	for _, c := range []struct {
		name string
		args []string
		code int
		want map[string]any
	}{
		{"nothing known", []string{"--from", "news@shop.example"}, 0, map[string]any{"result": "fail", "spf_checked": false, "policy": "reject", "disposition": "reject"}},
		{"aligned SPF", []string{"--from", "shop.example", "--spf", "bounce.shop.example:pass"}, 0, map[string]any{"result": "pass", "spf_checked": true, "spf_aligned": true, "disposition": "none"}},
		{"aligned DKIM", []string{"--from", "Shop <news@shop.example>", "--dkim", "other.example:pass", "--dkim", "shop.example:pass"}, 0, map[string]any{"result": "pass", "dkim_aligned": true}},
		{"unaligned", []string{"--from", "shop.example", "--spf", "amazonses.com:pass", "--dkim", "amazonses.com:pass"}, 0, map[string]any{"result": "fail"}},
		{"test mode", []string{"--from", "quarantine.test"}, 0, map[string]any{"policy": "quarantine", "disposition": "none"}},
		{"no record", []string{"--from", "plain.example"}, 0, map[string]any{"result": "none", "policy": nil, "policy_domain": nil}},
		{"no DNS", []string{"--from", "servfail.example"}, 3, map[string]any{"result": "temperror"}},
		{"no domain", []string{"--from", strings.Repeat("a", 70) + ".example"}, 0, map[string]any{"result": "permerror", "from_domain": nil}},
		{"U-labels", []string{"--from", "日本語.example"}, 0, map[string]any{"from_domain": "xn--wgv71a119e.example"}},
		{"what if", []string{"--from", "plain.example", "--what-if", `_dmarc.plain.example. TXT "v=DMARC1; p=none"`}, 0, map[string]any{"result": "fail", "policy": "none"}},
		{"what if, type first", []string{"--from", "plain.example", "--what-if", `TXT _dmarc.plain.example "v=DMARC1; p=none"`}, 0, map[string]any{"result": "fail", "policy": "none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := p.run(append([]string{"dmarc", "--json"}, c.args...)...).want(t, c.code).json(t)
			for k, want := range c.want {
				if got := at(t, v, k); got != want {
					t.Errorf("%s is %v, want %v", k, got, want)
				}
			}
			p.run(append([]string{"dmarc"}, c.args...)...).want(t, c.code)
		})
	}
	for _, args := range [][]string{{}, {"--from", "a.example", "--spf", "a.example"}, {"--from", "a.example", "--dkim", "a.example:maybe"}, {"--from", "a.example", "b"}} {
		p.run(append([]string{"dmarc"}, args...)...).want(t, 2)
	}
}

func TestVerify(t *testing.T) {
	p, _, signed := signedHello(t)
	good := write(t, "good.eml", signed)
	bad := write(t, "bad.eml", strings.Replace(signed, "\r\n\r\nHello", "\r\n\r\nHallo", 1))
	forwarded := []string{"--ip", "198.51.100.9", "--helo", "fwd.example", "--mail-from", "news@shop.example"}

	v := p.run(append([]string{"verify", "--json", good}, envelope...)...).want(t, 0).json(t)
	for _, c := range []struct {
		want any
		path []any
	}{
		{good, []any{"file"}}, {"pass", []any{"iprev", "result"}}, {"pass", []any{"spf", "result"}}, {"pass", []any{"dkim", 0, "result"}},
		{"none", []any{"arc", "result"}}, {"pass", []any{"dmarc", "result"}}, {100.0, []any{"score", "value"}}, {"gmail", []any{"scorecards", 0, "provider"}}, {256.0, []any{"dkim", 0, "key_bits"}},
	} {
		if got := at(t, v, c.path...); got != c.want {
			t.Errorf("%v is %v, want %v", c.path, got, c.want)
		}
	}
	for _, f := range at(t, v, "findings").([]any) {
		if s := at(t, f, "status"); s != "pass" && s != "info" {
			t.Errorf("a healthy message has %v", f)
		}
	}

	// A changed body: SPF still carries DMARC, the broken signature is a fail.
	v = p.run(append([]string{"verify", "--json", bad}, envelope...)...).want(t, 1).json(t)
	if at(t, v, "dkim", 0, "result") != "fail" || at(t, v, "findings", 0, "id") != "dkim.body-hash-mismatch" {
		t.Errorf("%v", v)
	}
	// Forwarded: SPF fails and DKIM carries it. That is a warning, no fail.
	p.run(append([]string{"verify", good}, forwarded...)...).want(t, 0)
	p.run(append([]string{"verify", "--fail-on", "warn", good}, forwarded...)...).want(t, 1)
	// Without an envelope nothing is failed for it.
	v = p.run("verify", "--json", good).want(t, 0).json(t)
	if at(t, v, "spf", "checked") != false || at(t, v, "dmarc", "spf_checked") != false || at(t, v, "dmarc", "result") != "pass" {
		t.Errorf("%v", v)
	}
	p.run("verify", "--fail-on", "unknown", good).want(t, 1)

	for _, args := range [][]string{{}, {good, "--jobs", "0"}, {good, "--ip", "x"}, {"--replay", good, good}} {
		p.run(append([]string{"verify"}, args...)...).want(t, 2)
	}
	if r := p.run("verify", filepath.Join(t.TempDir(), "missing.eml")).want(t, 3); !strings.Contains(r.err, "missing.eml") {
		t.Errorf("stderr %q", r.err)
	}
	v = p.run("verify", "--json", "/nonexistent/x.eml").want(t, 3).json(t)
	if at(t, v, "file") != "/nonexistent/x.eml" || at(t, v, "spf") != nil || len(at(t, v, "findings").([]any)) != 0 || at(t, v, "error") == "" {
		t.Errorf("%v", v)
	}
	// Findings outweigh what could not be read.
	p.run(append([]string{"verify", bad, "/nonexistent/x.eml"}, envelope...)...).want(t, 1)
	p.run(append([]string{"verify", good, "/nonexistent/x.eml"}, envelope...)...).want(t, 3)
	// The language of the findings.
	if r := p.run(append([]string{"verify", "--lang", "ja", bad}, envelope...)...).want(t, 1); !strings.Contains(r.out, "本文が変更されています") {
		t.Errorf("%s", r.out)
	}
}

// TestNoDNS: nothing can be looked up; that is 3, and says so in the JSON.
func TestNoDNS(t *testing.T) {
	p, _, signed := signedHello(t)
	p.env["TODOKU_RESOLVER"] = "127.0.0.1:1"
	r := p.with(signed).run(append([]string{"verify", "--json", "--timeout", "3", "-"}, envelope...)...).want(t, 3)
	v := r.json(t)
	if at(t, v, "dmarc", "result") != "temperror" || at(t, v, "spf", "result") != "temperror" || at(t, v, "dkim", 0, "result") != "temperror" {
		t.Errorf("%v", v)
	}
	for _, f := range at(t, v, "findings").([]any) {
		if s := at(t, f, "status"); s == "fail" {
			t.Errorf("what could not be seen is never a fail: %v", f)
		}
	}
}

// TestSlowServer: --timeout bounds a target.
func TestSlowServer(t *testing.T) {
	silent := dnstest.NewZone(t, shop(), dnstest.Drop(func(dnstest.Query) bool { return true }))
	p := &program{t: t, env: map[string]string{}, ctx: t.Context()}
	start := time.Now()
	p.run(append([]string{"spf", "--resolver", silent.Addr(), "--timeout", "600ms"}, envelope...)...).want(t, 3)
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestReplay(t *testing.T) {
	p, _, signed := signedHello(t)
	file := write(t, "m.eml", signed)
	live := p.run(append([]string{"verify", "--json", file}, envelope...)...).want(t, 0).json(t)
	session, _ := (&envelopeFlags{ip: "192.0.2.1", helo: "mx.shop.example", mailFrom: "news@shop.example"}).session(&app{}, (&app{}).command("verify", nil))
	session.HasMailFrom = true
	var bundle bytes.Buffer
	if err := evidence.Encode(&bundle, bundleOf(t, p, signed, session)); err != nil {
		t.Fatal(err)
	}
	path := write(t, "b.json", bundle.String())
	p.env["TODOKU_RESOLVER"] = "127.0.0.1:1" // offline
	again := p.run("verify", "--json", "--replay", path).want(t, 0).json(t)
	for _, k := range []string{"spf", "dkim", "dmarc", "iprev", "arc", "findings"} {
		a, _ := json.Marshal(at(t, live, k))
		b, _ := json.Marshal(at(t, again, k))
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs:\n%s\n%s", k, a, b)
		}
	}
	v := p.run("verify", "--json", "--replay", path, "--what-if", "shop.example. TXT v=spf1 -all").want(t, 0).json(t)
	if at(t, v, "spf", "result") != "fail" {
		t.Errorf("%v", at(t, v, "spf"))
	}
	p.run("verify", "--replay", write(t, "x.json", "{}")).want(t, 3)
	p.run("verify", "--replay", path, "--ip", "192.0.2.1").want(t, 2)
}

func TestInterrupt(t *testing.T) {
	p, _, signed := signedHello(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p.ctx = ctx
	if r := p.run("verify", write(t, "m.eml", signed)).want(t, 3); !strings.Contains(r.err, "interrupted") {
		t.Errorf("%q", r.err)
	}
}

func TestVersionAndCompletion(t *testing.T) {
	p := newProgram(t, shop())
	if r := p.run("version").want(t, 0); !strings.HasPrefix(r.out, "todoku ") {
		t.Errorf("%q", r.out)
	}
	p.run("version", "--json").want(t, 0).json(t)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if r := p.run("completion", shell).want(t, 0); !strings.Contains(r.out, "todoku") {
			t.Errorf("%s: %q", shell, r.out)
		}
	}
	p.run("completion", "csh").want(t, 2)
	p.run("nonsense").want(t, 2)
	p.run("dkim").want(t, 2)
	p.run("dkim", "nonsense").want(t, 2)
	p.run("help", "nonsense").want(t, 2)
	p.run().want(t, 0)
	p.run("help", "dkim", "sign").want(t, 0)
}

// --from is read as a From field is: several different domains, or a value without
// one meaning, are permerror; names that the DNS allows and IDNA does not stay as they are.
func TestDMARCFromAsInAMessage(t *testing.T) {
	p := newProgram(t, shop())
	for from, want := range map[string]any{
		"a@example.com, b@example.net":       nil,
		"a@b@c":                              nil,
		"exa mple.com":                       nil,
		"Jane <j@mail.shop.example>":         "mail.shop.example",
		"a@shop.example, B <b@shop.example>": "shop.example",
		"r3---sn.shop.example":               "r3---sn.shop.example",
		"xn--zzzzzz--.shop.example":          "xn--zzzzzz--.shop.example",
		"BÜRO.shop.example.":                 "xn--bro-hoa.shop.example",
	} {
		out := p.run("dmarc", "--json", "--from", from).want(t, 0).json(t)
		if got := at(t, out, "from_domain"); got != want {
			t.Errorf("--from %q: from_domain %v, want %v", from, got, want)
		}
		if result := at(t, out, "result"); (result == "permerror") != (want == nil) {
			t.Errorf("--from %q: result %v", from, result)
		}
	}
}
