package render

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/internal/scorecard"
)

// keptReport is a report with all that a body can be quoted in.
func keptReport(t *testing.T) *Report {
	t.Helper()
	r := fileReport()
	r.Findings = append(r.Findings,
		catalogue.Finding{ID: "message.link-http", Status: catalogue.Warn, Subject: "shop.example", Evidence: []string{"http://x.example/secret-link"}},
		catalogue.Finding{ID: "list.visible-unsubscribe", Status: catalogue.Pass, Subject: "shop.example", Evidence: []string{"https://x.example/unsubscribe/secret"}},
		catalogue.Finding{ID: "dkim.changed-in-transit", Status: catalogue.Fail, Subject: "shop.example", Evidence: []string{"body: footer", "+ secret-line"}},
		catalogue.Finding{ID: "spf.syntax", Status: catalogue.Fail, Subject: "shop.example", Evidence: []string{"v=spf1 ipv4:x"},
			DNS: []dns.Change{{Action: dns.Replace, Name: "shop.example", Type: dns.TypeTXT, TTL: 300, Data: []string{"v=spf1 -all"}, Was: []string{"v=spf1 ipv4:x"}}}})
	r.Forensics = [][]forensics.Examination{{{Part: "body", Outcome: forensics.Explained, Difference: []forensics.Line{{Op: "+", Text: "secret-line"}}}}}
	r.Cards = []scorecard.Card{{Provider: "gmail", Audience: "all", Verdict: scorecard.Reject, Rows: []scorecard.Row{{Requirement: "gmail.spf", Status: scorecard.Fail, Findings: []string{"spf.syntax"}}}}}
	r.Score = &scorecard.Score{Value: 30, Coverage: 0.5}
	return r
}

// TestKept: what is kept says what the report said, through its stored form, and quotes nothing of the body.
func TestKept(t *testing.T) {
	r := keptReport(t)
	before, err := json.Marshal(Verify(r, "en"))
	if err != nil || !bytes.Contains(before, []byte("secret-link")) || !bytes.Contains(before, []byte("secret-line")) {
		t.Fatalf("the test has no secret: %v", err)
	}
	b, err := Keep(r).Encode()
	if err != nil {
		t.Fatal(err)
	}
	k, err := DecodeKept(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "ja"} {
		want, got := Verify(r, lang), k.Object(r.File, lang)
		for i := range want.Findings {
			if quotes(want.Findings[i].ID) {
				want.Findings[i].Evidence = []string{}
			}
		}
		for i := range want.DKIM {
			for j := range want.DKIM[i].Forensics {
				want.DKIM[i].Forensics[j].Difference = []LineObject{}
			}
		}
		w, _ := json.Marshal(want)
		g, _ := json.Marshal(got)
		if d := cmp.Diff(string(w), string(g)); d != "" {
			t.Errorf("%s: %s", lang, d)
		}
		if bytes.Contains(g, []byte("secret")) {
			t.Errorf("%s: the body is quoted: %s", lang, g)
		}
		if k.Headline(lang) != r.Headline(lang) {
			t.Errorf("%s: %+v", lang, k.Headline(lang))
		}
		var text strings.Builder
		if err := KeptText(&text, k, "id1", time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC), TextOptions{Lang: lang}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), "2026-11-26 04:00:00 UTC") || !strings.Contains(text.String(), "v=spf1 -all") || strings.Contains(text.String(), "secret") {
			t.Errorf("%s", text.String())
		}
	}
	if e := r.Findings[len(r.Findings)-2].Evidence; len(e) != 2 || r.Forensics[0][0].Difference[0].Text != "secret-line" {
		t.Error("the report itself was changed")
	}
}

// TestDecodeKeptRefuses what is no kept verdict.
func TestDecodeKeptRefuses(t *testing.T) {
	good, err := Keep(keptReport(t)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{nil, []byte("{}"), good[:len(good)/2], bytes.Repeat([]byte{0x1f}, 20)} {
		if k, err := DecodeKept(b); err == nil {
			t.Errorf("%.20q: %+v", b, k)
		}
	}
}
