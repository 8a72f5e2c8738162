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

// TestMailboxBody: who waits for mail chooses when its body goes, of what is sooner than the server does it.
func TestMailboxBody(t *testing.T) {
	s := newSite(t)
	s.mem.mailboxes["tok"] = store.Mailbox{Token: "tok", Created: now, Expires: now.Add(time.Hour)}
	page := s.get(t, "/m/tok").Body.String()
	contains(t, page, i18n.T("en", "drop.never"), "10 minutes after its verdict", "1 hour after", "1 day after")
	w := s.post("/m/tok/body", url.Values{"minutes": {"60"}})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/m/tok" || s.mem.mailboxes["tok"].DropAfter != time.Hour {
		t.Errorf("%d %v %+v", w.Code, w.Header(), s.mem.mailboxes["tok"])
	}
	contains(t, s.get(t, "/m/tok").Body.String(), `<option value="60" selected>`)
	for _, minutes := range []string{"", "11", "-10", "x", "99999999999999999999"} {
		if w := s.post("/m/tok/body", url.Values{"minutes": {minutes}}); w.Code != http.StatusBadRequest {
			t.Errorf("%q: %d", minutes, w.Code)
		}
	}
	if w := s.post("/m/nosuch/body", url.Values{"minutes": {"60"}}); w.Code != http.StatusNotFound {
		t.Errorf("no such mailbox: %d", w.Code)
	}
	s.mem.dropAfter = 30 * time.Minute
	page = s.get(t, "/m/tok?lang=ja").Body.String()
	contains(t, page, "判定後 30 分", "判定後 10 分")
	if strings.Contains(page, "判定後 1 時間") || s.post("/m/tok/body", url.Values{"minutes": {"60"}}).Code != http.StatusBadRequest {
		t.Error("later than the server is offered")
	}
}

// TestPublicRetention: a tester that is open to all says how long reports can be had, and each until when.
func TestPublicRetention(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Public, c.Retention = true, 36*time.Hour })
	s.keep("m1", "tok", sesReport())
	contains(t, s.get(t, "/").Body.String(), i18n.T("en", "home.kept", "Time", "36 hours"))
	contains(t, s.get(t, "/r/m1").Body.String(), i18n.T("en", "report.until", "Time", stamp(now.Add(36*time.Hour))))
	w := s.post("/r/m1/share", url.Values{"days": {"30"}})
	checkPage(t, w.Body.Bytes())
	contains(t, w.Body.String(), stamp(now.Add(36*time.Hour))) // no link outlives what it shows
	own := newSite(t, func(c *Config) { c.Retention = 36 * time.Hour })
	if strings.Contains(own.get(t, "/").Body.String(), "Everybody may test") {
		t.Error("it says that everybody may test")
	}
}

func TestLasting(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Second: "1 second", 90 * time.Second: "90 seconds", 30 * time.Minute: "30 minutes", 90 * time.Minute: "90 minutes", 36 * time.Hour: "36 hours", 24 * time.Hour: "1 day", 72 * time.Hour: "3 days",
	} {
		if got := lasting("en", d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
