package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func init() {
	contract["Forwards"] = testForwards
	contract["ForwardsAllOrNone"] = testForwardsAllOrNone
	contract["ForwardsOfPeople"] = testForwardsOfPeople
}

func addresses(list []Forward) (out string) {
	for i := range list {
		out += list[i].Address() + " "
	}
	return out
}

func changes(t *testing.T, s *Store) int64 {
	t.Helper()
	n, err := s.ForwardsChanges(ctx)
	ok(t, err)
	return n
}

func testForwards(t *testing.T, s *Store) {
	ok(t, s.SetDomains(ctx, &Domain{Name: "a.example"}, &Domain{Name: "b.example"}, &Domain{Name: "off.example", Disabled: true}))
	before, err := s.ForwardsVersion(ctx)
	ok(t, err)
	list := []Forward{
		{Domain: "a.example", Local: "info", Targets: []string{"x@else.example", "y@else.example"}, Keep: true}, {Domain: "a.example", Targets: []string{"all@else.example"}},
		{Domain: "b.example", Local: "ann", Keep: true}, {Domain: "off.example", Local: "z", Targets: []string{"z@else.example"}},
	}
	ok(t, s.SetForwards(ctx, "", changes(t, s), 10, 10, list...))
	got, err := s.Forwards(ctx, "", "", Forward{}, 10)
	ok(t, err)
	if diff := cmp.Diff([]Forward{list[1], list[0], list[2], list[3]}, got, cmpopts.IgnoreFields(Forward{}, "Changed")); diff != "" || got[0].Changed.IsZero() {
		t.Errorf("(-want +got) %s", diff)
	}
	if after, err := s.ForwardsVersion(ctx); err != nil || after <= before {
		t.Errorf("version %d, then %d (%v)", before, after, err)
	}
	for _, c := range []struct {
		domain string
		after  Forward
		limit  int
		want   string
	}{
		{"a.example", Forward{}, 9, "@a.example info@a.example "}, {"a.example", Forward{Domain: "a.example"}, 9, "info@a.example "}, {"", Forward{Domain: "a.example", Local: "info"}, 1, "ann@b.example "},
		{"none.example", Forward{}, 9, ""}, {"", Forward{}, -1, ""},
	} {
		if list, err := s.Forwards(ctx, "", c.domain, c.after, c.limit); err != nil || addresses(list) != c.want {
			t.Errorf("%+v: %q, %v", c, addresses(list), err)
		}
	}
	if list, err := s.ForwardsFrom(ctx, Forward{Domain: "a.example"}, 9); err != nil || addresses(list) != "info@a.example ann@b.example " {
		t.Errorf("%q, %v", addresses(list), err)
	}
	there, err := s.ForwardAddresses(ctx, []string{"b.example", "none.example", "a.example"})
	if got := slices.Sorted(maps.Keys(there)); err != nil || strings.Join(got, " ") != "@a.example ann@b.example info@a.example" {
		t.Errorf("%q, %v", got, err)
	}
	f, err := s.Forward(ctx, "a.example", "")
	if err != nil || f.Targets[0] != "all@else.example" {
		t.Errorf("%+v, %v", f, err)
	}
	ok(t, s.SetForwards(ctx, "", changes(t, s), 10, 10, Forward{Domain: "a.example"}))
	_, err = s.Forward(ctx, "a.example", "")
	wantErr(t, err, ErrNotFound)
	ok(t, s.RemoveDomain(ctx, "off.example"))
	if n, err := s.CountForwards(ctx, ""); err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := s.CountForwards(ctx, "a.example"); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
}

// TestForwardsAreFound: nothing that is asked for each domain of a file looks at all forwarding addresses.
func TestForwardsAreFound(t *testing.T) {
	s := openTest(t, t.TempDir()+"/todoku.db")
	for _, query := range []string{countForwards + forwardsOfDomain, selectForwardAddresses + `$1)`} {
		plan, err := collect(ctx, s.db.reader(), func(r row) (step string, err error) {
			var n int
			return step, r.Scan(&n, &n, &n, &step)
		}, `EXPLAIN QUERY PLAN `+query, "a.example")
		if err != nil || len(plan) != 1 || !strings.HasPrefix(plan[0], "SEARCH forwards") {
			t.Errorf("%s: %q, %v", query, plan, err)
		}
	}
}

func testForwardsAllOrNone(t *testing.T, s *Store) {
	ok(t, s.SetDomains(ctx, &Domain{Name: "a.example"}, &Domain{Name: "b.example"}))
	var list []Forward
	for i := range 5 {
		list = append(list, Forward{Domain: "a.example", Local: fmt.Sprint(i), Keep: true})
	}
	wantErr(t, s.SetForwards(ctx, "", changes(t, s), 4, 99, list...), ErrTooMany)
	wantErr(t, s.SetForwards(ctx, "", changes(t, s), 9, 4, list...), ErrTooMany)
	wantErr(t, s.SetForwards(ctx, "", changes(t, s), 9, 9, append(list, Forward{Domain: "c.example", Local: "x", Keep: true})...), ErrNotFound)
	before := changes(t, s)
	ok(t, s.SetForwards(ctx, "", before, 9, 9, list[0]))
	wantErr(t, s.SetForwards(ctx, "", before, 9, 9, list[1]), ErrConflict)
	if n, err := s.CountForwards(ctx, ""); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
	for name, c := range map[string]struct {
		f      Forward
		change int64
	}{
		"as it is": {list[0], 0}, "none that is not there": {Forward{Domain: "b.example", Local: "x"}, 0}, "another destination": {Forward{Domain: "a.example", Local: "0", Targets: []string{"x@else.example"}, Keep: true}, 1},
	} {
		before := changes(t, s)
		ok(t, s.SetForwards(ctx, "", before, 9, 9, c.f))
		if n := changes(t, s); n != before+c.change {
			t.Errorf("%s: %d changes, then %d", name, before, n)
		}
		if c.change > 0 {
			ok(t, s.SetForwards(ctx, "", changes(t, s), 9, 9, list[0]))
		}
	}
}

func testForwardsOfPeople(t *testing.T, s *Store) {
	p, err := s.AddPerson(ctx, Person{Name: "her", Role: "customer"}, false)
	ok(t, err)
	ok(t, s.SetDomains(ctx, &Domain{Name: "a.example"}, &Domain{Name: "b.example"}))
	ok(t, s.GiveDomain(ctx, "b.example", p.ID, true))
	ok(t, s.SetForwards(ctx, "", changes(t, s), 9, 9, Forward{Domain: "a.example", Local: "x", Keep: true}, Forward{Domain: "b.example", Local: "y", Keep: true}))
	if list, err := s.Forwards(ctx, p.ID, "", Forward{}, 9); err != nil || addresses(list) != "y@b.example " {
		t.Errorf("%q, %v", addresses(list), err)
	}
	if list, err := s.Forwards(ctx, p.ID, "a.example", Forward{}, 9); err != nil || len(list) != 0 {
		t.Errorf("%q, %v", addresses(list), err)
	}
	mine, others := Forward{Domain: "b.example", Local: "z", Keep: true}, Forward{Domain: "a.example", Local: "z", Keep: true}
	wantErr(t, s.SetForwards(ctx, p.ID, changes(t, s), 9, 9, mine, others), ErrNotFound)
	since := changes(t, s)
	ok(t, s.GiveDomain(ctx, "b.example", p.ID, false)) // while somebody looks
	wantErr(t, s.SetForwards(ctx, p.ID, since, 9, 9, mine), ErrNotFound)
	ok(t, s.SetDomainsOf(ctx, map[string][]string{"b.example": {p.ID}}))
	ok(t, s.SetForwards(ctx, p.ID, changes(t, s), 9, 9, mine))
	since = changes(t, s)
	ok(t, s.RemoveDomain(ctx, "b.example"))
	ok(t, s.SetDomains(ctx, &Domain{Name: "b.example"})) // of the same name, and nobody's
	wantErr(t, s.SetForwards(ctx, p.ID, since, 9, 9, mine), ErrNotFound)
	if list, err := s.Forwards(ctx, "", "", Forward{}, 9); err != nil || addresses(list) != "x@a.example " {
		t.Errorf("%q, %v", addresses(list), err)
	}
}
