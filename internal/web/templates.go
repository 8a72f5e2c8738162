package web

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/todoku/todoku/internal/i18n"
)

//go:embed templates
var templateFiles embed.FS

// loadPages parses every page once for each language, so that a template says only {{t "key"}}.
func loadPages(a assets) (pages, error) {
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("reading the templates: %w", err)
	}
	out := pages{}
	for _, lang := range i18n.Langs {
		base := template.New("layout.html").Funcs(functions(lang, a))
		sources := map[string]string{}
		for _, file := range files {
			source, err := templateFiles.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("reading the template %s: %w", file, err)
			}
			name := path.Base(file)
			sources[name] = withTexts(lang, string(source))
			if name != "layout.html" && !strings.HasPrefix(name, "parts_") {
				continue
			}
			t := base
			if name != "layout.html" {
				t = base.New(name)
			}
			if _, err := t.Parse(sources[name]); err != nil {
				return nil, fmt.Errorf("reading the template %s: %w", name, err)
			}
		}
		out[lang] = map[string]*template.Template{}
		for _, name := range pageNames {
			t, err := base.Clone()
			if err == nil {
				_, err = t.New(name + ".html").Parse(sources[name+".html"])
			}
			if err != nil {
				return nil, fmt.Errorf("reading the page %s: %w", name, err)
			}
			out[lang][name] = t
		}
	}
	return out, nil
}

var fixedText = regexp.MustCompile(`\{\{t "([a-z0-9.-]+)"\}\}`)

// withTexts puts the texts that need no value into the source of a template: there are
// hundreds on a page, and each would be looked up and escaped anew every time. They are our
// own, and stand in text and in quoted attributes only.
func withTexts(lang, source string) string {
	return fixedText.ReplaceAllStringFunc(source, func(call string) string {
		return template.HTMLEscapeString(i18n.T(lang, fixedText.FindStringSubmatch(call)[1]))
	})
}
