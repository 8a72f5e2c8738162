package web

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/message"
)

// populated is a site with one of everything.
func populated(t testing.TB) *site {
	s := newSite(t, func(c *Config) {
		c.Demo = func(context.Context) []DemoStory {
			return []DemoStory{
				{ReportID: "m1", Title: map[string]string{"en": "Amazon SES as it comes", "ja": "Amazon SES を初期設定のまま使用"}, Text: map[string]string{"en": "DMARC fails.", "ja": "DMARC は fail です。"}, Status: "fail"},
				{Title: map[string]string{"en": "A spoof"}, Text: map[string]string{"en": "Somebody else."}},
			}
		}
	})
	s.mem.mailboxes["tok"] = store.Mailbox{Token: "tok", Created: now.Add(-time.Hour), Expires: now.Add(23 * time.Hour)}
	s.keep("m1", "tok", sesReport())
	_ = s.mem.AddMessage(context.Background(), &store.Message{ID: "pend", Received: now, Evidence: sesReport().Bundle})
	for _, outcome := range []string{"tls-error", "dropped", "unknown-recipient", "refused", "too-large", "timeout", "no-mail", "something-new"} {
		s.mem.sessions = append(s.mem.sessions, store.FailedSession{ID: outcome, Token: "tok", At: now, Session: evidence.Session{
			Observed: true, RemoteIP: netip.MustParseAddr("192.0.2.9"), HELO: "mail.example.com", Outcome: outcome, Detail: "tls: no supported version",
			TLS: &evidence.TLS{Error: "handshake failure"}, Transcript: sesReport().Bundle.Session.Transcript[:6],
		}})
	}
	return s
}

func TestPages(t *testing.T) {
	for _, c := range []struct {
		path   string
		code   int
		en, ja []string
	}{
		{"/", 200,
			[]string{"Will your mail arrive?", "k7m2p9x4c6t8w1@inbox.todoku.example", "swaks --server 127.0.0.1 --port 2525", "Amazon SES as it comes", `href="/r/m1"`, "being sent", `hreflang="ja"`},
			[]string{"そのメールは届きますか?", "使い捨てアドレス", "Amazon SES を初期設定のまま使用", "A spoof", `href="/m/k7m2p9x4c6t8w1?lang=en"`}},
		{"/m/tok", 200,
			[]string{"Waiting for your mail", "tok@inbox.todoku.example", "Your receipt", `seen=m1`, `href="/s/tls-error"`, "TLS could not be set up.", `<noscript><meta http-equiv="refresh" content="10">`},
			[]string{"メールを待っています", "TLS 接続を確立できませんでした。"}},
		{"/paste", 200,
			[]string{`enctype="multipart/form-data"`, "Message file (.eml)", `<meta name="referrer" content="same-origin">`},
			[]string{"メールファイル (.eml)"}},
		{"/r/m1", 200,
			[]string{"<title>✗ This message fails DMARC: nothing proves that it comes from webshop.example. · Todoku</title>", "icon-fail.svg",
				"Fix first:</strong> Turn on DKIM signing", "Web Shop &lt;order@webshop.example&gt;", `<mark class="match">include:spf2.amazonses.com</mark>`,
				`<mark class="match">ip4:198.51.100.0/24</mark>`, "1 / 10", "0 / 2", "not aligned", "It passed, but for another organisation.", "RFC 9989", "RFC 7489",
				"Observed by us", "Claimed by the header", "TLS 1.3 TLS_AES_128_GCM_SHA256", "relaxed/simple", "1024 bits", "NXDOMAIN", "12.3 ms",
				"abc.dkim.amazonses.com.", "Replace the record by", `href="/r/m1.bundle.json"`, "_dmarc.example"},
			[]string{"<title>✗ このメールの DMARC は fail です", "まず直すこと:", "不一致", "実際に確認したこと", "ヘッダーの記載", "使用したすべての DNS 応答"}},
		{"/r/pend", 202, []string{"Your message is here. The verdict is on its way.", `http-equiv="refresh" content="3"`, `href="/r/pend.eml"`}, []string{"まもなく判定が出ます"}},
		{"/s/tls-error", 200, []string{"TLS could not be set up.", "TLS version below 1.2", "tls: no supported version", "<title>✗ ", `href="/m/tok"`}, []string{"自己署名証明書"}},
		{"/s/dropped", 200, []string{"The client left before it sent the message."}, []string{"クライアントが接続を切りました"}},
		{"/s/unknown-recipient", 200, []string{"Nobody here has this address."}, []string{"この宛先は存在しません"}},
		{"/s/something-new", 200, []string{"The session ended without a message."}, []string{"メールなしでセッションが終了しました"}},
		{"/operator", 200, []string{"What came in", `href="/r/m1"`, "verifying", `href="/s/no-mail"`}, []string{"受信状況"}},
		{"/r/none", 404, []string{"There is no report at this address.", "expired"}, []string{"このアドレスにレポートはありません"}},
		{"/s/none", 404, []string{"There is no report at this address."}, []string{"保存期限"}},
		{"/m/none", 404, []string{"This one-time address is not here."}, []string{"この使い捨てアドレスはありません"}},
		{"/r/m1.exe", 404, []string{"There is no report"}, []string{"レポートはありません"}},
		{"/nowhere", 404, []string{"There is no such page."}, []string{"ページが見つかりません"}},
	} {
		for _, lang := range i18n.Langs {
			t.Run(lang+c.path, func(t *testing.T) {
				w := populated(t).get(t, c.path, func(r *http.Request) { r.Header.Set("Accept-Language", lang) })
				if w.Code != c.code {
					t.Fatalf("status %d, want %d", w.Code, c.code)
				}
				body := w.Body.String()
				want := c.en
				if lang == "ja" {
					want = c.ja
				}
				for _, s := range want {
					if !strings.Contains(body, s) {
						t.Errorf("%q is not on the page", s)
					}
				}
				if !strings.Contains(body, `<html lang="`+lang+`">`) || w.Header().Get("Content-Language") != lang {
					t.Error("the page is in the wrong language")
				}
				if strings.Contains(body, "<no value>") || strings.Contains(body, "ZgotmplZ") {
					t.Error("a template lacks a value")
				}
				checkPage(t, w.Body.Bytes())
				if got := w.Header().Get("Content-Security-Policy"); got != contentPolicy {
					t.Errorf("Content-Security-Policy: %q", got)
				}
				if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") != "no-referrer" {
					t.Errorf("headers %v", w.Header())
				}
			})
		}
	}
}

// TestUsualReportIsSmall: at most 150 KB of HTML for a usual message.
func TestUsualReportIsSmall(t *testing.T) {
	for _, lang := range i18n.Langs {
		if n := populated(t).get(t, "/r/m1?lang="+lang).Body.Len(); n > 150_000 {
			t.Errorf("%s: the report page has %d octets", lang, n)
		}
	}
}

// TestChangedReportIsSmall: so is one that shows what broke its signatures, at the most that is shown.
func TestChangedReportIsSmall(t *testing.T) {
	s := newSite(t)
	rep := sesReport()
	h := forensics.Hunk{Before: make([]byte, 16), Signed: make([]byte, 96), Seen: make([]byte, 96), After: make([]byte, 16)}
	e := forensics.Examination{Part: forensics.Body, Outcome: forensics.Explained, Hunks: slices.Repeat([]forensics.Hunk{h}, 6)}
	rep.Forensics = [][]forensics.Examination{{e, e}}
	s.keep("m1", "", rep)
	if n := s.get(t, "/r/m1?lang=ja").Body.Len(); n > 150_000 {
		t.Errorf("the report page has %d octets", n)
	}
}

// TestLongNewsletterIsSmall: so is that of a newsletter of half a megabyte; what is not drawn is in the download.
func TestLongNewsletterIsSmall(t *testing.T) {
	s := newSite(t)
	rep := sesReport()
	row := `<tr><td style="padding:8px"><a href="https://shop.example/p"><img src="https://img.shop.example/1.png" alt="Item" width="100"></a></td></tr>` + "\r\n"
	raw := append(slices.Clone(rep.Bundle.Message), strings.Repeat(row, 4000)...)
	rep.Bundle.Message, rep.Message = raw, message.Parse(raw)
	s.keep("m1", "", rep)
	body := s.get(t, "/r/m1?lang=ja").Body.String()
	if n := len(body); n > 150_000 || !strings.Contains(body, `<a href="/r/m1.eml">`) {
		t.Errorf("the report page has %d octets", n)
	}
}

func TestLanguageSwitchKeepsThePage(t *testing.T) {
	s := populated(t)
	w := s.get(t, "/r/m1")
	if !strings.Contains(w.Body.String(), `href="/r/m1?lang=ja"`) {
		t.Error("the switch does not lead to the same page")
	}
	w = s.get(t, "/r/m1?lang=ja")
	if c := w.Header().Get("Set-Cookie"); !strings.HasPrefix(c, "lang=ja; Path=/") || !strings.Contains(c, "HttpOnly") {
		t.Errorf("cookie %q", c)
	}
	if w = s.get(t, "/", nil...); len(w.Result().Cookies()) != 0 {
		t.Error("the home page sets a cookie")
	}
}

func TestEmptyLists(t *testing.T) {
	body := newSite(t).get(t, "/operator").Body.String()
	for _, want := range []string{"No message has come yet.", "Make an address and send one.", "No session has failed."} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
}

func TestHomeMakesNoAddressForNobody(t *testing.T) {
	s := newSite(t)
	for name, change := range map[string]func(*http.Request){
		"HEAD":        func(r *http.Request) { r.Method = "HEAD" },
		"prefetch":    func(r *http.Request) { r.Header.Set("Sec-Purpose", "prefetch;prerender") },
		"events":      func(r *http.Request) { r.Method, r.URL.Path = "HEAD", "/m/tok/events" },
		"old Firefox": func(r *http.Request) { r.Header.Set("X-Moz", "prefetch") },
	} {
		if w := s.get(t, "/", change); w.Code != 200 || s.mem.made != 0 {
			t.Errorf("%s: status %d, %d addresses", name, w.Code, s.mem.made)
		}
	}
	w := s.get(t, "/", func(r *http.Request) { r.Header.Set("Purpose", "prefetch") })
	if !strings.Contains(w.Body.String(), `action="/address" method="post"`) {
		t.Error("a prefetched page offers no address")
	}
	checkPage(t, w.Body.Bytes())
	if w := s.get(t, "/address", func(r *http.Request) { r.Method = "POST" }); w.Code != 303 || w.Header().Get("Location") != "/m/k7m2p9x4c6t8w1" {
		t.Errorf("POST /address: %d %q", w.Code, w.Header().Get("Location"))
	}
}

func TestHomeWhenTheStoreIsDown(t *testing.T) {
	s := newSite(t)
	s.mem.broken = errors.New("disk on fire")
	w := s.get(t, "/")
	if w.Code != 503 || !strings.Contains(w.Body.String(), "the database does not answer") || strings.Contains(w.Body.String(), "on fire") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	checkPage(t, w.Body.Bytes())
	if w := s.get(t, "/r/x"); w.Code != 503 || !strings.Contains(w.Body.String(), "The database does not answer.") {
		t.Errorf("report: status %d", w.Code)
	}
	if w := s.get(t, "/healthz"); w.Code != 503 {
		t.Errorf("healthz: status %d", w.Code)
	}
	s.mem.broken = nil
	if w := s.get(t, "/healthz"); w.Code != 200 || w.Body.String() != "ok\n" {
		t.Errorf("healthz: status %d", w.Code)
	}
}

// TestPanicIsAPage: a defect of ours shows a page, not a broken connection.
func TestPanicIsAPage(t *testing.T) {
	s := populated(t)
	s.server.headline = nil
	w := s.get(t, "/r/m1")
	if w.Code != 500 || !strings.Contains(w.Body.String(), "This is a defect of Todoku") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestDownloads(t *testing.T) {
	s := populated(t)
	for path, want := range map[string]struct{ mime, disposition, starts string }{
		"/r/m1.json":        {"application/json", "", `{"file":"m1"`},
		"/r/m1.txt":         {"text/plain; charset=utf-8", "", ""},
		"/r/m1.eml":         {"message/rfc822", `attachment; filename="m1.eml"`, sesRaw},
		"/r/m1.bundle.json": {"application/json", `attachment; filename="m1.bundle.json"`, `{"format":"todoku-evidence"`},
	} {
		w := s.get(t, path)
		if w.Code != 200 || w.Header().Get("Content-Type") != want.mime || w.Header().Get("Content-Disposition") != want.disposition {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		if !strings.HasPrefix(w.Body.String(), want.starts) || w.Body.Len() == 0 {
			t.Errorf("%s: %.80q", path, w.Body.String())
		}
	}
	if w := s.get(t, "/r/pend.json"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("a verdict to come: %d", w.Code)
	}
	if w := s.get(t, "/r/pend.eml"); w.Code != 200 {
		t.Errorf("the message of a verdict to come: %d", w.Code)
	}
}

func TestAssets(t *testing.T) {
	s := newSite(t)
	for name := range s.assets {
		w := s.get(t, s.assets.url(name))
		if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Header().Get("Content-Type") == "" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
		if w := s.get(t, "/assets/"+name); strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s without its sum may be kept for ever", name)
		}
	}
	for _, file := range []string{"app.css", "app.js"} {
		if text := string(s.assets[file].data); strings.Contains(text, "http://") || strings.Contains(text, "https://") || strings.Contains(text, "@import") {
			t.Errorf("%s asks other servers", file)
		}
	}
	if w := s.get(t, "/assets/..%2fweb.go"); w.Code != 404 {
		t.Errorf("path traversal: %d", w.Code)
	}
	if w := s.get(t, "/favicon.ico"); w.Code != 302 {
		t.Errorf("favicon: %d", w.Code)
	}
}

func TestMethods(t *testing.T) {
	s := newSite(t)
	for path, allow := range map[string]string{
		"/": "GET, HEAD", "/r/m1": "GET, HEAD", "/m/tok": "GET, HEAD", "/paste": "GET, HEAD, POST", "/address": "POST",
	} {
		w := s.get(t, path, func(r *http.Request) { r.Method = "DELETE" })
		if w.Code != 405 || w.Header().Get("Allow") != allow {
			t.Errorf("DELETE %s: %d, Allow %q, want %q", path, w.Code, w.Header().Get("Allow"), allow)
		}
	}
}

func BenchmarkReportPage(b *testing.B) {
	s := populated(b)
	b.ReportAllocs()
	for b.Loop() {
		if w := s.get(b, "/r/m1?lang=ja"); w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}
