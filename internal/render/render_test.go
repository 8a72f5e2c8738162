package render

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/spf"
)

func TestVerifyText(t *testing.T) {
	for _, c := range []struct {
		file   string
		report *Report
		o      TextOptions
	}{
		{"ses.en.txt", sesReport(), TextOptions{Lang: "en"}},
		{"ses.ja.txt", sesReport(), TextOptions{Lang: "ja"}},
		{"ses.verbose.en.txt", sesReport(), TextOptions{Lang: "en", Verbose: true, Width: 100}},
		{"ses.color.en.txt", sesReport(), TextOptions{Lang: "en", Color: true}},
		{"list.en.txt", fileReport(), TextOptions{Lang: "en"}},
		{"list.ja.txt", fileReport(), TextOptions{Lang: "ja"}},
		{"empty.en.txt", bareReport(), TextOptions{Lang: "en"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			var b bytes.Buffer
			if err := VerifyText(&b, c.report, c.o); err != nil {
				t.Fatal(err)
			}
			golden(t, c.file, b.Bytes())
		})
	}
}

func TestVerifyJSON(t *testing.T) {
	for _, c := range []struct {
		file   string
		report *Report
		lang   string
	}{
		{"ses.en.json", sesReport(), "en"}, {"list.ja.json", fileReport(), "ja"}, {"empty.en.json", bareReport(), "en"},
	} {
		t.Run(c.file, func(t *testing.T) {
			var b bytes.Buffer
			if err := VerifyJSON(&b, c.report, c.lang); err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(b.Bytes(), []byte("\n")); n != 1 {
				t.Errorf("an object is one line, got %d", n)
			}
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, b.Bytes(), "", "  "); err != nil {
				t.Fatal(err)
			}
			golden(t, c.file, pretty.Bytes())
		})
	}
}

// contract are the keys that are always present.
var contract = map[string][]string{
	"":      {"file", "iprev", "spf", "dkim", "arc", "dmarc", "findings", "scorecards", "score"},
	"iprev": {"result", "ip", "names", "confirmed"},
	"spf":   {"result", "checked", "identity", "domain", "explanation", "mechanism", "record", "lookups", "void_lookups", "trace"},
	"arc":   {"result", "reason", "instances", "oldest_pass"},
	"dmarc": {
		"result", "from_domain", "org_domain", "policy_domain", "policy", "disposition", "spf_aligned", "dkim_aligned",
		"spf_checked", "discovery", "rfc7489",
	},
	"dmarc.rfc7489": {"org_domain", "policy_domain", "policy", "result"},
}

var elements = map[string][]string{
	"dkim":            {"result", "reason", "domain", "selector", "identity", "algorithm", "canonicalization", "key_bits"},
	"findings":        {"id", "status", "subject", "title", "detail", "evidence", "refs", "fix"},
	"dmarc.discovery": {"domain", "queries"},
}

// TestContract: every key of the contract is there, lists are lists even when empty.
func TestContract(t *testing.T) {
	for _, r := range []*Report{sesReport(), fileReport(), bareReport(), {}} {
		var b bytes.Buffer
		if err := VerifyJSON(&b, r, "en"); err != nil {
			t.Fatal(err)
		}
		var whole map[string]any
		if err := json.Unmarshal(b.Bytes(), &whole); err != nil {
			t.Fatal(err)
		}
		at := func(path string) any {
			var v any = whole
			for p := range strings.SplitSeq(path, ".") {
				if p != "" {
					v = v.(map[string]any)[p]
				}
			}
			return v
		}
		for path, keys := range contract {
			object, ok := at(path).(map[string]any)
			for _, k := range keys {
				if _, there := object[k]; !ok || !there {
					t.Errorf("%s: %q lacks %q", r.File, path, k)
				}
			}
		}
		for path, keys := range elements {
			list, ok := at(path).([]any)
			if !ok {
				t.Errorf("%s: %s is no list", r.File, path)
			}
			for _, e := range list {
				for _, k := range keys {
					if _, there := e.(map[string]any)[k]; !there {
						t.Errorf("%s: an element of %s lacks %q", r.File, path, k)
					}
				}
			}
		}
		for _, path := range []string{"iprev.names", "iprev.confirmed", "spf.trace", "scorecards"} {
			if _, ok := at(path).([]any); !ok {
				t.Errorf("%s: %s is no list", r.File, path)
			}
		}
		if at("score") != nil {
			t.Error("score is not null")
		}
		for _, e := range at("findings").([]any) {
			fix := e.(map[string]any)["fix"].(map[string]any)
			for _, k := range []string{"dns", "snippets", "steps"} {
				if _, ok := fix[k].([]any); !ok {
					t.Errorf("%s: fix.%s is no list", r.File, k)
				}
			}
			if _, ok := fix["summary"]; !ok {
				t.Errorf("%s: fix lacks summary", r.File)
			}
		}
	}
}

// TestRawText: text is raw UTF-8, and what is no UTF-8 still gives valid JSON.
func TestRawText(t *testing.T) {
	v := spf.Verdict{Result: spf.Pass, Identity: spf.MailFrom, Domain: "a.example", Record: "v=spf1 <&> 日本 \xff -all"}
	var b bytes.Buffer
	if err := WriteJSON(&b, SPF(v, true)); err != nil {
		t.Fatal(err)
	}
	if want := `"record":"v=spf1 <&> 日本 ` + "\uFFFD" + ` -all"`; !strings.Contains(b.String(), want) {
		t.Errorf("%s lacks %s", b.String(), want)
	}
}

func TestUnchecked(t *testing.T) {
	o := SPF(spf.Verdict{Result: spf.None, Identity: spf.MailFrom, Domain: "x"}, false)
	if o.Result != "none" || o.Checked || o.Identity != nil || o.Domain != nil || o.Trace == nil {
		t.Errorf("%+v", o)
	}
}

// TestNoRecord: without a record the policy is null and nothing is asked of receivers.
func TestNoRecord(t *testing.T) {
	o := DMARC(dmarc.Verdict{Result: dmarc.None, FromDomain: "a.example", OrgDomain: "a.example"})
	if o.Policy != nil || o.PolicyDomain != nil || o.Disposition == nil || *o.Disposition != "none" {
		t.Errorf("%+v", o)
	}
}

// TestOneOfAThing: what is one is not said in the plural, and what is not known is not named.
func TestOneOfAThing(t *testing.T) {
	for want, write := range map[string]func(*bytes.Buffer, TextOptions) error{
		"match (pass), 1 look-up:": func(b *bytes.Buffer, o TextOptions) error {
			return SPFText(b, spf.Verdict{Result: spf.Pass, Domain: "a.example", Trace: []spf.Step{{Term: "mx", Outcome: "match", Result: spf.Pass, Lookups: 1, Detail: "x"}}}, true, o)
		},
		"match (pass), 2 look-ups:": func(b *bytes.Buffer, o TextOptions) error {
			return SPFText(b, spf.Verdict{Result: spf.Pass, Domain: "a.example", Trace: []spf.Step{{Term: "mx", Outcome: "match", Result: spf.Pass, Lookups: 2, Detail: "x"}}}, true, o)
		},
		"1 set, sealed by a.example": func(b *bytes.Buffer, o TextOptions) error {
			return ARCText(b, arc.Verdict{Result: arc.Pass, Instances: 1, Sets: []arc.Set{{Instance: 1, SealDomain: "a.example"}}}, o)
		},
		"tree walk from a.example\n": func(b *bytes.Buffer, o TextOptions) error {
			return DMARCText(b, dmarc.Verdict{Result: dmarc.TempError, FromDomain: "a.example", Discovery: []dmarc.Walk{{Domain: "a.example"}}}, o)
		},
	} {
		var b bytes.Buffer
		if err := write(&b, TextOptions{Lang: "en", Verbose: true}); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("no %q in %q: %v", want, b.String(), err)
		}
	}
}

// TestTerminalInjection: whatever mail and DNS hold, the terminal sees no control,
// no escape and nothing that reorders or hides text.
func TestTerminalInjection(t *testing.T) {
	r := hostileReport()
	r.DNS = []dns.Answer{{Question: dns.Question{Name: "\x1b[2J", Type: dns.TypeTXT}, Status: dns.Success, Records: []dns.Record{{Data: "\x1b[2J\u202e"}}}}
	for _, lang := range []string{"en", "ja"} {
		o := TextOptions{Lang: lang, Verbose: true}
		var all bytes.Buffer
		for _, write := range []func() error{
			func() error { return VerifyText(&all, r, o) },
			func() error { return VerifyLine(&all, r, o) },
			func() error { return SPFText(&all, r.Auth.SPF, true, o) },
			func() error { return DKIMText(&all, r.Auth.DKIM, o) },
			func() error { return ARCText(&all, r.Auth.ARC, o) },
			func() error { return DMARCText(&all, r.Auth.DMARC, o) },
		} {
			if err := write(); err != nil {
				t.Fatal(err)
			}
		}
		for i, c := range all.String() {
			if c != '\n' && !unicode.IsPrint(c) && c != '\u3000' {
				around := all.String()[max(0, i-60):i]
				t.Fatalf("%s: %U at octet %d, after %q", lang, c, i, around)
			}
		}
		if !strings.Contains(all.String(), `\x1b]0;owned\x07`) {
			t.Error("the escape is not shown as text")
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                          "plain",
		"日本語　です":                         "日本語　です",
		"a\r\nb\tc":                      "a b c",
		"\x1b[31m":                       `\x1b[31m`,
		"a\u202eb":                       `a\u202eb`,
		"\u009b":                         `\x9b`,
		"\xff":                           `\xff`,
		"zero\u200bwidth":                `zero\u200bwidth`,
		"e\u0301\u0301\u0301\u0301":      "e\u0301\u0301",
		strings.Repeat("x", maxShown+10): strings.Repeat("x", maxShown) + "...",
	} {
		if got := Printable(in); got != want {
			t.Errorf("Printable(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns int
		want    []string
	}{
		{"one two three", 7, []string{"one two", "three"}},
		{"averyverylongword x", 5, []string{"averyverylongword", "x"}},
		{"これは長い文です。次の文。", 10, []string{"これは長い", "文です。次", "の文。"}},
		{"あいうえ。お", 8, []string{"あいう", "え。お"}}, // a full stop never begins a line
		{"あいう「えお", 8, []string{"あいう", "「えお"}}, // an opening bracket never ends one
		{"", 10, nil},
		{"   ", 10, nil},
	} {
		got := Wrap(c.text, c.columns)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("Wrap(%q, %d):\n%s", c.text, c.columns, d)
		}
	}
}

func TestColumns(t *testing.T) {
	for s, want := range map[string]int{"abc": 3, "日本": 4, "ｱ": 1, "e\u0301": 1, "✓": 1, "（": 2} {
		if got := Columns(s); got != want {
			t.Errorf("Columns(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestLabels(t *testing.T) {
	for key, l := range labels {
		if l.EN == "" || l.JA == "" {
			t.Errorf("%s is missing in a language", key)
		}
	}
	for _, h := range []catalogue.Text{
		headPass, headPassWarn, headPassFail, headFail, headFailSoFar, headReject, headNoneFail, headNothing, headNone, headPermError, headRecordError, headTempError, headUndecided,
	} {
		if h.EN == "" || h.JA == "" {
			t.Errorf("%+v is missing in a language", h)
		}
	}
}

func TestHeadline(t *testing.T) {
	finding := func(id string, s catalogue.Status) catalogue.Finding {
		return catalogue.Finding{ID: id, Status: s, Args: map[string]string{"domain": "a.example"}}
	}
	for _, c := range []struct {
		name     string
		result   dmarc.Result
		findings []catalogue.Finding
		status   string
		title    catalogue.Text
	}{
		{"all is well", dmarc.Pass, []catalogue.Finding{finding("dmarc.pass", catalogue.Pass)}, "pass", headPass},
		{"what was not seen does not spoil a pass", dmarc.Pass, []catalogue.Finding{finding("ptr.unknown", catalogue.Unknown)}, "pass", headPass},
		{"a warning", dmarc.Pass, []catalogue.Finding{finding("dkim.none", catalogue.Warn)}, "warn", headPassWarn},
		{"the host", dmarc.Pass, []catalogue.Finding{finding("ptr.missing", catalogue.Fail)}, "fail", headPassFail},
		{"fail", dmarc.Fail, []catalogue.Finding{finding("dmarc.fail", catalogue.Fail)}, "fail", headFail},
		{"no record", dmarc.None, []catalogue.Finding{finding("dmarc.none", catalogue.Warn)}, "warn", headNone},
		{"no record and nothing passes", dmarc.None, []catalogue.Finding{finding("spf.none", catalogue.Fail)}, "fail", headNothing},
		{"no author", dmarc.PermError, []catalogue.Finding{finding("dmarc.permerror", catalogue.Fail)}, "fail", headRecordError},
		{"no DNS", dmarc.TempError, []catalogue.Finding{finding("dmarc.temperror", catalogue.Unknown)}, "unknown", headTempError},
		{"no envelope", dmarc.Fail, []catalogue.Finding{finding("dmarc.undecided", catalogue.Unknown)}, "unknown", headUndecided},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &Report{Findings: c.findings}
			r.Auth.DMARC.Result, r.Auth.DMARC.FromDomain, r.Auth.DMARC.SPFChecked = c.result, "a.example", true
			for _, lang := range []string{"en", "ja"} {
				h := r.Headline(lang)
				want := expand(c.title.In(lang), map[string]string{"from": "a.example", "policy": ""})
				if h.Status != c.status || h.Title != want {
					t.Errorf("%s: got %+v, want %s %q", lang, h, c.status, want)
				}
				if c.status != "pass" && h.Sub == "" {
					t.Errorf("%s: nothing to do is named", lang)
				}
			}
		})
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("\x1b[31m\u202e\xff日本")
	f.Fuzz(func(t *testing.T, s string) {
		for _, line := range Wrap(Printable(s), 20) {
			for _, r := range line {
				if !unicode.IsPrint(r) && r != '\u3000' {
					t.Fatalf("%q lets %U through", s, r)
				}
			}
		}
	})
}
