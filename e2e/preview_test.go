package e2e

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// hostileHTML tries to load, run and lead away.
const hostileHTML = `<html><head><meta http-equiv="refresh" content="0;url=http://evil.example/refresh"><base href="http://evil.example/">
<link rel="stylesheet" href="http://evil.example/link.css"><style>body{background:url(http://evil.example/style.png)} @import "http://evil.example/import.css";</style></head>
<body onload="document.title='owned'" background="http://evil.example/body.png"><p id="seen">Good morning</p>
<img src="http://evil.example/pixel.gif"><img src=x onerror="parent.document.title='owned'"><div style="background-image:url('http://evil.example/inline.png')">x</div>
<script>parent.document.title='owned';new Image().src='http://evil.example/script.gif'</script><iframe src="http://evil.example/frame"></iframe>
<form action="http://evil.example/form"><input autofocus onfocus="parent.document.title='owned'"></form><svg onload="parent.document.title='owned'"><image href="http://evil.example/svg.png"/></svg>
<a href="javascript:parent.document.title='owned'" id="away">click</a><video src="http://evil.example/video" autoplay></video></body></html>`

// TestHostileHTML: in a real browser the HTML of a message loads nothing, runs nothing and leads nowhere.
func TestHostileHTML(t *testing.T) {
	zone := senderZone(t)
	n := serve(t, "--resolver", zone.Addr(), "--no-blocklists")
	ctx := browser(t, "en-US")
	token := n.newToken(t)
	to := token + "@inbox.test.example"
	message := strings.ReplaceAll("From: me@sender.example\nTo: "+to+"\nSubject: html\nDate: Sun, 22 Nov 2026 12:00:00 +0900\nMessage-ID: <h@sender.example>\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n"+hostileHTML+"\n", "\n", "\r\n")
	if err := sendPlain(n.smtp, "me@sender.example", to, message); err != nil {
		t.Fatal(err)
	}
	waiting, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, id := n.events(t, waiting, token, "verified")

	var mu sync.Mutex
	var asked []string
	chromedp.ListenTarget(ctx, func(ev any) {
		if e, ok := ev.(*network.EventRequestWillBeSent); ok {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, e.Request.URL)
		}
	})
	var title, at, inside string
	if err := chromedp.Run(ctx,
		network.Enable(),
		chromedp.Navigate("http://"+n.http+"/r/"+id+"#content"), shown(t, ".panel.on#content"),
		chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true); document.querySelector("iframe.preview").scrollIntoView()`, nil),
		chromedp.ActionFunc(func(ctx context.Context) error {
			poll(t, ctx, "the preview to be loaded", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return strings.Contains(strings.Join(asked, " "), id+".preview")
			}, func() string { return strings.Join(asked, " ") })
			return nil
		}),
		chromedp.Title(&title),
		chromedp.Navigate("http://"+n.http+"/r/"+id+".preview"), // without the sandbox of the frame: its own policy holds
		chromedp.Text("#seen", &inside),
		chromedp.Click("#away"),
		chromedp.Location(&at),
	); err != nil {
		t.Fatal(err)
	}
	if inside != "Good morning" || strings.Contains(title, "owned") || !strings.HasSuffix(at, ".preview") {
		t.Errorf("%q, %q, %s", inside, title, at)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, url := range asked {
		if !strings.HasPrefix(url, "http://"+n.http+"/") && !strings.HasPrefix(url, "data:") {
			t.Errorf("it asks for %s", url)
		}
	}
	resp, err := http.Get("http://" + n.http + "/r/" + id + ".preview")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
		t.Errorf("headers %v", resp.Header)
	}
}
