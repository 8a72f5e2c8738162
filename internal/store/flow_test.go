package store

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func init() {
	contract["Volume"] = testVolume
	contract["VolumeIsBounded"] = testVolumeIsBounded
	contract["MailEvents"] = testMailEvents
	contract["PruneFlow"] = testPruneFlow
}

func testVolume(t *testing.T, s *Store) {
	a := Volume{Day: "2026-11-26", Source: "192.0.2.1", Provider: "gmail", Author: "a.example", Messages: 2, Paced: 1}
	b := a
	b.Author, b.Messages = "b.example", 5
	ok(t, s.AddVolume(ctx, []Volume{a, b, a}))
	ok(t, s.AddVolume(ctx, []Volume{a, {Day: "2026-11-25", Source: "", Provider: "*", Author: "\x00\xff", Messages: 1}}))
	got, err := s.VolumeSince(ctx, "2026-11-26")
	want := []Volume{{Day: "2026-11-26", Source: "192.0.2.1", Provider: "gmail", Messages: 11, Paced: 4}}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	if got, err := s.VolumeSince(ctx, ""); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	authors, err := s.VolumeRows(ctx, VolumeFilter{From: "2026-11-01", To: "2026-11-30", Source: "192.0.2.1"}, 1)
	if err != nil || len(authors) != 1 || authors[0].Author != "a.example" || authors[0].Messages != 6 {
		t.Errorf("%v, %v", authors, err)
	}
}

func testVolumeIsBounded(t *testing.T, s *Store) {
	var list []Volume
	for i := range 10 {
		list = append(list, Volume{Day: "2026-11-26", Provider: "*", Author: fmt.Sprint(i, ".example"), Messages: 1})
	}
	ok(t, s.addVolume(ctx, list, 4))
	ok(t, s.addVolume(ctx, list, 4))
	got, err := s.VolumeRows(ctx, VolumeFilter{From: "2026-11-26", To: "2026-11-26"}, 100)
	if err != nil || len(got) != 5 {
		t.Errorf("%v, %v", got, err)
	}
	for _, v := range got {
		if want := map[bool]int64{true: 12, false: 2}[v.Author == "*"]; v.Messages != want {
			t.Errorf("%v, want %d messages", v, want)
		}
	}
}

func event(id string, at time.Time) MailEvent {
	return MailEvent{
		ID: id, At: at, Queue: "4AbC", MessageID: "<X@b.example>", Client: "192.0.2.1", MailFrom: "A@b.example", Rcpts: []string{"c@d.example", "C@d.example"}, RcptCount: 2, Author: "b.example",
		Outcome: "dmarc-reject", Action: "reject", Reason: "neither SPF nor DKIM", Auth: &MailAuth{SPF: "fail", DKIM: [][3]string{{"b.example", "s", "fail"}}}, Findings: [][2]string{{"a", "b\x00"}},
	}
}

func testMailEvents(t *testing.T, s *Store) {
	first, second := event(NewMailEventID(noon), noon), event(NewMailEventID(noon.Add(time.Second)), noon.Add(time.Second))
	second.Queue, second.Findings = "5D", nil
	ok(t, s.AddMailEvents(ctx, []MailEvent{first, second}))
	ok(t, s.AddMailEvents(ctx, []MailEvent{first})) // again, as its outcome was not known
	for name, n := range map[string]int{"4abc": 1, "<x@B.example>": 2, "x@b.example": 2, "a@b.example": 2, "c@D.example": 2, "b.example": 2, "192.0.2.1": 2, "": 0, "nobody": 0, "'\x00\xff%": 0} {
		got, err := s.MailEvents(ctx, name, 10)
		if err != nil || len(got) != n {
			t.Errorf("%q: %d events, %v", name, len(got), err)
		}
		if n == 2 && got[0].ID != second.ID {
			t.Errorf("%q: the youngest is not first", name)
		}
	}
	if got, err := s.MailEvents(ctx, "5d", 10); err != nil || !cmp.Equal(got, []MailEvent{second}, equal) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := s.MailEvents(ctx, "b.example", 1); err != nil || len(got) != 1 {
		t.Errorf("%d, %v", len(got), err)
	}
	// Names that are cut in the middle of a character, by us or by whoever sent them.
	half := event("half", noon)
	half.MessageID, half.MailFrom = strings.Repeat("m", 499)+"\xc3", strings.Repeat("s", 499)+"é"
	ok(t, s.AddMailEvents(ctx, []MailEvent{half}))
	for _, name := range []string{half.MessageID, half.MailFrom} {
		if key := eventKey(name); !utf8.ValidString(key) || len(key) > 500 {
			t.Errorf("%q", key)
		}
		if got, err := s.MailEvents(ctx, name, 1); err != nil || len(got) != 1 {
			t.Errorf("%d, %v", len(got), err)
		}
	}
	large := event("large", noon)
	large.Reason, large.Queue = strings.Repeat("<", maxMailEvent), "huge"
	ok(t, s.AddMailEvents(ctx, []MailEvent{large}))
	if got, err := s.MailEvents(ctx, "huge", 1); err != nil || len(got) != 1 || len(got[0].Reason) != 500 || got[0].Action != "reject" {
		t.Errorf("%d, %v", len(got), err)
	}
}

func testPruneFlow(t *testing.T, s *Store) {
	var list []MailEvent
	for i := range 3*pruneRows + 20 {
		at := noon.Add(time.Duration(i) * time.Second)
		list = append(list, event(NewMailEventID(at), at))
	}
	ok(t, s.AddMailEvents(ctx, list))
	ok(t, s.AddVolume(ctx, []Volume{{Day: "2020-01-01", Provider: "*"}, {Day: "2026-11-06", Provider: "*"}}))
	n, err := s.PruneFlow(ctx, noon.Add(time.Hour+pruneRows*2*time.Second), time.Hour, 10)
	if want := len(list) - 10 + 1; err != nil || n != want {
		t.Errorf("%d, %v, want %d", n, err, want)
	}
	left, err := s.MailEvents(ctx, "b.example", 1000)
	if err != nil || len(left) != 10 || left[9].ID != list[len(list)-10].ID {
		t.Errorf("%d are left, %v", len(left), err)
	}
	if v, err := s.VolumeSince(ctx, ""); err != nil || len(v) != 1 {
		t.Errorf("%v, %v", v, err)
	}
}
