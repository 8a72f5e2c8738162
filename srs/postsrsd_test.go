package srs

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// postsrsd starts Debian's, and gives what asks it: a line of a Postfix TCP table.
func postsrsd(t *testing.T, domain, secret, separator string) (forward, reverse func(string) (string, bool)) {
	t.Helper()
	program, err := exec.LookPath("postsrsd")
	if err != nil {
		if program = "/usr/sbin/postsrsd"; !exists(program) {
			if os.Getenv("CI") == "true" {
				t.Fatal("postsrsd is not installed")
			}
			t.Skip("postsrsd is not installed (Debian package postsrsd)")
		}
	}
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t, 2)
	c := exec.Command(program, "-d", domain, "-s", file, "-a", separator, "-l", "127.0.0.1", "-4", "-f", strconv.Itoa(ports[0]), "-r", strconv.Itoa(ports[1]))
	var said strings.Builder
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = c.Wait(); close(done) }()
	t.Cleanup(func() { _ = c.Process.Kill(); <-done })
	return table(t, ports[0], done, &said), table(t, ports[1], done, &said)
}

func exists(name string) bool { _, err := os.Stat(name); return err == nil }

func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// table waits for the port and speaks tcp_table(5).
func table(t *testing.T, port int, done <-chan struct{}, said *strings.Builder) func(string) (string, bool) {
	t.Helper()
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	var conn net.Conn
	for end := time.Now().Add(20 * time.Second); conn == nil; {
		c, err := net.DialTimeout("tcp", address, time.Second)
		select {
		case <-done:
			t.Fatalf("postsrsd ended: %s", said)
		default:
		}
		if err == nil {
			conn = c
		} else if time.Now().After(end) {
			t.Fatalf("postsrsd does not listen: %v", err)
		} else {
			time.Sleep(10 * time.Millisecond) // it tells nobody that it is ready
		}
	}
	t.Cleanup(func() { conn.Close() })
	r := bufio.NewReader(conn)
	return func(key string) (string, bool) {
		t.Helper()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := fmt.Fprintf(conn, "get %s\n", strings.ReplaceAll(url.PathEscape(key), "@", "%40")); err != nil {
			t.Fatal(err)
		}
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		code, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		value, err = url.PathUnescape(value)
		if err != nil {
			t.Fatal(err)
		}
		return value, code == "200"
	}
}

// TestPostsrsd: each reads what the other wrote, and both write the same.
func TestPostsrsd(t *testing.T) {
	const secret = "A shared secret of both"
	for _, sep := range []string{"=", "+", "-"} {
		t.Run("separator "+sep, func(t *testing.T) {
			forward, reverse := postsrsd(t, "fwd.example", secret, sep)
			ours := rewriter(t, func(c *Config) { c.Secrets, c.Separator, c.LongLocal = [][]byte{[]byte(secret)}, sep[0], true })
			far := rewriter(t, func(c *Config) { c.Domains, c.LongLocal = []string{"far.example"}, true })
			hop := must(t)(far.Forward("user@example.com", time.Now()))
			hop2 := strings.Replace(must(t)(ours.Forward(hop, time.Now())), "fwd.example", "mid.example", 1)
			if got, found := forward(hop2); found { // postsrsd 1.10 does not rewrite SRS1 again; SPF fails then at the next hop
				t.Errorf("postsrsd rewrites %s to %s: compare it too", hop2, got)
			}
			for _, sender := range []string{"user@example.com", "User@Example.COM", "a=b+c-d@example.com", "bounce-123_x@sub.example.org", "x@y", hop} {
				now := time.Now()
				want, found := forward(sender)
				got, err := ours.Forward(sender, now)
				if !found || err != nil || !strings.EqualFold(got, want) {
					t.Errorf("%s: postsrsd writes %q, we %q (%v)", sender, want, got, err)
					continue
				}
				theirs, found := reverse(got)
				back, err := ours.Reverse(want, now)
				if !found || err != nil || back != theirs {
					t.Errorf("%s turned back: postsrsd %q, we %q (%v)", got, theirs, back, err)
				}
			}
			forged := "SRS0" + sep + "AAAA=AA=example.com=root@fwd.example"
			if got, found := reverse(forged); found {
				t.Errorf("postsrsd turns %s into %s", forged, got)
			}
			if _, err := ours.Reverse(forged, time.Now()); !errors.Is(err, ErrHash) {
				t.Errorf("a forged one: %v", err)
			}
		})
	}
}
