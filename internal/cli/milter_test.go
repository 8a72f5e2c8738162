package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
)

// TestMilterStarts: it says where it listens, alone and in serve, and ends in order.
func TestMilterStarts(t *testing.T) {
	for _, args := range [][]string{
		{"milter", "--listen", "inet:0@127.0.0.1", "--authserv-id", "mx.test.example", "--resolver", "127.0.0.1:1"},
		{"serve", "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--hostname", "mx.test.example", "--database", filepath.Join(t.TempDir(), "t.db"),
			"--milter", "inet:0@127.0.0.1", "--milter-authserv-id", "mx.test.example", "--resolver", "127.0.0.1:1"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		out := &watched{text: "Milter: tcp:127.0.0.1:", seen: make(chan struct{})}
		errs := &watched{text: "\x00never", seen: make(chan struct{})}
		code := make(chan int, 1)
		go func() {
			code <- Run(ctx, args, IO{In: strings.NewReader(""), Out: out, Err: errs, Getenv: func(string) string { return "" }})
		}()
		select {
		case <-out.seen:
		case c := <-code:
			t.Fatalf("%s ended with %d: %s", args[0], c, errs)
		case <-time.After(30 * time.Second):
			t.Fatalf("%s is not ready: %s", args[0], errs)
		}
		cancel()
		if c := <-code; c != 0 {
			t.Errorf("%s ended with %d: %s", args[0], c, errs)
		}
	}
}

// TestMilterRefuses: what is wrong is said before anything listens.
func TestMilterRefuses(t *testing.T) {
	dir := t.TempDir()
	table := filepath.Join(dir, "table")
	if err := os.WriteFile(table, []byte("[default]\ndmarc-reject = \"refuse\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"accept, tag, quarantine": {"--policy", table},
		"no such file":            {"--policy", table + "-none"},
		"DOMAIN:SELECTOR:FILE":    {"--key", "example.com"},
		"table-nokey":             {"--key", "example.com:s:" + table + "-nokey"},
		"octal":                   {"--socket-mode", "9"},
		"--unsigned":              {"--unsigned", "perhaps"},
		"accept, defer, reject":   {"--unsigned", "tag"},
		"--trusted-network":       {"--trusted-network", "x"},
		"--canonicalization":      {"--canonicalization", "x"},
		"authserv-id":             {"--authserv-id", "a b"},
		"write inet:PORT@HOST":    {"--listen", "nowhere"},
		"--seal-domain":           {"--seal-domain", "a b"},
		"--seal-key":              {"--seal-key", "example.com"},
		"the sealing domain":      {"--seal-domain", "localhost"},
		"--srs-domain":            {"--srs-listen", "inet:0@127.0.0.1"},
		"srs-secret-file":         {"--srs-domain", "example.com"},
		"table-nosecret":          {"--srs-domain", "example.com", "--srs-secret-file", table + "-nosecret"},
		"forwarded recipients":    {"--forward", "a@example.com"},
		"--database":              {"--master-key-file", table},
		"write NAME, NAME=VALUE":  {"--local-macro", "{cert_subject}="},
	} {
		var out, errs bytes.Buffer
		all := append([]string{"milter", "--lang", "en", "--authserv-id", "mx.test.example", "--listen", "inet:0@127.0.0.1", "--resolver", "127.0.0.1:1"}, args...)
		code := Run(t.Context(), all, IO{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
		if code != 2 && code != 3 || !strings.Contains(errs.String(), want) {
			t.Errorf("%q: %d, %s", args, code, errs.String())
		}
	}
}

// TestMilterRefusesInJapanese: what is wrong with a key, a name or a number is said in Japanese, and nothing of it in English.
func TestMilterRefusesInJapanese(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for want, args := range map[string][]string{
		"誰もが読み取れる鍵ファイル":                    {"--key", "example.com:s:" + file("all", "x", 0o644)},
		"秘密鍵 (RSA または Ed25519)":            {"--key", "example.com:s:" + file("junk", "x", 0o600)},
		"先に復号してください":                       {"--key", "example.com:s:" + file("enc", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", 0o600)},
		"--canonicalization: \"x\" は使えません": {"--canonicalization", "x"},
		"名前を指定してください":                      {"--authserv-id", "a b"},
		"RSA 鍵の最小サイズ 10":                   {"--minimum-key-bits", "10"},
		"-none がありません。メールサーバー":             {"--listen", "unix:" + filepath.Join(dir, "-none", "s")},
		"サービスマネージャーから渡された":                 {"--listen", "systemd"},
		"転送する宛先が指定されていますが":                 {"--forward", "a@example.com"},
	} {
		var out, errs bytes.Buffer
		all := append([]string{"milter", "--lang", "ja", "--authserv-id", "mx.test.example", "--resolver", "127.0.0.1:1"}, args...)
		code := Run(t.Context(), all, IO{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
		if code != 2 && code != 3 || !strings.Contains(errs.String(), want) || strings.Contains(errs.String(), "読み取れません") || strings.Contains(errs.String(), " is ") {
			t.Errorf("%q: %d, %s, want %s", args, code, errs.String(), want)
		}
	}
}

// TestMilterConfigChanged: SIGHUP reads no configuration file, and says so of one that was changed.
func TestMilterConfigChanged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.toml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("authserv-id = \"mx.test.example\"\n")
	var errs bytes.Buffer
	a := &app{IO: IO{Err: &errs, Getenv: func(string) string { return "" }}, lang: "en"}
	root := a.root()
	a.globals.config = file
	var f milterFlags
	c := a.command("milter", nil)
	f.add(c.Flags(), a, "")
	root.AddCommand(c)
	if err := a.settle(c); err != nil {
		t.Fatal(err)
	}
	cfg, stop, err := a.milter(c, &f, dns.MustMemory(dns.Zone{}), "")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	again := func(wantWarning bool) {
		t.Helper()
		errs.Reset()
		if _, err := cfg.Settings(); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(errs.String(), "only a restart reads it") != wantWarning {
			t.Errorf("warning %v wanted: %s", wantWarning, errs.String())
		}
	}
	again(false)
	write("authserv-id = \"mx.test.example\"\nreceived-spf = true\n")
	again(true)
	write("authserv-id = \"mx.test.example\"\n")
	again(false)
}

// TestMilterTakenOver: a configuration of OpenDKIM that says what cannot be is wrong usage, and names what; one that cannot be read could not be looked at.
func TestMilterTakenOver(t *testing.T) {
	p := newProgram(t, shop())
	for text, c := range map[string]struct {
		code  int
		names string
	}{
		"Socket inet:99999@127.0.0.1\n": {2, `"inet:99999@127.0.0.1"`},
		"Socket inet:smtp@127.0.0.1\n":  {2, `"inet:smtp@127.0.0.1"`},
		"Socket inet:1@127.0.0.999\n":   {2, `"inet:1@127.0.0.999"`},
		"Socket nowhere\n":              {2, `"nowhere"`},
		"Domain x\n":                    {2, "opendkim.conf"},
		"Include /nowhere.conf\n":       {3, "/nowhere.conf"},
	} {
		for _, lang := range []string{"en", "ja"} {
			conf := write(t, "opendkim.conf", text)
			r := p.run("milter", "--authserv-id", "mx.test.example", "--import-opendkim", conf, "--lang", lang).want(t, c.code)
			if !strings.Contains(r.err, c.names) {
				t.Errorf("%q, %s: %s", text, lang, r.err)
			}
		}
	}
}

// TestMilterOfServe: settings of the milter within serve do nothing in todoku milter, which says so of each that it has none of its own for.
func TestMilterOfServe(t *testing.T) {
	p := newProgram(t, shop())
	p.env["TODOKU_MILTER_UNSIGNED"] = "reject"
	for text, want := range map[string][]string{
		"milter-key = [\"a\"]\nmilter_authserv_id = \"mx.test.example\"\n":     {"line 1: milter-key", "line 2: milter-authserv-id"},
		"milter = \"inet:0@127.0.0.1\"\n":                                      {"line 1: milter is"},
		"[serve]\nmilter-grace = 1\n":                                          nil, // serve has none
		"[serve]\nmilter-key = [\"a\"]\nmilter-seal-key = [\"b\"]\n":           {"line 2: serve.milter-key", "line 3: serve.milter-seal-key"},
		"[serve]\nmilter-received-spf = true\n[milter]\nreceived-spf = true\n": {},
	} {
		r := p.run("milter", "--config", write(t, "serve.toml", text), "--trusted-network", "x")
		r.want(t, 2) // before anything listens
		if want == nil {
			continue
		}
		for _, w := range append(want, "TODOKU_MILTER_UNSIGNED is heeded by todoku serve alone: for todoku milter write TODOKU_UNSIGNED") {
			if !strings.Contains(r.err, w) {
				t.Errorf("%q: no %q in %s", text, w, r.err)
			}
		}
		if n := strings.Count(r.err, "alone"); n != len(want)+1 {
			t.Errorf("%q: %s", text, r.err)
		}
	}
	if r := p.run("milter", "why", "x", "--database", t.TempDir()+"/none.db"); strings.Contains(r.err, "alone") {
		t.Error(r.err)
	}
}

// TestMilterLongSenders: --srs-long has senders rewritten that are too long without it, here and within serve.
func TestMilterLongSenders(t *testing.T) {
	secret := write(t, "secret", "a secret\n")
	if err := os.Chmod(secret, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, long := range []bool{false, true} {
		f := &forwardFlags{srsDomains: []string{"b.example"}, srsSecrets: secret, srsLong: long}
		r, err := f.rewriter(&app{}, "milter-")
		if err != nil {
			t.Fatal(err)
		}
		if out, err := r.Forward(strings.Repeat("b", 60)+"@sender.example", time.Now()); (err == nil) != long {
			t.Errorf("%q, %v", out, err)
		} else if err != nil && !strings.Contains(err.Error(), "octets before the @") {
			t.Errorf("the finding explains other words than %q", err)
		}
	}
	for _, lang := range []string{"en", "ja"} {
		if fix := (catalogue.Finding{ID: "spf.sender-not-rewritten"}).Fix(lang); !strings.Contains(fix, "--srs-long") || !strings.Contains(fix, "--milter-srs-long") || !strings.Contains(fix, "octets before the @") {
			t.Errorf("what helps is not said: %s", fix)
		}
	}
}
