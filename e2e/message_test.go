package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/internal/wire"
)

// twoMessages is a node that got two messages to one address: one as it was signed, and one
// that a mailing list changed. It gives the paths of their reports.
func twoMessages(t *testing.T, ctx context.Context) (n *node, first, second string) {
	t.Helper()
	key, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	record, err := dkim.RecordFor(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	zone := dns.Zone{"s._domainkey.sender.example": {"TXT " + record}, "list.example": {"TXT v=spf1 ip4:127.0.0.1 ip6:::1 -all"}}
	for name, records := range senderRecords {
		zone[name] = records
	}
	n = serve(t, "--resolver", dnstest.New(t, dns.MustMemory(zone)).Addr(), "--no-blocklists")
	token := n.newToken(t)
	to := token + "@inbox.test.example"
	raw := "From: Sender <me@sender.example>\r\nTo: " + to + "\r\nSubject: Minutes\r\nDate: " + time.Now().Format(time.RFC1123Z) +
		"\r\nMessage-ID: <1@sender.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nHello,\r\nthe minutes.\r\n"
	field, err := dkim.Sign(strings.NewReader(raw), dkim.SignOptions{
		Domain: "sender.example", Selector: "s", Key: key, Header: wire.Relaxed, Body: wire.Relaxed, Timestamp: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	signed := string(field) + raw
	changed := strings.Replace(signed, "Subject: ", "Subject: [club] ", 1) + "-- \r\nclub mailing list\r\n"
	paths := make([]string, 0, 2)
	for i, m := range []struct{ from, raw string }{{"me@sender.example", signed}, {"club@list.example", changed}} {
		if err := sendPlain(n.smtp, m.from, to, m.raw); err != nil {
			t.Fatal(err)
		}
		poll(t, ctx, fmt.Sprintf("message %d to be judged", i+1), func() bool {
			return strings.Count(n.get(t, "/m/"+token, http.StatusOK), `class="badge`) > i
		}, n.log.String)
		_, after, _ := strings.Cut(n.get(t, "/m/"+token, http.StatusOK), `href="/r/`)
		id, _, _ := strings.Cut(after, `"`)
		paths = append(paths, "/r/"+id)
	}
	return n, paths[0], paths[1]
}

// state evaluates a script until it gives true.
func state(t *testing.T, what, script string) chromedp.ActionFunc {
	return func(ctx context.Context) error {
		poll(t, ctx, what, func() bool {
			var ok bool
			return chromedp.Evaluate(script, &ok).Do(ctx) == nil && ok
		}, func() string {
			var text string
			_ = chromedp.Evaluate(`location.href + "\n" + document.body.innerText.slice(0, 3000)`, &text).Do(ctx)
			return text
		})
		return nil
	}
}

// shownPanels are the sections that can be seen.
const shownPanels = `Array.from(document.querySelectorAll(".panel")).filter(p => p.offsetParent !== null).map(p => p.id).join()`

// TestBrowserMessage walks the page of a message by keyboard: tabs, the way to the result,
// what if, comparison; in both languages, and axe looks at each.
func TestBrowserMessage(t *testing.T) {
	script := axe(t)
	for _, w := range []struct{ lang, html, step, broke, then string }{
		{"en-US", "en", "Step 1 of ", "broke", "Then:"}, {"ja-JP", "ja", "手順 1 / ", "新たな問題", "変更後:"},
	} {
		t.Run(w.lang, func(t *testing.T) {
			ctx := browser(t, w.lang)
			n, _, second := twoMessages(t, ctx)
			run := func(what string, actions ...chromedp.Action) {
				t.Helper()
				if err := chromedp.Run(ctx, actions...); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			}
			run("open", chromedp.Navigate("http://"+n.http+second), onPage(t, second, ".tabbed"))
			shot(t, ctx, "message-"+w.html)
			look(t, ctx, script, "the findings of a message")

			// Tabs: arrows, Home and End; a link into a section opens it.
			run("tabs",
				state(t, "the first section alone", shownPanels+` === "findings"`),
				chromedp.Focus("#tab-findings"), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight),
				state(t, "the authentication", shownPanels+` === "auth" && document.activeElement.id === "tab-auth" && document.activeElement.getAttribute("aria-selected") === "true" && location.hash === "#auth"`),
			)
			shot(t, ctx, "message-auth-"+w.html)
			look(t, ctx, script, "the authentication of a message")
			run("tabs",
				chromedp.KeyEvent(kb.End), state(t, "the last section", shownPanels+` === "raw"`),
				chromedp.KeyEvent(kb.ArrowRight), state(t, "the first section after the last", shownPanels+` === "findings"`),
				chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent(kb.Home), state(t, "the first section", shownPanels+` === "findings"`),
				chromedp.Focus(`#summary a[href="#forensics"]`), chromedp.KeyEvent(kb.Enter),
				state(t, "what changed", shownPanels+` === "auth" && document.querySelector("#forensics").getBoundingClientRect().top < innerHeight && document.querySelectorAll("#forensics ins").length > 2`),
			)
			shot(t, ctx, "message-forensics-"+w.html)

			// The way to the result: play, keys, speed, all steps.
			const steps = `Array.from(document.querySelectorAll("[data-player-step]"))`
			at := func(k int) string {
				return fmt.Sprintf(`%s.findIndex(s => s.classList.contains("now")) === %d && %s.filter(s => !s.hidden).length === %d`, steps, k, steps, k+1)
			}
			run("player",
				chromedp.Focus(`[data-do="play"]`), chromedp.KeyEvent(kb.Enter), state(t, "the first step", at(0)),
				state(t, "the step to be said", `document.querySelector("[data-player-says]").textContent.startsWith("`+w.step+`")`),
				chromedp.KeyEvent(kb.ArrowRight), state(t, "the second step", at(1)),
				chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowLeft), state(t, "one step back", at(1)),
				chromedp.KeyEvent(kb.Home), state(t, "the first step again", at(0)),
			)
			look(t, ctx, script, "a step of the way")
			run("player",
				chromedp.SetValue("#replay-speed", "4"), chromedp.Focus(`[data-do="play"]`), chromedp.KeyEvent(kb.Enter),
				state(t, "the next step by itself", at(1)),
				chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.End),
				state(t, "all steps", steps+`.every(s => !s.hidden && !s.classList.contains("now"))`),
				emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}),
				chromedp.Focus(`[data-do="next"]`), chromedp.KeyEvent(kb.Enter),
				state(t, "a step that does not move", at(0)+` && getComputedStyle(document.querySelector(".now")).animationName === "none"`),
				emulation.SetEmulatedMedia().WithMedia("print"),
				state(t, "all sections on paper", shownPanels+`.split(",").length === document.querySelectorAll(".panel").length`),
				emulation.SetEmulatedMedia().WithMedia(""),
			)

			// What if: judged as one types.
			run("what if",
				chromedp.Focus(`a[href="`+second+`/what-if"]`), chromedp.KeyEvent(kb.Enter), onPage(t, second+"/what-if", "#records"),
				chromedp.Focus("#records"), chromedp.KeyEvent(kb.Home), chromedp.KeyEvent("_dmarc.sender.example TXT v=DMARC1; p=none\n"),
				state(t, "the record judged", `[...document.querySelectorAll("[data-whatif-result] .verdicts .differs")].length > 0 && document.querySelector("[data-whatif-result]").innerText.includes("`+w.then+`")`),
			)
			shot(t, ctx, "message-whatif-"+w.html)
			look(t, ctx, script, "what if of a message")

			// Comparison with the message before.
			run("compare",
				chromedp.Focus(`.actions a[href="`+second+`"]`), chromedp.KeyEvent(kb.Enter), onPage(t, second, ".tabbed"),
				chromedp.Focus(`a[href="`+second+`/compare"]`), chromedp.KeyEvent(kb.Enter), onPage(t, second+"/compare", "#with-0:checked"),
			)
			look(t, ctx, script, "the choice of a message")
			run("compare",
				chromedp.Focus(`form[action$="/compare"] button`), chromedp.KeyEvent(kb.Enter),
				state(t, "the comparison", `document.querySelector(".changed.is-fail")?.innerText.includes("`+w.broke+`") && document.querySelectorAll(".verdicts .differs").length > 1`),
			)
			shot(t, ctx, "message-compare-"+w.html)
			look(t, ctx, script, "a comparison")
			telephone := way{w.html, "dark", 360}
			run("a telephone", telephone.put())
			telephone.judge(t, ctx, "a comparison on a telephone")
			run("a telephone", chromedp.Navigate("http://"+n.http+second+"#auth"), shown(t, ".panel.on#auth"))
			telephone.judge(t, ctx, "the authentication on a telephone")
			look(t, ctx, script, "the authentication on a telephone")
		})
	}
}

// TestMessageWithoutScript: every section is there, the labels lead to them, and the editor judges by its button.
func TestMessageWithoutScript(t *testing.T) {
	ctx := browser(t, "en-US")
	n, first, second := twoMessages(t, ctx)
	var panels, result, compared string
	if err := chromedp.Run(ctx,
		emulation.SetScriptExecutionDisabled(true),
		chromedp.Navigate("http://"+n.http+second), onPage(t, second, "#tab-raw"),
		chromedp.Evaluate(shownPanels, &panels),
		chromedp.Focus("#tab-raw"), chromedp.KeyEvent(kb.Enter), state(t, "the link to be followed", `location.hash === "#raw"`),
		state(t, "no player", `document.querySelector("[data-player-controls]").hidden`),
		chromedp.Navigate("http://"+n.http+second+"/what-if"), onPage(t, second+"/what-if", "#records"),
		chromedp.Focus("#records"), chromedp.KeyEvent(kb.Home), chromedp.KeyEvent("_dmarc.sender.example TXT v=DMARC1; p=none\n"),
		chromedp.Focus(`form[data-whatif] button`), chromedp.KeyEvent(kb.Enter),
		state(t, "the records to be judged", `document.querySelectorAll(".verdicts .differs").length > 0`),
		textOf(t, "[data-whatif-result]", &result),
		chromedp.Navigate("http://"+n.http+first+"/compare"), onPage(t, first+"/compare", "#report"),
		chromedp.SendKeys("#report", second), chromedp.KeyEvent(kb.Enter),
		state(t, "the comparison", `document.querySelectorAll(".verdicts .differs").length > 1`),
		textOf(t, "main", &compared),
	); err != nil {
		t.Fatal(err)
	}
	if panels != "findings,cards,auth,path,content,dns,raw" {
		t.Errorf("the sections %s are shown", panels)
	}
	if !strings.Contains(result, "Then:") || !strings.Contains(compared, "broke") {
		t.Errorf("%s\n%s", result, compared)
	}
}
