package render

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
)

// outsideCode gives the lines of a Markdown text that stand in no fenced block
// (CommonMark 0.31 section 4.5).
func outsideCode(text string) []string {
	var out []string
	fence := ""
	for line := range strings.SplitSeq(text, "\n") {
		ticks := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence == "" && len(ticks) >= 3:
			fence = ticks
		case fence != "" && len(ticks) >= len(fence) && strings.TrimSpace(line[len(ticks):]) == "":
			fence = ""
		case fence == "":
			out = append(out, line)
		}
	}
	return out
}

// TestAttackDocuments: what others published ends no code block, also behind a list of
// steps, where a block that is only indented would be text; and hides or turns nothing.
func TestAttackDocuments(t *testing.T) {
	evil := []string{"<img src=x onerror=alert(1)>", "```", "``````\t", "~~~", "</pre><script>alert(1)</script>", "a\u202eb\u200bc\x1b[31m\x07\u2028d", "[x](javascript:alert(1)) **b** @all"}
	var fs []catalogue.Finding
	for _, s := range evil {
		f := catalogue.Finding{ID: "ptr.missing", Status: catalogue.Fail, Subject: s, Args: map[string]string{"ip": s}, Evidence: []string{s, s}}
		f.DNS = []dns.Change{{Action: dns.Replace, Name: "example.com.", Type: dns.TypeTXT, Data: []string{s}, Was: []string{s}}}
		f.Snippets = []catalogue.Snippet{{For: s, Text: s + "\n" + s}}
		fs = append(fs, f)
	}
	r := &check.Report{Target: "example.com", Kind: check.KindDomain, Findings: fs}
	for _, format := range []string{"markdown", "html", "junit", "sarif"} {
		for _, lang := range []string{"en", "ja"} {
			w, _ := NewCheckWriter(format, lang, "0")
			var b bytes.Buffer
			if err := w.Begin(&b); err != nil {
				t.Fatal(err)
			}
			if err := w.Report(&b, r); err != nil {
				t.Fatal(err)
			}
			if err := w.End(&b); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if format == "markdown" {
				text = strings.Join(outsideCode(text), "\n")
				if !strings.Contains(text, "See:") && !strings.Contains(text, "RFC 8601") {
					t.Errorf("%s: a block was not closed:\n%s", lang, b.String())
				}
			}
			if strings.Contains(text, "<img") || strings.Contains(text, "<script") {
				if format != "sarif" { // JSON, in which it means nothing
					t.Errorf("%s %s: markup got through", format, lang)
				}
			}
			if format != "html" && format != "markdown" {
				continue
			}
			if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\u3000' && !unicode.IsPrint(r) }); i >= 0 {
				t.Errorf("%s %s shows %q", format, lang, text[max(0, i-30):min(len(text), i+10)])
			}
		}
	}
}
