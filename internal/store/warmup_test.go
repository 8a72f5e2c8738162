package store

import (
	"context"
	"errors"
	"testing"
	"time"
)

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

// testLogPositions: logs are known by their beginnings, whatever their names are; two readers do not disturb each other; what is left is forgotten
// days later.
func testLogPositions(t *testing.T, s *Store) {
	_, err := s.LogPosition(ctx, "192.0.2.1", "a")
	wantErr(t, err, ErrNotFound)
	note := func(do func(ctx context.Context, d *Deliveries) error) error { return s.NoteDeliveries(ctx, 0, do) }
	move := func(source, head string, from, to int64) error {
		return note(func(ctx context.Context, d *Deliveries) error { return d.MoveLog(ctx, source, head, from, to) })
	}
	for head, n := range map[string]int64{"a": 7, "b": 1 << 40} {
		ok(t, move("192.0.2.1", head, -1, n))
	}
	ok(t, move("192.0.2.1", "a", 7, 9))
	ok(t, move("192.0.2.2", "a", -1, 5))
	wantErr(t, move("192.0.2.1", "a", 7, 8), ErrMoved)
	wantErr(t, move("192.0.2.1", "a", -1, 0), ErrMoved)
	wantErr(t, move("192.0.2.1", "c", 0, 1), ErrMoved)
	at := func(source, head string, want int64) {
		t.Helper()
		if got, err := s.LogPosition(ctx, source, head); err != nil || got != want {
			t.Errorf("%s, %s: %d, %v", source, head, got, err)
		}
	}
	at("192.0.2.1", "a", 9)
	at("192.0.2.1", "b", 1<<40)
	for range 2 {
		ok(t, note(func(ctx context.Context, d *Deliveries) error {
			return errors.Join(d.NameLog(ctx, "192.0.2.1 /var/log/mail.log"), d.NameLog(ctx, "192.0.2.1 /var/log/メール.log"))
		}))
	}
	for name, want := range map[string]bool{"192.0.2.1 /var/log/mail.log": true, "192.0.2.1 /var/log/メール.log": true, "192.0.2.2 /var/log/mail.log": false, "192.0.2.1 /var/log/mail": false} {
		if ever, err := s.LogRead(ctx, name); err != nil || ever != want {
			t.Error(name, ever, err)
		}
	}
	leave := func(head string, days int) {
		t.Helper()
		ok(t, note(func(ctx context.Context, d *Deliveries) error {
			return d.LeaveLog(ctx, "192.0.2.1", head, noon.AddDate(0, 0, days))
		}))
	}
	leave("a", 0)
	leave("a", 0)
	leave("b", leftFor)
	at("192.0.2.1", "a", 9)
	leave("b", leftFor+1)
	_, err = s.LogPosition(ctx, "192.0.2.1", "a")
	wantErr(t, err, ErrNotFound)
	at("192.0.2.1", "b", 1<<40)
	if ever, err := s.LogRead(ctx, "192.0.2.1 /var/log/mail.log"); err != nil || !ever {
		t.Error(ever, err)
	}
}

func init() { contract["Deliveries"] = testDeliveries }

// testDeliveries: what is noted of deliveries is noted whole, or not at all, also when others write at the same time.
func testDeliveries(t *testing.T, s *Store) {
	ok(t, s.SetWarmup(ctx, &Warmup{Source: "192.0.2.1", Provider: "gmail", State: "a"}))
	step := func(from int64, last error) error {
		return s.NoteDeliveries(ctx, 0, func(ctx context.Context, d *Deliveries) error {
			if err := d.MoveLog(ctx, "log", "head", from, from+10); err != nil {
				return err
			}
			if _, err := d.TakeEvents(ctx, []string{"e"}, noon.Add(time.Hour)); err != nil {
				return err
			}
			if err := errors.Join(d.AddComplaints(ctx, []Complaint{{Day: "2026-11-06", Complaints: 1}}), d.AddVolume(ctx, []Volume{{Day: "2026-11-06", Messages: 1}})); err != nil {
				return err
			}
			if err := d.ChangeWarmup(ctx, "192.0.2.1", "yahoo", func(Warmup) (string, error) { return "", nil }); !errors.Is(err, ErrNotFound) {
				return errors.Join(errors.New("a plan that is not there"), err)
			}
			return errors.Join(d.ChangeWarmup(ctx, "192.0.2.1", "gmail", func(w Warmup) (string, error) { return w.State + "b", nil }), last)
		})
	}
	ok(t, step(-1, nil))
	other := errors.New("the power went")
	wantErr(t, step(9, other), other)
	wantErr(t, step(9, ErrConflict), ErrConflict)
	wantErr(t, step(-1, nil), ErrMoved)
	ok(t, step(9, nil))
	at, err := s.LogPosition(ctx, "log", "head")
	w, err2 := s.Warmup(ctx, "192.0.2.1", "gmail")
	c, err3 := s.Complaints(ctx, "")
	v, err4 := s.VolumeSince(ctx, "")
	ok(t, errors.Join(err, err2, err3, err4))
	if at != 19 || w.State != "abb" || w.Version != 3 || len(c) != 1 || c[0].Complaints != 2 || len(v) != 1 || v[0].Messages != 2 {
		t.Errorf("at %d, %+v, %+v, %+v", at, w, c, v)
	}
}
