package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
)

// view is one page, in one state, and how a visitor gets there.
type view struct {
	name  string // of its picture
	route string // as internal/web registers it
	open  chromedp.Action
}

// gallery is every page of the program, in the states that look different.
type gallery struct {
	t     *testing.T
	views []view
}

func (g *gallery) add(name, route string, open ...chromedp.Action) {
	g.views = append(g.views, view{name: name, route: route, open: chromedp.Tasks(open)})
}

// at goes to a page and waits until it has something.
func (g *gallery) at(url, selector string) chromedp.Action {
	return chromedp.Tasks{chromedp.Navigate(url), shown(g.t, selector)}
}

// ask puts a text into the field that takes anything.
func (g *gallery) ask(site, text, selector string) chromedp.Action {
	return chromedp.Tasks{g.at(site+"/check", "#q"), send(g.t, "#q", text), shown(g.t, selector)}
}

// post sends a form as a visitor without a script does, and gives the path that it leads to.
func (n *node) post(t *testing.T, path string, form url.Values) string {
	t.Helper()
	resp, err := http.PostForm("http://"+n.http+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("POST %s: %s", path, resp.Status)
	}
	return resp.Request.URL.Path
}

// checked has the program check a target and waits until it is over.
func (n *node) checked(t *testing.T, target string) string {
	t.Helper()
	path := n.post(t, "/check", url.Values{"q": {target}})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	poll(t, ctx, "the check of "+target+" to be over", func() bool {
		return strings.Contains(n.get(t, path, http.StatusOK), `id="findings-h"`)
	}, n.log.String)
	return path
}

// failedSession leaves a session that brought no message, and gives its path.
func (n *node) failedSession(t *testing.T) string {
	t.Helper()
	if err := sendPlain(n.smtp, "me@sender.example", "nobody@"+n.domain, "x"); err == nil {
		t.Fatal("mail for nobody was taken")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	session := ""
	poll(t, ctx, "the failed session to be listed", func() bool {
		_, after, ok := strings.Cut(n.get(t, "/operator", http.StatusOK), `href="/s/`)
		session, _, _ = strings.Cut(after, `"`)
		return ok
	}, n.log.String)
	return "/s/" + session
}

const (
	aBounce = "550-5.7.26 Your email has been blocked because the sender is unauthenticated.\n550-5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM."
	aHeader = "Authentication-Results: mx.receiver.example; dkim=pass header.d=shop.example; spf=fail smtp.mailfrom=bounce.shop.example; dmarc=pass header.from=shop.example\nFrom: Shop <news@shop.example>\nSubject: Hello\n"
)

var repairLink = regexp.MustCompile(`href="(/r/[^"]+/what-if\?repair=[0-9]+)"`)

var story = regexp.MustCompile(`<a href="(/r/[^"]+)">`)

// demoViews are the pages of the demo: messages, domains, lists, errors.
func (g *gallery) demoViews(n *node) {
	t, site := g.t, "http://"+n.http
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	poll(t, ctx, "the demo's mail to have its verdict", func() bool {
		return strings.Contains(n.log.String(), "has its verdict")
	}, n.log.String)
	g.add("home", "/{$}", g.at(site+"/", "#address"))
	g.add("mailbox", "/m/{token}", g.at(site+"/m/"+n.newToken(t), "#address"))
	g.add("paste", "/paste", g.at(site+"/paste", "#message"))
	g.add("ask", "/check", g.at(site+"/check", "#q"))
	g.add("ask-unknown", "/check", g.ask(site, "what is this?", "#q[aria-invalid]"))
	g.add("explained-bounce", "/check", g.ask(site, aBounce, ".kicker"))
	g.add("explained-header", "/check", g.ask(site, aHeader, ".kicker"))
	var reports []string
	for i, m := range story.FindAllStringSubmatch(n.get(t, "/", http.StatusOK), -1) {
		reports = append(reports, site+m[1])
		g.add(fmt.Sprintf("report-%d", i+1), "/r/{id}", g.at(site+m[1], "main h1"))
		if i != 1 && i != 4 && os.Getenv("TODOKU_SHOTS") == "" { // two of the six are enough for every run
			continue
		}
		for _, section := range []string{"auth", "content"} {
			g.add(fmt.Sprintf("report-%d-%s", i+1, section), "/r/{id}", g.at(site+m[1]+"#"+section, ".panel.on#"+section))
		}
	}
	g.add("message-what-if", "/r/{id}/what-if", g.at(reports[1]+"/what-if", "#records"))
	for _, r := range reports { // the first that has a repair to try
		if m := repairLink.FindStringSubmatch(n.get(t, strings.TrimPrefix(r, site), http.StatusOK)); m != nil {
			g.add("message-what-if-repaired", "/r/{id}/what-if", g.at(site+m[1], "[data-whatif-result] .hero"))
			break
		}
	}
	g.add("message-compare-which", "/r/{id}/compare", g.at(reports[1]+"/compare", "#report"))
	g.add("message-compare", "/r/{id}/compare", g.at(reports[1]+"/compare?report="+url.QueryEscape(reports[0]), ".verdicts"))
	first, second := n.checked(t, "rental.example"), n.checked(t, "rental.example")
	g.add("domain", "/d/{id}", g.at(site+second, "#findings-h"))
	g.add("domain-bind", "/d/{id}", g.at(site+second+"?form=bind", "#findings-h"))
	g.add("domain-good", "/d/{id}", g.at(site+n.checked(t, "keiri.example"), "#findings-h"))
	g.add("domain-absent", "/d/{id}", g.at(site+n.checked(t, "no-such.example"), "#findings-h"))
	g.add("address", "/d/{id}", g.at(site+n.checked(t, "203.0.113.9"), "#findings-h"))
	g.add("what-if", "/d/{id}/what-if", g.at(site+second+"/what-if", "#records"))
	g.add("what-if-repaired", "/d/{id}/what-if", g.at(site+second+"/what-if?repair=1", "#records"))
	g.add("history", "/history", g.at(site+"/history?target=rental.example", ".history"))
	g.add("history-empty", "/history", g.at(site+"/history?target=nothing.example", "main h1"))
	g.add("diff", "/diff", g.at(site+"/diff?a="+strings.TrimPrefix(first, "/d/")+"&b="+strings.TrimPrefix(second, "/d/"), "main h1"))
	g.add("share-new", "/d/{id}/share", chromedp.Navigate(site+second), shown(t, ".menu"),
		chromedp.Evaluate(`document.querySelector(".menu").open = true`, nil), press(t, `.menu button[value="1"]`), shown(t, "#link"))
	g.add("share", "/share/{token}", g.at(n.shareLink(t, second, url.Values{"days": {"7"}}), "#findings-h"))
	message := story.FindStringSubmatch(n.get(t, "/", http.StatusOK))[1]
	g.add("share-message", "/share/{token}", g.at(n.shareLink(t, message, url.Values{"days": {"7"}}), "#raw-h"))
	g.add("share-masked", "/share/{token}", g.at(n.shareLink(t, message, url.Values{"days": {"7"}, "redact": {"1"}}), "#findings-h"))
	g.add("share-once", "/share/{token}", g.at(n.shareLink(t, message, url.Values{"days": {"7"}, "once": {"1"}}), `form[method="post"] .button`))
	g.add("share-ended", "/share/{token}", g.at(site+"/share/"+strings.Repeat("A", 26), "main h1"))
	g.add("session", "/s/{id}", g.at(site+n.failedSession(t), "main h1"))
	g.add("recipes", "/recipes", g.at(site+"/recipes", "main h1"))
	g.add("lists", "/operator", g.at(site+"/operator", "main h1"))
	g.add("not-found", "/", g.at(site+"/nowhere", "main h1"))
}

// shareLink makes a link to a check or a message.
func (n *node) shareLink(t *testing.T, page string, form url.Values) string {
	t.Helper()
	resp, err := http.PostForm("http://"+n.http+page+"/share", form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer strings.Builder
	if err := resp.Write(&answer); err != nil {
		t.Fatal(err)
	}
	token := regexp.MustCompile(`/share/[A-Za-z0-9_-]+`).FindString(answer.String())
	if token == "" {
		t.Fatalf("no link on the page:\n%.2000s", answer.String())
	}
	return "http://" + n.http + token
}

// waitingViews are what a visitor sees while a name server that does not answer is waited for.
func (g *gallery) waitingViews() {
	t := g.t
	silent := dnstest.New(t, dns.MustMemory(dns.Zone{}), dnstest.Drop(func(dnstest.Query) bool { return true }))
	n := serve(t, "--resolver", silent.Addr(), "--no-blocklists", "--timeout", "5m")
	site := "http://" + n.http
	token := n.newToken(t)
	to := token + "@" + n.domain
	g.add("message-pending", "/r/{id}", chromedp.ActionFunc(func(ctx context.Context) error {
		if err := sendPlain(n.smtp, "me@sender.example", to, strings.ReplaceAll(fmt.Sprintf(letter, to, time.Now().UnixNano()), "\n", "\r\n")); err != nil {
			return err
		}
		return chromedp.Tasks{chromedp.Navigate(site + "/m/" + token), press(t, `a[href^="/r/"]`), shown(t, "[data-pending]")}.Do(ctx)
	}))
	g.add("checking", "/d/{id}", g.ask(site, "slow.example", "[data-checking]"))
	g.add("mailbox-with-mail", "/m/{token}", g.at(site+"/m/"+token, "main h1"))
}

// labViews are the outbound lab: without one, before anything came, and after some mail.
func (g *gallery) labViews(without *node) {
	t := g.t
	at := make([]string, 8)
	args := []string{"--resolver", "127.0.0.1:9", "--no-blocklists", "--lab-domain", labDomain, "--lab-greylist", "1s", "--lab-slow", "1s"}
	for i := range at {
		at[i] = freePort(t)
		args = append(args, "--lab-listen", at[i])
	}
	n := serve(t, args...)
	site := "http://" + n.http
	fresh, run := n.labBegin(t), n.labBegin(t)
	message := strings.ReplaceAll(fmt.Sprintf(letter, "lab", 1), "\n", "\r\n")
	for _, to := range []struct {
		name  string
		place int // as package lab gives its addresses out
	}{{"good", 0}, {"plain", 1}, {"expired", 2}, {"size", 5}, {"bare", 6}, {"greylist", 0}, {"deferring", 0}, {"deferring", 0}, {"reject-rcpt", 0}, {"null-mx", 0}, {"deferring", 0}, {"greylist", 0}} {
		_ = sendPlain(at[to.place], "me@sender.example", run+"@"+to.name+"."+labDomain, message) // some are refused
	}
	g.add("lab-none", "/lab", g.at("http://"+without.http+"/lab", "#lab-command"))
	g.add("lab", "/lab", g.at(site+"/lab", "main form"))
	g.add("lab-run-new", "/lab/{token}", g.at(site+"/lab/"+fresh, "#matrix-h"))
	g.add("lab-run", "/lab/{token}", g.at(site+"/lab/"+run, "svg.curve"), chromedp.Evaluate(`document.querySelector("#lab-greylist").open = true`, nil))
}

// doorViews are the pages of logins, seen from outside and then from within.
func (g *gallery) doorViews() {
	t := g.t
	ctx := t.Context()
	n := serve(t, "--resolver", "127.0.0.1:9", "--public-url", "http://127.0.0.1:1", "--no-blocklists", "--smart-host", "127.0.0.1:9", "--reply-unsigned")
	poll(t, ctx, "the link to be printed", func() bool { return setupLink.MatchString(n.log.String()) }, n.log.String)
	link := strings.Replace(setupLink.FindString(n.log.String()), "http://127.0.0.1:1/", "http://"+n.http+"/", 1)
	site := "http://" + n.http
	// Signing in: with the printed link the first time, with a password after that.
	made := false
	in := chromedp.ActionFunc(func(ctx context.Context) error {
		form := url.Values{"name": {"ann"}, "password": {"correct horse battery"}}
		if !made {
			made = true
			token, err := url.Parse(link)
			if err != nil {
				return err
			}
			form.Set("token", token.Query().Get("token"))
			return n.signedIn(t, "/setup", form).Do(ctx)
		}
		return n.signedIn(t, "/login", form).Do(ctx)
	})
	other := false // somebody to remove is there
	g.add("agree", "/reply/confirm", g.at(site+"/reply/confirm?token=0123456789abcdefghijklmn", `form[action="/reply/confirm"]`))
	g.add("login", "/login", g.at(site+"/login", "#name"))
	g.add("login-failed", "/login", g.at(site+"/login", "#name"), fillIn("#name", "ann"), send(t, "#password", "wrong"), shown(t, ".notice.is-fail[role=alert]"))
	g.add("setup", "/setup", g.at(link, "main h1"))
	g.add("people", "/people", in, g.at(site+"/people", "#name"))
	g.add("people-removing", "/people", in, g.at(site+"/people", "#name"), chromedp.Evaluate(`!!document.querySelector('button[value="remove"]')`, &other), chromedp.ActionFunc(func(ctx context.Context) error {
		if other {
			return nil
		}
		return chromedp.Tasks{fillIn("#name", "bob"), send(t, "#password", "another horse battery"), shown(t, `button[value="remove"]`)}.Do(ctx)
	}), press(t, `button[value="remove"]`), shown(t, "#removing"))
	g.add("people-removed", "/people", in, g.at(site+"/people?did=remove", `[role="status"]`))
	g.add("people-none", "/people", in, g.at(site+"/people?find=nobody", ".empty"))
	g.add("account", "/account", in, g.at(site+"/account", "#old"))
	g.add("home-signed-in", "/{$}", in, g.at(site+"/", "#address"))
}

// noPages are routes that are no page of their own.
var noPages = []string{"/m/{token}/events", "/d/{id}/events", "/healthz", "/robots.txt", "/assets/{name}", "/favicon.ico", "/login/openid", "/login/openid/back", "/domains.csv", "/forwards.csv", "/volume.csv"}

// whole fails for a page that internal/web serves and that is not in the gallery: none escapes the
// tests that look at all.
func whole(t *testing.T, views []view) {
	t.Helper()
	files, err := os.ReadDir("../internal/web")
	if err != nil {
		t.Fatal(err)
	}
	registered := regexp.MustCompile(`HandleFunc\("(?:GET )?(/[^"]*)"`)
	found := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		source, err := os.ReadFile("../internal/web/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range registered.FindAllSubmatch(source, -1) {
			found++
			route := string(m[1])
			if slices.Contains(noPages, route) || slices.ContainsFunc(views, func(v view) bool { return v.route == route }) {
				continue
			}
			t.Errorf("%s (%s) is not in the gallery", route, f.Name())
		}
	}
	if found < 20 {
		t.Errorf("only %d routes were found in the source", found)
	}
}
