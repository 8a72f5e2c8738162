package web

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
)

// TestForwardPages: forwarding addresses are set, listed, taken away and taken from files, and nothing of what was typed is markup.
func TestForwardPages(t *testing.T) {
	p := newPanel(t)
	p.Forwarding = &panel.Forwarding{Served: true, SRS: true}
	s := checkingSite(t, shop(), func(c *Config) { c.Panel = p })
	if _, err := p.Create(t.Context(), panel.Who{Admin: true}, "example.com", panel.Change{}); err != nil {
		t.Fatal(err)
	}
	at := "/domains/example.com/forwards"
	for _, f := range []url.Values{
		{"do": {"set"}, "address": {"info"}, "to": {"me@else.example\r\nyou@else.example"}, "keep": {"on"}}, {"do": {"set"}, "address": {"@example.com"}, "to": {"all@else.example"}}, {"do": {"set"}, "address": {"x"}, "keep": {"on"}},
		{"do": {"remove"}, "address": {"x@example.com"}},
	} {
		if w := s.post(at, f); w.Code != 303 || w.Header().Get("Location") != at+"?did="+f.Get("do") {
			t.Errorf("%v: %d %s", f, w.Code, w.Body)
		}
	}
	for did, want := range map[string]string{"set": "Saved.", "remove": "The address is removed."} {
		if w := s.do(request("GET", at+"?did="+did, nil)); !strings.Contains(w.Body.String(), `role="status"`) || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %s", did, w.Body)
		}
	}
	for _, lang := range []string{"en", "ja"} {
		w := s.do(request("GET", at+"?lang="+lang, nil))
		checkPage(t, w.Body.Bytes())
		for _, want := range []string{"info@example.com", "you@else.example", "badge is-pass", "badge is-warn", "milter-seal-domain"} {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: no %q", lang, want)
			}
		}
		if strings.Contains(w.Body.String(), "x@example.com") || strings.Contains(w.Body.String(), ">forwards.") {
			t.Errorf("%s: %s", lang, w.Body)
		}
	}
	for _, f := range []url.Values{
		{"do": {"set"}, "address": {`"><script>alert(1)</script>`}, "to": {`<b>@x`}}, {"do": {"set"}, "address": {"y"}}, {"do": {"set"}, "address": {"y"}, "to": {"y@example.com"}}, {"do": {"set"}, "address": {"y"}, "to": {"new@example.com"}, "keep": {"on"}},
	} {
		w := s.post(at, f)
		if f.Get("to") == "new@example.com" { // the entry for all others leads elsewhere: no loop
			if w.Code != 303 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			continue
		}
		if w.Code != 422 || strings.Contains(w.Body.String(), "<script>alert") || strings.Contains(w.Body.String(), "<b>") {
			t.Errorf("%v: %d %s", f, w.Code, w.Body)
		}
	}
	if w := s.post(at, url.Values{"do": {"fire"}}); w.Code != 400 {
		t.Errorf("%d", w.Code)
	}
	for _, path := range []string{"/domains/none.example/forwards", "/domains/%00/forwards"} {
		if w := s.do(request("GET", path, nil)); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := s.do(upload("/forwards.csv?dry=1", "address,to\nz@example.com,me@else.example\n")); w.Code != 200 || !strings.Contains(w.Body.String(), "1 new") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.do(upload("/forwards.csv", "address,to\nz@example.com,bad\n<i>,me@else.example\n")); w.Code != 422 || !strings.Contains(w.Body.String(), "Line 2") || !strings.Contains(w.Body.String(), "Line 3") || strings.Contains(w.Body.String(), "<i>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.do(upload("/forwards.csv", "address,to\nz@example.com,me@else.example\n")); w.Code != 303 || !strings.Contains(w.Header().Get("Location"), "made=1") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s.post(at, url.Values{"do": {"set"}, "address": {"mine"}, "keep": {"on"}})
	if w := s.do(request("GET", at, nil)); !strings.Contains(w.Body.String(), `<strong>mine@example.com</strong> <span class="tag">stays here</span></span>`) {
		t.Errorf("an address that is not forwarded leads to nothing: %s", w.Body)
	}
	if w := s.do(request("GET", "/forwards.csv", nil)); w.Code != 200 || !strings.Contains(w.Body.String(), "z@example.com,me@else.example,no\r\n") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestUnsure: a policy against which something speaks is asked about before it is kept, and what was sent stays in the form.
func TestUnsure(t *testing.T) {
	p := newPanel(t)
	s := checkingSite(t, shop(), func(c *Config) { c.Panel = p })
	if _, err := p.Create(t.Context(), panel.Who{Admin: true}, "example.com", panel.Change{}); err != nil {
		t.Fatal(err)
	}
	send := url.Values{"do": {"save"}, "dkim": {"on"}, "dmarc": {"reject"}, "senders": {"ann"}}
	w := s.post("/domains/example.com", send)
	checkPage(t, w.Body.Bytes())
	for _, want := range []string{`id="sure"`, `value="reject" checked`, "ann</textarea>"} {
		if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%d: no %q\n%s", w.Code, want, w.Body)
		}
	}
	if d, _ := p.Get(t.Context(), panel.Who{Admin: true}, "example.com"); d.DMARC != "" || len(d.Senders) != 0 {
		t.Errorf("%+v", d.Domain)
	}
	send.Set("sure", "yes")
	if w := s.post("/domains/example.com", send); w.Code != 303 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	send.Del("sure")
	if w := s.post("/domains/example.com", send); w.Code != 303 { // it is no stricter than what was chosen
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

var shownToken = regexp.MustCompile(`tdk_[A-Za-z0-9_-]+`)

// TestTokenPages: a customer makes and revokes tokens of their own; others have no such page, and a token is shown once.
func TestTokenPages(t *testing.T) {
	ctx := t.Context()
	st := newStore(t)
	p := panelOn(t, st)
	h := houseOn(t, st, func(c *Config) { c.Panel = p })
	k := h.keeper
	for name, role := range map[string]string{"ann": access.Admin, "cus": access.Customer, "other": access.Customer, "use": access.User} {
		if _, err := k.Add(ctx, name, goodPassword, role); err != nil {
			t.Fatal(err)
		}
	}
	ann, her, him, user := h.guest(), h.guest(), h.guest(), h.guest()
	for name, g := range map[string]*guest{"ann": ann, "cus": her, "other": him, "use": user} {
		g.login(name, goodPassword, 303)
	}
	if page := ann.want("GET", "/tokens", nil, 403, ""); !strings.Contains(page, "<h1>Tokens of this page are for customers.</h1>") {
		t.Errorf("%s", page)
	}
	user.want("GET", "/tokens", nil, 403, "")
	h.guest().want("GET", "/tokens", nil, 303, "/login?next=%2Ftokens")
	h.guest().want("GET", "/forwards.csv", nil, 303, "/login?next=%2Fforwards.csv")
	user.want("GET", "/forwards.csv", nil, 403, "")
	her.want("GET", "/tokens", nil, 200, "")
	send := url.Values{"do": {"make"}, "name": {"<b>mine</b>"}, "scope": {"domains", "check"}, "expires": {"90"}}
	page := her.want("POST", "/tokens", send, 200, "")
	secret := shownToken.FindString(page)
	if secret == "" || strings.Contains(page, "<b>mine") {
		t.Fatal(page)
	}
	if again := her.want("GET", "/tokens", nil, 200, ""); strings.Contains(again, secret) || !strings.Contains(again, "&lt;b&gt;mine") {
		t.Error(again)
	}
	for name, f := range map[string]url.Values{
		"no name": {"do": {"make"}, "scope": {"domains"}, "expires": {"90"}}, "no scope": {"do": {"make"}, "name": {"x"}, "expires": {"90"}}, "admin": {"do": {"make"}, "name": {"x"}, "scope": {"admin"}, "expires": {"90"}},
	} {
		if got := her.want("POST", "/tokens", f, 422, ""); shownToken.MatchString(got) {
			t.Errorf("%s: %s", name, got)
		}
	}
	her.want("POST", "/tokens", url.Values{"do": {"make"}, "name": {"x"}, "scope": {"domains"}, "expires": {"forever"}}, 400, "")
	cus, _ := st.PersonByName(ctx, "cus")
	list, err := st.TokensOf(ctx, cus.ID)
	if err != nil || len(list) != 1 || list[0].Expires.Before(time.Now().Add(89*24*time.Hour)) {
		t.Fatal(list, err)
	}
	him.want("POST", "/tokens", url.Values{"do": {"revoke"}, "id": {list[0].ID}}, 303, "/tokens")
	if list, _ = st.TokensOf(ctx, cus.ID); len(list) != 1 {
		t.Error("somebody else revoked it")
	}
	her.want("POST", "/tokens", url.Values{"do": {"revoke"}, "id": {list[0].ID}}, 303, "/tokens?did=revoke")
	if list, _ = st.TokensOf(ctx, cus.ID); len(list) != 0 {
		t.Error("it was not revoked")
	}
	if page := her.want("GET", "/tokens?did=revoke", nil, 200, ""); !strings.Contains(page, "The token is revoked.") {
		t.Errorf("%s", page)
	}
}

// TestTokensOfOneName: the buttons that revoke them are told apart, by ear too.
func TestTokensOfOneName(t *testing.T) {
	ctx := t.Context()
	st := newStore(t)
	h := houseOn(t, st, func(c *Config) { c.Panel = panelOn(t, st) })
	cus, err := h.keeper.Add(ctx, "cus", goodPassword, access.Customer)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := st.AddToken(ctx, store.Token{Hash: strings.Repeat("h", i+1), Name: "deploy", Person: cus.ID, Scopes: []string{"domains"}, Created: now.Add(time.Duration(i) * time.Second)}); err != nil {
			t.Fatal(err)
		}
	}
	her := h.guest()
	her.login("cus", goodPassword, 303)
	buttons := map[string]bool{}
	page := her.want("GET", "/tokens", nil, 200, "")
	for _, m := range regexp.MustCompile(`(?s)value="revoke">(.*?)</button>`).FindAllStringSubmatch(page, -1) {
		buttons[m[1]] = true
	}
	if len(buttons) != 3 {
		t.Errorf("%d buttons of 3 tokens: %v", len(buttons), buttons)
	}
	if made := stamp(now); strings.Count(page, ">"+made+"<") != 1 {
		t.Errorf("the page does not show that one was made at %s:\n%s", made, page)
	}
}
