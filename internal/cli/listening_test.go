package cli

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// TestBadListeningAddress: where a flag says to listen at what is no address, that is wrong usage, and the text names flag and value, in both languages.
func TestBadListeningAddress(t *testing.T) {
	p := newProgram(t, shop())
	serve := func(args ...string) []string {
		return append([]string{"serve", "--hostname", "mx.test.example", "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--database", filepath.Join(t.TempDir(), "t.db")}, args...)
	}
	milter := func(args ...string) []string {
		return append([]string{"milter", "--authserv-id", "mx.test.example", "--listen", "inet:0@127.0.0.1"}, args...)
	}
	for _, c := range []struct {
		args  []string
		names string // flag and value
	}{
		{serve("--http", ":99999"), `--http ":99999"`},
		{serve("--http", ""), `--http ""`},
		{serve("--http", "127.0.0.1"), `--http "127.0.0.1"`},
		{serve("--http", "127.0.0.1:"), `--http "127.0.0.1:"`},
		{serve("--smtp", "127.0.0.1:-1"), `--smtp "127.0.0.1:-1"`},
		{serve("--smtp", "127.0.0.999:25"), `--smtp "127.0.0.999:25"`},
		{serve("--smtp", "a b:25"), `--smtp "a b:25"`},
		{serve("--lmtp", "127.0.0.1:65536"), `--lmtp "127.0.0.1:65536"`},
		{serve("--lmtp", "unix:"), `--lmtp "unix:"`},
		{serve("--lmtp", "192.0.2.1:24"), `--lmtp "192.0.2.1:24"`},
		{serve("--milter", "inet:70000@127.0.0.1"), `--milter "inet:70000@127.0.0.1"`},
		{serve("--milter", "inet:0@127.0.0.1", "--milter-srs-listen", "127.0.0.1:99999"), `--milter-srs-listen "127.0.0.1:99999"`},
		{serve("--milter", "inet:0@127.0.0.1", "--milter-alias-listen", "x"), `--milter-alias-listen "x"`},
		{serve("--lab-domain", "lab.example", "--lab-listen", ":99999"), `--lab-listen: ":99999"`},
		{serve("--lab-domain", "lab.example", "--lab-listen", "127.0.0.1:0", "--lab-dns", "127.0.0.1:99999"), `--lab-dns: "127.0.0.1:99999"`},
		{serve("--lab-listen", "127.0.0.1:0"), `--lab-domain`},
		{milter("--listen", "inet:99999@127.0.0.1"), `--listen "inet:99999@127.0.0.1"`},
		{milter("--listen", "inet:1@127.0.0.999"), `--listen "inet:1@127.0.0.999"`},
		{milter("--srs-listen", ":99999"), `--srs-listen ":99999"`},
		{milter("--alias-listen", "unix:"), `--alias-listen "unix:"`},
		{[]string{"demo", "--http", ":99999"}, `--http ":99999"`},
		{[]string{"demo", "--smtp", "nowhere"}, `--smtp "nowhere"`},
	} {
		for _, lang := range []string{"en", "ja"} {
			if r := p.run(append(c.args, "--lang", lang)...).want(t, 2); !strings.Contains(r.err, c.names) {
				t.Errorf("%s: %v: %s", lang, c.args, r.err)
			}
		}
	}
}

// TestAddressInUse: an address that is good and taken by another program is no wrong usage.
func TestAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p, taken := newProgram(t, shop()), l.Addr().String()
	for _, args := range [][]string{
		{"serve", "--database", filepath.Join(t.TempDir(), "t.db"), "--smtp", "127.0.0.1:0", "--http", taken}, {"demo", "--smtp", "127.0.0.1:0", "--http", taken},
		{"milter", "--authserv-id", "mx.test.example", "--listen", taken},
	} {
		if r := p.run(args...).want(t, 3); !strings.Contains(r.err, taken) {
			t.Errorf("%v: %s", args, r.err)
		}
	}
}

// TestListeningAddresses: whatever can be listened at is taken.
func TestListeningAddresses(t *testing.T) {
	a := &app{}
	for _, good := range []string{":8025", "0.0.0.0:80", "[::]:80", "[fe80::1%eth0]:80", "localhost:0", "mx.example.com:25", "127.0.0.1:65535", "127.0.0.1:http"} {
		if err := a.checkListen("http", good); err != nil {
			t.Error(err)
		}
	}
	if err := a.checkLMTP("unix:/run/todoku/lmtp"); err != nil {
		t.Error(err)
	}
	if err := a.checkSockets("listen", []string{"systemd", "systemd:milter", "/run/x", "unix:/run/x", "local:x", "inet:8891@localhost", "inet6:8891@::1", "inet:8891", "inet:127.0.0.1:1", "localhost:1"}); err != nil {
		t.Error(err)
	}
}
