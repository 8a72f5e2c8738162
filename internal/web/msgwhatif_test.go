package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/i18n"
)

// TestMessageWhatIf: a message is judged again by the records that are typed; what its
// evidence does not hold is asked of the DNS.
func TestMessageWhatIf(t *testing.T) {
	p := newPost(t)
	raw, s := p.changedByAList(t)
	s.MailFrom = "info@shop.example"
	p.take(t, "m1", "tok", raw, s, 0)
	page := p.get(t, "/r/m1/what-if")
	checkPage(t, page.Body.Bytes())
	contains(t, page.Body.String(), "shop.example TXT v=spf1 ip4:198.51.100.20 -all", "_dmarc.shop.example TXT v=DMARC1; p=reject", "s._domainkey.shop.example TXT v=DKIM1",
		`action="/r/m1/what-if"`, i18n.T("en", "whatif.nothing"))
	contains(t, p.get(t, "/r/m1").Body.String(), `href="/r/m1/what-if"`, `href="/r/m1/compare"`)

	records := "shop.example TXT v=spf1 include:new.provider.example -all\n_dmarc.shop.example TXT v=DMARC1; p=reject; rua=mailto:dmarc@shop.example\n"
	for _, lang := range i18n.Langs {
		whole := p.post("/r/m1/what-if", url.Values{"records": {records}}, inLanguage(lang))
		checkPage(t, whole.Body.Bytes())
		w := p.post("/r/m1/what-if", url.Values{"records": {records}}, inLanguage(lang), func(r *http.Request) { r.Header.Set("Todoku-Part", "result") })
		body := w.Body.String()
		if w.Code != 200 || strings.Contains(body, "<html") || !strings.Contains(whole.Body.String(), body) {
			t.Fatalf("%d %.300s", w.Code, w.Body)
		}
		// SPF carries DMARC now; the editor lacks the key's line, which takes the key away.
		contains(t, body, `<tr class="differs"><th scope="row">DMARC</th><td><span class="badge is-fail">`, `<tr class="differs"><th scope="row">SPF</th>`,
			i18n.T(lang, "whatif.then"), i18n.T(lang, "diff.score", "A", "", "B", "")[:5], i18n.T(lang, "dns.do.remove"))
	}
	if w := p.post("/r/m1/what-if", url.Values{"records": {"nonsense"}}); !strings.Contains(w.Body.String(), i18n.T("en", "whatif.bad-line", "Line", 1, "Text", "nonsense")) {
		t.Error("nonsense is judged")
	}
	if w := p.post("/r/none/what-if", url.Values{}); w.Code != http.StatusNotFound {
		t.Errorf("no such message: %d", w.Code)
	}
	if w := p.post("/r/m1/what-if", url.Values{"records": {strings.Repeat("x", maxWhatIf)}}); w.Code != http.StatusBadRequest {
		t.Errorf("too long: %d", w.Code)
	}
	p.whatIfs = newLimiter(0, time.Hour, 0, time.Hour)
	if w := p.post("/r/m1/what-if", url.Values{"records": {records}}); w.Code != http.StatusTooManyRequests {
		t.Errorf("one too many: %d", w.Code)
	}
}

// TestTryRepairOfAMessage: the link beside a repair opens the editor with the repair put in.
func TestTryRepairOfAMessage(t *testing.T) {
	p := newPost(t)
	s := shopSession()
	raw := strings.ReplaceAll(letterRaw, "shop.example>\r\nTo", "mailer.example>\r\nTo") // no SPF record of its own, no key
	s.MailFrom = "x@mailer.example"
	p.take(t, "m1", "", raw, s, 0)
	body := p.get(t, "/r/m1").Body.String()
	_, after, ok := strings.Cut(body, `href="/r/m1/what-if?repair=`)
	if !ok {
		t.Fatal("no repair can be tried")
	}
	number, _, _ := strings.Cut(after, `"`)
	w := p.get(t, "/r/m1/what-if?repair="+number)
	checkPage(t, w.Body.Bytes())
	contains(t, w.Body.String(), i18n.T("en", "whatif.applied"), i18n.T("en", "whatif.then"), i18n.T("en", "verdict.heading"))
	wrong := []string{"0", "999", "x", "-1"}
	for n := 1; n <= 5; n++ { // findings that no record cures
		if !strings.Contains(body, fmt.Sprintf(`what-if?repair=%d"`, n)) {
			wrong = append(wrong, fmt.Sprint(n))
		}
	}
	for _, wrong := range wrong {
		if w := p.get(t, "/r/m1/what-if?repair="+wrong); w.Code != 200 || !strings.Contains(w.Body.String(), i18n.T("en", "whatif.nothing")) || strings.Contains(w.Body.String(), i18n.T("en", "whatif.applied")) {
			t.Errorf("repair %s: %d", wrong, w.Code)
		}
	}
}

// TestHostileMessagePages: what a message and its DNS say is text in the editor and in a comparison.
func TestHostileMessagePages(t *testing.T) {
	p := newPost(t)
	evil := script + "\x1b[31m\u202e\u200b"
	raw := p.signed(t, strings.Replace(letterRaw, "Minutes of", strings.ReplaceAll(evil, "\x00", ""), 1))
	raw = "DKIM-Signature: v=1; a=rsa-sha256; d=" + script + "; s=" + script + "; h=from; bh=AAAA; b=AAAA\r\n" + raw
	s := shopSession()
	s.HELO, s.MailFrom = script, script+"@shop.example"
	p.take(t, "evil", "tok", raw, s, 0)
	p.take(t, "good", "tok", p.signed(t, letterRaw), shopSession(), time.Minute)
	for i, m := range p.mem.messages {
		p.mem.messages[i].Subject, p.mem.messages[i].FromDomain = evil+m.ID, evil
	}
	pages := map[string]string{
		"what-if": p.get(t, "/r/evil/what-if").Body.String(),
		"edited":  p.post("/r/evil/what-if", url.Values{"records": {"shop.example TXT " + evil + "\n" + evil + "\nshop.example MX 10 " + script}}).Body.String(),
		"judged":  p.post("/r/evil/what-if", url.Values{"records": {"shop.example TXT v=spf1 " + script}}).Body.String(),
		"choose":  p.get(t, "/r/evil/compare").Body.String(),
		"compare": p.get(t, "/r/good/compare?with=evil").Body.String(),
		"typed":   p.get(t, "/r/good/compare?report="+url.QueryEscape(evil)).Body.String(),
		"report":  p.get(t, "/r/evil").Body.String(),
	}
	for name, body := range pages {
		if strings.Contains(body, "<script>") || strings.Contains(body, "<img src=x") {
			t.Errorf("%s: a hostile text came through", name)
		}
		if strings.ContainsAny(withoutFields(body), "\u202e\u200b\x1b\x00") {
			t.Errorf("%s: what a text hides is not shown", name)
		}
		checkPage(t, []byte(body))
	}
}
