package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// way is a way of looking at a page.
type way struct {
	lang, scheme string // "light", "dark", "print", "forced" (colours)
	width        int64  // pixels
}

func (w way) String() string { return fmt.Sprintf("%s-%s-%d", w.lang, w.scheme, w.width) }

// put makes the browser look so.
func (w way) put() chromedp.Action {
	media, features := "screen", []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}
	switch w.scheme {
	case "dark":
		features[0].Value = "dark"
	case "print":
		media = "print"
	case "forced":
		features = append(features, &emulation.MediaFeature{Name: "forced-colors", Value: "active"})
	}
	return chromedp.Tasks{
		emulation.SetEmulatedMedia().WithMedia(media).WithFeatures(features),
		chromedp.EmulateViewport(w.width, 800),
	}
}

// waysTested are looked at by every run; waysShown, all of them, where pictures are asked for.
var (
	waysTested = []way{{"en", "light", 1100}, {"ja", "dark", 360}}
	waysShown  = []way{
		{"en", "light", 1100}, {"en", "light", 360}, {"en", "dark", 1100}, {"en", "dark", 360},
		{"ja", "light", 1100}, {"ja", "light", 360}, {"ja", "dark", 1100}, {"ja", "dark", 360},
		{"en", "print", 794}, {"en", "forced", 1100},
	}
)

// rooms are the parts of the gallery. Each has its servers and its browser: they are looked at side by side.
var rooms = map[string]func(g *gallery, demo *node){
	"demo": (*gallery).demoViews,
	"lab": func(g *gallery, demo *node) {
		g.labViews(demo)
		g.waitingViews()
	},
	"door": func(g *gallery, _ *node) { g.doorViews() },
	"panel": func(g *gallery, _ *node) {
		g.domainViews()
		g.customerViews()
	},
	"flow": (*gallery).warmupViews,
}

// TestPages opens every page of the gallery: axe-core finds nothing serious, nothing is wider than the
// window, the page is in the language and the colours that were asked for. With TODOKU_SHOTS it keeps
// a picture of each, in every way (make screenshots); -run TestPages/panel looks at one room.
func TestPages(t *testing.T) {
	need(t, "chromium")
	script := axe(t)
	demo := start(t, "demo")
	var mu sync.Mutex
	var all []view
	missing := maps.Clone(rooms)
	for name, views := range rooms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needJapanese(t)
			ctx := browserFor(t, "en-US", 20*time.Minute)
			if err := chromedp.Run(ctx, chromedp.Navigate("data:text/html,<p style='color:%23aaa'>faint</p><img src=x>")); err != nil {
				t.Fatal(err)
			}
			if len(serious(t, ctx, script, "a bad page")) < 2 {
				t.Fatal("axe finds nothing wrong with a bad page")
			}
			g := &gallery{t: t}
			views(g, demo)
			mu.Lock()
			all = append(all, g.views...)
			delete(missing, name)
			mu.Unlock()
			g.look(ctx, script)
		})
	}
	t.Cleanup(func() { // after the rooms
		if len(missing) == 0 {
			whole(t, all)
		}
	})
}

// look looks at every view in every way.
func (g *gallery) look(ctx context.Context, script string) {
	ways := waysTested
	if os.Getenv("TODOKU_SHOTS") != "" {
		ways = waysShown
	}
	for _, w := range ways {
		for _, v := range g.views {
			what := v.name + "-" + w.String()
			within, cancel := context.WithTimeout(ctx, time.Minute)
			arrive, then := w, chromedp.Tasks{}
			if w.scheme == "print" { // what one presses on the way is not on paper
				arrive.scheme, then = "light", chromedp.Tasks{w.put()}
			}
			// The language is a cookie of the host, which all ports of loopback share; so are logins.
			if err := chromedp.Run(within, arrive.put(), network.ClearBrowserCookies(), network.SetCookie("lang", w.lang).WithURL("http://127.0.0.1/"), v.open, then); err != nil {
				g.t.Fatalf("%s: %v", what, err)
			}
			w.judge(g.t, within, what)
			look(g.t, within, script, what)
			shot(g.t, within, what)
			cancel()
		}
	}
}

// judge looks at what axe does not.
func (w way) judge(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	var seen struct {
		Lang       string
		Wide       int
		Light      float64
		Heading    int
		TitleEmpty bool
		Squeezed   string
	}
	if err := chromedp.Run(ctx, chromedp.Evaluate(`(() => {
		const light = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).slice(0, 3).reduce((a, b) => a + +b, 0) / 3;
		const tall = e => { const r = document.createRange(); r.selectNodeContents(e); return r.getBoundingClientRect().height > 200; };
		const squeezed = [...document.querySelectorAll("main :is(td, th, li, p, dd, code)")].find(e => e.clientWidth > 0 && e.clientWidth < 70 && e.checkVisibility() && tall(e));
		return {squeezed: squeezed ? squeezed.outerHTML.slice(0, 300) : "", lang: document.documentElement.lang, wide: document.documentElement.scrollWidth - innerWidth, light,
			heading: document.querySelectorAll("h1").length, titleEmpty: !document.title.trim()};
	})()`, &seen)); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if seen.Lang != w.lang {
		t.Errorf("%s: the page is in %q", what, seen.Lang)
	}
	if seen.Wide > 0 {
		t.Errorf("%s: the page is %d pixels wider than the window", what, seen.Wide)
	}
	if seen.Squeezed != "" {
		t.Errorf("%s: squeezed into a narrow column: %s", what, seen.Squeezed)
	}
	if seen.Heading != 1 || seen.TitleEmpty {
		t.Errorf("%s: %d first headings, a title: %v", what, seen.Heading, !seen.TitleEmpty)
	}
	if dark := seen.Light < 80; w.scheme != "forced" && dark != (w.scheme == "dark") {
		t.Errorf("%s: the background's lightness is %.0f of 255", what, seen.Light)
	}
}
