package serve

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/warmup"
)

// TestNoMailLog: a log that is not there, for its name is wrong perhaps, is said to be so.
func TestNoMailLog(t *testing.T) {
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "t.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var said bytes.Buffer
	f := &flow{MilterConfig: MilterConfig{Store: st, Log: slog.New(slog.NewTextHandler(&said, nil))}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.follow(ctx, MailLog{Source: "192.0.2.1", Name: filepath.Join(t.TempDir(), "male.log")})
	if !strings.Contains(said.String(), "is not there") || !strings.Contains(said.String(), "male.log") {
		t.Errorf("%q", said.String())
	}
}

// TestZoneOfALog: that a log is of another zone is found out by what was written just now and looks old, also where it is of today; what is read late is not.
func TestZoneOfALog(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	at := func(age time.Duration) warmup.LogRead { return warmup.LogRead{Deliveries: 1, Last: now.Add(-age)} }
	type poll struct {
		read   warmup.LogRead
		failed bool
	}
	old, fresh, none := poll{read: at(5 * time.Hour)}, poll{read: at(time.Minute)}, poll{}
	for what, c := range map[string]struct {
		polls []poll
		want  int
	}{
		"another zone":             {[]poll{none, old, none, old, old, old, old}, 1},
		"the first is of before":   {[]poll{old, fresh, fresh, fresh}, 0},
		"the database was away":    {[]poll{none, {failed: true}, old, {failed: true}, old, {failed: true}, old, fresh}, 0},
		"a queue that was blocked": {[]poll{none, old, fresh, old, fresh, old, fresh}, 0},
	} {
		var z zoneWatch
		said := 0
		for _, p := range c.polls {
			if z.late(p.read, p.failed, now) {
				said++
			}
		}
		if said != c.want {
			t.Errorf("%s: said %d times, want %d", what, said, c.want)
		}
	}
}
