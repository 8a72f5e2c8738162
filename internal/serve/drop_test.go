package serve

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/verify"
)

// TestDropDue: when its time has come the body goes, and the verdict stays what it was.
func TestDropDue(t *testing.T) {
	st, err := store.Open(t.Context(), t.TempDir()+"/t.db")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	st.SetDropAfter(30 * time.Minute)
	c := Config{Resolver: testZone(), Log: slog.New(slog.DiscardHandler), Hostname: "mx.example"}
	if err := c.defaults(); err != nil {
		t.Fatal(err)
	}
	w := newWorkers(c, st, live.NewHub())
	raws := []string{testMail, "no header end", "Subject: no body\r\n\r\n"}
	var ids []string
	var before []render.VerifyObject
	for _, raw := range raws {
		m := &store.Message{Evidence: evidence.Bundle{Source: "paste", Message: []byte(raw)}}
		if err := st.AddMessage(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if _, err := w.verify(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
		before = append(before, render.Verify(verify.Replay(t.Context(), &m.Evidence, m.ID, nil), "en"))
	}
	for _, s := range []struct {
		after time.Duration
		want  int
	}{{29 * time.Minute, 0}, {31 * time.Minute, 3}, {time.Hour, 0}} {
		if n, err := dropDue(t.Context(), st, c.Log, time.Now().Add(s.after)); err != nil || n != s.want {
			t.Errorf("after %v: %d went, %v; want %d", s.after, n, err, s.want)
		}
	}
	for i, header := range []string{testMail[:strings.Index(testMail, "Hello.")], "", "Subject: no body\r\n\r\n"} {
		m, err := st.Message(t.Context(), ids[i])
		if err != nil || string(m.Evidence.Message) != header || m.Dropped.IsZero() {
			t.Fatalf("%d: %q %v", i, m.Evidence.Message, err)
		}
		k, err := render.DecodeKept(m.Kept)
		if err != nil {
			t.Fatal(err)
		}
		after := k.Object(m.ID, "en")
		if after.DMARC.Result != before[i].DMARC.Result || len(after.Findings) != len(before[i].Findings) || len(after.Scorecards) != len(before[i].Scorecards) {
			t.Errorf("%d: the verdict changed: %+v", i, after)
		}
		for j := range after.Findings {
			if after.Findings[j].ID != before[i].Findings[j].ID || after.Findings[j].Title != before[i].Findings[j].Title {
				t.Errorf("%d: %+v, was %+v", i, after.Findings[j], before[i].Findings[j])
			}
		}
	}
}

// TestDropExpired: bodies of messages that cannot be had any longer, and are not pruned yet, go too, and are not looked
// for again and again.
func TestDropExpired(t *testing.T) {
	st, err := store.Open(t.Context(), t.TempDir()+"/t.db")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	st.SetDropAfter(time.Minute)
	for range droppedAtOnce + 1 {
		m := &store.Message{Received: time.Now().Add(-time.Hour), Evidence: evidence.Bundle{Source: "paste", Message: []byte(testMail)}}
		if err := errors.Join(st.AddMessage(t.Context(), m), st.SetVerified(t.Context(), m)); err != nil {
			t.Fatal(err)
		}
	}
	st.SetRetention(store.Retention{Messages: time.Minute})
	for _, want := range []int{droppedAtOnce + 1, 0} {
		if n, err := dropDue(t.Context(), st, slog.New(slog.DiscardHandler), time.Now().Add(time.Hour)); err != nil || n != want {
			t.Errorf("%d went, %v; want %d", n, err, want)
		}
	}
}

// TestKeepDefect: a message whose verdict cannot be made anew loses its body all the same.
func TestKeepDefect(t *testing.T) {
	kept, err := keep(t.Context(), slog.New(slog.DiscardHandler), "m", func() *render.Report { panic("a defect") })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := render.DecodeKept(kept); err != nil {
		t.Error(err)
	}
}

// TestKeep: what a public tester takes from strangers goes sooner than what is of its people.
func TestKeep(t *testing.T) {
	day := 24 * time.Hour
	for _, c := range []struct {
		config Config
		want   store.Retention
	}{
		{Config{}, store.Retention{Messages: 30 * day, Checks: 30 * day, VisitorChecks: 30 * day}},
		{Config{Public: true}, store.Retention{Messages: 3 * day, Checks: 30 * day, VisitorChecks: 3 * day}},
		{Config{Public: true, PublicRetention: time.Hour}, store.Retention{Messages: time.Hour, Checks: 30 * day, VisitorChecks: time.Hour}},
		{Config{Public: true, Retention: day}, store.Retention{Messages: day, Checks: day, VisitorChecks: day}},
		{Config{PublicRetention: time.Hour}, store.Retention{Messages: 30 * day, Checks: 30 * day, VisitorChecks: 30 * day}},
	} {
		c.config.Resolver = testZone()
		if err := c.config.defaults(); err != nil {
			t.Fatal(err)
		}
		if got := c.config.keep(); got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.config.Public, got, c.want)
		}
	}
}
