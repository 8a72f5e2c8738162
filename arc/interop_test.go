package arc_test

import (
	"bufio"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
)

// dkimpy is one Python process that signs and verifies.
type dkimpy struct {
	in  *json.Encoder
	out *bufio.Reader
}

// startDkimpy skips the test by name where dkimpy is missing; with CI=true that fails.
func startDkimpy(t *testing.T) *dkimpy {
	t.Helper()
	python := ""
	// The Debian package is for the system's Python, which need not be the first one.
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import dkim; dkim.arc_verify").Run() == nil {
			python = name
			break
		}
	}
	if python == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("dkimpy is missing (Debian package python3-dkim)")
		}
		t.Skipf("%s: dkimpy is not installed (Debian package python3-dkim)", t.Name())
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/dkimpy.py")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("dkimpy: %v", err)
		}
	})
	return &dkimpy{json.NewEncoder(in), bufio.NewReader(out)}
}

func (p *dkimpy) ask(t *testing.T, req map[string]any) map[string]string {
	t.Helper()
	if err := p.in.Encode(req); err != nil {
		t.Fatal(err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]string
	if err := json.Unmarshal(line, &answer); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	if answer["error"] != "" {
		t.Fatalf("dkimpy: %s", answer["error"])
	}
	return answer
}

func (p *dkimpy) verify(t *testing.T, raw string, txt map[string]string) (cv, reason string) {
	t.Helper()
	a := p.ask(t, map[string]any{"verify": []byte(raw), "txt": txt})
	return a["cv"], a["reason"]
}

func (p *dkimpy) seal(t *testing.T, raw, domain, selector string, key *rsa.PrivateKey) string {
	t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	a := p.ask(t, map[string]any{"sign": []byte(raw), "key": string(text), "domain": domain, "selector": selector, "srv_id": domain, "alg": "rsa-sha256"})
	set, err := base64.StdEncoding.DecodeString(a["set"])
	if err != nil || len(set) == 0 {
		t.Fatalf("dkimpy made no set: %v %v", a, err)
	}
	return string(set) + raw
}

func TestInteropDkimpy(t *testing.T) {
	p := startDkimpy(t)
	keys := map[int]*rsa.PrivateKey{1: rsa2048(), 2: rsa1024(), 3: rsa2048()}
	txt, z := map[string]string{}, dns.Zone{}
	for hop, key := range keys {
		name := fmt.Sprintf("s._domainkey.hop%d.example", hop)
		txt[name] = record(key)
		z[name] = []string{"TXT " + record(key)}
	}
	r := dns.MustMemory(z)
	ours := func(t *testing.T, raw string, hop int, header, body wire.Canonicalization) string {
		o := options(fmt.Sprintf("hop%d.example", hop), crypto.Signer(keys[hop]), verify(t, r, raw))
		o.Header, o.Body = header, body
		return seal(t, raw, o)
	}
	theirs := func(t *testing.T, raw string, hop int) string {
		domain := fmt.Sprintf("hop%d.example", hop)
		// dkimpy seals what an Authentication-Results field of its domain says.
		status := verify(t, r, raw).Result
		raw = fmt.Sprintf("Authentication-Results: %s; arc=%s; spf=pass smtp.mailfrom=example.com\r\n", domain, status) + raw
		return p.seal(t, raw, domain, "s", keys[hop])
	}
	both := func(t *testing.T, raw string, n int) {
		t.Helper()
		if v := verify(t, r, raw); v.Result != arc.Pass || v.Instances != n {
			t.Errorf("ours: %s, %d sets: %s\n%s", v.Result, v.Instances, v.Reason, raw)
		}
		if cv, reason := p.verify(t, raw, txt); cv != "pass" {
			t.Errorf("dkimpy: %s: %s\n%s", cv, reason, raw)
		}
	}
	messages := map[string]string{
		"plain":       plainMessage,
		"empty body":  "From: a@example.com\r\nSubject: x\r\n\r\n",
		"folded":      "From: A\r\n <a@example.com>\r\nSubject: one\r\n\ttwo \r\n  three\r\nDate:\r\n Mon, 5 Oct 2026 10:00:00 +0000\r\n\r\nbody  with   spaces \t\r\n\r\n\r\n",
		"8-bit":       "From: a@example.com\r\nSubject: \xe3\x81\x82\r\n\r\n\xe3\x81\x82\xff\r\n",
		"large":       "From: a@example.com\r\nSubject: x\r\n\r\n" + strings.Repeat("0123456789 abc\r\n", 65536),
		"many fields": "From: a@example.com\r\n" + strings.Repeat("Received: from x by y\r\n", 60) + "\r\nx\r\n",
	}
	for name, raw := range messages {
		t.Run(name, func(t *testing.T) {
			for _, header := range []wire.Canonicalization{wire.Simple, wire.Relaxed} {
				for _, body := range []wire.Canonicalization{wire.Simple, wire.Relaxed} {
					both(t, ours(t, raw, 1, header, body), 1)
				}
			}
			mixed := ours(t, raw, 1, wire.Relaxed, wire.Relaxed)
			mixed = theirs(t, mixed, 2)
			both(t, mixed, 2)
			both(t, ours(t, mixed, 3, wire.Relaxed, wire.Simple), 3)
			both(t, ours(t, theirs(t, raw, 1), 2, wire.Relaxed, wire.Relaxed), 2)
			both(t, theirs(t, theirs(t, raw, 1), 2), 2)
		})
	}
}
