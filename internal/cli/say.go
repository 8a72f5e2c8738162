package cli

import (
	"github.com/todoku/todoku/internal/catalogue"
	"strings"
)

// text is a text in both languages; a test makes sure that none is missing.
type text = catalogue.Text

// say gives a text in the language of this run, {placeholders} filled by pairs.
func (a *app) say(t text, pairs ...string) string {
	replace := make([]string, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		replace[i], replace[i+1] = "{"+pairs[i]+"}", pairs[i+1]
	}
	return strings.NewReplacer(replace...).Replace(t.In(a.lang))
}

// flagText gives the help of a flag.
func (a *app) flagText(name string) string { return flagTexts[name].In(a.lang) }
