// Package i18n holds the page and terminal texts in English and Japanese and chooses between them.
package i18n

import "net/http"

// Langs are the languages, the default first.
var Langs = []string{"en", "ja"}

// T gives a text by key in a language; pairs are name, value, name, value ...
// A missing key shows the key; a test makes sure none is missing.
func T(lang, key string, pairs ...any) string { panic("todo") }

// FromRequest chooses by ?lang=, cookie "lang", then Accept-Language.
func FromRequest(r *http.Request) string { panic("todo") }

// FromLocale chooses by LC_ALL, LC_MESSAGES, LANG.
func FromLocale(getenv func(string) string) string { panic("todo") }
