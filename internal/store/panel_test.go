package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func init() {
	contract["Domains"] = testDomains
	contract["DomainsAllOrNone"] = testDomainsAllOrNone
	contract["DomainPeople"] = testDomainPeople
	contract["LastRun"] = testLastRun
	contract["NewDomainOf"] = testNewDomainOf
}

func names(list []Domain) (out string) {
	for _, d := range list {
		out += d.Name + " "
	}
	return out
}

func testDomains(t *testing.T, s *Store) {
	_, err := s.Domain(ctx, "", "example.com")
	wantErr(t, err, ErrNotFound)
	before, err := s.DomainsVersion(ctx)
	ok(t, err)
	d := &Domain{Name: "example.com", DKIM: true, DMARC: "reject", Senders: []string{"ann", "bob@example.com"}}
	ok(t, s.SetDomains(ctx, d))
	got, err := s.Domain(ctx, "", "example.com")
	ok(t, err)
	if diff := cmp.Diff(*d, got); diff != "" || d.Version != 1 || d.Created.IsZero() {
		t.Errorf("(-want +got) %s", diff)
	}
	stale := *d
	d.Disabled, d.DKIM, d.DMARC, d.Senders = true, false, "", nil
	ok(t, s.SetDomains(ctx, d))
	got, err = s.Domain(ctx, "", "example.com")
	ok(t, err)
	if diff := cmp.Diff(*d, got); diff != "" || d.Version != 2 {
		t.Errorf("(-want +got) %s", diff)
	}
	wantErr(t, s.SetDomains(ctx, &stale), ErrConflict)
	wantErr(t, s.SetDomains(ctx, &Domain{Name: "example.com"}), ErrExists)
	if after, err := s.DomainsVersion(ctx); err != nil || after <= before {
		t.Errorf("version %d, then %d (%v)", before, after, err)
	}
	for _, name := range []string{"a_b.example", "axb.example", "z.example"} {
		ok(t, s.SetDomains(ctx, &Domain{Name: name}))
	}
	for _, c := range []struct {
		find, after string
		limit       int
		want        string
	}{
		{"", "", 9, "a_b.example axb.example example.com z.example "}, {"", "", 2, "a_b.example axb.example "}, {"", "axb.example", 9, "example.com z.example "},
		{"a_b", "", 9, "a_b.example "}, {"%", "", 9, ""}, {`\`, "", 9, ""}, {".com", "", 9, "example.com "}, {"", "", -1, ""},
	} {
		if list, err := s.Domains(ctx, "", c.find, c.after, c.limit); err != nil || names(list) != c.want {
			t.Errorf("%+v: %q, %v", c, names(list), err)
		}
	}
	if n, err := s.CountDomains(ctx); err != nil || n != 4 {
		t.Errorf("%d, %v", n, err)
	}
	many := []string{"z.example", "none.example"}
	for i := range 1200 {
		many = append(many, fmt.Sprintf("n%d.example", i))
	}
	if named, err := s.DomainsNamed(ctx, "", append(many, "example.com")); err != nil || len(named) != 2 || named["example.com"].Version != 2 {
		t.Errorf("%+v, %v", named, err)
	}
	if named, err := s.DomainsNamed(ctx, "nobody", many); err != nil || len(named) != 0 {
		t.Errorf("%+v, %v", named, err)
	}
	ok(t, s.RemoveDomain(ctx, "z.example"))
	wantErr(t, s.RemoveDomain(ctx, "z.example"), ErrNotFound)
	wantErr(t, s.SetDomains(ctx, &Domain{Name: "z.example", Version: 1}), ErrConflict)
}

func testDomainsAllOrNone(t *testing.T, s *Store) {
	ok(t, s.SetDomains(ctx, &Domain{Name: "b.example"}))
	var list []*Domain
	for i := range 100 {
		list = append(list, &Domain{Name: fmt.Sprintf("a%02d.example", i)})
	}
	wantErr(t, s.SetDomains(ctx, append(list, &Domain{Name: "b.example"})...), ErrExists)
	if n, err := s.CountDomains(ctx); err != nil || n != 1 || list[0].Version != 0 {
		t.Errorf("half of them were kept: %d, %v", n, err)
	}
}

func testDomainPeople(t *testing.T, s *Store) {
	ann, err := s.AddPerson(ctx, Person{Name: "ann", Role: "customer"}, false)
	ok(t, err)
	bob, err := s.AddPerson(ctx, Person{Name: "bob", Role: "customer"}, false)
	ok(t, err)
	ok(t, s.SetDomains(ctx, &Domain{Name: "a.example"}, &Domain{Name: "b.example"}))
	wantErr(t, s.GiveDomain(ctx, "none.example", ann.ID, true), ErrNotFound)
	wantErr(t, s.GiveDomain(ctx, "a.example", "nobody", true), ErrNotFound)
	for range 2 {
		ok(t, s.GiveDomain(ctx, "a.example", ann.ID, true))
	}
	ok(t, s.GiveDomain(ctx, "b.example", bob.ID, true))
	for who, want := range map[string]string{ann.ID: "a.example ", bob.ID: "b.example ", "nobody": "", "": "a.example b.example "} {
		if list, err := s.Domains(ctx, who, "", "", 9); err != nil || names(list) != want {
			t.Errorf("%q: %q, %v", who, names(list), err)
		}
	}
	if _, err := s.Domain(ctx, ann.ID, "a.example"); err != nil {
		t.Error(err)
	}
	_, err = s.Domain(ctx, ann.ID, "b.example")
	wantErr(t, err, ErrNotFound)
	if list, err := s.DomainPeople(ctx, "a.example"); err != nil || len(list) != 1 || list[0].Name != "ann" {
		t.Errorf("%v, %v", list, err)
	}
	ok(t, s.GiveDomain(ctx, "a.example", ann.ID, false))
	_, err = s.Domain(ctx, ann.ID, "a.example")
	wantErr(t, err, ErrNotFound)
	ok(t, s.RemovePerson(ctx, bob.ID, ""))
	ok(t, s.RemoveDomain(ctx, "b.example"))
	ok(t, s.SetDomains(ctx, &Domain{Name: "b.example"})) // one of the same name is nobody's
	if list, err := s.DomainPeople(ctx, "b.example"); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

func testLastRun(t *testing.T, s *Store) {
	for _, p := range []Person{{ID: "ann", Role: "admin"}, {ID: "bob", Role: "customer"}, {ID: "carol", Role: "customer"}, {ID: "dan", Role: "user"}, {ID: "eve", Role: "customer"}} {
		p.Name = p.ID
		_, err := s.AddPerson(ctx, p, false)
		ok(t, err)
	}
	ok(t, s.SetDomains(ctx, &Domain{Name: "a.example"}, &Domain{Name: "b.example"}))
	ok(t, s.GiveDomain(ctx, "a.example", "bob", true))
	ok(t, s.GiveDomain(ctx, "b.example", "eve", true))
	at := s.now()
	for i, c := range []struct {
		owner, target, state string
		counts               bool
	}{
		{"carol", "a.example", Done, false}, // nothing is there yet
		{"", "a.example", Done, true},
		{"ann", "a.example", Done, true},
		{"bob", "a.example", Done, true},
		{"bob", "b.example", Done, false},
		{"dan", "a.example", Done, false},
		{"eve", "a.example", Done, false},
		{VisitorOwner + "x", "a.example", Done, false},
		{"gone", "a.example", Done, false},
		{"ann", "a.example", Running, false},
	} {
		before, found := s.LastRun(ctx, "a.example", "admin")
		run := &Run{Target: c.target, Label: c.target, Kind: "domain", Owner: c.owner, State: c.state, At: at.Add(time.Duration(i) * time.Second)}
		ok(t, s.AddRun(ctx, run))
		got, err := s.LastRun(ctx, "a.example", "admin")
		switch {
		case c.counts && (err != nil || got.ID != run.ID):
			t.Errorf("%q of %s (%s) does not count: %+v, %v", c.owner, c.target, c.state, got, err)
		case !c.counts && (errors.Is(err, ErrNotFound) != errors.Is(found, ErrNotFound) || err == nil && got.ID != before.ID):
			t.Errorf("%q of %s (%s) counts: %+v, %v", c.owner, c.target, c.state, got, err)
		}
	}
	ok(t, s.GiveDomain(ctx, "a.example", "bob", false))
	if r, err := s.LastRun(ctx, "a.example", "admin"); err != nil || r.Owner != "ann" {
		t.Errorf("after it was taken back: %+v, %v", r, err)
	}
}

func testNewDomainOf(t *testing.T, s *Store) {
	her, err := s.AddPerson(ctx, Person{Name: "her", Role: "customer"}, false)
	ok(t, err)
	d := &Domain{Name: "a.example", DKIM: true}
	ok(t, s.NewDomainOf(ctx, her.ID, d, 2))
	if got, err := s.Domain(ctx, her.ID, "a.example"); err != nil || got.Version != 1 || d.Version != 1 || d.Created.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	wantErr(t, s.NewDomainOf(ctx, her.ID, &Domain{Name: "a.example"}, 2), ErrExists)
	wantErr(t, s.NewDomainOf(ctx, "nobody", &Domain{Name: "b.example"}, 2), ErrNotFound)
	ok(t, s.NewDomainOf(ctx, her.ID, &Domain{Name: "b.example"}, 2))
	wantErr(t, s.NewDomainOf(ctx, her.ID, &Domain{Name: "c.example"}, 2), ErrTooMany)
	if n, err := s.CountDomains(ctx); err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
}
