package spamfilter

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// gtube is the test message that every spam filter knows (https://spamassassin.apache.org/gtube/).
const gtube = "From: a@example.com\r\nTo: b@example.net\r\nSubject: test\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\n" +
	"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"

// running runs the filter of a Debian package on a free port of loopback until the test
// ends, and gives its address. Where it is not installed the test is skipped by name, and
// fails in CI. args makes its arguments of the address and a folder of its own.
func running(t *testing.T, program string, args func(address, dir string) []string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%s: %s is not installed", t.Name(), program)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	dir, err := os.MkdirTemp("", "todoku-"+program+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var log bytes.Buffer
	cmd := exec.Command(program, args(address, dir)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children end with it
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
		}
	})
	tick := time.NewTicker(100 * time.Millisecond) // an outside program gives no event to wait on
	defer tick.Stop()
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); <-tick.C {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return address
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v\n%s", program, err, &log)
		default:
		}
	}
	t.Fatalf("%s does not listen on %s", program, address)
	return ""
}

func TestRealSpamAssassin(t *testing.T) {
	address := running(t, "spamd", func(address, _ string) []string {
		return []string{"--local", "--nouser-config", "--max-children=1", "--syslog=stderr", "--listen=" + address}
	})
	s, err := NewSpamAssassin(address)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Ask(t.Context(), Query{Raw: []byte(gtube)})
	if err != nil || !a.Spam || len(a.Symbols) == 0 || !strings.HasPrefix(a.Symbols[0].String(), "GTUBE") {
		t.Error(shown(a, err))
	}
}

func TestRealRspamd(t *testing.T) {
	address := running(t, "rspamd", func(address, dir string) []string {
		conf := dir + "/rspamd.conf"
		text := fmt.Sprintf(`options { pidfile = "%[1]s/pid"; tempdir = "%[1]s"; filters = "regexp"; dns { nameserver = ["127.0.0.1:9"]; } }
logging { type = "console"; level = "warning"; }
actions { reject = 15; add_header = 6; greylist = 4; }
worker "normal" { bind_socket = "%[2]s"; count = 1; }
`, dir, address)
		if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return []string{"--no-fork", "--insecure", "--config", conf}
	})
	r, err := NewRspamd("http://" + address)
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
