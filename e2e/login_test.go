package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var setupLink = regexp.MustCompile(`http://\S+/setup\?token=\S+`)

// TestBrowserLogin walks by keyboard from the printed link to the first administrator, makes another
// person, signs out, and signs in as that person, who may not see the lists.
func TestBrowserLogin(t *testing.T) {
	for _, w := range []struct{ lang, people, refused string }{
		{"en-US", "Add somebody", "for administrators"}, {"ja-JP", "利用者を追加", "管理者用"},
	} {
		t.Run(w.lang, func(t *testing.T) {
			ctx := browser(t, w.lang)
			n := serve(t, "--resolver", "127.0.0.1:9", "--public-url", "http://127.0.0.1:1", "--no-blocklists")
			poll(t, ctx, "the link to be printed", func() bool { return setupLink.MatchString(n.log.String()) }, n.log.String)
			link := setupLink.FindString(n.log.String())
			link = strings.Replace(link, "http://127.0.0.1:1/", "http://"+n.http+"/", 1) // no proxy here: straight to the port
			site := "http://" + n.http
			var people, refused, at string
			if err := chromedp.Run(ctx,
				chromedp.Navigate(site+"/paste"), chromedp.Location(&at),
			); err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(at, "/login?next=%2Fpaste") {
				t.Errorf("a visitor lands at %s", at)
			}
			shot(t, ctx, "login-"+w.lang)
			if err := chromedp.Run(ctx, chromedp.Navigate(link), shown(t, "#name")); err != nil {
				t.Fatal(err)
			}
			shot(t, ctx, "setup-"+w.lang)
			if err := chromedp.Run(ctx,
				chromedp.Focus("#name"), chromedp.KeyEvent("ann"+kb.Tab+"correct horse battery"+kb.Enter),
				shown(t, `form[action="/logout"]`),
				chromedp.Navigate(site+"/people"), textOf(t, "main", &people),
				chromedp.Focus("#name"), chromedp.KeyEvent("bob"+kb.Tab+"another horse battery"+kb.Tab+kb.Tab+kb.Enter),
				shown(t, `form[action^="/people/"]`),
			); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(people, w.people) {
				t.Errorf("the page of people:\n%s", people)
			}
			shot(t, ctx, "people-"+w.lang)
			if err := chromedp.Run(ctx,
				press(t, `form[action="/logout"] button`), shown(t, `form[action="/login"]`),
				chromedp.Focus("#name"), chromedp.KeyEvent("bob"+kb.Tab+"another horse battery"+kb.Enter),
				shown(t, `form[action="/logout"]`),
				chromedp.Navigate(site+"/operator"), textOf(t, "main", &refused),
			); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(refused, w.refused) {
				t.Errorf("bob sees the lists:\n%s", refused)
			}
			resp, err := http.Get(site + "/healthz")
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("healthz asks for a login: %v %v", resp, err)
			} else {
				resp.Body.Close()
			}
		})
	}
}
