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
