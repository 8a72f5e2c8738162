package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
)

// TestCompare: two messages to one address; the later one lost its signature on the way.
func TestCompare(t *testing.T) {
	p := newPost(t)
	p.take(t, "first", "tok", p.signed(t, letterRaw), shopSession(), 0)
	raw, s := p.changedByAList(t)
	p.take(t, "second", "tok", raw, s, time.Minute)
	p.take(t, "pasted", "", p.signed(t, letterRaw), shopSession(), 2*time.Minute)
	_ = p.mem.AddMessage(t.Context(), &store.Message{ID: "pend", Token: "tok", Received: now})
	for _, lang := range i18n.Langs {
		w := p.get(t, "/r/second/compare", inLanguage(lang))
		checkPage(t, w.Body.Bytes())
		contains(t, w.Body.String(), `value="first" id="with-0" checked`, i18n.T(lang, "compare.lead"), i18n.T(lang, "compare.same-mailbox"))
		if strings.Contains(w.Body.String(), `value="pend"`) || strings.Contains(w.Body.String(), `value="pasted"`) {
			t.Error("what is of no use, or of another mailbox, can be chosen")
		}
		// Whichever is given first, the later one is compared with the earlier one.
		for _, path := range []string{"/r/second/compare?with=first", "/r/first/compare?with=second"} {
			w := p.get(t, path, inLanguage(lang))
			checkPage(t, w.Body.Bytes())
			body := w.Body.String()
			contains(t, body, i18n.T(lang, "compare.earlier")+`</span> <a href="/r/first">`, i18n.T(lang, "compare.later")+`</span> <a href="/r/second">`,
				`<tr class="differs"><th scope="row">DMARC</th><td><span class="badge is-pass">`, `<tr class="differs"><th scope="row">DKIM shop.example</th>`, `class="changed is-fail"`)
		}
	}
	for typed, want := range map[string]string{
		"pasted": "pasted", "http://127.0.0.1:8025/r/pasted?lang=ja": "pasted", "/r/pasted.json": "pasted", "https://x.example/r/pasted/what-if": "pasted", " pasted ": "pasted",
	} {
		w := p.get(t, "/r/second/compare?with=first&report="+url.QueryEscape(typed))
		if w.Code != 200 || !strings.Contains(w.Body.String(), `<a href="/r/`+want+`">`) {
			t.Errorf("%q: %d", typed, w.Code)
		}
	}
	for query, want := range map[string]int{
		"with=second": http.StatusBadRequest, "with=none": http.StatusNotFound, "with=pend": http.StatusNotFound, "report=%3Cx%3E": http.StatusNotFound,
		"report=https://x.example/": http.StatusNotFound,
	} {
		w := p.get(t, "/r/second/compare?"+query)
		checkPage(t, w.Body.Bytes())
		if w.Code != want || !strings.Contains(w.Body.String(), `id="report-error"`) {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
	if w := p.get(t, "/r/none/compare"); w.Code != http.StatusNotFound {
		t.Errorf("no such message: %d", w.Code)
	}
	if w := p.get(t, "/r/pend/compare"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/r/pend" {
		t.Errorf("a verdict to come: %d", w.Code)
	}
	contains(t, p.get(t, "/r/pasted/compare").Body.String(), i18n.T("en", "compare.none"))
}

// TestCompareWhatMayBeSeen: where there are logins, who has the address of one report open to
// all sees no other one by it.
func TestCompareWhatMayBeSeen(t *testing.T) {
	h := newHouse(t, false)
	s := &server{Config: Config{Access: h.keeper, Open: func(r *http.Request) bool { return r.URL.Path == "/r/open" || r.URL.Path == "/r/open/compare" }}}
	r := request("GET", "/r/open/compare", nil)
	for path, want := range map[string]bool{"/r/open": true, "/r/other": false, "/m/tok": false} {
		if got := s.mayOpen(r, path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	s.Public = true
	if !s.mayOpen(r, "/m/tok") || s.mayOpen(r, "/operator") {
		t.Error("a public tester shows its pages, but not what is of others")
	}
	s.Access = nil
	if !s.mayOpen(r, "/r/other") {
		t.Error("without logins all is open")
	}
	h.guest().want("GET", "/r/x/compare", nil, http.StatusSeeOther, "/login?next="+url.QueryEscape("/r/x/compare"))
}
