package web

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/i18n"
)

// joined finds a text that another follows after a space, whatever conditions stand between.
var joined = regexp.MustCompile(`\{\{t "([a-z0-9.-]+)"[^{}]*\}\}(?:\{\{(?:if|else|end)[^{}]*\}\})* (?:\{\{(?:if|else|end)[^{}]*\}\})*\{\{t "`)

// spaced is a space between two Japanese sentences; before a link it may stand.
var spaced = regexp.MustCompile(`。 [^<]`)

// TestSentencesAreJoined: two sentences stand beside each other with a space between in English, with none in Japanese.
func TestSentencesAreJoined(t *testing.T) {
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		source, err := templateFiles.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range joined.FindAllStringSubmatch(string(source), -1) {
			if strings.HasSuffix(i18n.T("ja", m[1]), "。") {
				t.Errorf("%s: a space stands behind the sentence %q in Japanese too: write {{gap}}", file, m[1])
			}
		}
	}
	p := newPanel(t)
	s := checkingSite(t, shop(), func(c *Config) { c.Panel = p })
	for lang, want := range map[string]string{"en": " lines. Also customers", "ja": "行です。"} {
		page := s.do(request("GET", "/domains?lang="+lang, nil)).Body.String()
		if !strings.Contains(page, want) || spaced.MatchString(page) {
			t.Errorf("%s: %s", lang, page)
		}
	}
}
