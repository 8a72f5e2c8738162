package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/message"
)

// dropBody does to a kept message what the server does when its time has come.
func (s *site) dropBody(t *testing.T, id string) {
	t.Helper()
	kept, err := render.Keep(s.reports[id]).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range s.mem.messages {
		if m.ID == id {
			raw := m.Evidence.Message
			m.Evidence.Message = raw[:len(raw)-len(message.Parse(raw).Body)]
			m.Kept, m.Dropped = kept, now.Add(time.Hour)
		}
	}
	delete(s.reports, id) // it cannot be made anew
}

// TestDroppedPages: without its body a message shows the verdict of before, and says what is missing.
func TestDroppedPages(t *testing.T) {
	s := newSite(t)
	s.keep("m1", "tok", sesReport())
	s.keep("m2", "tok", sesReport())
	if before := s.get(t, "/r/m1").Body.String(); !strings.Contains(before, "Thank you") {
		t.Fatal("the body is not on the page before")
	}
	s.dropBody(t, "m1")
	for _, lang := range []string{"en", "ja"} {
		w := s.get(t, "/r/m1?lang="+lang)
		checkPage(t, w.Body.Bytes())
		page := w.Body.String()
		contains(t, page, i18n.T(lang, "dropped.note", "Time", stamp(now.Add(time.Hour))), "Your receipt", "Web Shop", "abc.dkim.amazonses.com", "dkim.", `href="/r/m1.json"`)
		for _, gone := range []string{"Thank you", ".eml", "bundle", "what-if", "compare"} {
			if strings.Contains(page, gone) {
				t.Errorf("%s: the page has %q", lang, gone)
			}
		}
	}
	if w := s.get(t, "/r/m1.json"); w.Code != 200 || !strings.Contains(w.Body.String(), `"dmarc":{"result":"fail"`) {
		t.Errorf("JSON: %d %.300s", w.Code, w.Body)
	}
	if w := s.get(t, "/r/m1.txt"); w.Code != 200 || !strings.Contains(w.Body.String(), stamp(now.Add(time.Hour))) {
		t.Errorf("text: %d %.300s", w.Code, w.Body)
	}
	for _, path := range []string{"/r/m1.eml", "/r/m1.bundle.json", "/r/m1.preview", "/r/m1/what-if", "/r/m1/compare", "/r/m1/compare?with=m2", "/r/m2/compare?report=m1"} {
		w := s.get(t, path)
		if w.Code != http.StatusGone {
			t.Errorf("%s: %d", path, w.Code)
		}
		if !strings.HasSuffix(path, ".json") {
			checkPage(t, w.Body.Bytes())
		}
	}
	if strings.Contains(s.get(t, "/r/m2/compare").Body.String(), `value="m1"`) {
		t.Error("it can be chosen for a comparison")
	}
	// One whose verdict could not be kept has a page all the same.
	lost, _ := (&render.Kept{}).Encode()
	s.mem.messages[0].Kept = lost
	w := s.get(t, "/r/m1")
	checkPage(t, w.Body.Bytes())
	contains(t, w.Body.String(), i18n.T("en", "dropped.lost"))
}

// shareOf makes a link to a message.
func (s *site) shareOf(t *testing.T, id string, form url.Values) (path string) {
	t.Helper()
	w := s.post("/r/"+id+"/share", form)
	if w.Code != 200 {
		t.Fatalf("%d %.500s", w.Code, w.Body)
	}
	checkPage(t, w.Body.Bytes())
	_, rest, _ := strings.Cut(w.Body.String(), "http://127.0.0.1:8025")
	path, _, _ = strings.Cut(rest, "<")
	if !strings.HasPrefix(path, "/share/") {
		t.Fatalf("no link: %.500s", rest)
	}
	return path
}

// TestShareMessage: a link shows the verdict and the header, masked where that was asked for, and never the body or a way to the report.
func TestShareMessage(t *testing.T) {
	for _, dropped := range []bool{false, true} {
		s := newSite(t)
		s.keep("message1", "tok", sesReport())
		if dropped {
			s.dropBody(t, "message1")
		}
		plain := s.get(t, s.shareOf(t, "message1", url.Values{"days": {"7"}}))
		masked := s.get(t, s.shareOf(t, "message1", url.Values{"days": {"7"}, "redact": {"1"}}))
		for what, w := range map[string]string{"plain": plain.Body.String(), "masked": masked.Body.String()} {
			checkPage(t, []byte(w))
			contains(t, w, "webshop.example", "abc.dkim.amazonses.com", "198.51.100.20", "2026-11-29")
			for _, private := range []string{"message1", "Thank you", ".eml", "/share\"", "k7m2p9x4c6t8w1@"} {
				if strings.Contains(w, private) && !(what == "plain" && private == "k7m2p9x4c6t8w1@") {
					t.Errorf("%s (dropped %t): it shows %q", what, dropped, private)
				}
			}
		}
		contains(t, plain.Body.String(), "Your receipt", "Web Shop", "order@webshop.example")
		contains(t, masked.Body.String(), "•••@webshop.example", i18n.T("en", "share.note-redacted"))
		for _, private := range []string{"Your receipt", "Web Shop", "order@", "0106018f3c2d7b1a", "buyer"} {
			if strings.Contains(masked.Body.String(), private) {
				t.Errorf("masked (dropped %t): it shows %q", dropped, private)
			}
		}
	}
}

// TestShareOnce: opening the link asks, its button shows, and then it is over; for messages and checks.
func TestShareOnce(t *testing.T) {
	s := checkingSite(t, shop())
	s.keep("message1", "tok", sesReport())
	at := s.checked(t, "shop.example")
	s.post(at+"/share", url.Values{"days": {"1"}, "once": {"1"}})
	for _, c := range []struct{ path, shows string }{
		{s.shareOf(t, "message1", url.Values{"days": {"1"}, "once": {"1"}}), "webshop.example"}, {"/share/share1", "ipv4:198.51.100.21"},
	} {
		for range 3 { // programs that preview links
			w := s.get(t, c.path)
			checkPage(t, w.Body.Bytes())
			contains(t, w.Body.String(), i18n.T("en", "once.show"), `<form action="`+c.path+`" method="post">`)
			if strings.Contains(w.Body.String(), c.shows) {
				t.Error("it shows before it is asked to")
			}
		}
		cross := s.post(c.path, nil, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
		if cross.Code != http.StatusForbidden {
			t.Errorf("a form of another site: %d", cross.Code)
		}
		w := s.post(c.path, nil)
		checkPage(t, w.Body.Bytes())
		contains(t, w.Body.String(), c.shows, i18n.T("en", "share.note-once"))
		if strings.Contains(w.Body.String(), "?lang=") || strings.Contains(w.Body.String(), `name="form"`) {
			t.Error("the page leads to itself, which is over")
		}
		for _, again := range []int{s.post(c.path, nil).Code, s.get(t, c.path).Code} {
			if again != http.StatusGone {
				t.Errorf("again: %d", again)
			}
		}
		contains(t, s.get(t, c.path).Body.String(), i18n.T("en", "error.opened.title", "Time", stamp(now)))
	}
	if w := s.post(s.shareOf(t, "message1", url.Values{"days": {"1"}}), nil); w.Code != http.StatusSeeOther {
		t.Errorf("the button of a link that has none: %d", w.Code)
	}
}

// TestShareOnceRace: of many who press the button at one time one sees it, and the others hear why not.
func TestShareOnceRace(t *testing.T) {
	s := newSite(t)
	s.keep("message1", "tok", sesReport())
	path := s.shareOf(t, "message1", url.Values{"days": {"1"}, "once": {"1"}})
	var codes [16]int
	var all sync.WaitGroup
	for i := range codes {
		all.Go(func() { codes[i] = s.post(path, nil).Code })
	}
	all.Wait()
	slices.Sort(codes[:])
	if codes[0] != http.StatusOK || codes[1] != http.StatusGone || codes[len(codes)-1] != http.StatusGone {
		t.Errorf("%v", codes)
	}
}

// TestShareOnceBusy: a page that cannot be made does not use the link up.
func TestShareOnceBusy(t *testing.T) {
	s := newSite(t)
	s.keep("message1", "tok", sesReport())
	path := s.shareOf(t, "message1", url.Values{"days": {"1"}, "once": {"1"}})
	report := s.reports["message1"]
	delete(s.reports, "message1")
	if w := s.post(path, nil); w.Code != http.StatusServiceUnavailable {
		t.Fatalf("%d", w.Code)
	}
	s.reports["message1"] = report
	if w := s.post(path, nil); w.Code != 200 {
		t.Errorf("the link was used up: %d", w.Code)
	}
}

// TestShareMessageEnds: with its message, with its time, by hand.
func TestShareMessageEnds(t *testing.T) {
	s := newSite(t)
	s.keep("message1", "tok", sesReport())
	path := s.shareOf(t, "message1", url.Values{"days": {"7"}})
	s.mem.shares["gone"] = store.Share{Token: "gone", Kind: store.SharedMessage, Of: "nosuch", Expires: now.Add(time.Hour)}
	if w := s.get(t, "/share/gone"); w.Code != http.StatusNotFound {
		t.Errorf("a message that is gone: %d", w.Code)
	}
	checkPage(t, s.post("/r/message1/share", url.Values{"days": {"0"}}).Body.Bytes())
	if w := s.get(t, path); w.Code != http.StatusNotFound {
		t.Errorf("ended: %d", w.Code)
	}
	for target, want := range map[string]int{"/r/message1/share?days=9999": http.StatusBadRequest, "/r/nosuch/share": http.StatusNotFound} {
		if w := s.post(target, url.Values{"days": {"9999"}}); w.Code != want {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
}

// TestHostileKept: what a stranger wrote stays text on a kept page, masked or not.
func TestHostileKept(t *testing.T) {
	s := newSite(t)
	s.keep("evil1", "tok", hostileReport())
	for _, form := range []url.Values{{"days": {"1"}}, {"days": {"1"}, "redact": {"1"}}} {
		w := s.get(t, s.shareOf(t, "evil1", form))
		checkPage(t, w.Body.Bytes())
		if strings.Contains(w.Body.String(), "<script>") {
			t.Error("a script of a stranger")
		}
	}
}
