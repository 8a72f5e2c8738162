package e2e

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
)

// changing is a zone that somebody edits while it is served.
type changing struct {
	mu   sync.Mutex
	zone *dns.Memory
}

func (c *changing) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.zone.Resolve(ctx, q)
}

func (c *changing) publish(t *testing.T, text, name string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.zone.Apply(dns.Change{Action: dns.Replace, Name: name, Type: dns.TypeTXT, TTL: 300, Data: []string{text}}); err != nil {
		t.Fatal(err)
	}
}

// shopZone is a zone of shopRecords.
func shopZone() *changing { return &changing{zone: dns.MustMemory(shopRecords)} }

// shopRecords are of a domain in order but for its SPF record, whose "ip4" lacks a digit's worth of sense.
var shopRecords = dns.Zone{
	"shop.example": {
		"SOA ns1.shop.example. hostmaster.shop.example. 2026112601 3600 600 1209600 300", "NS ns1.shop.example.", "NS ns2.shop.example.",
		"MX 10 mail.shop.example.", "TXT v=spf1 ip4:198.51.100.20 ipv4:198.51.100.21 -all",
	},
	"ns1.shop.example":  {"A 198.51.100.2"},
	"ns2.shop.example":  {"A 203.0.113.2"},
	"mail.shop.example": {"A 198.51.100.20", "TXT v=spf1 a -all"},
	"_dmarc.shop.example": {
		"TXT v=DMARC1; p=quarantine; rua=mailto:dmarc@shop.example",
	},
	"default._domainkey.shop.example": {"TXT v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},
	"mail2.shop.example":              {"A 198.51.100.21", "TXT v=spf1 a -all"},
	"20.100.51.198.in-addr.arpa":      {"PTR mail.shop.example."},
	"21.100.51.198.in-addr.arpa":      {"PTR mail2.shop.example."},
}

// onPage waits for a page whose path begins so and that has been loaded.
func onPage(t *testing.T, prefix, selector string) chromedp.ActionFunc {
	return func(ctx context.Context) error {
		poll(t, ctx, "a page at "+prefix+" with "+selector, func() bool {
			var there bool
			err := chromedp.Evaluate(`location.pathname.startsWith("`+prefix+`") && document.readyState === "complete" && !!document.querySelector('`+selector+`')`, &there).Do(ctx)
			return err == nil && there
		}, func() string {
			var text string
			_ = chromedp.Evaluate(`location.href + "\n" + document.body.innerText.slice(0, 2000)`, &text).Do(ctx)
			return text
		})
		return nil
	}
}

// TestBrowserDomain walks by keyboard: check a domain, take the repair, publish it in the
// loopback zone, check this one again, green; then what-if and the difference.
func TestBrowserDomain(t *testing.T) {
	for _, w := range []struct{ lang, html, nothing, fixed, try string }{
		{"en-US", "en", "Nothing needs to be done.", "Fixed.", "Then:"}, {"ja-JP", "ja", "対応が必要なことはありません。", "解決しました。", "変更後:"},
	} {
		t.Run(w.lang, func(t *testing.T) {
			zone := shopZone()
			server := dnstest.New(t, zone)
			n := serve(t, "--resolver", server.Addr(), "--no-blocklists")
			ctx := browser(t, w.lang)
			var fix, where, title, body string
			if err := chromedp.Run(ctx,
				chromedp.Navigate("http://"+n.http+"/"),
				chromedp.Focus("#q"), chromedp.KeyEvent("shop.example"+kb.Enter),
				onPage(t, "/d/", "#findings-h"),
				chromedp.Title(&title), textOf(t, ".answers", &body),
				textOf(t, "#first-0-0", &fix), textOf(t, ".answers .change-where code", &where),
			); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(title, "✗ ") || where != "shop.example" || !strings.HasPrefix(fix, "v=spf1 ") {
				t.Fatalf("%q proposes %q at %q\n%s", title, fix, where, body)
			}
			shot(t, ctx, "domain-"+w.html)
			// What if? The repair is put in, and judged; then edited as one types.
			var result string
			if err := chromedp.Run(ctx,
				chromedp.Focus(`a[href*="what-if?repair=1"]`), chromedp.KeyEvent(kb.Enter),
				onPage(t, "/d/", "[data-whatif-result] .hero"),
				textOf(t, "[data-whatif-result]", &result),
			); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(result, w.try) || strings.Contains(result, "ipv4:198.51.100.21") && !strings.Contains(result, "ip4:198.51.100.21") {
				t.Errorf("what-if says\n%s", result)
			}
			shot(t, ctx, "whatif-"+w.html)
			if err := chromedp.Run(ctx,
				chromedp.Focus("#records"), chromedp.KeyEvent(kb.Home), chromedp.KeyEvent("nonsense\n"),
				onPage(t, "/d/", "[data-whatif-result] .is-warn"),
				chromedp.Focus(`.actions a[href^="/d/"]:last-child`), chromedp.KeyEvent(kb.Enter), onPage(t, "/d/", "#findings-h"),
			); err != nil {
				t.Fatal(err)
			}
			// Publish what the page says, and check this one again.
			zone.publish(t, fix, where)
			var path string
			if err := chromedp.Run(ctx,
				chromedp.Evaluate(`location.pathname`, &path),
				chromedp.Focus(`.finding form[action$="/again"] button`), chromedp.KeyEvent(kb.Enter),
				chromedp.ActionFunc(func(ctx context.Context) error {
					poll(t, ctx, "another check", func() bool {
						var other bool
						err := chromedp.Evaluate(`location.pathname !== "`+path+`" && document.readyState === "complete" && !!document.querySelector("#findings-h")`, &other).Do(ctx)
						return err == nil && other
					}, func() string { return n.log.String() })
					return nil
				}),
				chromedp.Title(&title), textOf(t, "main", &body),
			); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(title, "✓ ") || !strings.Contains(body, w.nothing) || !strings.Contains(body, w.fixed) {
				t.Errorf("after the repair the page %q says\n%.1500s", title, body)
			}
			shot(t, ctx, "domain-fixed-"+w.html)
			// History and difference.
			if err := chromedp.Run(ctx,
				chromedp.Focus(`a[href^="/history"]`), chromedp.KeyEvent(kb.Enter),
				onPage(t, "/history", ".history"),
			); err != nil {
				t.Fatal(err)
			}
			shot(t, ctx, "history-"+w.html)
			if err := chromedp.Run(ctx,
				chromedp.Focus(`form[action="/diff"] button`), chromedp.KeyEvent(kb.Enter),
				onPage(t, "/diff", ".changed"), textOf(t, "main", &body),
			); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(body, "ipv4:198.51.100.21") || !strings.Contains(body, "✓") {
				t.Errorf("the difference\n%s", body)
			}
			shot(t, ctx, "diff-"+w.html)
		})
	}
}
