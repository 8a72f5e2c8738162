package reply

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/todoku/todoku/internal/render"
)

// html is the report as HTML that loads nothing and runs nothing.
func (l *letter) html() (string, error) {
	head := l.rep.Headline(l.lang)
	s := l.rep.Bundle.Session
	page := struct {
		Lang, Title, Sub, Status, Summary, Fix, Nothing, Session string
		Preamble                                                 []string
		Link                                                     string
		Checks, Facts                                            []check
		Findings                                                 []htmlFinding
	}{
		Lang: l.lang, Title: render.Printable(head.Title), Sub: render.Printable(head.Sub), Status: head.Status,
		Summary: say(textSummary, l.lang), Fix: say(textFix, l.lang), Nothing: say(textNothing, l.lang), Session: say(textSession, l.lang),
		Preamble: l.preamble(), Checks: l.checks(),
		Facts: []check{{Name: "HELO hostname", Result: s.HELO}, {Name: "Source IP", Result: s.RemoteIP.String()}, {Name: "mail-from", Result: s.MailFrom}},
	}
	if strings.HasPrefix(l.link, "https://") || strings.HasPrefix(l.link, "http://") {
		page.Link, page.Preamble = l.link, page.Preamble[:1]
	}
	for i := range page.Facts {
		page.Facts[i].Result = render.Printable(page.Facts[i].Result)
	}
	for _, f := range l.todo() {
		page.Findings = append(page.Findings, htmlFinding{
			ID: f.ID, Status: string(f.Status), Title: render.Printable(f.Title(l.lang)), Detail: render.Printable(f.Detail(l.lang)), Fix: render.Printable(f.Fix(l.lang)), Changes: changes(f),
		})
	}
	var b strings.Builder
	if err := htmlLetter.Execute(&b, page); err != nil {
		return "", fmt.Errorf("writing the report as HTML: %w", err)
	}
	return b.String(), nil
}

type htmlFinding struct {
	ID, Status, Title, Detail, Fix string
	Changes                        []string
}

var htmlLetter = template.Must(template.New("letter").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><title>{{.Title}}</title></head>
<body style="font-family: sans-serif; line-height: 1.5; max-width: 46em; margin: 1em auto; padding: 0 1em">
<h1 style="font-size: 1.3em">{{.Title}}</h1>
{{with .Sub}}<p><strong>{{.}}</strong></p>
{{end}}{{range .Preamble}}<p>{{.}}</p>
{{end}}{{with .Link}}<p><a href="{{.}}">{{.}}</a></p>
{{end}}<h2 style="font-size: 1.1em">{{.Summary}}</h2>
<table style="border-collapse: collapse">
{{range .Checks}}<tr><th scope="row" style="text-align: left; padding: 0.2em 1em 0.2em 0">{{.Name}}</th><td style="padding: 0.2em 1em 0.2em 0"><strong>{{.Result}}</strong></td><td>{{.About}}</td></tr>
{{end}}</table>
<h2 style="font-size: 1.1em">{{.Session}}</h2>
<table style="border-collapse: collapse">
{{range .Facts}}<tr><th scope="row" style="text-align: left; padding: 0.2em 1em 0.2em 0">{{.Name}}</th><td><code>{{.Result}}</code></td></tr>
{{end}}</table>
<h2 style="font-size: 1.1em">{{.Fix}}</h2>
{{range .Findings}}<h3 style="font-size: 1em">{{.Status}}: {{.Title}}</h3>
<p>{{.Detail}}</p>
<p>{{.Fix}} <code>[{{.ID}}]</code></p>
{{range .Changes}}<pre style="white-space: pre-wrap; overflow-wrap: anywhere">{{.}}</pre>
{{end}}{{else}}<p>{{.Nothing}}</p>
{{end}}</body></html>
`))
