package store

import (
	"fmt"
	"testing"
)

func init() { contract["FindPeople"] = testFindPeople }

// testFindPeople: more people than one page holds are all found, by pages and by a part of their names.
func testFindPeople(t *testing.T, s *Store) {
	for i := range 25 {
		role := "user"
		if i%5 == 0 {
			role = "customer"
		}
		if _, err := s.AddPerson(ctx, Person{Name: fmt.Sprintf("p%02d", i), Role: role}, false); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a_b", "a%b", `a\b`, "axb", "健二"} {
		if _, err := s.AddPerson(ctx, Person{Name: name, Role: "user"}, false); err != nil {
			t.Fatal(err)
		}
	}
	names := func(role, find, after string, limit int) (out []string) {
		t.Helper()
		list, err := s.FindPeople(ctx, role, find, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			out = append(out, p.Name)
		}
		return out
	}
	for _, c := range []struct {
		role, find, after string
		limit             int
		want              string
	}{
		{"", "p0", "", 3, "[p00 p01 p02]"}, {"", "p0", "p02", 3, "[p03 p04 p05]"}, {"customer", "p", "p05", 10, "[p10 p15 p20]"},
		{"", "a_b", "", 9, "[a_b]"}, {"", "a%b", "", 9, "[a%b]"}, {"", `a\b`, "", 9, `[a\b]`}, {"", "健", "", 9, "[健二]"}, {"", "nobody", "", 9, "[]"}, {"", "p", "p24", 9, "[]"}, {"", "p", "", -1, "[]"},
	} {
		if got := fmt.Sprint(names(c.role, c.find, c.after, c.limit)); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	seen := map[string]bool{}
	for after := ""; ; {
		page := names("", "", after, 7)
		for _, name := range page {
			seen[name] = true
		}
		if len(page) < 7 {
			break
		}
		after = page[len(page)-1]
	}
	if len(seen) != 30 {
		t.Errorf("%d of 30 on the pages", len(seen))
	}
}
