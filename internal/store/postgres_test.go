package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/todoku/todoku/internal/pgtest"
)

func TestPostgresServer(t *testing.T) {
	server := pgtest.Start(t)
	t.Run("OpenAgain", func(t *testing.T) {
		url := server.Database(t)
		s := openTest(t, url)
		m := sample()
		ok(t, s.AddMessage(ctx, m))
		ok(t, s.Close())
		if _, err := openTest(t, url).Message(ctx, m.ID); err != nil {
			t.Error(err)
		}
	})
	t.Run("ManyProcessesStartTogether", func(t *testing.T) {
		url := server.Database(t)
		results := make(chan error)
		const n = 4
		for range n {
			go func() {
				s, err := Open(ctx, url)
				if err == nil {
					err = errors.Join(s.AddMessage(ctx, sample()), s.Close())
				}
				results <- err
			}()
		}
		for range n {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("CommitsAreDurableWhateverTheDefault", func(t *testing.T) {
		url := server.Database(t)
		admin := openTest(t, url)
		ok(t, admin.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
			_, err := q.exec(ctx, `ALTER ROLE postgres SET synchronous_commit = off`)
			return err
		}))
		s := openTest(t, url)
		var during string
		ok(t, s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
			return q.queryRow(ctx, `SELECT current_setting('synchronous_commit')`).Scan(&during)
		}))
		if during != "on" {
			t.Errorf("synchronous_commit = %s while writing", during)
		}
	})
	t.Run("ASilentServerIsNotWaitedFor", func(t *testing.T) { testSilentServer(t, server.Database(t)) })
	t.Run("LocksInOneOrder", func(t *testing.T) { testLockOrder(t, server.Database(t)) })
	t.Run("ANewerSchemaIsRefused", func(t *testing.T) {
		url := server.Database(t)
		s := openTest(t, url)
		ok(t, s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
			_, err := q.exec(ctx, `INSERT INTO todoku_schema (version_id, is_applied) VALUES (999, true)`)
			return err
		}))
		_, err := Open(ctx, url)
		wantErr(t, err, errNewerSchema)
	})
}

func TestPostgresOpenErrors(t *testing.T) {
	for name, c := range map[string]struct{ url, want string }{
		"no server": {"postgres://u:secret@127.0.0.1:1/x?connect_timeout=5", "is it running"},
		"bad URL":   {"postgres://u:secret@host:port/x", "cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(ctx, c.url)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v does not say %q", err, c.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

func TestPostgresErrorCodes(t *testing.T) {
	for code, want := range map[string]error{"53100": ErrFull, "53200": ErrFull, "23505": ErrExists} {
		wantErr(t, (&postgresDB{}).translate(&pgconn.PgError{Code: code}), want)
	}
	if err := (&postgresDB{}).translate(&pgconn.PgError{Code: "53300"}); errors.Is(err, ErrFull) {
		t.Error("too many connections is not a full disk")
	}
}

// TestPostgresConnectTimeout: a server that takes connections and says nothing must
// not hold the start up for ever.
func TestPostgresConnectTimeout(t *testing.T) {
	for url, want := range map[string]time.Duration{
		"postgres://u@127.0.0.1/x":                   connectTimeout,
		"postgres://u@127.0.0.1/x?connect_timeout=3": 3 * time.Second,
	} {
		c, err := poolConfig(url)
		ok(t, err)
		if got := c.ConnConfig.ConnectTimeout; got != want {
			t.Errorf("%s: connecting may take %v, want %v", url, got, want)
		}
	}
}

// testSilentServer: the server stops answering in the middle of a write. Abort lets
// the writer go, and Close does not wait for a farewell.
func testSilentServer(t *testing.T, database string) {
	c, err := poolConfig(database)
	ok(t, err)
	p := startProxy(t, fmt.Sprintf("%s/.s.PGSQL.%d", c.ConnConfig.Host, c.ConnConfig.Port))
	u, err := url.Parse(database)
	ok(t, err)
	q := u.Query()
	q.Set("host", p.dir)
	q.Set("port", "5432")
	u.RawQuery = q.Encode()
	s, err := Open(ctx, u.String())
	ok(t, err)
	p.silent.Store(true)
	result := make(chan error, 1)
	go func() { result <- s.AddMessage(ctx, sample()) }()
	<-p.swallowed
	s.Abort()
	wantErr(t, <-result, context.Canceled)
	begun := time.Now()
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("closing: %v", err)
	}
	if took := time.Since(begun); took > 5*time.Second { // pgx alone waits 15 s
		t.Errorf("closing took %v", took)
	}
}

// proxy stands before a server's unix socket and can become silent.
type proxy struct {
	dir       string
	silent    atomic.Bool
	swallowed chan struct{} // something came while it was silent
}

func startProxy(t *testing.T, server string) *proxy {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgproxy") // a socket's path must be short
	ok(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &proxy{dir: dir, swallowed: make(chan struct{}, 1)}
	l, err := net.Listen("unix", dir+"/.s.PGSQL.5432")
	ok(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = from.Close() })
			if p.silent.Load() {
				continue
			}
			to, err := net.Dial("unix", server)
			if err != nil {
				_ = from.Close()
				continue
			}
			t.Cleanup(func() { _ = to.Close() })
			go func() { _, _ = io.Copy(from, to) }()
			go p.forward(to, from)
		}
	}()
	return p
}

// forward copies until the proxy is silent.
func (p *proxy) forward(to io.Writer, from io.Reader) {
	b := make([]byte, 4096)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		if p.silent.Load() {
			select {
			case p.swallowed <- struct{}{}:
			default:
			}
			continue
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// testLockOrder: who keeps several domains takes them in the order of their names, so that of two nodes none waits for what the other has while that waits for it.
func testLockOrder(t *testing.T, url string) {
	s, other := openTest(t, url), openTest(t, url)
	a, b := Domain{Name: "a.example"}, Domain{Name: "b.example"}
	ok(t, s.SetDomains(ctx, &a, &b))
	for name, keep := range map[string]func() error{
		"domains": func() error { return s.SetDomains(ctx, &b, &a) },
		"forwards": func() error {
			return s.SetForwards(ctx, "", changes(t, s), 9, 9, Forward{Domain: b.Name, Keep: true}, Forward{Domain: a.Name, Keep: true})
		},
	} {
		done := make(chan error, 1)
		ok(t, other.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
			if err := holdDomain(ctx, q, "", a.Name); err != nil {
				return err
			}
			go func() { done <- keep() }()
			for waits := 0; waits == 0; { // until it stands behind this one
				if err := q.queryRow(ctx, `SELECT count(*) FROM pg_locks WHERE NOT granted`).Scan(&waits); err != nil {
					return err
				}
			}
			return holdDomain(ctx, q, "", b.Name)
		}))
		if err := <-done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
