package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// press clicks on what the selector finds, in one step: on a page that brings itself up to date, an element that was found in one
// step may be replaced before the next.
func press(t *testing.T, selector string) chromedp.ActionFunc {
	return once(t, selector, `e.click()`)
}

// send puts a text into a field, sends its form as its button does, and waits for the page that answers: what is looked for then may
// be on the page that was left, too.
func send(t *testing.T, selector, text string) chromedp.Action {
	return chromedp.Tasks{
		once(t, selector, fmt.Sprintf(`window.sent = true; e.value = %q; e.form.requestSubmit()`, text)),
		state(t, "an answer to "+selector, `!window.sent && document.readyState === "complete"`),
	}
}

// once does something with the element e that the selector finds, as soon as there is one.
func once(t *testing.T, selector, do string) chromedp.ActionFunc {
	return func(ctx context.Context) error {
		poll(t, ctx, selector+" to be there", func() bool {
			var done bool
			err := chromedp.Evaluate(fmt.Sprintf(`(e => { if (e) { %s } return !!e; })(document.querySelector(%q))`, do, selector), &done).Do(ctx)
			return err == nil && done
		}, func() string { return "" })
		return nil
	}
}

// fillIn puts a text into a field of the page that is open.
func fillIn(selector, text string) chromedp.Action {
	return chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).value = %q`, selector, text), nil)
}

// textOf gives the text of what the selector finds, in one step, once it can be seen.
func textOf(t *testing.T, selector string, into *string) chromedp.ActionFunc {
	return func(ctx context.Context) error {
		poll(t, ctx, selector+" to have a text", func() bool {
			var text *string
			err := chromedp.Evaluate(fmt.Sprintf(`(e => e && e.getClientRects().length ? e.innerText : null)(document.querySelector(%q))`, selector), &text).Do(ctx)
			if err == nil && text != nil {
				*into = *text
			}
			return err == nil && text != nil
		}, func() string { return "" })
		return nil
	}
}

// signedIn has the browser signed in by a form that is sent at a path. The pages of logins have their own tests.
func (n *node) signedIn(t *testing.T, path string, form url.Values) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return err
		}
		client := http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.PostForm("http://"+n.http+path, form)
		if err != nil {
			return err
		}
		resp.Body.Close()
		site := &url.URL{Scheme: "http", Host: n.http, Path: "/"}
		if resp.StatusCode != http.StatusSeeOther || len(jar.Cookies(site)) == 0 {
			return errors.New("signing in: " + resp.Status)
		}
		for _, c := range jar.Cookies(site) {
			if err := network.SetCookie(c.Name, c.Value).WithURL(site.String()).WithHTTPOnly(true).WithSameSite(network.CookieSameSiteLax).Do(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}
