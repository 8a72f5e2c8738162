package web

import (
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
)

var versionField = regexp.MustCompile(`name="version" value="(\d+)"`)

// TestStaleForm: of two who change a domain at one time, the second is told, and keeps nothing of what the first one did from being so.
func TestStaleForm(t *testing.T) {
	p := newPanel(t)
	s := checkingSite(t, shop(), func(c *Config) { c.Panel = p })
	if _, err := p.Create(t.Context(), panel.Who{Admin: true}, "example.com", panel.Change{}); err != nil {
		t.Fatal(err)
	}
	const at = "/domains/example.com"
	form := s.do(request("GET", at, nil)).Body.String()
	version := versionField.FindStringSubmatch(form)
	if version == nil {
		t.Fatal(form)
	}
	first := url.Values{"do": {"save"}, "version": {version[1]}, "dkim": {"on"}, "senders": {"ann"}}
	second := url.Values{"do": {"save"}, "version": {version[1]}, "dmarc": {"reject"}, "sure": {"yes"}}
	if w := s.post(at, first); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	w := s.post(at, second)
	if w.Code != 409 || !strings.Contains(w.Body.String(), "Somebody else changed") || !strings.Contains(w.Body.String(), "ann</textarea>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	checkPage(t, w.Body.Bytes())
	d, err := p.Get(t.Context(), panel.Who{Admin: true}, "example.com")
	if err != nil || len(d.Senders) != 1 || !d.DKIM || d.DMARC != "" {
		t.Errorf("%+v, %v", d, err)
	}
	// What is asked back stays based on what it was based on.
	if w := s.post(at, url.Values{"do": {"save"}, "version": {version[1]}, "dkim": {"on"}, "dmarc": {"reject"}}); w.Code != 200 || versionField.FindStringSubmatch(w.Body.String())[1] != version[1] {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	second.Set("version", versionField.FindStringSubmatch(w.Body.String())[1])
	if w := s.post(at, second); w.Code != 303 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, odd := range []string{"-1", "x", "99999999999999999999"} {
		second.Set("version", odd)
		if w := s.post(at, second); w.Code >= 500 {
			t.Errorf("%s: %d", odd, w.Code)
		}
	}
}

// TestOwnDomainPages: a customer without domains is told what to do, gets the record in a box to copy, and hears that somebody else has the domain; the
// administrators see whose record is there.
func TestOwnDomainPages(t *testing.T) {
	ctx := t.Context()
	st, err := store.Open(ctx, filepath.Join(t.TempDir(), "t.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	k, err := access.New(access.Config{Store: st})
	if err != nil {
		t.Fatal(err)
	}
	people := map[string]store.Person{}
	for name, role := range map[string]string{"root": access.Admin, "ann": access.Customer, "bob": access.Customer} {
		if people[name], err = k.Add(ctx, name, goodPassword, role); err != nil {
			t.Fatal(err)
		}
	}
	p := panelOn(t, st)
	proof := func(name string) string { return "TXT " + panel.Proof(people[name].ID, "a.example").Data[0] }
	p.OwnDomains, p.Resolver = 2, dns.MustMemory(dns.Zone{"_todoku.a.example": {proof("ann")}})
	server := httptest.NewServer(checkingSite(t, shop(), func(c *Config) { c.Access, c.Panel = k, p }).h)
	t.Cleanup(server.Close)
	h := &house{t, k, server}
	root, ann, bob := h.guest(), h.guest(), h.guest()
	root.login("root", goodPassword, 303)
	ann.login("ann", goodPassword, 303)
	bob.login("bob", goodPassword, 303)
	has := func(page string, words ...string) {
		t.Helper()
		for _, w := range words {
			if !strings.Contains(page, w) {
				t.Errorf("no %q in %s", w, page)
			}
		}
	}
	has(root.want("GET", "/domains", nil, 200, ""), "Add the first one below")
	has(ann.want("GET", "/domains", nil, 200, ""), "Add one below, or ask an administrator", `id="name-hint"`)
	has(ann.want("GET", "/domains?find=x", nil, 200, ""), "There is no such domain")
	step := bob.want("POST", "/domains", url.Values{"name": {"a.example"}}, 422, "")
	has(step, `id="proof-name"`, "_todoku.a.example.", `id="proof-text"`, "Show that a.example is yours", `name="name" value="a.example"><p class="actions"><button`)
	if record := panel.Proof(people["bob"].ID, "a.example").Data[0]; strings.Count(step, record) != 1 || strings.Contains(step, "is-fail") {
		t.Errorf("the record is said once, and is no mistake: %d times", strings.Count(step, record))
	}
	ann.want("POST", "/domains", url.Values{"name": {"a.example"}}, 303, "/domains/a.example")
	has(ann.want("POST", "/domains", url.Values{"name": {"a.example"}}, 422, ""), "You have this domain already")
	owners := url.Values{"do": {"owners"}}
	has(root.want("POST", "/domains/a.example", owners, 200, ""), "the record of: ann<")
	// The domain changes hands: its next owner shows it, and gets nothing by that alone.
	p.Resolver = dns.MustMemory(dns.Zone{"_todoku.a.example": {proof("bob")}})
	has(bob.want("POST", "/domains", url.Values{"name": {"a.example"}}, 422, ""), "Ask the administrators to give it to you")
	bob.want("GET", "/domains/a.example", nil, 404, "")
	has(root.want("POST", "/domains/a.example", owners, 200, ""), "the record of: bob<")
	p.Resolver = dns.MustMemory(dns.Zone{})
	has(root.want("POST", "/domains/a.example", owners, 200, ""), "No customer&#39;s record")
	has(root.want("GET", "/domains?customer=ann", nil, 200, ""), "a.example", "Domains that ann sees")
	has(root.want("GET", "/domains?customer=bob", nil, 200, ""), "There is no such domain")
	root.want("GET", "/domains?customer=nobody", nil, 404, "")
	if page := bob.want("GET", "/domains?customer=ann", nil, 200, ""); strings.Contains(page, "a.example") {
		t.Error("a customer sees what another one has")
	}
	has(root.want("GET", "/people", nil, 200, ""), `value="customer"`, `/domains?customer=ann`)
}

// TestWrongMasterKeyPage: the page says that the server has another master key, not that its database is away.
func TestWrongMasterKeyPage(t *testing.T) {
	st := newStore(t)
	p := panelOn(t, st)
	s := checkingSite(t, shop(), func(c *Config) { c.Panel = p })
	for _, name := range []string{"a.example", "b.example"} {
		if w := s.post("/domains", url.Values{"name": {name}}); w.Code != 303 {
			t.Fatal(w.Code)
		}
	}
	if w := s.post("/domains/a.example", url.Values{"do": {"keys"}}); w.Code != 303 {
		t.Fatal(w.Code)
	}
	p.Keys = panelOn(t, st).Keys
	for lang, want := range map[string]string{"en": "another master key", "ja": "別のマスター鍵"} {
		w := s.post("/domains/b.example?lang="+lang, url.Values{"do": {"keys"}})
		if w.Code != 503 || !strings.Contains(w.Body.String(), want) || !strings.Contains(w.Body.String(), `id="settings-h"`) {
			t.Errorf("%s: %d %s", lang, w.Code, w.Body)
		}
	}
}
