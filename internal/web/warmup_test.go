package web

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/warmup"
)

// newBook is a book of plans on a database of its own.
func newBook(t *testing.T) *warmup.Book {
	t.Helper()
	st := newStore(t)
	return warmup.NewBook(warmup.BookConfig{Store: st, Now: func() time.Time { return now }})
}

// TestWarmupPages: what the operator at this machine does with plans.
func TestWarmupPages(t *testing.T) {
	b := newBook(t)
	s := checkingSite(t, shop(), func(c *Config) { c.Book = b })
	page := func(path string, says ...string) {
		t.Helper()
		w := s.do(request("GET", path, nil))
		if w.Code != 200 {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		checkPage(t, w.Body.Bytes())
		for _, text := range says {
			if !strings.Contains(w.Body.String(), text) {
				t.Errorf("%s: no %q", path, text)
			}
		}
	}
	page("/warmup", "There are no plans yet.", "--milter-outgoing-address")
	page("/warmup?lang=ja", "計画はまだありません。")
	if w := s.post("/warmup", url.Values{"source": {"192.0.2.1"}, "provider": {"gmail"}, "target": {"1000"}, "days": {"10"}}); w.Code != 303 || w.Header().Get("Location") != "/warmup/192.0.2.1" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := s.post("/warmup", url.Values{"source": {"2001:db8::1"}, "provider": {"*"}, "table": {"generic"}}); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if err := b.Store.AddVolume(t.Context(), []store.Volume{{Day: "2026-11-22", Source: "192.0.2.1", Provider: "gmail", Messages: 7}, {Day: "2026-11-22", Provider: "*", Messages: 1}}); err != nil {
		t.Fatal(err)
	}
	page("/warmup", `<a href="/warmup/192.0.2.1">`, "day 1 of 10", "1000 a day", "2026-12-01", "NEUTRAL", "too small to have a standing", "not known", "all other providers")
	page("/warmup/192.0.2.1", "2026-12-01", `aria-current="date"`, "expected, if all goes well", "no bound", "Gmail")
	page("/warmup/192.0.2.1?lang=ja", "順調に進めば 2026-12-01 に 1 日 1000 通に達します", "カレンダー")
	page("/warmup/2001:db8::1", "all other providers")
	if w := s.post("/warmup", url.Values{"source": {"192.0.2.77"}, "provider": {"gmail"}, "table": {"sendgrid"}}); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	page("/warmup/192.0.2.77", "day 1 of 31 (20 in each hour)")
	hold := url.Values{"do": {"hold"}, "provider": {"gmail"}, "reason": {"<b>complaints</b>"}}
	if w := s.post("/warmup/192.0.2.1", hold); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	page("/warmup/192.0.2.1", "&lt;b&gt;complaints", "no date can be told", "Go on")
	if err := warmup.Note(t.Context(), b.Store, "192.0.2.1", "gmail", warmup.Outcome{Deferred: 1, Silence: 10 * time.Minute}, now); err != nil {
		t.Fatal(err)
	}
	page("/warmup/192.0.2.1", "Nothing is sent until", "2026-11-22 03:14:05 UTC", "today: nothing is sent for a while")
	for _, do := range []string{"resume", "end"} {
		if w := s.post("/warmup/192.0.2.1", url.Values{"do": {do}, "provider": {"gmail"}}); w.Code != 303 {
			t.Fatalf("%s: %d %s", do, w.Code, w.Body)
		}
	}
	if w := s.do(request("GET", "/warmup/192.0.2.1", nil)); w.Code != 404 {
		t.Errorf("%d", w.Code)
	}
}

// TestWarmupMistakes: what cannot be used is said beside its field, and what was typed stays.
func TestWarmupMistakes(t *testing.T) {
	b := newBook(t)
	s := checkingSite(t, shop(), func(c *Config) { c.Book = b })
	for says, form := range map[string]url.Values{
		"This is not an IP address": {"source": {"<script>alert(1)</script>"}, "provider": {"gmail"}, "table": {"ses"}}, "This provider is not known": {"source": {"192.0.2.1"}, "provider": {"x"}, "table": {"ses"}},
		"no such published plan": {"source": {"192.0.2.1"}, "provider": {"gmail"}, "table": {"x"}}, "Choose a published plan": {"source": {"192.0.2.1"}, "provider": {"gmail"}},
		"more than double": {"source": {"192.0.2.1"}, "provider": {"gmail"}, "target": {"1000000"}, "days": {"2"}}, "1 to 365 days": {"source": {"192.0.2.1"}, "provider": {"gmail"}, "target": {"many"}, "days": {"2"}},
		"2027-01-15": {"source": {"192.0.2.1"}, "provider": {"gmail"}, "target": {"100"}, "by": {"soon"}},
	} {
		w := s.post("/warmup", form)
		checkPage(t, w.Body.Bytes())
		if w.Code != 422 || !strings.Contains(w.Body.String(), says) || strings.Contains(w.Body.String(), "<script>alert") {
			t.Errorf("%s: %d", says, w.Code)
		}
	}
	if _, err := b.Begin(t.Context(), warmup.Request{Source: "192.0.2.1", Provider: "gmail", Table: "ses"}); err != nil {
		t.Fatal(err)
	}
	if w := s.post("/warmup/192.0.2.1", url.Values{"do": {"hold"}, "provider": {"gmail"}, "reason": {strings.Repeat("x", 201)}}); w.Code != 422 || !strings.Contains(w.Body.String(), "at most 200 characters") {
		t.Errorf("%d", w.Code)
	}
	for code, form := range map[int]url.Values{400: {"do": {"x"}, "provider": {"gmail"}}, 404: {"do": {"hold"}, "provider": {"yahoo"}}} {
		if w := s.post("/warmup/192.0.2.1", form); w.Code != code {
			t.Errorf("%d, want %d", w.Code, code)
		}
	}
	for _, path := range []string{"/warmup/x", "/warmup/192.0.2.7", "/warmup/" + strings.Repeat("1", 5000)} {
		if w := s.do(request("GET", path, nil)); w.Code != 404 {
			t.Errorf("%.20s: %d", path, w.Code)
		}
	}
}

// TestWarmupIsForAdmins: neither strangers nor customers see or change a plan.
func TestWarmupIsForAdmins(t *testing.T) {
	b := newBook(t)
	if _, err := b.Begin(t.Context(), warmup.Request{Source: "192.0.2.1", Provider: "gmail", Table: "ses"}); err != nil {
		t.Fatal(err)
	}
	s := checkingSite(t, shop(), func(c *Config) { c.Book = b })
	for _, path := range []string{"/warmup", "/warmup/192.0.2.1"} {
		far := request("GET", path, nil)
		far.RemoteAddr = "198.51.100.7:1"
		if w := s.do(far); w.Code != 403 || strings.Contains(w.Body.String(), "Gmail") {
			t.Errorf("%s: %d", path, w.Code)
		}
		far = request("POST", path, strings.NewReader("do=end&provider=gmail"))
		far.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		far.RemoteAddr = "198.51.100.7:1"
		if w := s.do(far); w.Code != 403 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if _, err := b.Plan(t.Context(), "192.0.2.1", "gmail"); errors.Is(err, warmup.ErrUnknown) {
		t.Error("a stranger ended the plan")
	}
}

// TestWarmupRoles: where there are logins, only administrators see plans, though the tester is open to all.
func TestWarmupRoles(t *testing.T) {
	ctx := t.Context()
	b := newBook(t)
	h := houseOn(t, b.Store, func(c *Config) { c.Book = b })
	k := h.keeper
	for name, role := range map[string]string{"ann": access.Admin, "cus": access.Customer, "use": access.User} {
		if _, err := k.Add(ctx, name, goodPassword, role); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Begin(ctx, warmup.Request{Source: "192.0.2.1", Provider: "gmail", Table: "ses"}); err != nil {
		t.Fatal(err)
	}
	ann, cus, use, stranger := h.guest(), h.guest(), h.guest(), h.guest()
	ann.login("ann", goodPassword, 303)
	cus.login("cus", goodPassword, 303)
	use.login("use", goodPassword, 303)
	for _, path := range []string{"/warmup", "/warmup/192.0.2.1"} {
		ann.want("GET", path, nil, 200, "")
		for _, who := range []*guest{cus, use} {
			who.want("GET", path, nil, 403, "")
			who.want("POST", path, url.Values{"do": {"end"}, "provider": {"gmail"}}, 403, "")
		}
		stranger.want("GET", path, nil, 303, "/login?next="+url.QueryEscape(path))
		stranger.want("POST", path, nil, 401, "")
	}
}
