// Package e2e drives the built program from outside, with the real parts around
// it: Postfix and swaks deliver, Chromium reads.
package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	if binary = os.Getenv(binaryEnv); binary != "" { // this is a part of a test, in a namespace of its own
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "todoku-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "todoku")
	build := exec.Command("go", "build", "-o", binary, "../cmd/todoku")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the program: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// need skips the test by name where a program is missing; in CI that is a failure.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		if _, err := os.Stat(p); err == nil {
			continue
		}
		lack(t, "%s is not installed", p)
	}
}

// needRoot does so where this user may not do what is to be tested.
func needRoot(t *testing.T, what string) {
	t.Helper()
	if os.Geteuid() != 0 {
		lack(t, "%s needs root", what)
	}
}

// lack ends a test that this machine cannot run: skipped by name, and a failure in CI.
func lack(t *testing.T, format string, args ...any) {
	t.Helper()
	why := fmt.Sprintf(format, args...)
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skipf("%s: %s", t.Name(), why)
}

// freePort asks the system for a loopback port that is free now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// node is a running `todoku serve` or `todoku demo`.
type node struct {
	smtp, http string
	domain     string // of the one-time addresses
	cmd        *exec.Cmd
	log        *syncBuffer
}

// start runs the program with free ports and waits until its pages answer.
func start(t *testing.T, command string, args ...string) *node {
	t.Helper()
	n := &node{smtp: freePort(t), http: freePort(t), domain: "inbox.test.example", log: &syncBuffer{}}
	if command == "demo" {
		n.domain = "inbox.todoku.example"
	}
	args = append([]string{command, "--smtp", n.smtp, "--http", n.http}, args...)
	n.cmd = exec.Command(binary, args...)
	n.cmd.Stdout, n.cmd.Stderr = n.log, n.log
	n.cmd.Env = append(os.Environ(), "LANG=C.UTF-8")
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- n.cmd.Wait() }()
	t.Cleanup(func() {
		began := time.Now()
		n.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-exited:
			if err != nil {
				t.Errorf("%s ended with %v\n%s", command, err, n.log)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s took %v to end", command, took)
			}
		case <-time.After(15 * time.Second):
			n.cmd.Process.Kill()
			t.Errorf("%s did not end after SIGTERM\n%s", command, n.log)
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	poll(t, ctx, "the pages to answer", func() bool {
		resp, err := http.Get("http://" + n.http + "/healthz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, func() string { return n.log.String() })
	return n
}

// serve starts `todoku serve` on a database of its own.
func serve(t *testing.T, args ...string) *node {
	t.Helper()
	db := filepath.Join(t.TempDir(), "todoku.db")
	return start(t, "serve", append([]string{"--database", db, "--hostname", "mx.test.example", "--mail-domain", "inbox.test.example"}, args...)...)
}

// poll waits for an outside program's state, which gives no event to wait on.
func poll(t *testing.T, ctx context.Context, what string, ok func() bool, detail func() string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s\n%s", what, detail())
		case <-tick.C:
		}
	}
}

// get fetches a page and fails the test on any status but want.
func (n *node) get(t *testing.T, path string, want int) string {
	t.Helper()
	resp, err := http.Get("http://" + n.http + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != want {
		t.Fatalf("GET %s: %s\n%.2000s", path, resp.Status, body)
	}
	return string(body)
}

// verdict is the part of the report's JSON that these tests look at.
type verdict struct {
	SPF   struct{ Result, Domain string }
	DKIM  []struct{ Result, Domain string }
	ARC   struct{ Result string }
	DMARC struct {
		Result     string
		FromDomain *string `json:"from_domain"`
	}
	Findings []struct{ ID, Status string }
}

func (n *node) verdict(t *testing.T, id string) verdict {
	t.Helper()
	var v verdict
	if err := json.Unmarshal([]byte(n.get(t, "/r/"+id+".json", http.StatusOK)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// events follows the server-sent events of an address until one of the wanted kind.
func (n *node) events(t *testing.T, ctx context.Context, token, until string) (kinds []string, reportID string) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.http+"/m/"+token+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	s := bufio.NewScanner(resp.Body)
	for s.Scan() {
		data, ok := strings.CutPrefix(s.Text(), "data:")
		if !ok {
			continue
		}
		var e struct{ Kind, Report string }
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		kinds = append(kinds, e.Kind)
		if e.Report != "" {
			reportID = e.Report
		}
		if e.Kind == until {
			return kinds, reportID
		}
	}
	t.Fatalf("the events ended before %q: got %v (%v)", until, kinds, s.Err())
	return nil, ""
}

// syncBuffer collects a program's output while it runs.
type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// background runs a server until the test ends.
func background(t *testing.T, log, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	out := &syncBuffer{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(log)
			t.Logf("%s said:\n%s\n%s", name, out, text)
		}
	})
}
