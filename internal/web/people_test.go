package web

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/store"
)

// TestManyPeople: of more people than one page holds each is found, by going on and by name, and a domain can be given to each.
func TestManyPeople(t *testing.T) {
	st, ctx := newStore(t), context.Background()
	k, err := access.New(access.Config{Store: st})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Add(ctx, "root", goodPassword, access.Admin); err != nil {
		t.Fatal(err)
	}
	for i := range 1050 {
		if _, err := st.AddPerson(ctx, store.Person{Name: fmt.Sprintf("cus%04d", i), Role: access.Customer}, false); err != nil {
			t.Fatal(err)
		}
	}
	p := panelOn(t, st)
	server := httptest.NewServer(newSite(t, func(c *Config) { c.Access, c.Panel = k, p }).h)
	t.Cleanup(server.Close)
	root := (&house{t, k, server}).guest()
	root.login("root", goodPassword, 303)
	seen := map[string]bool{}
	next := regexp.MustCompile(`<p><a href="(/people\?after=[^"]+)">`)
	pages := 0
	for at := "/people"; at != ""; pages++ {
		page := root.want("GET", at, nil, 200, "")
		for _, m := range regexp.MustCompile(`<strong>(\w+)</strong>`).FindAllStringSubmatch(page, -1) {
			seen[m[1]] = true
		}
		at = ""
		if m := next.FindStringSubmatch(page); m != nil {
			at = m[1]
		}
	}
	if len(seen) != 1051 || pages != 11 {
		t.Errorf("%d people on %d pages", len(seen), pages)
	}
	page := root.want("GET", "/people?find=CUS1049", nil, 200, "")
	if !strings.Contains(page, "<strong>cus1049</strong>") || strings.Contains(page, "cus1048") || strings.Contains(page, ">More<") {
		t.Errorf("looked for one:\n%.3000s", page)
	}
	action := regexp.MustCompile(`action="(/people/[^"]+\?find=CUS1049)"`).FindStringSubmatch(page)
	if action == nil {
		t.Fatal("a change does not lead back to the list that was looked at")
	}
	root.want("POST", action[1], url.Values{"do": {"user"}}, 303, "/people?did=user&find=CUS1049")
	if page := root.want("GET", "/people?did=user&find=CUS1049", nil, 200, ""); !strings.Contains(page, `role="status"`) || !strings.Contains(page, "The person is a user now.") || strings.Contains(page, `find=CUS1049&amp;did`) || strings.Contains(page, "did=user&amp;") {
		t.Errorf("nothing says what was done, or it is said again after the next change:\n%.3000s", page)
	}
	for _, none := range []string{"/people?find=nobody", "/people?find=" + strings.Repeat("x", 5000), "/people?find=%00%ff"} {
		if page := root.want("GET", none, nil, 200, ""); !strings.Contains(page, "nobody of this name") || !strings.Contains(page, `href="/people">All people`) {
			t.Errorf("%.40s: %.2000s", none, page)
		}
	}
	for field, form := range map[string]url.Values{"name": {"name": {"a b"}, "password": {goodPassword}}, "password": {"name": {"new"}, "password": {"short"}}} {
		page := root.want("POST", "/people", form, 422, "")
		if m := regexp.MustCompile(`<input[^>]* id="(\w+)"[^>]* autofocus>`).FindAllStringSubmatch(page, -1); len(m) != 1 || m[0][1] != field {
			t.Errorf("below a hundred people nobody sees what is wrong with the %s: %v", field, m)
		}
	}
	root.want("POST", "/domains", url.Values{"name": {"a.example"}}, 303, "/domains/a.example")
	if page := root.want("GET", "/domains/a.example", nil, 200, ""); !strings.Contains(page, `id="person" name="customer"`) || strings.Contains(page, "cus0001") {
		t.Error("the page of a domain lists a thousand customers")
	}
	root.want("POST", "/domains/a.example", url.Values{"do": {"give"}, "customer": {" Cus1048 "}}, 303, "/domains/a.example?did=give")
	if page := root.want("GET", "/domains?customer=cus1048", nil, 200, ""); !strings.Contains(page, "a.example") {
		t.Error("the domain was not given")
	}
	for _, name := range []string{"nobody", "root", "cus1049", "", "a b", strings.Repeat("x", 300)} { // cus1049 is no customer any more
		if page := root.want("POST", "/domains/a.example", url.Values{"do": {"give"}, "customer": {name}}, 422, ""); !strings.Contains(page, "There is no customer") {
			t.Errorf("%.10q: %.2000s", name, page)
		}
	}
}
