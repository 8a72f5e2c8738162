package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
	} {
		var out, errs bytes.Buffer
		all := append([]string{"milter", "--lang", "en", "--authserv-id", "mx.test.example", "--listen", "inet:0@127.0.0.1", "--resolver", "127.0.0.1:1"}, args...)
		code := Run(t.Context(), all, IO{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
		if code != 2 && code != 3 || !strings.Contains(errs.String(), want) {
			t.Errorf("%q: %d, %s", args, code, errs.String())
		}
	}
}
