package store

import "testing"

func init() { contract["Warmups"] = testWarmups }

func testWarmups(t *testing.T, s *Store) {
	_, err := s.Warmup(ctx, "192.0.2.1", "gmail")
	wantErr(t, err, ErrNotFound)
	w := &Warmup{Source: "192.0.2.1", Provider: "gmail", State: `{"a":1}`}
	ok(t, s.SetWarmup(ctx, w))
	wantErr(t, s.SetWarmup(ctx, &Warmup{Source: "192.0.2.1", Provider: "gmail"}), ErrConflict)
	stale := *w
	w.State = `{"a":2}`
	ok(t, s.SetWarmup(ctx, w))
	wantErr(t, s.SetWarmup(ctx, &stale), ErrConflict)
	if got, err := s.Warmup(ctx, "192.0.2.1", "gmail"); err != nil || got != *w || w.Version != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	ok(t, s.SetWarmup(ctx, &Warmup{Source: "192.0.2.1", Provider: "*", State: "{}"}))
	if list, err := s.Warmups(ctx); err != nil || len(list) != 2 || list[0].Provider != "*" {
		t.Errorf("%v, %v", list, err)
	}
	ok(t, s.EndWarmup(ctx, "192.0.2.1", "gmail"))
	wantErr(t, s.EndWarmup(ctx, "192.0.2.1", "gmail"), ErrNotFound)
	wantErr(t, s.SetWarmup(ctx, w), ErrConflict)

	for _, c := range []struct {
		head string
		want int64
	}{{"a", 0}, {"b", 0}} {
		if got, err := s.LogPosition(ctx, "/var/log/mail.log", c.head); err != nil || got != c.want {
			t.Errorf("%s: %d, %v", c.head, got, err)
		}
	}
	if got, err := s.LogHead(ctx, "/var/log/mail.log"); err != nil || got != "" {
		t.Errorf("%q, %v", got, err)
	}
	ok(t, s.SetLogPosition(ctx, "/var/log/mail.log", "a", 7))
	if got, err := s.LogHead(ctx, "/var/log/mail.log"); err != nil || got != "a" {
		t.Errorf("%q, %v", got, err)
	}
	ok(t, s.SetLogPosition(ctx, "/var/log/mail.log", "a", 1<<40))
	if got, err := s.LogPosition(ctx, "/var/log/mail.log", "a"); err != nil || got != 1<<40 {
		t.Errorf("%d, %v", got, err)
	}
	if got, err := s.LogPosition(ctx, "/var/log/mail.log", "b"); err != nil || got != 0 {
		t.Errorf("another file: %d, %v", got, err)
	}
}
