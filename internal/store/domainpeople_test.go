package store

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func init() { contract["SetDomainsOf"] = testSetDomainsOf }

func testSetDomainsOf(t *testing.T, s *Store) {
	ids := map[string]string{}
	for _, name := range []string{"ann", "bob"} {
		p, err := s.AddPerson(ctx, Person{Name: name, Role: "customer"}, false)
		ok(t, err)
		ids[name] = p.ID
	}
	a, b := &Domain{Name: "a.example"}, &Domain{Name: "b.example"}
	ok(t, s.SetDomainsOf(ctx, map[string][]string{"a.example": {ids["ann"], ids["bob"]}, "b.example": {ids["bob"]}}, a, b))
	many := []string{"b.example", "a.example", "none.example"}
	for i := range 1200 {
		many = append(many, fmt.Sprintf("n%d.example", i))
	}
	want := func(w map[string][]string) {
		t.Helper()
		got, err := s.DomainsPeople(ctx, many)
		ok(t, err)
		if diff := cmp.Diff(w, got); diff != "" {
			t.Errorf("(-want +got) %s", diff)
		}
	}
	want(map[string][]string{"a.example": {"ann", "bob"}, "b.example": {"bob"}})
	ok(t, s.SetDomainsOf(ctx, map[string][]string{"a.example": {ids["ann"]}})) // b stays with whom it is
	want(map[string][]string{"a.example": {"ann"}, "b.example": {"bob"}})
	since := a.Created.AddDate(0, -1, 0)
	old := &Domain{Name: "old.example", Created: since}
	ok(t, s.SetDomains(ctx, old))
	if got, err := s.Domain(ctx, "", "old.example"); err != nil || !got.Created.Equal(since) || got.Changed.Equal(since) || !cmp.Equal(got, *old) {
		t.Errorf("%+v, %+v, %v", got, old, err)
	}
	a.DMARC = "reject"
	for name, err := range map[string]error{
		"no such person": s.SetDomainsOf(ctx, map[string][]string{"a.example": {ids["bob"], "nobody"}}, a),
		"no such domain": s.SetDomainsOf(ctx, map[string][]string{"none.example": {ids["bob"]}}),
	} {
		wantErr(t, err, ErrConflict)
		if got, err := s.Domain(ctx, "", "a.example"); err != nil || got.DMARC != "" {
			t.Errorf("%s: half of it was kept: %+v, %v", name, got, err)
		}
	}
	want(map[string][]string{"a.example": {"ann"}, "b.example": {"bob"}})
	ok(t, s.SetDomainsOf(ctx, map[string][]string{"a.example": nil, "b.example": nil}))
	want(map[string][]string{})
	if p, err := s.PeopleNamed(ctx, append(many, "ann", "nobody")); err != nil || len(p) != 1 || p["ann"].ID != ids["ann"] {
		t.Errorf("%+v, %v", p, err)
	}
}
