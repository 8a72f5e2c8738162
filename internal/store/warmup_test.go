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
}

func init() { contract["LogPositions"] = testLogPositions }

// testLogPositions: logs of one name are known by their beginnings; two readers do not disturb each other.
func testLogPositions(t *testing.T, s *Store) {
	_, err := s.LogPosition(ctx, "192.0.2.1 /var/log/mail.log", "a")
	wantErr(t, err, ErrNotFound)
	if ever, err := s.LogRead(ctx, "192.0.2.1 /var/log/mail.log"); err != nil || ever {
		t.Error(ever, err)
	}
	for head, n := range map[string]int64{"a": 7, "b": 1 << 40} {
		ok(t, s.SetLogPosition(ctx, "192.0.2.1 /var/log/mail.log", head, n))
	}
	ok(t, s.SetLogPosition(ctx, "192.0.2.1 /var/log/mail.log", "a", 9))
	ok(t, s.SetLogPosition(ctx, "192.0.2.1 /var/log/メール.log", "a", 5))
	for head, want := range map[string]int64{"a": 9, "b": 1 << 40} {
		if got, err := s.LogPosition(ctx, "192.0.2.1 /var/log/mail.log", head); err != nil || got != want {
			t.Errorf("%s: %d, %v", head, got, err)
		}
	}
	for name, want := range map[string]bool{"192.0.2.1 /var/log/mail.log": true, "192.0.2.1 /var/log/メール.log": true, "192.0.2.2 /var/log/mail.log": false, "192.0.2.1 /var/log/mail": false} {
		if ever, err := s.LogRead(ctx, name); err != nil || ever != want {
			t.Error(name, ever, err)
		}
	}
	ok(t, s.ForgetLog(ctx, "192.0.2.1 /var/log/mail.log", "a"))
	_, err = s.LogPosition(ctx, "192.0.2.1 /var/log/mail.log", "a")
	wantErr(t, err, ErrNotFound)
	if ever, err := s.LogRead(ctx, "192.0.2.1 /var/log/mail.log"); err != nil || !ever {
		t.Error(ever, err)
	}
}
