package service

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/catalogue"
)

// TestDetailIsJoined: what is wrong and what to do follow each other as sentences of the language do.
func TestDetailIsJoined(t *testing.T) {
	p := &Problem{Word: NotFound, Text: catalogue.Text{EN: "One.", JA: "一です。"}, Next: catalogue.Text{EN: "Two.", JA: "二です。"}}
	for lang, want := range map[string]string{"en": "One. Two.", "ja": "一です。二です。"} {
		if got := p.Detail(lang); got != want {
			t.Errorf("%s: %q", lang, got)
		}
	}
	for word := range Advice {
		if got := (&Problem{Word: word, Text: p.Text}).Detail("ja"); strings.Contains(got, "。 ") {
			t.Errorf("%s: %q", word, got)
		}
	}
}
