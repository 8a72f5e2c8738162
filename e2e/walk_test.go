package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	_ "modernc.org/sqlite" // moves a link's end into the past

	"github.com/todoku/todoku/dns/dnstest"
)

// TestWalkPostfix: somebody's first visit, on a telephone in the dark: the address on the page is
// written to by a real Postfix, the page that waits shows the session and becomes the report.
func TestWalkPostfix(t *testing.T) {
	for _, w := range []way{{"en", "dark", 360}, {"ja", "light", 1100}} {
		t.Run(w.String(), func(t *testing.T) {
			n := serve(t, "--resolver", senderZone(t).Addr(), "--no-blocklists")
			p := startPostfix(t, n.smtp)
			ctx := browser(t, map[string]string{"en": "en-US", "ja": "ja-JP"}[w.lang])
			var shownAddress, title, body string
			if err := chromedp.Run(ctx, w.put(), chromedp.Navigate("http://"+n.http+"/"), shown(t, "#address"), textOf(t, "#address", &shownAddress)); err != nil {
				t.Fatal(err)
			}
			p.send(t, "me@sender.example", shownAddress, fmt.Sprintf(letter, shownAddress, time.Now().UnixNano()))
			if err := chromedp.Run(ctx, reportShown(t), chromedp.Title(&title), textOf(t, "main", &body)); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"sender.example", "DMARC", "TLSv1.3"} {
				if !strings.Contains(body, want) && !strings.Contains(body, strings.Replace(want, "TLSv", "TLS ", 1)) {
					t.Errorf("the report does not speak of %s:\n%.1500s", want, body)
				}
			}
			if !strings.HasPrefix(title, "✓ ") && !strings.HasPrefix(title, "! ") {
				t.Errorf("the title does not show the result: %q", title)
			}
			w.judge(t, ctx, "the report")
		})
	}
}

// TestWalkWithoutJavaScript: both ways, a message and a domain, in a browser that runs no script.
func TestWalkWithoutJavaScript(t *testing.T) {
	zone := shopZone()
	n := serve(t, "--resolver", dnstest.New(t, zone).Addr(), "--no-blocklists")
	ctx := browser(t, "en-US")
	site := "http://" + n.http
	var token, to, body, fix, run string
	walk := func(steps ...chromedp.Action) {
		t.Helper()
		for i, step := range steps {
			within, cancel := context.WithTimeout(ctx, 20*time.Second)
			if err := chromedp.Run(within, step); err != nil {
				t.Fatalf("step %d: %v", i+1, err)
			}
			cancel()
		}
	}
	if err := chromedp.Run(ctx, emulation.SetScriptExecutionDisabled(true)); err != nil {
		t.Fatal(err)
	}
	walk(chromedp.Navigate(site+"/"), shown(t, "#address"), textOf(t, "#address", &to),
		press(t, `noscript a[href^="/m/"]`), onPage(t, "/m/", "#address"), chromedp.Location(&token))
	token = token[strings.LastIndex(token, "/")+1:]
	if !strings.HasPrefix(to, token+"@") {
		t.Fatalf("the page of %s shows %s", token, to)
	}
	if err := sendPlain(n.smtp, "me@shop.example", to, strings.ReplaceAll(fmt.Sprintf(letter, to, 1), "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	// The page looks again by itself, and then lists the message.
	walk(press(t, `a[href^="/r/"]`), reportShown(t), textOf(t, "main", &body))
	if !strings.Contains(body, "sender.example") || !strings.Contains(body, "DMARC") {
		t.Errorf("the report does not speak of the message:\n%.1500s", body)
	}
	// A domain: the form, the page that waits, the report, what-if, and looking again after the repair.
	walk(chromedp.Navigate(site+"/check"), chromedp.SendKeys("#q", "shop.example"), press(t, `form[action="/check"] button[type=submit]`),
		shown(t, "#findings-h"), textOf(t, "#first-0-0", &fix), chromedp.Location(&run),
		press(t, `a[href*="what-if?repair=1"]`), shown(t, "[data-whatif-result] .hero"),
		chromedp.Submit("#records"), state(t, "the records to be judged", `!location.search && document.readyState === "complete" && !!document.querySelector("[data-whatif-result] .hero")`), textOf(t, "[data-whatif-result]", &body))
	if !strings.Contains(body, "Then:") {
		t.Errorf("what-if says\n%.1500s", body)
	}
	zone.publish(t, fix, "shop.example")
	walk(chromedp.Navigate(run), shown(t, `.finding form[action$="/again"] button`),
		press(t, `.finding form[action$="/again"] button`), shown(t, ".notice.is-pass"), textOf(t, "main", &body))
	if !strings.Contains(body, "Fixed.") {
		t.Errorf("after the repair:\n%.1500s", body)
	}
}

// TestWalkShareLink: a link is made on the page of a check, shows it to somebody else, and no longer
// once its time is over.
func TestWalkShareLink(t *testing.T) {
	database := filepath.Join(t.TempDir(), "share.db")
	n := serve(t, "--resolver", senderZone(t).Addr(), "--no-blocklists", "--database", database)
	ctx := browser(t, "en-US")
	run := n.checked(t, "sender.example")
	var link, page string
	if err := chromedp.Run(ctx,
		chromedp.Navigate("http://"+n.http+run), shown(t, ".menu summary"),
		chromedp.Focus(".menu summary"), chromedp.KeyEvent(kb.Enter), chromedp.Focus(`.menu button[value="1"]`), chromedp.KeyEvent(kb.Enter),
		shown(t, "#link"), textOf(t, "#link", &link),
	); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil || !strings.HasPrefix(u.Path, "/share/") {
		t.Fatalf("the link is %q", link)
	}
	other := browser(t, "en-US")
	open := func() {
		t.Helper()
		if err := chromedp.Run(other, chromedp.Navigate("http://"+n.http+u.Path), shown(t, "main h1"), textOf(t, "main", &page)); err != nil {
			t.Fatal(err)
		}
	}
	if open(); !strings.Contains(page, "sender.example") || strings.Contains(page, "Check again") {
		t.Fatalf("the link shows\n%.1000s", page)
	}
	db, err := sql.Open("sqlite", "file:"+database+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	res, err := db.ExecContext(context.Background(), `UPDATE shares SET expires = ?`, time.Now().Add(-time.Second).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := res.RowsAffected(); n != 1 {
		t.Fatalf("%d links are stored", n)
	}
	if open(); strings.Contains(page, "sender.example") || !strings.Contains(page, "expired") {
		t.Errorf("after its time the link shows\n%.1000s", page)
	}
}
