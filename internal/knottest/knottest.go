// Package knottest runs Knot DNS for tests: a primary server that takes signed updates, and secondary servers that
// follow it.
package knottest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
)

// Key is the TSIG key that may change the zone, in the form of publish.ParseTSIG; Secret is its secret.
const Key = "hmac-sha256:todoku:" + Secret

// Secret is 32 octets in base64.
const Secret = "YSBzZWNyZXQgb2YgdHdvIHNlcnZlcnMsIDMyIGJ5dGU="

// Server is one that runs.
type Server struct {
	// Addr is where it listens, host:port, UDP and TCP.
	Addr string
	dir  string
}

// Primary starts a server of a zone, which updates signed by Key may change. records is the zone, as a master file.
// Without Knot the test is skipped by name, and fails when CI=true.
func Primary(t testing.TB, zone, records string, secondaries ...string) *Server {
	t.Helper()
	s := &Server{Addr: free(t), dir: t.TempDir()}
	write(t, filepath.Join(s.dir, zone+".zone"), records)
	var remotes, names strings.Builder
	for i, addr := range secondaries {
		fmt.Fprintf(&remotes, "  - id: second%d\n    address: %s\n", i, at(addr))
		if i > 0 {
			names.WriteString(", ")
		}
		fmt.Fprintf(&names, "second%d", i)
	}
	conf := fmt.Sprintf("key:\n  - id: todoku\n    algorithm: hmac-sha256\n    secret: %s\n", Secret)
	if len(secondaries) > 0 {
		conf += "remote:\n" + remotes.String()
	}
	conf += "acl:\n  - id: update\n    key: todoku\n    action: update\n  - id: transfer\n    address: 127.0.0.1\n    action: transfer\n"
	conf += fmt.Sprintf("zone:\n  - domain: %s\n    file: %q\n    acl: [update, transfer]\n", zone, filepath.Join(s.dir, zone+".zone"))
	if len(secondaries) > 0 {
		conf += "    notify: [" + names.String() + "]\n"
	}
	s.run(t, zone, conf)
	return s
}

// Secondary starts one that follows a running primary server, at an address that [FreeAddr] gave and that the primary knows.
func Secondary(t testing.TB, zone, addr, primary string) *Server {
	t.Helper()
	s := &Server{Addr: addr, dir: t.TempDir()}
	s.run(t, zone, fmt.Sprintf("remote:\n  - id: first\n    address: %s\nacl:\n  - id: notify\n    address: 127.0.0.1\n    action: notify\n"+
		"zone:\n  - domain: %s\n    file: %q\n    master: first\n    acl: notify\n", at(primary), zone, filepath.Join(s.dir, zone+".zone")))
	return s
}

// FreeAddr is a loopback address that was free a moment ago.
func FreeAddr(t testing.TB) string { return free(t) }

func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// at is an address as Knot writes it.
func at(addr string) string { return strings.Replace(addr, ":", "@", 1) }

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func program(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"knotd", "/usr/sbin/knotd"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("knotd is not installed: apt-get install knot")
	}
	t.Skipf("%s: knotd is not installed (Debian package knot)", t.Name())
	return ""
}

// run starts the server and waits until it answers for the zone.
func (s *Server) run(t testing.TB, zone, conf string) {
	t.Helper()
	path := program(t)
	head := fmt.Sprintf("server:\n    rundir: %q\n    listen: %s\nlog:\n  - target: stderr\n    any: warning\ndatabase:\n    storage: %q\n", s.dir, at(s.Addr), s.dir)
	file := filepath.Join(s.dir, "knot.conf")
	write(t, file, head+conf)
	var said bytes.Buffer
	c := exec.Command(path, "-c", file)
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { _ = c.Wait(); close(gone) }()
	t.Cleanup(func() { _ = c.Process.Kill(); <-gone })
	for end := time.Now().Add(20 * time.Second); len(s.Ask(t, zone, dns.TypeSOA)) == 0; time.Sleep(20 * time.Millisecond) {
		select {
		case <-gone:
			t.Fatalf("knotd ended: %s", said.String())
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("knotd does not answer for %s", zone)
		}
	}
}

// Ask gives the data of the records that the server has.
func (s *Server) Ask(t testing.TB, name string, typ dns.Type) (out []string) {
	t.Helper()
	client, err := dns.NewClient(dns.ClientConfig{Servers: []string{s.Addr}, Timeout: 6 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range client.Resolve(context.Background(), dns.Question{Name: name, Type: typ}).Records {
		out = append(out, r.Data)
	}
	return out
}
