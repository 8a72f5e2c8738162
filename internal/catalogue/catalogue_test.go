package catalogue

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// TestEntriesComplete is the rule of the house: every text exists in both
// languages, with the same placeholders, and every entry names its source.
func TestEntriesComplete(t *testing.T) {
	what := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	for _, e := range All() {
		t.Run(e.ID, func(t *testing.T) {
			area, rest, ok := strings.Cut(e.ID, ".")
			if !ok || !slices.Contains(Areas, area) || !what.MatchString(rest) {
				t.Errorf("the ID is not area.what with an area of the contract")
			}
			if !slices.Contains([]Status{Fail, Warn, Info, Unknown, Pass}, e.Status) {
				t.Errorf("status %q", e.Status)
			}
			if e.Rank == 0 {
				t.Error("no rank")
			}
			if len(e.Refs) == 0 {
				t.Error("no source")
			}
			bothLanguages(t, "title", e.Title)
			bothLanguages(t, "detail", e.Detail)
			if e.Status != Pass && e.Status != Info {
				bothLanguages(t, "fix", e.Fix)
			} else if e.Fix != (Text{}) {
				bothLanguages(t, "fix", e.Fix)
			}
			for _, s := range e.Steps {
				bothLanguages(t, "step", s)
			}
		})
	}
}

func TestMutationsComplete(t *testing.T) {
	for kind, m := range Mutations {
		bothLanguages(t, kind+": change", m.Change)
		bothLanguages(t, kind+": advice", m.Advice)
	}
}

func bothLanguages(t *testing.T, what string, text Text) {
	t.Helper()
	if text.EN == "" || text.JA == "" {
		t.Errorf("the %s is missing in a language: %+v", what, text)
		return
	}
	if d := cmp.Diff(placeholders(text.EN), placeholders(text.JA)); d != "" {
		t.Errorf("the %s has different placeholders in English (-) and Japanese (+):\n%s", what, d)
	}
	if text.EN == text.JA && regexp.MustCompile(`^\{[a-z]+\}$`).MatchString(text.JA) {
		return // all of it is an argument, which has a text for each language
	}
	if !strings.ContainsFunc(text.JA, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han) }) {
		t.Errorf("the Japanese %s is not Japanese: %s", what, text.JA)
	}
	if strings.ContainsFunc(text.EN, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han) }) {
		t.Errorf("the English %s is not English: %s", what, text.EN)
	}
}

func TestSort(t *testing.T) {
	fs := []Finding{
		{ID: "dmarc.pass", Status: Pass},
		{ID: "dmarc.policy-none", Status: Info},
		{ID: "dmarc.fail", Status: Fail},
		{ID: "ptr.unknown", Status: Unknown},
		{ID: "dkim.none", Status: Warn},
		{ID: "spf.fail", Status: Fail},
		{ID: "dkim.body-hash-mismatch", Status: Fail},
		{ID: "spf.syntax", Status: Fail},
	}
	Sort(fs)
	var got []string
	for _, f := range fs {
		got = append(got, f.ID)
	}
	want := []string{
		"spf.syntax", "dkim.body-hash-mismatch", "spf.fail", "dmarc.fail", // cause before consequence
		"ptr.unknown", "dkim.none", "dmarc.policy-none", "dmarc.pass",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTexts(t *testing.T) {
	f := Finding{ID: "spf.pass", Status: Pass, Args: map[string]string{"domain": "{ip}", "ip": "192.0.2.1", "mechanism": "mx"}}
	if got, want := f.Title("en"), "SPF passes: {ip} lets 192.0.2.1 send"; got != want {
		t.Errorf("an argument was expanded or lost: %q, want %q", got, want)
	}
	if got := f.Title("ja"); !strings.Contains(got, "192.0.2.1 からの送信") {
		t.Errorf("ja: %q", got)
	}
	if f.Fix("en") != "" || f.Steps("en") == nil || len(f.Refs()) == 0 {
		t.Error("a pass has no fix, no steps (but a list) and a source")
	}
	if got := (Finding{ID: "no.such"}).Title("en"); got != "no.such" {
		t.Errorf("unknown id: %q", got)
	}
	if refs := (Finding{ID: "no.such"}).Refs(); refs == nil {
		t.Error("refs must never be nil")
	}
}

func TestArgumentsInALanguage(t *testing.T) {
	f := Finding{ID: "spf.pass", Args: map[string]string{"domain": "example.com", "ip": "?", "ip.en": "here", "ip.ja": "ここ"}}
	for lang, want := range map[string]string{"en": "lets here send", "ja": "ここ からの送信"} {
		if got := f.Title(lang); !strings.Contains(got, want) {
			t.Errorf("%s: %q", lang, got)
		}
	}
}

func TestWordsForOneAndMore(t *testing.T) {
	said := Text{EN: "{n} {n:message was|messages were} read", JA: "{n} 通を読み取りました"}
	for n, want := range map[string]string{"0": "0 messages were read", "1": "1 message was read", "2": "2 messages were read", "11": "11 messages were read"} {
		if got := said.With("n", n); got.EN != want || got.JA != n+" 通を読み取りました" {
			t.Errorf("%s: %q %q", n, got.EN, got.JA)
		}
	}
	if got := said.With("m", "1").EN; got != said.EN {
		t.Errorf("without the number: %q", got)
	}
}

func FuzzFill(f *testing.F) {
	f.Add("a {b} c", "x")
	f.Add("{", "}")
	f.Add("}{b", "{b}")
	f.Add("{b} {b:c|d}", "1")
	f.Add("{b:c}{b:|}", "2")
	f.Fuzz(func(t *testing.T, text, value string) {
		out := fill(text, map[string]string{"b": value})
		if !strings.Contains(text, "{b}") && !strings.Contains(text, "{b:") && !strings.ContainsAny(value, "{}") && out != text {
			t.Errorf("fill(%q) = %q", text, out)
		}
	})
}
