package render

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/scorecard"
	"github.com/todoku/todoku/internal/survey"
)

// checked is a report with everything in it, some of it hostile.
func checked() *check.Report {
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	return &check.Report{
		Target: "example.com", Kind: check.KindDomain, Time: at, Survey: &survey.Domain{Name: "example.com"},
		Findings: []catalogue.Finding{
			{
				ID: "dmarc.none", Status: catalogue.Fail, Subject: "example.com",
				Args: map[string]string{"from": "example.com", "record_domain": "_dmarc.example.com"}, Evidence: []string{"<script>alert(1)</script> ```\n# x \x1b[31m"},
				DNS: []dns.Change{{Action: dns.Add, Name: "_dmarc.example.com.", Type: dns.TypeTXT, TTL: 3600, Data: []string{"v=DMARC1; p=none"}}},
			},
			{ID: "ptr.missing", Status: catalogue.Fail, Subject: "192.0.2.1", Args: map[string]string{"ip": "192.0.2.1"}, Accepted: &catalogue.Acceptance{Reason: "next week", Until: at}},
			{ID: "ptr.dns-failure", Status: catalogue.Unknown, Subject: "192.0.2.2", Args: map[string]string{"ip": "192.0.2.2"}},
			{ID: "dmarc.policy-none", Status: catalogue.Info, Subject: "example.com", Args: map[string]string{"from": "<b>|example|</b>"}},
			{ID: "ptr.pass", Status: catalogue.Pass, Subject: "192.0.2.3", Args: map[string]string{"ip": "192.0.2.3", "name": "mail.example.com"}},
		},
		Cards: []scorecard.Card{
			{Provider: "gmail", Audience: "bulk", Verdict: scorecard.Reject, Rows: []scorecard.Row{
				{Requirement: "gmail-bulk-dmarc", Status: scorecard.Fail, Findings: []string{"dmarc.none"}, Source: "https://support.google.com/a/answer/81126", AsOf: "2026-11-22"},
				{Requirement: "gmail-all-tls", Status: scorecard.Unseen, Source: "https://support.google.com/a/answer/81126", AsOf: "2026-11-22"},
			}},
		},
		Score: &scorecard.Score{Value: 40, Coverage: 0.5},
	}
}

func document(t *testing.T, format, lang string) string {
	t.Helper()
	d, err := NewCheckWriter(format, lang, "1.0")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, err := range []error{d.Begin(&b), d.Report(&b, checked()), d.Unread(&b, "no name", "it is no <domain>"), d.Report(&b, checked()), d.End(&b)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestSARIF(t *testing.T) {
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID       string
				RuleIndex    int
				Kind, Level  string
				Suppressions []struct{ Justification string }
			}
		}
	}
	if err := json.Unmarshal([]byte(document(t, "sarif", "en")), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if log.Version != "2.1.0" || len(run.Results) != 10 || len(run.Tool.Driver.Rules) != 5 {
		t.Fatalf("%d results, %d rules", len(run.Results), len(run.Tool.Driver.Rules))
	}
	for _, r := range run.Results {
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("rule %d is not %s", r.RuleIndex, r.RuleID)
		}
		if r.Kind != "fail" && r.Level != "none" {
			t.Errorf("%s: kind %s with level %s (SARIF 2.1.0 section 3.27.10)", r.RuleID, r.Kind, r.Level)
		}
	}
	if run.Results[0].Level != "error" || len(run.Results[1].Suppressions) != 1 || run.Results[2].Kind != "open" {
		t.Errorf("%+v", run.Results)
	}
}

func TestJUnit(t *testing.T) {
	var counts struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Skipped  int `xml:"skipped,attr"`
			Cases    []struct {
				Failure *struct{} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(document(t, "junit", "ja")), &counts); err != nil {
		t.Fatal(err)
	}
	s := counts.Suites[0]
	if len(counts.Suites) != 3 || s.Tests != 5 || s.Failures != 1 || s.Skipped != 2 || counts.Suites[1].Errors != 1 {
		t.Errorf("%+v", counts)
	}
	if s.Cases[0].Failure == nil || s.Cases[1].Failure != nil {
		t.Error("an accepted finding is no failure")
	}
}

// TestHTML: the page is one document in its language, with a heading for each target, and
// nothing of what was seen is markup.
func TestHTML(t *testing.T) {
	for _, lang := range []string{"en", "ja"} {
		page := document(t, "html", lang)
		count := make(map[string]int)
		z := html.NewTokenizer(strings.NewReader(page))
		for z.Next() != html.ErrorToken {
			if tok := z.Token(); tok.Type == html.StartTagToken {
				count[tok.Data]++
			}
		}
		if z.Err() != io.EOF || count["h1"] != 3 || count["script"] != 0 || count["b"] != 0 || count["html"] != 1 || count["article"] != 8 {
			t.Errorf("%s: %v", lang, count)
		}
		if !strings.Contains(page, `<html lang="`+lang+`">`) || strings.Contains(page, "\x1b") {
			t.Errorf("%s: %s", lang, page[:200])
		}
	}
}

func TestMarkdown(t *testing.T) {
	text := document(t, "markdown", "en")
	for _, want := range []string{"# example.com: FAIL", "\nadd _dmarc.example.com. TXT + \"v=DMARC1; p=none\"", "Accepted: next week", "| Gmail (Google) | refuses | gmail-bulk-dmarc; 1 not seen |", "&lt;domain&gt;"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, line := range outsideCode(text) {
		if strings.Contains(line, "<script>") {
			t.Errorf("markup got through: %q", line)
		}
	}
}

func TestCheckText(t *testing.T) {
	for _, lang := range []string{"en", "ja"} {
		var b bytes.Buffer
		if err := CheckText(&b, checked(), TextOptions{Lang: lang, Width: 90}); err != nil {
			t.Fatal(err)
		}
		golden(t, "check."+lang+".txt", b.Bytes())
	}
}

// TestCheckJSON: every key of the contract is there, and unknown is null.
func TestCheckJSON(t *testing.T) {
	var b bytes.Buffer
	r := checked()
	r.Score, r.Cards = nil, nil
	if err := CheckJSON(&b, r, "en"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{"target":"example.com","findings":[{"id":"dmarc.none","status":"fail"`, `"scorecards":[],"score":null}`, `"accepted":{"reason":"next week","until":"2026-11-25"}`, `<script>`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in %s", want, b.String())
		}
	}
}
