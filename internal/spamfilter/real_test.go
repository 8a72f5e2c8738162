package spamfilter

import (
	"net"
	"os/exec"
	"strings"
	"testing"
)

// gtube is the test message that every spam filter knows (https://spamassassin.apache.org/gtube/).
const gtube = "From: a@example.com\r\nTo: b@example.net\r\nSubject: test\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\n" +
	"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"

// running skips the test where the Debian package of a filter is not installed, or its
// service does not run. They are too heavy to be asked of everybody who tests.
func running(t *testing.T, pkg, program, address string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("the package %s is not installed", pkg)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Skipf("%s is installed, but nothing listens on %s", pkg, address)
	}
	conn.Close()
}

func TestRealSpamAssassin(t *testing.T) {
	running(t, "spamassassin", "spamd", "127.0.0.1:783")
	s, err := NewSpamAssassin("127.0.0.1:783")
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Ask(t.Context(), Query{Raw: []byte(gtube)})
	if err != nil || !a.Spam || len(a.Symbols) == 0 || !strings.HasPrefix(a.Symbols[0].String(), "GTUBE") {
		t.Error(shown(a, err))
	}
}

func TestRealRspamd(t *testing.T) {
	running(t, "rspamd", "rspamd", "127.0.0.1:11333")
	r, err := NewRspamd("http://127.0.0.1:11333")
	if err != nil {
		t.Fatal(err)
	}
	// Whether it knows the test message depends on its settings.
	q := query
	q.Raw = []byte(gtube)
	if a, err := r.Ask(t.Context(), q); err != nil || a.Action == "" || a.Required == 0 {
		t.Error(shown(a, err))
	}
}
