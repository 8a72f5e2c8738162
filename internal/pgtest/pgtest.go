// Package pgtest starts a private PostgreSQL server for a test: a new cluster in
// a temporary folder, reached over a unix socket, with fsync on, gone afterwards.
package pgtest

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running PostgreSQL.
type Server struct {
	dir       string
	command   []string
	databases atomic.Int64

	mu    sync.Mutex // guards what runs
	stdin io.Closer
	cmd   *exec.Cmd // nil while it is stopped
}

// keeper runs the server until its standard input ends, so that the server never
// outlives the test, however the test ends.
const keeper = `exec 3<&0; "$@" </dev/null & pid=$!; read -r _ <&3; kill -INT $pid; wait $pid`

// Start gives a server that ends with the test. Where PostgreSQL is not installed
// the test is skipped by name, and fails when CI=true.
func Start(tb testing.TB) *Server {
	tb.Helper()
	bin, err := findBinaries()
	if err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal(err)
		}
		tb.Skipf("%s: %v", tb.Name(), err)
	}
	s := &Server{dir: makeDir(tb)}
	data := filepath.Join(s.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--no-sync", "--auth=trust", "--username=postgres",
		"--encoding=UTF8", "--locale=C", "--pgdata="+data)
	runAsOther(initdb)
	if out, err := initdb.CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}
	s.command = []string{filepath.Join(bin, "postgres"), "-D", data, "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=on"}
	tb.Cleanup(func() { s.Stop(tb) })
	s.Resume(tb)
	return s
}

// Stop ends the server at once, as a fast shutdown does: connections break, what was committed is there when it comes back.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	stop(tb, s.stdin, s.cmd)
	s.cmd = nil
}

// Resume starts a stopped server again, with its databases and at the same URLs.
func (s *Server) Resume(tb testing.TB) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		s.run(tb)
		s.await(tb)
	}
}

// findBinaries gives the folder of the newest PostgreSQL programs: Debian's, else
// those in PATH.
func findBinaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is good
	slices.SortFunc(found, func(a, b string) int {
		return len(a) - len(b)
	})
	if n := len(found); n > 0 {
		return filepath.Dir(found[n-1]), nil
	}
	p, err := exec.LookPath("initdb")
	if err != nil {
		return "", fmt.Errorf("PostgreSQL is not installed (apt-get install postgresql): %w", err)
	}
	return filepath.Dir(p), nil
}

// makeDir makes a folder with a short name: a socket's path has at most 107 octets.
func makeDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("removing the database cluster: %v", err)
		}
	})
	if err := giveToOther(dir); err != nil {
		tb.Fatal(err)
	}
	return dir
}

func (s *Server) run(tb testing.TB) {
	tb.Helper()
	cmd := exec.Command("/bin/sh", append([]string{"-c", keeper, "sh"}, s.command...)...)
	runAsOther(cmd)
	cmd.Dir = s.dir
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = log.Close() }() // the server has its own copy
	cmd.Stdout, cmd.Stderr = log, log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	s.stdin, s.cmd = stdin, cmd
}

func stop(tb testing.TB, stdin io.Closer, cmd *exec.Cmd) {
	if err := stdin.Close(); err != nil {
		tb.Errorf("stopping PostgreSQL: %v", err)
	}
	_ = cmd.Wait() // tells how the shell ended, which says nothing
}

// await returns when the server answers.
func (s *Server) await(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, s.url("postgres"))
		if err == nil {
			_ = c.Close(ctx)
			return
		}
		select { // PostgreSQL sends no event when it is ready
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			tb.Fatalf("PostgreSQL does not answer: %v\n%s", err, log)
		}
	}
}

// Database creates an empty database and gives its postgres:// URL.
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = c.Close(ctx) }()
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		tb.Fatal(err)
	}
	return s.url(name)
}

func (s *Server) url(database string) string {
	return strings.Join([]string{"postgres://postgres@/", database, "?host=", url.QueryEscape(s.dir)}, "")
}
