package pgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/todoku/todoku/internal/pgtest"
)

func TestServerIsPrivateAndDurable(t *testing.T) {
	s := pgtest.Start(t)
	first, second := s.Database(t), s.Database(t)
	if first == second {
		t.Errorf("two databases share the URL %s", first)
	}
	ctx := context.Background()
	c, err := pgx.Connect(ctx, second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(ctx) }()
	for setting, want := range map[string]string{"fsync": "on", "synchronous_commit": "on", "listen_addresses": ""} {
		var got string
		if err := c.QueryRow(ctx, "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q (%v), want %q", setting, got, err, want)
		}
	}
}

// TestStopAndResume: what was committed is there after the server went away and came back.
func TestStopAndResume(t *testing.T) {
	s := pgtest.Start(t)
	url := s.Database(t)
	connect := func() (*pgx.Conn, error) { return pgx.Connect(t.Context(), url) }
	c, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(t.Context(), "CREATE TABLE x AS SELECT 1 AS n"); err != nil {
		t.Fatal(err)
	}
	s.Stop(t)
	if err := c.Ping(t.Context()); err == nil {
		t.Error("the connection still works")
	}
	if _, err := connect(); err == nil {
		t.Error("a stopped server answers")
	}
	s.Resume(t)
	if c, err = connect(); err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	var n int
	if err := c.QueryRow(t.Context(), "SELECT n FROM x").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
}
