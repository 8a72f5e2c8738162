package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Answers by mail are switched on by a way out, and only with a key or the operator's word.
func TestReplyFlags(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"no key":                    {[]string{"--reply-direct"}, "--dkim-generate"},
		"two ways out":              {[]string{"--reply-direct", "--smart-host", "h:25", "--reply-unsigned"}, "choose one"},
		"no port":                   {[]string{"--smart-host", "h", "--reply-unsigned"}, "HOST:PORT"},
		"no such TLS":               {[]string{"--smart-host", "h:25", "--smart-host-tls", "maybe", "--reply-unsigned"}, "HOST:PORT"},
		"a user without a password": {[]string{"--smart-host", "h:25", "--smart-host-user", "u", "--reply-unsigned"}, "--smart-host-password-file"},
		"a password in the clear":   {[]string{"--smart-host", "h:25", "--smart-host-tls", "none", "--smart-host-user", "u", "--smart-host-password-file", password, "--reply-unsigned"}, "TLS"},
		"a bad local part":          {[]string{"--reply-direct", "--reply-local-part", "postmaster", "--reply-unsigned"}, "postmaster@mx.test.example"},
		"no mail domain":            {[]string{"--reply-direct", "--mail-domain", "localhost", "--reply-unsigned"}, "--mail-domain"},
		"fewer selectors than keys": {[]string{"--reply-direct", "--dkim-key", "a", "--dkim-key", "b"}, "as many --dkim-selector"},
		"a key beside no file":      {[]string{"--reply-direct", "--dkim-generate", "--database", "postgres://h/d"}, "--dkim-key FILE"},
	} {
		r := newProgram(t, nil).run(append([]string{"serve", "--hostname", "mx.test.example", "--resolver", "127.0.0.1:1"}, test.args...)...)
		if r.want(t, 2); !strings.Contains(r.err, test.says) {
			t.Errorf("%s: %s", name, r.err)
		}
	}
}
