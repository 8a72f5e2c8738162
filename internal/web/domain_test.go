package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
)

// shop is a domain in order but for one term of its SPF record.
func shop() *dns.Memory {
	return dns.MustMemory(dns.Zone{
		"shop.example": {
			"SOA ns1.shop.example. hostmaster.shop.example. 1 3600 600 1209600 300", "NS ns1.shop.example.", "NS ns2.shop.example.",
			"MX 10 mail.shop.example.", "TXT v=spf1 ip4:198.51.100.20 ipv4:198.51.100.21 include:_spf.mailer.example -all",
		},
		"_spf.mailer.example":             {"TXT v=spf1 ip4:203.0.113.0/26 a:out.mailer.example -all"},
		"out.mailer.example":              {"A 203.0.113.70"},
		"ns1.shop.example":                {"A 10.0.0.2"},
		"ns2.shop.example":                {"A 10.0.0.3"},
		"mail.shop.example":               {"A 198.51.100.20", "TXT v=spf1 a -all"},
		"mail2.shop.example":              {"A 198.51.100.21", "TXT v=spf1 a -all"},
		"_dmarc.shop.example":             {"TXT v=DMARC1; p=quarantine; rua=mailto:dmarc@shop.example"},
		"default._domainkey.shop.example": {"TXT v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},
		"20.100.51.198.in-addr.arpa":      {"PTR mail.shop.example."},
		"21.100.51.198.in-addr.arpa":      {"PTR mail2.shop.example."},
	})
}

// checkingSite is a site that checks domains of a zone.
func checkingSite(t testing.TB, r dns.Resolver, change ...func(*Config)) *site {
	return newSite(t, append([]func(*Config){func(c *Config) { c.Checker = &check.Checker{Resolver: r} }}, change...)...)
}

func (s *site) post(target string, form url.Values, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := request("POST", target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w
}

// finish waits until the run that an answer leads to is over, and gives its path.
func (s *site) finish(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	at := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(at, "/d/") {
		t.Fatalf("%d, to %q\n%.1000s", w.Code, at, w.Body)
	}
	if j := s.jobs.of(strings.TrimPrefix(at, "/d/")); j != nil {
		<-j.over
	}
	return at
}

func (s *site) checked(t testing.TB, target string) string {
	t.Helper()
	return s.finish(t, s.post("/check", url.Values{"q": {target}}))
}

func inLanguage(lang string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Accept-Language", lang) }
}

func contains(t *testing.T, body string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(body, s) {
			t.Errorf("%q is not on the page", s)
		}
	}
}

// TestDomainPages are all pages of a check, in both languages, as a browser without
// JavaScript meets them.
func TestDomainPages(t *testing.T) {
	zone := shop()
	s := checkingSite(t, zone)
	first := s.checked(t, "shop.example")
	if err := zone.Apply(dns.Change{Action: dns.Replace, Name: "shop.example", Type: dns.TypeTXT, Data: []string{"v=spf1 ip4:198.51.100.20 ip4:198.51.100.21 -all"}}); err != nil {
		t.Fatal(err)
	}
	second := s.finish(t, s.post(first+"/again", url.Values{"finding": {"spf.syntax"}}))
	id := func(path string) string { return strings.TrimPrefix(path, "/d/") }
	for _, lang := range i18n.Langs {
		for _, page := range []struct {
			path string
			want []string
		}{
			{"/", []string{`id="q"`, "inbox.todoku.example"}},
			{"/check", []string{`action="/check"`}},
			{first, []string{
				"ipv4:198.51.100.21", "v=spf1 ip4:198.51.100.20 ip4:198.51.100.21 include:_spf.mailer.example -all", first + "/again", "what-if?repair=1",
				"203.0.113.70", "default._domainkey.shop.example", "_dmarc.shop.example", "MX 10", "Gmail", i18n.T(lang, "answer.take"), i18n.T(lang, "answer.paste"),
			}},
			{second, []string{i18n.T(lang, "again.gone"), i18n.T(lang, "report.nothing"), "/diff?a="}},
			{first + "/what-if", []string{"shop.example TXT v=spf1", i18n.T(lang, "whatif.nothing")}},
			{first + "/what-if?repair=1", []string{i18n.T(lang, "whatif.applied"), i18n.T(lang, "whatif.publish")}},
			{"/history?target=shop.example", []string{first, second}},
			{"/diff?a=" + id(first) + "&b=" + id(second), []string{"ipv4:198.51.100.21", i18n.T(lang, "diff.fixed", "Count", 1)}},
		} {
			w := s.get(t, page.path, inLanguage(lang))
			if w.Code != http.StatusOK {
				t.Fatalf("%s: %d\n%.500s", page.path, w.Code, w.Body)
			}
			t.Run(lang+page.path, func(t *testing.T) {
				checkPage(t, w.Body.Bytes())
				contains(t, w.Body.String(), page.want...)
			})
		}
	}
}

func TestDownloadsOfACheck(t *testing.T) {
	s := checkingSite(t, shop())
	at := s.checked(t, "someone@shop.example")
	var o struct {
		Target   string
		Findings []struct{ ID string }
	}
	if w := s.get(t, at+".json"); json.Unmarshal(w.Body.Bytes(), &o) != nil || o.Target != "someone@shop.example" || o.Findings[0].ID != "spf.syntax" {
		t.Errorf("%d %.300s", w.Code, w.Body)
	}
	if w := s.get(t, at+".txt"); !strings.Contains(w.Body.String(), "ipv4:198.51.100.21") {
		t.Errorf("%d %.300s", w.Code, w.Body)
	}
	if w := s.get(t, at+".html"); !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") || !strings.Contains(w.Body.String(), "</html>") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, path := range []string{at + ".exe", "/d/nosuch", "/d/nosuch.json", "/d/nosuch/what-if", "/share/nosuch", "/history?target=", "/diff?a=x&b=y"} {
		if w := s.get(t, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// TestChosenFormIsRemembered: the form in which records are pasted is asked for once.
func TestChosenFormIsRemembered(t *testing.T) {
	s := checkingSite(t, shop())
	at := s.checked(t, "shop.example")
	w := s.get(t, at+"?form=route53")
	var cookie *http.Cookie
	for _, c := range w.Result().Cookies() {
		if c.Name == formCookie {
			cookie = c
		}
	}
	if cookie == nil || !cookie.HttpOnly {
		t.Fatalf("no cookie: %v", w.Header())
	}
	contains(t, w.Body.String(), "ResourceRecordSet")
	again := s.get(t, at, func(r *http.Request) { r.AddCookie(cookie) })
	contains(t, again.Body.String(), "ResourceRecordSet")
	checkPage(t, again.Body.Bytes())
	if w := s.get(t, at, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: formCookie, Value: "../x"}) }); w.Code != http.StatusOK {
		t.Errorf("an unknown form: %d", w.Code)
	}
}

// slow is a resolver that answers only when it is let.
type slow struct {
	dns.Resolver
	let chan struct{}
}

func (s slow) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	select {
	case <-s.let:
		return s.Resolver.Resolve(ctx, q)
	case <-ctx.Done():
		return dns.Answer{Question: q, Status: dns.Timeout}
	}
}

// TestProgress: the page of a check under way says so without a script, and streams its
// progress; both end in the report.
func TestProgress(t *testing.T) {
	r := slow{shop(), make(chan struct{})}
	s := checkingSite(t, r)
	server := httptest.NewServer(s.h)
	defer server.Close()
	w := s.post("/check", url.Values{"q": {"shop.example"}})
	at := w.Header().Get("Location")
	page := s.get(t, at, inLanguage("ja"))
	checkPage(t, page.Body.Bytes())
	contains(t, page.Body.String(), `<noscript><meta http-equiv="refresh" content="2">`, "shop.example を診断しています", at+"/events")
	if w := s.get(t, at+".json"); w.Code != http.StatusNotFound {
		t.Errorf("a document of a check under way: %d", w.Code)
	}
	resp, err := http.Get(server.URL + at + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	last := progressEvent{}
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if last.Asked == 0 {
			select {
			case <-r.let:
			default:
				close(r.let)
			}
		}
		if err := json.Unmarshal([]byte(data), &last); err != nil {
			t.Fatal(err)
		}
	}
	if last.Go != at {
		t.Errorf("the last event: %+v", last)
	}
	contains(t, s.get(t, at).Body.String(), "ipv4:198.51.100.21")
	if w := s.get(t, at+"/events"); !strings.Contains(w.Body.String(), at) {
		t.Errorf("events of a check that is over: %s", w.Body)
	}
}

// TestDesertedCheckIsGivenUp: nobody waits, so nothing is asked any more.
func TestDesertedCheckIsGivenUp(t *testing.T) {
	s := checkingSite(t, slow{shop(), nil})
	s.deserted, s.hold = time.Millisecond, time.Millisecond
	at := s.finish(t, s.post("/check", url.Values{"q": {"shop.example"}}))
	w := s.get(t, at)
	checkPage(t, w.Body.Bytes())
	contains(t, w.Body.String(), i18n.T("en", "stopped.lead"), `value="shop.example"`)
	if list, _ := s.mem.Runs(context.Background(), "shop.example", "", true, 10); len(list) != 0 {
		t.Errorf("the history lists a check that came to no end: %v", list)
	}
}

func TestCheckLimits(t *testing.T) {
	s := checkingSite(t, slow{shop(), nil})
	s.checking = newQuota(2, 2, 2)
	s.deserted, s.hold = time.Millisecond, 50*time.Millisecond
	var over []chan struct{}
	for range 2 {
		w := s.post("/check", url.Values{"q": {"shop.example"}})
		over = append(over, s.jobs.of(strings.TrimPrefix(w.Header().Get("Location"), "/d/")).over)
	}
	if w := s.post("/check", url.Values{"q": {"shop.example"}}); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("a third check at a time: %d", w.Code)
	}
	for _, c := range over {
		<-c
	}
	if w := s.post("/check", url.Values{"q": {strings.Repeat("x", maxAsked+formOverhead+1)}}); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("too much text: %d", w.Code)
	}
	s.checks = newLimiter(1, time.Hour, 1, time.Hour)
	s.post("/check", url.Values{"q": {""}})
	if w := s.post("/check", url.Values{"q": {"shop.example"}}); w.Code != http.StatusTooManyRequests {
		t.Errorf("one check too many: %d", w.Code)
	}
	if w := s.post("/check", url.Values{"q": {"shop.example"}}, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }); w.Code != http.StatusForbidden {
		t.Errorf("from another site: %d", w.Code)
	}
}

// TestOmnibox: the one field understands what it is given.
func TestOmnibox(t *testing.T) {
	s := checkingSite(t, shop())
	for _, c := range []struct {
		text string
		code int
		want string
	}{
		{"", 422, i18n.T("en", "ask.empty")},
		{"hello there", 422, i18n.T("en", "ask.unknown")},
		{"192.0.2.0/24", 422, i18n.T("en", "ask.range")},
		{"localhost", 422, i18n.T("en", "ask.one-label")},
		{"550 5.7.26 This mail has been blocked because the sender is unauthenticated.", 200, "Gmail"},
		{"From: a@shop.example\r\nAuthentication-Results: mx.example; spf=fail smtp.mailfrom=shop.example; dmarc=fail header.from=shop.example\r\nReceived: from a.example by mx.example; Thu, 26 Nov 2026 03:04:05 +0000\r\n", 200, `value="shop.example"`},
	} {
		w := s.post("/check", url.Values{"q": {c.text}})
		if w.Code != c.code {
			t.Errorf("%q: %d, want %d", c.text, w.Code, c.code)
			continue
		}
		checkPage(t, w.Body.Bytes())
		contains(t, w.Body.String(), c.want)
	}
	for _, target := range []string{"shop.example", "mailto:a@shop.example", "https://shop.example/x", "198.51.100.20", "ｓｈｏｐ．example"} {
		s.checked(t, target)
	}
	if w := s.post("/check", url.Values{"q": {"shop.example"}, "ips": {"192.0.2.300"}}); w.Code != 422 || !strings.Contains(w.Body.String(), "<details open>") {
		t.Errorf("a wrong address: %d", w.Code)
	}
	at := s.finish(t, s.post("/check", url.Values{"q": {"shop.example"}, "ips": {"203.0.113.200, 198.51.100.20"}, "selectors": {"s9 default"}}))
	contains(t, s.get(t, at).Body.String(), "s9._domainkey.shop.example", "203.0.113.200")
}

// TestHostileDomain: what a domain publishes is text on every page, and shows what it hides.
func TestHostileDomain(t *testing.T) {
	evil := script + "\x1b[31m\u202e\u200b"
	zone := dns.MustMemory(dns.Zone{
		"evil.example":      {"SOA ns.evil.example. h.evil.example. 1 3600 600 1209600 300", "NS ns.evil.example.", "MX 10 mail.evil.example.", `MX 20 "><script>alert(1)</script>.evil.example.`},
		"mail.evil.example": {"A 198.51.100.66"},
	})
	for name, texts := range map[string][]string{
		"evil.example":                    {"v=spf1 include:" + script + " -all", evil, "v=spf1 " + evil},
		"_dmarc.evil.example":             {"v=DMARC1; p=" + evil + "; rua=mailto:" + script},
		"default._domainkey.evil.example": {"v=DKIM1; n=" + script + "; p=" + evil},
		"_mta-sts.evil.example":           {"v=STSv1; id=" + evil},
	} {
		if err := zone.Apply(dns.Change{Action: dns.Replace, Name: name, Type: dns.TypeTXT, Data: texts}); err != nil {
			t.Fatal(err)
		}
	}
	s := checkingSite(t, zone)
	at := s.checked(t, "evil.example")
	id := strings.TrimPrefix(at, "/d/")
	other := strings.TrimPrefix(s.checked(t, "evil.example"), "/d/")
	pages := map[string]string{}
	for _, path := range []string{at, at + "?form=bind", at + "?form=terraform-route53", at + "/what-if", at + "/what-if?repair=1", "/history?target=evil.example", "/diff?a=" + id + "&b=" + other} {
		w := s.get(t, path)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
		pages[path] = w.Body.String()
	}
	for name, text := range map[string]string{
		"reply":  "550 5.7.1 " + evil + " rejected",
		"header": "From: x@evil.example\r\nSubject: " + evil + "\r\nAuthentication-Results: " + script + "; dmarc=fail header.from=" + script + "\r\nReceived: from " + evil + " by mx.example; Thu, 26 Nov 2026 03:04:05 +0000\r\n",
	} {
		w := s.post("/check", url.Values{"q": {text}})
		pages[name] = w.Body.String()
	}
	pages["what-if"] = s.post(at+"/what-if", url.Values{"records": {"evil.example TXT " + evil + "\n" + evil + "\nevil.example MX 10 " + script}}).Body.String()
	pages["not understood"] = s.post("/check", url.Values{"q": {evil}}).Body.String()
	for name, body := range pages {
		if strings.Contains(body, "<script>") || strings.Contains(body, "<img src=x") {
			t.Errorf("%s: a hostile text came through", name)
		}
		if strings.ContainsAny(withoutFields(body), "\u202e\u200b\x1b") {
			t.Errorf("%s: what a text hides is not shown", name)
		}
		checkPage(t, []byte(body))
	}
}

// withoutFields leaves out what a person typed and gets back, to edit or to send on.
func withoutFields(body string) string {
	var b strings.Builder
	if before, rest, ok := strings.Cut(body, `name="message" value="`); ok {
		_, rest, _ = strings.Cut(rest, `"`)
		body = before + rest
	}
	for {
		before, rest, ok := strings.Cut(body, "<textarea")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		_, body, _ = strings.Cut(rest, "</textarea>")
	}
}

func TestShare(t *testing.T) {
	s := checkingSite(t, shop())
	at := s.checked(t, "shop.example")
	w := s.post(at+"/share", url.Values{"days": {"7"}})
	checkPage(t, w.Body.Bytes())
	contains(t, w.Body.String(), "http://127.0.0.1:8025/share/share1", "2026-11-29")
	shared := s.get(t, "/share/share1")
	checkPage(t, shared.Body.Bytes())
	contains(t, shared.Body.String(), "ipv4:198.51.100.21", i18n.T("en", "share.note", "Time", stamp(now.Add(7*24*time.Hour))))
	for _, private := range []string{"/again", "/history", "what-if", at} {
		if strings.Contains(shared.Body.String(), private) {
			t.Errorf("the shared page leads to %s", private)
		}
	}
	contains(t, s.get(t, "/share/share1?form=bind").Body.String(), "IN TXT")
	if w := s.post(at+"/share", url.Values{"days": {"9999"}}); w.Code != http.StatusBadRequest {
		t.Errorf("a link for ever: %d", w.Code)
	}
	s.mem.shares["late"] = store.Share{Token: "late", Kind: store.SharedRun, Of: strings.TrimPrefix(at, "/d/"), Expires: now}
	if w := s.get(t, "/share/late"); w.Code != http.StatusNotFound {
		t.Errorf("an expired link: %d", w.Code)
	}
	checkPage(t, s.post(at+"/share", url.Values{"days": {"0"}}).Body.Bytes())
	if w := s.get(t, "/share/share1"); w.Code != http.StatusNotFound {
		t.Errorf("an ended link: %d", w.Code)
	}
	if !openToAll("/share/x") || openToAll("/d/x") {
		t.Error("a share needs a login, or a check none")
	}
}

// TestWhatIfPart: the page's script gets the verdict alone.
func TestWhatIfPart(t *testing.T) {
	s := checkingSite(t, shop())
	at := s.checked(t, "shop.example")
	part := func(r *http.Request) { r.Header.Set("Todoku-Part", "result") }
	good := "shop.example MX 10 mail.shop.example.\nshop.example TXT v=spf1 ip4:198.51.100.20 ip4:198.51.100.21 -all\n_dmarc.shop.example TXT v=DMARC1; p=reject; rua=mailto:dmarc@shop.example\n"
	w := s.post(at+"/what-if", url.Values{"records": {good}}, part)
	if w.Code != 200 || strings.Contains(w.Body.String(), "<html") {
		t.Fatalf("%d %.300s", w.Code, w.Body)
	}
	// The key's line is gone: that takes the key away.
	contains(t, w.Body.String(), i18n.T("en", "diff.fixed", "Count", 1), i18n.T("en", "dns.do.remove"), "default._domainkey.shop.example")
	w = s.post(at+"/what-if", url.Values{"records": {"nonsense"}}, part)
	contains(t, w.Body.String(), i18n.T("en", "whatif.bad-line", "Line", 1, "Text", "nonsense"))
	w = s.post(at+"/what-if", url.Values{"records": {strings.Repeat("\n", maxWhatIfLines+1)}}, part)
	contains(t, w.Body.String(), i18n.T("en", "whatif.too-many", "Count", maxWhatIfLines))
	s.whatIfs = newLimiter(0, time.Hour, 0, time.Hour)
	if w := s.post(at+"/what-if", url.Values{"records": {good}}, part); w.Code != http.StatusTooManyRequests {
		t.Errorf("one too many: %d", w.Code)
	}
}

func TestDiffOfDifferentTargets(t *testing.T) {
	s := checkingSite(t, shop())
	a, b := s.checked(t, "shop.example"), s.checked(t, "mail.shop.example")
	if w := s.get(t, "/diff?a="+strings.TrimPrefix(a, "/d/")+"&b="+strings.TrimPrefix(b, "/d/")); w.Code != http.StatusBadRequest {
		t.Errorf("%d", w.Code)
	}
}

// TestStrangersHaveNoHistory where everybody may test: they see the checks whose links
// they have, and neither what others had checked nor that they did.
func TestStrangersHaveNoHistory(t *testing.T) {
	h := newHouse(t, true)
	one, two := h.guest(), h.guest()
	check := func(g *guest) (at, page string) {
		_, at, _ = g.ask("POST", "/check", url.Values{"q": {"shop.example"}})
		for range 200 { // the resolver is a zone in memory: it is over soon
			if _, _, page = g.ask("GET", at, nil); strings.Contains(page, "findings-h") {
				return at, page
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("the check at %q is not over", at)
		return "", ""
	}
	at, _ := check(one)
	_, page := check(two)
	if strings.Contains(page, "/diff?a=") || strings.Contains(page, at) {
		t.Error("a stranger's page speaks of the check of another")
	}
	two.want("GET", "/history?target=shop.example", nil, http.StatusSeeOther, "/login?next="+url.QueryEscape("/history?target=shop.example"))
}

// TestChecksNeedALogin where not everybody may test.
func TestChecksNeedALogin(t *testing.T) {
	g := newHouse(t, false).guest()
	for _, path := range []string{"/check", "/d/x", "/history?target=shop.example", "/diff?a=x&b=y"} {
		if code, to, _ := g.ask("GET", path, nil); code != http.StatusSeeOther || !strings.HasPrefix(to, "/login") {
			t.Errorf("%s: %d to %q", path, code, to)
		}
	}
	if code, _, _ := g.ask("POST", "/check", url.Values{"q": {"shop.example"}}); code != http.StatusUnauthorized {
		t.Errorf("a check without a login: %d", code)
	}
	if code, _, _ := g.ask("GET", "/share/x", nil); code != http.StatusNotFound {
		t.Errorf("a link needs a login: %d", code)
	}
}
