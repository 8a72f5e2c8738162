package store

import (
	"testing"
	"time"
)

func init() {
	contract["FindEvents"], contract["FindUnicode"], contract["FindVolume"] = findEvents, findUnicode, findVolume
}

// findEvents is part of the contract: by name and time, the youngest first.
func findEvents(t *testing.T, s *Store) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	var list []MailEvent
	for i := range 4 {
		when := at.Add(time.Duration(i) * time.Minute)
		list = append(list, MailEvent{ID: NewMailEventID(when), At: when, Queue: "Q", Author: "find.example"})
	}
	if err := s.AddMailEvents(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		name, after, before string
		limit, want         int
		first               int
	}{
		"all": {"FIND.example", "", "", 10, 4, 3}, "since": {"find.example", MailEventIDAt(at.Add(time.Minute)), "", 10, 3, 3}, "until": {"find.example", "", MailEventIDAt(at.Add(time.Minute)), 10, 1, 0},
		"behind": {"find.example", "", list[2].ID, 10, 2, 1}, "limit": {"find.example", "", "", 2, 2, 3}, "no name": {"", MailEventIDAt(at), MailEventIDAt(at.Add(time.Hour)), 10, 4, 3}, "none": {"nobody", "", "", 10, 0, 0},
	} {
		got, err := s.MailEventsWithin(t.Context(), c.name, c.after, c.before, c.limit)
		if err != nil || len(got) != c.want || c.want > 0 && got[0].ID != list[c.first].ID {
			t.Errorf("%s: %d, %v", name, len(got), err)
		}
	}
}

// findUnicode is part of the contract: a domain in Unicode and in A-labels is one.
func findUnicode(t *testing.T, s *Store) {
	e := MailEvent{ID: NewMailEventID(time.Now()), At: time.Now(), Author: "xn--r8jz45g.example", MailFrom: "利用者@例え.example", Rcpts: []string{"u@xn--wgv71a119e.example"}, RcptCount: 1}
	if err := s.AddMailEvents(t.Context(), []MailEvent{e}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"例え.example", "XN--R8JZ45G.example", "利用者@例え.example", "<利用者@xn--r8jz45g.example>", "u@日本語.example", "U@xn--wgv71a119e.example"} {
		list, err := s.MailEvents(t.Context(), name, 10)
		if err != nil || len(list) != 1 || list[0].MailFrom != e.MailFrom || !list[0].Named(name) {
			t.Errorf("%s: %+v, %v", name, list, err)
		}
	}
}

// findVolume is part of the contract: a domain with all below it, and no other.
func findVolume(t *testing.T, s *Store) {
	if err := s.AddVolume(t.Context(), []Volume{
		{Day: "2025-01-02", Source: "192.0.2.1", Provider: "gmail", Author: "f.example", Messages: 1}, {Day: "2025-01-03", Source: "192.0.2.2", Provider: "*", Author: "a_b.f.example", Messages: 2},
		{Day: "2025-01-03", Source: "192.0.2.2", Provider: "*", Author: "axb.f.example", Messages: 4}, {Day: "2025-01-04", Source: "192.0.2.2", Provider: "*", Author: "of.example", Messages: 8},
	}); err != nil {
		t.Fatal(err)
	}
	for want, f := range map[int64]VolumeFilter{
		15: {}, 7: {Author: "f.example"}, 2: {Author: "a_b.f.example"}, 14: {Source: "192.0.2.2"}, 1: {Provider: "gmail", Author: "f.example"}, 6: {Source: "192.0.2.2", Author: "f.example"}, 0: {Author: "%"},
	} {
		f.From, f.To = "2025-01-01", "2025-01-31"
		list, err := s.VolumeRows(t.Context(), f, 100)
		sum := int64(0)
		for _, v := range list {
			sum += v.Messages
		}
		if err != nil || sum != want {
			t.Errorf("%+v: %d, want %d, %v", f, sum, want, err)
		}
	}
	if list, err := s.VolumeRows(t.Context(), VolumeFilter{From: "2025-01-01", To: "2025-01-31"}, 1); err != nil || len(list) != 1 || list[0].Day != "2025-01-04" {
		t.Errorf("%+v, %v", list, err)
	}
}
