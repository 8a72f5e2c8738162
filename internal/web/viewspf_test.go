package web

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/spf"
)

// TestSPFTree: records hang under the terms that led to them, and each is cut at the
// octet offsets of its deciding term.
func TestSPFTree(t *testing.T) {
	outer, inner := "v=spf1 include:a.example redirect=b.example", "v=spf1 bad:x -all"
	roots := spfTree([]spf.Step{
		{Domain: "example", Record: outer, Outcome: spf.OutcomeFetched},
		{Domain: "example", Term: "include:a.example", Start: 7, End: 24, Outcome: spf.OutcomeNoMatch},
		{Depth: 1, Domain: "a.example", Record: "v=spf1 -all", Outcome: spf.OutcomeFetched},
		{Depth: 1, Domain: "a.example", Term: "-all", Start: 7, End: 11, Outcome: spf.OutcomeMatch, Result: spf.Fail},
		{Domain: "example", Term: "redirect=b.example", Start: 25, End: 43, Outcome: spf.OutcomeError, Result: spf.PermError},
		{Depth: 1, Domain: "b.example", Record: inner, Outcome: spf.OutcomeFetched},
		{Depth: 1, Domain: "b.example", Term: "bad:x", Start: 7, End: 12, Outcome: spf.OutcomeError, Result: spf.PermError},
	})
	var b strings.Builder
	var draw func(recs []*spfRecord, indent string)
	draw = func(recs []*spfRecord, indent string) {
		for _, r := range recs {
			b.WriteString(indent + r.Domain + ": ")
			for _, p := range r.Parts {
				if p.Class != "" {
					b.WriteString("[" + p.Class + " " + p.Text + "]")
				} else {
					b.WriteString(p.Text)
				}
			}
			b.WriteString("\n")
			for _, term := range r.Terms {
				b.WriteString(indent + "  " + term.Sign + " " + term.Term + " " + term.Tone + "\n")
				draw(term.Records, indent+"    ")
			}
		}
	}
	draw(roots, "")
	want := `example: v=spf1 include:a.example [error redirect=b.example]
  – include:a.example none
    a.example: v=spf1 [match -all]
      ● -all fail
  ✗ redirect=b.example error
    b.example: v=spf1 [error bad:x] -all
      ✗ bad:x error
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// TestSPFTreeOfNonsense: offsets and depths that cannot be do not harm.
func TestSPFTreeOfNonsense(t *testing.T) {
	for _, s := range []spf.Step{
		{Depth: -1, Record: "r", Outcome: spf.OutcomeFetched}, {Depth: 9, Record: "r", Outcome: spf.OutcomeFetched},
		{Depth: 9, Term: "x", Start: -5, End: 99, Outcome: spf.OutcomeMatch}, {Term: "x", Start: 3, End: 1, Outcome: spf.OutcomeError},
		{Outcome: spf.OutcomeOmitted, Detail: "12 terms"},
	} {
		if roots := spfTree([]spf.Step{s, {Depth: 1, Record: "v=spf1", Outcome: spf.OutcomeFetched}, s}); len(roots) == 0 {
			t.Errorf("%+v: nothing is drawn", s)
		}
	}
}

func TestViewRef(t *testing.T) {
	for in, want := range map[string]string{
		"RFC 7208 section 4.6.4":     "https://www.rfc-editor.org/rfc/rfc7208#section-4.6.4",
		"RFC 8301":                   "https://www.rfc-editor.org/rfc/rfc8301",
		"https://example.com/x":      "https://example.com/x",
		"javascript:alert(1)":        "",
		"RFC 9989 section 4.10, 5.3": "https://www.rfc-editor.org/rfc/rfc9989#section-4.10",
	} {
		if got := viewRef(in); got.URL != want || got.Text != in {
			t.Errorf("%s: %+v", in, got)
		}
	}
}
