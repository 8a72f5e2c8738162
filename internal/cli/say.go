package cli

import "github.com/todoku/todoku/internal/catalogue"

// text is a text in both languages; a test makes sure that none is missing.
type text = catalogue.Text

// say gives a text in the language of this run, {placeholders} filled by pairs.
func (a *app) say(t text, pairs ...string) string {
	return t.With(pairs...).In(a.lang)
}

// flagText gives the help of a flag.
func (a *app) flagText(name string) string { return flagTexts[name].In(a.lang) }
