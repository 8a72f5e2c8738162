package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
)

// TestAgree: opening the page agrees to nothing, its button does; both look like our pages.
func TestAgree(t *testing.T) {
	agreed, fails := "", error(nil)
	s := newSite(t, func(c *Config) {
		c.Agree = func(_ context.Context, token string) (string, bool, error) {
			if fails != nil {
				return "", false, fails
			}
			if token != "good" {
				return "", false, store.ErrNotFound
			}
			agreed = "user@<b>other.example"
			return agreed, true, nil
		}
	})
	for _, lang := range []string{"en", "ja"} {
		w := s.get(t, "/reply/confirm?token=good&lang="+lang)
		checkPage(t, w.Body.Bytes())
		contains(t, w.Body.String(), i18n.T(lang, "agree.yes"), `value="good"`, `href="/paste"`, "token=good")
		if agreed != "" {
			t.Fatal("opening the page agrees")
		}
	}
	w := s.post("/reply/confirm", url.Values{"token": {"good"}})
	checkPage(t, w.Body.Bytes())
	contains(t, w.Body.String(), "user@&lt;b&gt;other.example", i18n.T("en", "agree.sent"))
	for _, token := range []string{"", "bad", strings.Repeat("x", 100), `"><script>`} {
		if w := s.post("/reply/confirm", url.Values{"token": {token}}); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "<script>") {
			t.Errorf("%q: %d", token, w.Code)
		}
	}
	for _, path := range []string{"/reply/confirm", "/reply/confirm?token=" + strings.Repeat("x", 100)} {
		if w := s.get(t, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := s.post("/reply/confirm", url.Values{"token": {"good"}}, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }); w.Code != http.StatusForbidden {
		t.Errorf("a form of another site: %d", w.Code)
	}
	fails = errors.New("the database is gone")
	if w := s.post("/reply/confirm", url.Values{"token": {"good"}}); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a database that fails: %d", w.Code)
	}
	if w := newSite(t).get(t, "/reply/confirm?token=good"); w.Code != http.StatusNotFound {
		t.Errorf("where no mail is answered: %d", w.Code)
	}
	if !openToAll("/reply/confirm") {
		t.Error("it needs a login")
	}
}
