package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axeVersion is the release of axe-core, of the npm registry, that judges the pages. It is
// for this test alone and no part of the program.
const axeVersion = "4.10.3"

// axe gives the text of axe-core.
func axe(t *testing.T) string {
	t.Helper()
	need(t, "npm", "tar")
	dir := t.TempDir()
	pack := exec.Command("npm", "pack", "--silent", "axe-core@"+axeVersion)
	pack.Dir = dir
	if out, err := pack.CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("npm: %v\n%s", err, out)
		}
		t.Skipf("%s: npm gives no axe-core: %v", t.Name(), err)
	}
	out, err := exec.Command("tar", "-xzOf", filepath.Join(dir, "axe-core-"+axeVersion+".tgz"), "package/axe.min.js").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// violation is what axe finds.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct{ HTML string }
}

// serious has axe judge the page that is open, and gives what is serious or worse.
func serious(t *testing.T, ctx context.Context, script, what string) (out []violation) {
	t.Helper()
	var found string
	if err := chromedp.Run(ctx,
		chromedp.Evaluate(script+";true", nil),
		chromedp.Evaluate(`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations))`, &found,
			func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
	); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	var all []violation
	if err := json.Unmarshal([]byte(found), &all); err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Impact == "serious" || v.Impact == "critical" {
			out = append(out, v)
		}
	}
	return out
}

// look fails for what is serious on the page that is open.
func look(t *testing.T, ctx context.Context, script, what string) {
	t.Helper()
	for _, v := range serious(t, ctx, script, what) {
		for _, n := range v.Nodes {
			t.Errorf("%s: %s (%s): %s\n  %.300s", what, v.ID, v.Impact, v.Help, n.HTML)
		}
	}
}

// TestAxe: no page has a serious accessibility problem that a machine can find, in both languages,
// in light and dark, wide and narrow.
func TestAxe(t *testing.T) {
	script := axe(t)
	zone := senderZone(t)
	n := serve(t, "--resolver", zone.Addr(), "--no-blocklists")
	ctx := browser(t, "en-US")
	token := n.newToken(t)
	to := token + "@inbox.test.example"
	message := strings.ReplaceAll(fmt.Sprintf(letter, to, time.Now().UnixNano()), "\n", "\r\n")
	if err := sendPlain(n.smtp, "me@sender.example", to, message); err != nil {
		t.Fatal(err)
	}
	_ = sendPlain(n.smtp, "me@sender.example", "nobody@inbox.test.example", message) // leaves a failed session
	waiting, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, id := n.events(t, waiting, token, "verified")
	session := ""
	poll(t, waiting, "the failed session to be listed", func() bool {
		_, after, ok := strings.Cut(n.get(t, "/operator", http.StatusOK), `href="/s/`)
		session, _, _ = strings.Cut(after, `"`)
		return ok
	}, func() string { return "" })
	if err := chromedp.Run(ctx, chromedp.Navigate("data:text/html,<p style='color:%23aaa'>faint</p><img src=x>")); err != nil {
		t.Fatal(err)
	}
	if len(serious(t, ctx, script, "a bad page")) < 2 {
		t.Fatal("axe finds nothing wrong with a bad page")
	}
	pages := []string{"/", "/m/" + n.newToken(t), "/paste", "/operator", "/r/" + id, "/s/" + session, "/recipes", "/nowhere", "/check"}
	pages = append(pages, domainPages(t, n)...)
	for _, page := range pages {
		for _, way := range []struct {
			lang, scheme string
			width        int64
		}{{"en", "light", 1100}, {"ja", "dark", 360}} {
			at := page + "?lang=" + way.lang
			if strings.Contains(page, "?") {
				at = page + "&lang=" + way.lang
			}
			if err := chromedp.Run(ctx,
				emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: way.scheme}}),
				chromedp.EmulateViewport(way.width, 800),
				chromedp.Navigate("http://"+n.http+at), shown(t, "main"),
			); err != nil {
				t.Fatalf("%s: %v", at, err)
			}
			look(t, ctx, script, fmt.Sprintf("%s %s %d", at, way.scheme, way.width))
		}
	}
}

// TestAxeLogin is the same for the pages of logins.
func TestAxeLogin(t *testing.T) {
	script := axe(t)
	ctx := browser(t, "en-US")
	n := serve(t, "--resolver", "127.0.0.1:9", "--public-url", "http://127.0.0.1:1", "--no-blocklists")
	poll(t, ctx, "the link to be printed", func() bool { return setupLink.MatchString(n.log.String()) }, n.log.String)
	link := strings.Replace(setupLink.FindString(n.log.String()), "http://127.0.0.1:1/", "http://"+n.http+"/", 1)
	visit := func(what string, actions ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(ctx, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		look(t, ctx, script, what)
	}
	site := "http://" + n.http
	visit("login", chromedp.Navigate(site+"/login"), shown(t, "#name"))
	visit("a failed login", chromedp.SendKeys("#name", "ann"), chromedp.SendKeys("#password", "wrong"), chromedp.Submit("#password"), shown(t, ".is-fail"))
	visit("setup", chromedp.Navigate(link), shown(t, "#name"))
	visit("a bad password", chromedp.SendKeys("#name", "ann"), chromedp.SendKeys("#password", "short"), chromedp.Submit("#password"), shown(t, "#password-error"))
	visit("home", chromedp.SendKeys("#password", "correct horse battery"), chromedp.Submit("#password"), shown(t, `form[action="/logout"]`))
	visit("people", chromedp.Navigate(site+"/people"), shown(t, "#name"))
	visit("account", chromedp.Navigate(site+"/account"), shown(t, "#old"))
}
