package i18n

import (
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

// Cookie is the name of the cookie that keeps a chosen language.
const Cookie = "lang"

// maxAcceptLanguage bounds what is parsed of a header that a stranger wrote, in octets.
const maxAcceptLanguage = 512

var matcher = language.NewMatcher([]language.Tag{language.English, language.Japanese})

// FromRequest chooses by ?lang=, cookie "lang", then Accept-Language.
func FromRequest(r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); Known(lang) {
		return lang
	}
	if c, err := r.Cookie(Cookie); err == nil && Known(c.Value) {
		return c.Value
	}
	accept := r.Header.Get("Accept-Language")
	if len(accept) > maxAcceptLanguage {
		accept = accept[:maxAcceptLanguage]
		accept = accept[:max(0, strings.LastIndexByte(accept, ','))]
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(tags) == 0 {
		return Langs[0]
	}
	_, i, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return Langs[0]
	}
	return Langs[i]
}

// FromLocale chooses by LC_ALL, LC_MESSAGES, LANG: the first that is set decides (POSIX).
func FromLocale(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			lang, _, _ := strings.Cut(strings.ToLower(v), ".")
			if lang == "ja" || strings.HasPrefix(lang, "ja_") || strings.HasPrefix(lang, "ja-") || strings.HasPrefix(lang, "ja@") {
				return "ja"
			}
			return Langs[0]
		}
	}
	return Langs[0]
}
