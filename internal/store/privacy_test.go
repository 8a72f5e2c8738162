package store

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/evidence"
)

func init() {
	contract["BodiesAreDropped"] = testBodiesAreDropped
	contract["DroppedBodyLeavesNoMail"] = testDroppedBodyLeavesNoMail
	contract["WhenBodiesAreDue"] = testWhenBodiesAreDue
	contract["ScheduleDrops"] = testScheduleDrops
}

const secretBody = "Subject: x\r\n\r\nthe secret words of the body\r\n"

func addVerified(t *testing.T, s *Store, token string) *Message {
	t.Helper()
	m := &Message{Token: token, Evidence: evidence.Bundle{Source: "smtp", Message: []byte(secretBody), Time: s.now()}}
	if err := s.AddMessage(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := s.SetVerified(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return m
}

func testBodiesAreDropped(t *testing.T, s *Store) {
	ctx := t.Context()
	m := addVerified(t, s, "")
	at := time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC)
	if err := s.DropBody(ctx, m.ID, []byte("Subject: x\r\n\r\n"), []byte("verdict"), at); err != nil {
		t.Fatal(err)
	}
	got, err := s.Message(ctx, m.ID)
	if err != nil || string(got.Evidence.Message) != "Subject: x\r\n\r\n" || string(got.Kept) != "verdict" || !got.Dropped.Equal(at) || !got.DropAt.IsZero() || got.Size != len(secretBody) {
		t.Fatalf("%+v %v", got, err)
	}
	list, err := s.Recent(ctx, 1)
	if err != nil || !list[0].Dropped.Equal(at) {
		t.Errorf("listed: %+v %v", list, err)
	}
	for what, err := range map[string]error{
		"again":        s.DropBody(ctx, m.ID, nil, []byte("another"), at),
		"nothing":      s.DropBody(ctx, "nothing", nil, nil, at),
		"judged again": s.SetVerified(ctx, &Message{ID: m.ID}),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	unjudged := &Message{Evidence: evidence.Bundle{Message: []byte(secretBody)}}
	if err := s.AddMessage(ctx, unjudged); err != nil {
		t.Fatal(err)
	}
	if err := s.DropBody(ctx, unjudged.ID, nil, nil, at); !errors.Is(err, ErrNotFound) {
		t.Errorf("one without a verdict: %v", err)
	}
	// The quota counts what is left.
	s.SetQuota(int64(len(secretBody)*2 + 30))
	if err := s.AddMessage(ctx, &Message{Evidence: evidence.Bundle{Message: []byte(secretBody)}}); err != nil {
		t.Errorf("there is room: %v", err)
	}
	if n, err := s.Prune(ctx, time.Now().Add(time.Hour), time.Minute); err != nil || n < 3 {
		t.Errorf("pruned %d, %v", n, err)
	}
	var left int64
	if err := s.db.reader().queryRow(ctx, `SELECT count(*) FROM verdicts`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d verdicts stay behind, %v", left, err)
	}
}

// A report that waits for its recipient's server quotes the body, so it goes with it; other mail stays.
func testDroppedBodyLeavesNoMail(t *testing.T, s *Store) {
	ctx, m := t.Context(), addVerified(t, s, "")
	at := s.now()
	for _, reason := range []string{"reply:" + m.ID, "reply:other"} {
		if err := s.AddOutbound(ctx, &Outbound{Reason: reason, Kind: "reply", Recipient: "a@example.com", Message: []byte(secretBody), Expires: at.Add(time.Hour)}, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	claimed, err := s.ClaimOutbound(ctx, "owner", at.Add(time.Second), at.Add(time.Minute), 1)
	if err != nil || len(claimed) != 1 || claimed[0].Reason != "reply:"+m.ID {
		t.Fatalf("%+v %v", claimed, err)
	}
	if err := s.DropBody(ctx, m.ID, nil, []byte("verdict"), at); err != nil {
		t.Fatal(err)
	}
	if o, err := s.OutboundFor(ctx, "reply:"+m.ID); err != nil || o.State != OutboundFailed || o.Message != nil || o.Finished.IsZero() {
		t.Errorf("%+v %v", o, err)
	}
	if o, err := s.OutboundFor(ctx, "reply:other"); err != nil || o.State != OutboundWaiting || string(o.Message) != secretBody {
		t.Errorf("another: %+v %v", o, err)
	}
	if err := s.SettleOutbound(ctx, "owner", &claimed[0], at); !errors.Is(err, ErrNotFound) {
		t.Errorf("who had it: %v", err)
	}
	late := addVerified(t, s, "")
	if err := s.DropBody(ctx, late.ID, nil, []byte("verdict"), at); err != nil {
		t.Fatal(err)
	}
	report := &Outbound{Reason: "reply:" + late.ID, Kind: "reply", Recipient: "a@example.com", Message: []byte(secretBody), Expires: at.Add(time.Hour)}
	if err := s.AddOutbound(ctx, report, nil, nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("a report that was written before: %v", err)
	}
}

func testWhenBodiesAreDue(t *testing.T, s *Store) {
	ctx := t.Context()
	now := time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC)
	s.now = func() time.Time { return now }
	for _, c := range []struct {
		server, mailbox, want time.Duration
	}{
		{0, 0, 0}, {time.Hour, 0, time.Hour}, {0, time.Minute, time.Minute}, {time.Hour, time.Minute, time.Minute}, {time.Minute, time.Hour, time.Minute},
		{60 * 24 * time.Hour, 50 * 24 * time.Hour, 50 * 24 * time.Hour}, // beyond 32 bits
	} {
		s.SetDropAfter(c.server)
		box, err := s.NewMailbox(ctx, Mailbox{DropAfter: c.mailbox})
		if err != nil {
			t.Fatal(err)
		}
		m := addVerified(t, s, strings.ToUpper(box.Token))
		want := time.Time{}
		if c.want > 0 {
			want = now.Add(c.want)
		}
		if !m.DropAt.Equal(want) {
			t.Errorf("%+v: due at %v", c, m.DropAt)
		}
		if got, err := s.Message(ctx, m.ID); err != nil || !got.DropAt.Equal(want) {
			t.Errorf("%+v: stored as %v, %v", c, got.DropAt, err)
		}
		if c.want == 0 {
			continue
		}
		if due, err := s.BodiesDue(ctx, want.Add(-time.Millisecond), 100); err != nil || slices.Contains(due, m.ID) {
			t.Errorf("%+v: due too soon, %v", c, err)
		}
		if due, err := s.BodiesDue(ctx, want, 100); err != nil || !slices.Contains(due, m.ID) {
			t.Errorf("%+v: not due, %v", c, err)
		}
	}
	s.SetDropAfter(0)
	box, err := s.NewMailbox(ctx, Mailbox{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetMailboxDrop(ctx, strings.ToUpper(box.Token), 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	if box, err = s.Mailbox(ctx, box.Token); err != nil || box.DropAfter != 10*time.Minute {
		t.Errorf("%+v %v", box, err)
	}
	if m := addVerified(t, s, box.Token); !m.DropAt.Equal(now.Add(10 * time.Minute)) {
		t.Errorf("after the choice: %v", m.DropAt)
	}
	if err := s.SetMailboxDrop(ctx, "nothing", time.Minute); !errors.Is(err, ErrNotFound) {
		t.Errorf("no such mailbox: %v", err)
	}
}

func testScheduleDrops(t *testing.T, s *Store) {
	ctx := t.Context()
	old := addVerified(t, s, "")
	waiting := &Message{Evidence: evidence.Bundle{Message: []byte(secretBody)}}
	if err := s.AddMessage(ctx, waiting); err != nil {
		t.Fatal(err)
	}
	if err := s.ScheduleDrops(ctx); err != nil { // nothing is asked for
		t.Fatal(err)
	}
	later := s.now().Add(2 * time.Hour)
	if due, err := s.BodiesDue(ctx, later, 10); err != nil || len(due) != 0 {
		t.Errorf("%v %v", due, err)
	}
	s.SetDropAfter(time.Hour)
	for range 2 {
		if err := s.ScheduleDrops(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if due, err := s.BodiesDue(ctx, later, 10); err != nil || !slices.Equal(due, []string{old.ID}) {
		t.Errorf("%v %v, want %s alone", due, err, old.ID)
	}
	if due, err := s.BodiesDue(ctx, s.now(), 10); err != nil || len(due) != 0 {
		t.Errorf("before its time: %v %v", due, err)
	}
}

// TestScrub: after a body was dropped no file of the database holds it.
func TestScrub(t *testing.T) {
	name := t.TempDir() + "/todoku.db"
	s, err := Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	secret := bytes.Repeat([]byte("the secret words of the body\r\n"), 2000)
	raw := append([]byte("Subject: x\r\n\r\n"), secret...)
	m := &Message{Evidence: evidence.Bundle{Message: raw, Time: time.Now()}}
	if err := errors.Join(s.AddMessage(t.Context(), m), s.SetVerified(t.Context(), m)); err != nil {
		t.Fatal(err)
	}
	held := func() (out []string) {
		for _, file := range []string{name, name + "-wal"} {
			b, err := os.ReadFile(file)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte("the secret words")) {
				out = append(out, file)
			}
		}
		return out
	}
	if len(held()) == 0 {
		t.Fatal("the test does not find what is there")
	}
	if err := errors.Join(s.DropBody(t.Context(), m.ID, raw[:14], []byte("verdict"), time.Now()), s.Scrub(t.Context())); err != nil {
		t.Fatal(err)
	}
	if files := held(); files != nil {
		t.Errorf("%v still hold the body", files)
	}
}

func init() { contract["Retention"] = testRetention }

func testRetention(t *testing.T, s *Store) {
	ctx := t.Context()
	now := time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC)
	s.now = func() time.Time { return now }
	m := addVerified(t, s, "tok")
	for id, owner := range map[string]string{"persons": "ann", "nobodys": "", "visitors": VisitorOwner + "x"} {
		if err := s.AddRun(ctx, &Run{ID: id, Target: "example.com", Owner: owner, State: Done, At: now}); err != nil {
			t.Fatal(err)
		}
	}
	found := func() (out []string) {
		_, err := s.Message(ctx, m.ID)
		_, sizeErr := s.MessageSize(ctx, m.ID)
		list, _ := s.MessagesFor(ctx, "tok", 10)
		if (err == nil) != (sizeErr == nil) || (err == nil) != (len(list) == 1) || err != nil && !errors.Is(err, ErrNotFound) {
			t.Errorf("not at one: %v, %v, %d listed", err, sizeErr, len(list))
		}
		if err == nil {
			out = append(out, "message")
		}
		all, _ := s.Runs(ctx, "example.com", "", true, 10)
		for _, id := range []string{"nobodys", "persons", "visitors"} {
			_, err := s.Run(ctx, id)
			if (err == nil) != slices.ContainsFunc(all, func(r Run) bool { return r.ID == id }) {
				t.Errorf("%s: %v, listed %v", id, err, all)
			}
			if err == nil {
				out = append(out, id)
			}
		}
		return out
	}
	r := Retention{Messages: 2 * time.Hour, Checks: 24 * time.Hour, VisitorChecks: time.Hour}
	s.SetRetention(r)
	for _, c := range []struct {
		after   time.Duration
		want    string
		deleted int
	}{
		{time.Hour - time.Millisecond, "message nobodys persons visitors", 0}, {time.Hour, "message nobodys persons", 1}, {2 * time.Hour, "nobodys persons", 1}, {24 * time.Hour, "", 2},
	} {
		now = time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC).Add(c.after)
		if got := strings.Join(found(), " "); got != c.want {
			t.Errorf("after %v: %q, want %q", c.after, got, c.want)
		}
		if n, err := s.PruneOlder(ctx, now.Add(time.Millisecond), r); err != nil || n != c.deleted {
			t.Errorf("after %v: %d deleted, %v; want %d", c.after, n, err, c.deleted)
		}
	}
}
