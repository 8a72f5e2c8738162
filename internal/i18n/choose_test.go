package i18n

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestFromRequest(t *testing.T) {
	for name, c := range map[string]struct{ query, cookie, accept, want string }{
		"nothing":                      {"", "", "", "en"},
		"the query wins":               {"ja", "en", "en", "ja"},
		"an unknown query is ignored":  {"xx", "ja", "en", "ja"},
		"the cookie before the header": {"", "en", "ja", "en"},
		"an unknown cookie is ignored": {"", "'\"<", "ja", "ja"},
		"region":                       {"", "", "ja-JP,ja;q=0.9,en-US;q=0.8", "ja"},
		"preference order":             {"", "", "fr;q=0.9, ja;q=0.4, en;q=0.8", "en"},
		"no language of ours":          {"", "", "fr,de", "en"},
		"garbage":                      {"", "", ";;;=,,q", "en"},
		"a long header is cut":         {"", "", "ja," + strings.Repeat("fr;q=0.5,", 100000), "ja"},
		"one long word":                {"", "", strings.Repeat("j", 100000), "en"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/?lang="+c.query, nil)
			if c.cookie != "" {
				r.Header.Set("Cookie", Cookie+"="+c.cookie)
			}
			if c.accept != "" {
				r.Header.Set("Accept-Language", c.accept)
			}
			if got := FromRequest(r); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFromLocale(t *testing.T) {
	for _, c := range []struct{ all, messages, lang, want string }{
		{"", "", "", "en"},
		{"", "", "ja_JP.UTF-8", "ja"},
		{"", "", "ja", "ja"},
		{"", "ja_JP.eucJP", "en_US.UTF-8", "ja"},
		{"C", "ja_JP.UTF-8", "ja_JP.UTF-8", "en"},
		{"", "", "jam_JM", "en"},
		{"", "", "C.UTF-8", "en"},
	} {
		env := map[string]string{"LC_ALL": c.all, "LC_MESSAGES": c.messages, "LANG": c.lang}
		if got := FromLocale(func(k string) string { return env[k] }); got != c.want {
			t.Errorf("%v: got %q, want %q", c, got, c.want)
		}
	}
}
