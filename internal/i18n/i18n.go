// Package i18n holds the page and terminal texts in English and Japanese and chooses between them.
//
// The texts are in en.json and ja.json, one flat key each. Texts of findings are
// not here: they stand in the catalogue, beside what they are about.
package i18n

import (
	"embed"
	"fmt"
	"slices"
	"sync"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// Langs are the languages, the default first.
var Langs = []string{"en", "ja"}

//go:embed en.json ja.json
var catalogs embed.FS

// localizers are built once, when the first text is asked for: many commands need none. The catalogs are part of the
// program, so an error in them is a programming error that the tests find.
var localizers = sync.OnceValue(load)

func load() map[string]*goi18n.Localizer {
	bundle := goi18n.NewBundle(language.English)
	out := make(map[string]*goi18n.Localizer, len(Langs))
	for _, lang := range Langs {
		if _, err := bundle.LoadMessageFileFS(catalogs, lang+".json"); err != nil {
			panic(fmt.Sprintf("i18n: the catalog %s.json does not read: %v", lang, err))
		}
	}
	for _, lang := range Langs {
		out[lang] = goi18n.NewLocalizer(bundle, lang)
	}
	return out
}

// T gives a text by key in a language; pairs are name, value, name, value ...
// A missing key shows the key; a test makes sure none is missing. A pair named
// Count chooses the plural form. An unknown language is English.
//
// The result is plain text: whoever shows it escapes it, values and all.
func T(lang, key string, pairs ...any) string {
	l := localizers()[lang]
	if l == nil {
		l = localizers()[Langs[0]]
	}
	c := goi18n.LocalizeConfig{MessageID: key}
	if len(pairs) > 0 {
		data := make(map[string]any, len(pairs)/2)
		for i := 0; i+1 < len(pairs); i += 2 {
			name, _ := pairs[i].(string)
			data[name] = pairs[i+1]
			if name == "Count" {
				c.PluralCount = pairs[i+1]
			}
		}
		c.TemplateData = data
	}
	s, err := l.Localize(&c)
	if err != nil && s == "" {
		return key
	}
	return s
}

// Known reports whether lang is one of Langs.
func Known(lang string) bool { return slices.Contains(Langs, lang) }
