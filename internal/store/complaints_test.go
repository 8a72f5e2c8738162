package store

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func init() {
	contract["Complaints"] = testComplaints
	contract["TakeEvents"] = testTakeEvents
}

func testComplaints(t *testing.T, s *Store) {
	a := Complaint{Day: "2026-11-26", Domain: "a.example", Source: "192.0.2.1", Provider: "gmail", Complaints: 1, Delivered: 100}
	b := a
	b.Domain, b.Complaints, b.Delivered = "b.example", 3, 0
	ok(t, s.AddComplaints(ctx, []Complaint{a, b, a}))
	ok(t, s.AddComplaints(ctx, []Complaint{a, {Day: "2026-11-25", Provider: "*", Domain: "\x00\xff", Complaints: 1}}))
	got, err := s.Complaints(ctx, "2026-11-26")
	want := []Complaint{{Day: "2026-11-26", Source: "192.0.2.1", Provider: "gmail", Complaints: 6, Delivered: 300}}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	if got, err := s.Complaints(ctx, ""); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	got, err = complaintsOfDomains(t, s, "2026-11-01", "192.0.2.1", 10)
	if err != nil || len(got) != 2 || got[0].Domain != "a.example" || got[0].Complaints != 3 || got[1].Complaints != 3 {
		t.Errorf("%v, %v", got, err)
	}

	var list []Complaint
	for i := range 10 {
		list = append(list, Complaint{Day: "2026-11-24", Source: "192.0.2.9", Domain: fmt.Sprint(i, ".example"), Complaints: 1})
	}
	ok(t, s.addComplaints(ctx, list, 4))
	ok(t, s.addComplaints(ctx, list, 4))
	if got, err = complaintsOfDomains(t, s, "", "192.0.2.9", 100); err != nil || len(got) != 5 || got[0].Domain != "*" || got[0].Complaints != 12 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := s.PruneFlow(ctx, time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 400), time.Hour, 10); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Complaints(ctx, ""); err != nil || len(got) != 1 || got[0].Day != "2026-11-26" {
		t.Errorf("%v, %v", got, err)
	}
}

func testTakeEvents(t *testing.T, s *Store) {
	take := func(ids []string, expires time.Time) (fresh []string, err error) {
		err = s.NoteDeliveries(ctx, 0, func(ctx context.Context, d *Deliveries) error {
			fresh, err = d.TakeEvents(ctx, ids, expires)
			return err
		})
		return fresh, err
	}
	for _, c := range []struct{ ids, want []string }{{[]string{"a", "b", "a"}, []string{"a", "b"}}, {[]string{"b", "c\x00"}, []string{"c\x00"}}, {[]string{"a", "b", "c\x00"}, nil}} {
		if got, err := take(c.ids, noon.Add(time.Hour)); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, %v", c.ids, got, err)
		}
	}
	if n, err := s.PruneFlow(ctx, noon.Add(time.Hour), time.Hour, 10); err != nil || n != 3 {
		t.Errorf("%d, %v", n, err)
	}
	if got, err := take([]string{"a", "b"}, noon); err != nil || !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%q, %v", got, err)
	}
}

// complaintsOfDomains gives what came since a day of mail from a source, by domain, the one with the most first; Day and Provider are "".
func complaintsOfDomains(t *testing.T, s *Store, day, source string, limit int) ([]Complaint, error) {
	return s.complaints(t.Context(), `SELECT '', domain, source, '', CAST(sum(complaints) AS BIGINT) AS n, CAST(sum(delivered) AS BIGINT) FROM complaints WHERE day >= $1 AND source = $2
		GROUP BY domain, source ORDER BY n DESC, domain LIMIT $3`, text(day), text(source), limit)
}
