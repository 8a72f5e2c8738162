package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/verify"
)

// outcome of one run of the program.
type ran struct {
	code     int
	out, err string
}

// program runs command lines against one name server.
type program struct {
	t   *testing.T
	env map[string]string
	in  io.Reader
	ctx context.Context
}

func newProgram(t *testing.T, z dns.Zone) *program {
	t.Helper()
	server := dnstest.NewZone(t, z)
	return &program{t: t, env: map[string]string{"TODOKU_RESOLVER": server.Addr(), "LANG": "C"}, ctx: t.Context()}
}

func (p *program) run(args ...string) ran {
	p.t.Helper()
	var out, errs bytes.Buffer
	in := p.in
	if in == nil {
		in = strings.NewReader("")
	}
	p.in = nil
	code := Run(p.ctx, args, IO{In: in, Out: &out, Err: &errs, Getenv: func(k string) string { return p.env[k] }})
	return ran{code, out.String(), errs.String()}
}

// with gives the next run its standard input.
func (p *program) with(stdin string) *program {
	p.in = strings.NewReader(stdin)
	return p
}

// want checks the exit code.
func (r ran) want(t *testing.T, code int) ran {
	t.Helper()
	if r.code != code {
		t.Fatalf("exit %d, want %d\nstdout: %s\nstderr: %s", r.code, code, r.out, r.err)
	}
	return r
}

// json reads stdout as one JSON value.
func (r ran) json(t *testing.T) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		t.Fatalf("%v in %q (stderr %q)", err, r.out, r.err)
	}
	return v
}

// at follows keys and indexes into a JSON value.
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				t.Fatalf("%v: %v is no object", path, v)
			}
			if v, ok = m[k]; !ok {
				t.Fatalf("%v: there is no %q in %v", path, k, m)
			}
		case int:
			l, ok := v.([]any)
			if !ok || k >= len(l) {
				t.Fatalf("%v: %v has no element %d", path, v, k)
			}
			v = l[k]
		}
	}
	return v
}

// write makes a file in a fresh folder and gives its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const hello = "From: Shop <news@shop.example>\r\nTo: u@example.net\r\nSubject: Hello\r\n" +
	"Date: Sun, 22 Nov 2026 10:00:00 +0900\r\nMessage-ID: <1@shop.example>\r\n\r\nHello\r\n"

// shop is a healthy domain, its key aside.
func shop() dns.Zone {
	return dns.Zone{
		"shop.example":              {"TXT v=spf1 ip4:192.0.2.1 -all"},
		"_dmarc.shop.example":       {"TXT v=DMARC1; p=reject"},
		"mx.shop.example":           {"A 192.0.2.1"},
		"1.2.0.192.in-addr.arpa":    {"PTR mx.shop.example"},
		"fwd.example":               {"A 198.51.100.9"},
		"9.100.51.198.in-addr.arpa": {"PTR fwd.example"},
		"servfail.example":          {"SERVFAIL"},
		"_dmarc.servfail.example":   {"SERVFAIL"},
		"plain.example":             {"A 192.0.2.9"},
		"_dmarc.quarantine.test":    {"TXT v=DMARC1; p=quarantine; t=y"},
		"self.example":              {"TXT v=spf1 include:self.example -all"},
		"selector._domainkey.down":  {"TIMEOUT"},
	}
}

var envelope = []string{"--ip", "192.0.2.1", "--helo", "mx.shop.example", "--mail-from", "news@shop.example"}

// withKey makes a key by the program itself and publishes it.
func withKey(t *testing.T, algorithm string) (*program, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key.pem")
	p := newProgram(t, dns.Zone{"x.example": {"A 192.0.2.1"}})
	p.run("dkim", "keygen", "--algorithm", algorithm, "--out", file).want(t, 0)
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key, err := dkim.ParsePrivateKey(pem)
	if err != nil {
		t.Fatal(err)
	}
	record, err := dkim.RecordFor(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	z := shop()
	z["s1._domainkey.shop.example"] = []string{"TXT " + record}
	z["s1._domainkey.lists.example"] = []string{"TXT " + record}
	return newProgram(t, z), file
}

// signedHello is the healthy message with its signature.
func signedHello(t *testing.T) (*program, string, string) {
	t.Helper()
	p, key := withKey(t, "ed25519")
	r := p.with(hello).run("dkim", "sign", "--domain", "shop.example", "--selector", "s1", "--key", key).want(t, 0)
	return p, key, r.out
}

// bundleOf records the evidence of a message as the program's other doors keep it.
func bundleOf(t *testing.T, p *program, raw string, s evidence.Session) *evidence.Bundle {
	t.Helper()
	client, err := dns.NewClient(dns.ClientConfig{Servers: []string{p.env["TODOKU_RESOLVER"]}})
	if err != nil {
		t.Fatal(err)
	}
	rep := verify.Message(t.Context(), client, verify.Request{Name: "m", Source: "file", Raw: []byte(raw), Session: s, Now: time.Now(), Inspector: new(verify.Inspector)})
	return &rep.Bundle
}
