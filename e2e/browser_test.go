package e2e

import (
	"context"
	"fmt"
	"net/smtp"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser starts a headless Chromium that asks for pages in a language.
func browser(t *testing.T, lang string) context.Context {
	t.Helper()
	return browserFor(t, lang, 90*time.Second)
}

// needJapanese does so where no font has Japanese letters: the width of boxes in their place says nothing of a page.
func needJapanese(t *testing.T) {
	t.Helper()
	need(t, "fc-list")
	if out, err := exec.Command("fc-list", ":lang=ja").Output(); err != nil || len(out) == 0 {
		lack(t, "no font with Japanese letters is installed (%v)", err)
	}
}

// browserFor is browser, for tests that need longer.
func browserFor(t *testing.T, lang string, life time.Duration) context.Context {
	t.Helper()
	need(t, "chromium")
	if strings.HasPrefix(lang, "ja") {
		needJapanese(t)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"), chromedp.Flag("headless", true), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("accept-lang", lang), chromedp.WindowSize(1100, 900),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) }) // waits until the browser has ended, and removes its profile
	ctx, cancel = context.WithTimeout(ctx, life)
	t.Cleanup(cancel)
	return ctx
}

// shot keeps a picture of the page where TODOKU_SHOTS names a folder.
func shot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("TODOKU_SHOTS")
	if dir == "" {
		return
	}
	var png []byte
	if err := chromedp.Run(ctx, chromedp.FullScreenshot(&png, 100)); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/"+name+".png", string(png))
}

// reportShown waits until the page has become a report. Evaluating while the browser navigates is an
// error of the moment, not of the page: it is tried again.
func reportShown(t *testing.T) chromedp.ActionFunc {
	return func(ctx context.Context) error {
		poll(t, ctx, "the page to become a report", func() bool {
			var shown bool
			err := chromedp.Evaluate(`location.pathname.startsWith("/r/") && document.readyState === "complete" && !!document.querySelector("main h1")`, &shown).Do(ctx)
			return err == nil && shown
		}, func() string { return "" })
		return nil
	}
}

// shown waits until the page that is open has an element. A wait of chromedp's own can hang when the
// browser navigates meanwhile.
func shown(t *testing.T, selector string) chromedp.ActionFunc {
	return func(ctx context.Context) error {
		poll(t, ctx, selector+" to be shown", func() bool {
			var there bool
			err := chromedp.Evaluate(fmt.Sprintf(`document.readyState === "complete" && !!document.querySelector(%q)`, selector), &there).Do(ctx)
			return err == nil && there
		}, func() string {
			var text string
			_ = chromedp.Evaluate(`location.href + "\n" + document.body.innerText.slice(0, 2000)`, &text).Do(context.WithoutCancel(ctx))
			return text
		})
		return nil
	}
}

// words are what a reader must find on the pages, by language.
var words = map[string]struct{ lang, htmlLang, pass, fail string }{
	"English":  {"en-US", "en", "DMARC", "fails DMARC"},
	"Japanese": {"ja-JP", "ja", "DMARC", "DMARC"},
}

func TestBrowserSendLiveReport(t *testing.T) {
	for name, w := range words {
		t.Run(name, func(t *testing.T) {
			zone := senderZone(t)
			n := serve(t, "--resolver", zone.Addr())
			ctx := browser(t, w.lang)
			var page, htmlLang string
			if err := chromedp.Run(ctx,
				chromedp.Navigate("http://"+n.http+"/"),
				chromedp.Evaluate(`document.documentElement.outerHTML`, &page),
				chromedp.Evaluate(`document.documentElement.lang`, &htmlLang),
			); err != nil {
				t.Fatal(err)
			}
			if htmlLang != w.htmlLang {
				t.Errorf("the page is in %q, want %q", htmlLang, w.htmlLang)
			}
			m := address.FindString(page)
			if m == "" {
				t.Fatalf("no address on the page:\n%.3000s", page)
			}
			shot(t, ctx, "home-"+w.htmlLang)
			message := strings.ReplaceAll(fmt.Sprintf(letter, m, time.Now().UnixNano()), "\n", "\r\n")
			if err := smtp.SendMail(n.smtp, nil, "me@sender.example", []string{m}, []byte(message)); err != nil {
				// The receiver's certificate is self-signed: net/smtp insists on a good one, so send without STARTTLS.
				if err := sendPlain(n.smtp, "me@sender.example", m, message); err != nil {
					t.Fatal(err)
				}
			}
			// The page that waits becomes the report by itself.
			var title, body string
			if err := chromedp.Run(ctx,
				reportShown(t),
				chromedp.Title(&title),
				textOf(t, "main", &body),
			); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(body, "sender.example") || !strings.Contains(body, w.pass) {
				t.Errorf("the report (%q) does not speak of the message:\n%.2000s", title, body)
			}
			// DMARC passes by SPF alone, without TLS: a warning, not a failure.
			if !strings.HasPrefix(title, "! ") {
				t.Errorf("the title does not show the result: %q", title)
			}
			shot(t, ctx, "report-"+w.htmlLang)
		})
	}
}

// sendPlain delivers without TLS.
func sendPlain(addr, from, to, message string) error {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Hello("mail.sender.example"); err != nil {
		return err
	}
	if err := c.Mail(from); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(message)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}

func TestBrowserPasteReport(t *testing.T) {
	for name, w := range words {
		t.Run(name, func(t *testing.T) {
			zone := senderZone(t)
			n := serve(t, "--resolver", zone.Addr())
			ctx := browser(t, w.lang)
			var body, title string
			if err := chromedp.Run(ctx,
				chromedp.Navigate("http://"+n.http+"/paste"),
				chromedp.SetValue("#message", fmt.Sprintf(letter, "a@b.example", 1)),
				chromedp.SetValue("#ip", "192.0.2.99"),
				chromedp.SetValue("#helo", "mail.sender.example"),
				chromedp.SetValue("#mail_from", "me@sender.example"),
				chromedp.Submit("#message"),
				reportShown(t),
				chromedp.Title(&title),
				textOf(t, "main", &body),
			); err != nil {
				t.Fatal(err)
			}
			// Sent from elsewhere and not signed: SPF fails, and so does DMARC.
			if !strings.Contains(body, w.fail) || !strings.Contains(body, "192.0.2.99") {
				t.Errorf("the report (%q) does not say what failed:\n%.2000s", title, body)
			}
			if !strings.HasPrefix(title, "✗ ") {
				t.Errorf("the title does not show the result: %q", title)
			}
			shot(t, ctx, "pasted-"+w.htmlLang)
		})
	}
}
