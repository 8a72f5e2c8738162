package store

import (
	"context"
	"errors"
	"strings"
	"testing"

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
