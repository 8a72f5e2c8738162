package e2e

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tabTo presses Tab until what the selector names has the focus, going on from where the focus is.
func tabTo(t *testing.T, selector string) chromedp.ActionFunc {
	return func(ctx context.Context) error {
		if err := shown(t, selector)(ctx); err != nil {
			return err
		}
		for range 200 { // more than any page has
			var there bool
			err := (chromedp.Tasks{chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(fmt.Sprintf(`document.activeElement.matches(%q)`, selector), &there)}).Do(ctx)
			if there || err != nil {
				return err
			}
		}
		return fmt.Errorf("Tab never comes to %s", selector)
	}
}

// TestPanelKeyboard: with Tab and Enter alone a domain is removed after the question, or kept, and a record is copied. Where the focus is shows.
func TestPanelKeyboard(t *testing.T) {
	ctx := browserFor(t, "en-US", 2*time.Minute)
	n := panelNode(t)
	site := "http://" + n.http
	at := n.post(t, "/domains", url.Values{"name": {"shop.example"}})
	n.post(t, at, url.Values{"do": {"keys"}})
	enter := chromedp.KeyEvent(kb.Enter)
	var outline, copied, where, done string
	if err := chromedp.Run(ctx,
		chromedp.Navigate(site+at), tabTo(t, `button.copy`),
		chromedp.Evaluate(`getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).boxShadow`, &outline),
		enter, state(t, "the button says that it copied", `document.activeElement.matches("button.copy") && document.activeElement.textContent.startsWith("✓")`),
		state(t, "who does not see it is told", `[...document.querySelectorAll("body > [aria-live]")].some(e => e.textContent === document.activeElement.dataset.done)`),
		chromedp.Evaluate(`document.activeElement.textContent`, &copied),
		tabTo(t, `button[value="remove"]`), enter, shown(t, "#removing"),
		tabTo(t, `#removing a`), enter, onPage(t, at, "#settings-h"), state(t, "the question is gone", `!document.querySelector("#removing")`),
		tabTo(t, `button[value="remove"]`), enter, shown(t, "#removing"),
		tabTo(t, `#removing button`), enter, onPage(t, "/domains", `[role="status"]`),
		chromedp.Evaluate(`location.pathname`, &where), textOf(t, `[role="status"]`, &done),
	); err != nil {
		t.Fatal(err)
	}
	if outline == "none" || outline == "nonenone" || copied == "" || where != "/domains" || !strings.Contains(done, "removed") {
		t.Errorf("outline %q, copied %q, at %s: %q", outline, copied, where, done)
	}
}
