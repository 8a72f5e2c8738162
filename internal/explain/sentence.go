package explain

import (
	"maps"
	"strings"

	"github.com/todoku/todoku/internal/catalogue"
)

// Sentence is a text with what fills its {placeholders}.
type Sentence struct {
	Text catalogue.Text
	Args map[string]string
}

// In gives the sentence in "ja" or, for anything else, English. An argument, which
// may come from a hostile message, is never itself expanded.
func (s Sentence) In(lang string) string {
	pairs := make([]string, 0, 2*len(s.Args))
	for name, value := range s.Args {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(s.Text.In(lang))
}

// and puts a sentence behind another.
func (s Sentence) and(more Sentence) Sentence {
	out := Sentence{Text: catalogue.Text{EN: s.Text.EN + " " + more.Text.EN, JA: s.Text.JA + more.Text.JA}, Args: maps.Clone(s.Args)}
	maps.Copy(out.Args, more.Args)
	return out
}

// IsZero reports that there is nothing to say.
func (s Sentence) IsZero() bool { return s.Text == (catalogue.Text{}) }

// say makes a sentence of a text; pairs are name, value, name, value ...
func say(t text, pairs ...string) Sentence {
	s := Sentence{Text: t, Args: make(map[string]string, len(pairs)/2)}
	for i := 0; i+1 < len(pairs); i += 2 {
		s.Args[pairs[i]] = pairs[i+1]
	}
	return s
}
