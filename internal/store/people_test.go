package store

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func init() {
	contract["People"] = testPeople
	contract["FirstPerson"] = testFirstPerson
	contract["LastAdmin"] = testLastAdmin
	contract["Logins"] = testLogins
}

func testPeople(t *testing.T, s *Store) {
	ann, err := s.AddPerson(ctx, Person{Name: "ann", Role: "admin", Password: "hash", Created: noon}, false)
	if err != nil {
		t.Fatal(err)
	}
	kenji, err := s.AddPerson(ctx, Person{Name: "健二", Role: "user", Issuer: "https://id.example", Subject: "42", Created: noon}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, taken := range []Person{{Name: "ann", Role: "user"}, {Name: "other", Role: "user", Issuer: "https://id.example", Subject: "42"}} {
		if _, err := s.AddPerson(ctx, taken, false); !errors.Is(err, ErrExists) {
			t.Errorf("adding %q again: %v", taken.Name, err)
		}
	}
	got, err := s.People(ctx, 10)
	if d := cmp.Diff([]Person{ann, kenji}, got); d != "" || err != nil {
		t.Errorf("people (-want +got): %v\n%s", err, d)
	}
	if p, err := s.PersonBySubject(ctx, "https://id.example", "42"); err != nil || p.ID != kenji.ID {
		t.Errorf("by subject: %+v %v", p, err)
	}
	for what, err := range map[string]error{
		"no subject": second(s.PersonBySubject(ctx, "", "")), "another issuer": second(s.PersonBySubject(ctx, "https://evil.example", "42")),
		"no name": second(s.PersonByName(ctx, "")), "no id": second(s.Person(ctx, "ann")),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	changed := func(what string, err error) {
		t.Helper()
		if p, found := s.PersonByName(ctx, "ann"); err != nil || found != nil || !cmp.Equal(p, ann) {
			t.Errorf("%s: %+v %v %v", what, p, err, found)
		}
	}
	ann.Password = "other hash"
	changed("the password alone", s.SetPassword(ctx, ann.ID, "other hash"))
	ann.Role, ann.Disabled, ann.Epoch = "user", true, 1
	changed("role and disabled alone", s.ChangePerson(ctx, ann.ID, "user", true, ""))
	ann.Disabled = false
	changed("enabled again", s.ChangePerson(ctx, ann.ID, "user", false, ""))
	ann.Role = "admin"
	changed("the role alone", s.SetRole(ctx, ann.ID, "user", "admin"))
	if err := s.SetRole(ctx, ann.ID, "user", "customer"); !errors.Is(err, ErrNotFound) {
		t.Errorf("another role by now: %v", err)
	}
	changed("another role by now", nil)
	if err := s.RemovePerson(ctx, ann.ID, ""); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{"removing": s.RemovePerson(ctx, ann.ID, ""), "changing": s.ChangePerson(ctx, ann.ID, "user", false, ""), "giving a password to": s.SetPassword(ctx, ann.ID, "hash")} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s who is gone: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// The first-run link makes an administrator once, whoever is quicker.
func testFirstPerson(t *testing.T, s *Store) {
	errs := make(chan error, 8)
	for i := range cap(errs) {
		go func() {
			_, err := s.AddPerson(ctx, Person{Name: string(rune('a' + i)), Role: "admin"}, true)
			errs <- err
		}()
	}
	made := 0
	for range cap(errs) {
		switch err := <-errs; {
		case err == nil:
			made++
		case !errors.Is(err, ErrExists):
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d first people", made)
	}
}

func testLastAdmin(t *testing.T, s *Store) {
	a, err := s.AddPerson(ctx, Person{Name: "a", Role: "admin"}, false)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.AddPerson(ctx, Person{Name: "b", Role: "admin", Disabled: true}, false)
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"demoted": s.ChangePerson(ctx, a.ID, "user", false, "admin"), "disabled": s.ChangePerson(ctx, a.ID, "admin", true, "admin"), "removed": s.RemovePerson(ctx, a.ID, "admin"),
	} {
		if !errors.Is(err, ErrLastAdmin) {
			t.Errorf("the last one %s: %v", what, err)
		}
	}
	if err := s.ChangePerson(ctx, b.ID, "admin", false, "admin"); err != nil {
		t.Fatal(err)
	}
	if err := s.RemovePerson(ctx, a.ID, "admin"); err != nil {
		t.Errorf("one of two: %v", err)
	}
}

func testLogins(t *testing.T, s *Store) {
	now := time.Now()
	for _, data := range [][]byte{{0, 1, 0xff}, []byte("second")} {
		if err := s.PutLogin(ctx, "tok", data, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Login(ctx, "tok"); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%q %v", got, err)
		}
	}
	if err := s.PutLogin(ctx, "old", []byte("x"), now.Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Login(ctx, "old"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an expired login: %v", err)
	}
	if n, err := s.Prune(ctx, now, 0); n != 1 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
	for range 2 {
		if err := s.RemoveLogin(ctx, "tok"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Login(ctx, "tok"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an ended login: %v", err)
	}
}
