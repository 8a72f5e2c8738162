package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestBodyIsDropped: with --drop-body-after the body of a message goes after its verdict: from the page, from what
// can be downloaded, and from the files of the database. The verdict stays.
func TestBodyIsDropped(t *testing.T) {
	database := filepath.Join(t.TempDir(), "drop.db")
	n := serve(t, "--resolver", senderZone(t).Addr(), "--no-blocklists", "--database", database, "--drop-body-after", "2s")
	token := n.newToken(t)
	to := token + "@" + n.domain
	const secret = "words that only the body has"
	message := strings.ReplaceAll(fmt.Sprintf(letter, to, 1), "\n", "\r\n") + strings.Repeat(secret+"\r\n", 500)
	if err := sendPlain(n.smtp, "me@sender.example", to, message); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	_, id := n.events(t, ctx, token, "verified")
	poll(t, ctx, "the body to be gone", func() bool {
		return strings.Contains(n.get(t, "/r/"+id, http.StatusOK), "The body of this message was removed")
	}, n.log.String)
	if v := n.verdict(t, id); v.SPF.Result != "pass" || v.DMARC.Result != "pass" || len(v.Findings) == 0 {
		t.Errorf("the verdict is gone too: %+v", v)
	}
	if page := n.get(t, "/r/"+id, http.StatusOK); strings.Contains(page, secret) || !strings.Contains(page, "through the real thing") {
		t.Errorf("the body is there, or the header is not:\n%.2000s", page)
	}
	n.get(t, "/r/"+id+".eml", http.StatusGone)
	n.get(t, "/api/v1/messages/"+id+"/raw", http.StatusGone)
	poll(t, ctx, "the files to forget the body", func() bool {
		for _, name := range []string{database, database + "-wal"} {
			if b, err := os.ReadFile(name); err == nil && strings.Contains(string(b), secret) {
				return false
			}
		}
		return true
	}, n.log.String)
}

// TestBrowserLinkOnce: a link that works once shows its page at the press of its button, without a script too, and then no more.
func TestBrowserLinkOnce(t *testing.T) {
	n := serve(t, "--resolver", senderZone(t).Addr(), "--no-blocklists")
	token := n.newToken(t)
	to := token + "@" + n.domain
	if err := sendPlain(n.smtp, "me@sender.example", to, strings.ReplaceAll(fmt.Sprintf(letter, to, 1), "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	ctx := browser(t, "en-US")
	_, id := n.events(t, ctx, token, "verified")
	link := n.shareLink(t, "/r/"+id, url.Values{"days": {"1"}, "once": {"1"}, "redact": {"1"}})
	var before, page, after string
	if err := chromedp.Run(ctx,
		chromedp.Navigate(link), shown(t, `form[method="post"] .button`), textOf(t, "main", &before),
		press(t, `form[method="post"] .button`), shown(t, "#findings-h"), textOf(t, "main", &page),
		chromedp.Navigate(link), shown(t, "main h1"), textOf(t, "main", &after),
	); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(before, "sender.example") || !strings.Contains(page, "sender.example") || strings.Contains(page, "through the real thing") || strings.Contains(page, "me@") || strings.Contains(after, "sender.example") {
		t.Errorf("before\n%.500s\nthen\n%.3000s\nafter\n%.500s", before, page, after)
	}
}
