package render

import (
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/provider"
)

// htmlDocument writes one page that needs nothing else: no script, no other file.
type htmlDocument struct{ lang string }

func (h *htmlDocument) Begin(w io.Writer) error {
	return htmlPage.ExecuteTemplate(w, "begin", struct{ Lang, Title string }{h.lang, label(h.lang, "check-title")})
}

func (h *htmlDocument) End(w io.Writer) error { return htmlPage.ExecuteTemplate(w, "end", nil) }

func (h *htmlDocument) Unread(w io.Writer, target, problem string) error {
	return htmlPage.ExecuteTemplate(w, "unread", struct{ Target, Problem string }{Printable(target), Printable(problem)})
}

// htmlReport is what the template shows.
type htmlReport struct {
	Lang, Target, Time, Title, Worst string
	Cards                            []htmlCard
	Score                            string
	Groups                           []htmlGroup
	L                                func(string) string
}

type htmlCard struct{ Provider, Verdict, Word, Sign, Rows string }

type htmlGroup struct {
	Title    string
	Brief    bool
	Findings []htmlFinding
}

type htmlFinding struct {
	ID, Status, Word, Sign, Subject, Title, Detail, Fix, Accepted string
	Evidence, Steps, Refs, Changes                                []string
	Snippets                                                      []catalogue.Snippet
}

func (h *htmlDocument) Report(w io.Writer, r *check.Report) error {
	o := htmlReport{
		Lang: h.lang, Target: Printable(r.Target), Title: checkTitle(r, h.lang), Worst: string(r.Worst()),
		L: func(key string) string { return label(h.lang, key) },
	}
	if !r.Time.IsZero() {
		o.Time = r.Time.UTC().Format(time.RFC3339)
	}
	for _, c := range r.Cards {
		sign, _ := signOf(cardStatus[c.Verdict])
		o.Cards = append(o.Cards, htmlCard{provider.ReceiverName(c.Provider).In(h.lang), cardStatus[c.Verdict], label(h.lang, "card-"+string(c.Verdict)), sign, rowsText(c, h.lang)})
	}
	if r.Score != nil {
		o.Score = ScoreText(r.Score, h.lang)
	}
	for _, g := range findingGroups(r.Findings) {
		if len(g.findings) == 0 {
			continue
		}
		group := htmlGroup{Title: label(h.lang, g.label), Brief: g.label == "fine"}
		for _, f := range g.findings {
			group.Findings = append(group.Findings, h.finding(f))
		}
		o.Groups = append(o.Groups, group)
	}
	return htmlPage.ExecuteTemplate(w, "report", o)
}

func (h *htmlDocument) finding(f catalogue.Finding) htmlFinding {
	sign, _ := signOf(string(f.Status))
	o := htmlFinding{
		ID: f.ID, Status: string(f.Status), Word: label(h.lang, string(f.Status)), Sign: sign, Subject: Printable(f.Subject), Title: Printable(f.Title(h.lang)),
		Detail: Printable(f.Detail(h.lang)), Fix: Printable(f.Fix(h.lang)), Refs: f.Refs(),
	}
	for _, e := range f.Evidence {
		o.Evidence = append(o.Evidence, Printable(spoken(h.lang, e)))
	}
	for _, s := range f.Steps(h.lang) {
		o.Steps = append(o.Steps, Printable(s))
	}
	for _, s := range f.Snippets {
		lines := snippetLines(s.Text)
		for i := range lines {
			lines[i] = printable(lines[i], maxCopied)
		}
		o.Snippets = append(o.Snippets, catalogue.Snippet{For: Printable(s.For), Text: strings.Join(lines, "\n")})
	}
	for _, c := range f.DNS {
		o.Changes = append(o.Changes, printable(changeLine(c), maxCopied))
	}
	if f.Accepted != nil {
		o.Accepted = label(h.lang, "accepted", "reason", Printable(f.Accepted.Reason))
	}
	return o
}

var htmlPage = template.Must(template.New("check").Parse(`{{define "begin"}}<!doctype html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
:root{color-scheme:light dark;--ink:#1a1c1f;--paper:#fff;--soft:#5b626b;--line:#d9dde2;--box:#f5f6f8;--pass:#177245;--warn:#8a5a00;--fail:#b3261e;--unknown:#6b3fa0;--info:#1f5fae}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--paper:#15171a;--soft:#a2a9b2;--line:#343a41;--box:#1e2126;--pass:#6fcf97;--warn:#f2c14e;--fail:#ff8a80;--unknown:#c6a5ff;--info:#8ab8ff}}
body{font:16px/1.6 system-ui,"Hiragino Sans","Noto Sans JP",sans-serif;color:var(--ink);background:var(--paper);max-width:52rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1.2rem;margin-top:2rem}h3{font-size:1rem;margin:0 0 .4rem;overflow-wrap:anywhere}
article{border:1px solid var(--line);border-left-width:.3rem;border-radius:.3rem;padding:.8rem 1rem;margin:.8rem 0}
.fail{border-left-color:var(--fail)}.warn{border-left-color:var(--warn)}.info{border-left-color:var(--info)}.unknown{border-left-color:var(--unknown)}.pass{border-left-color:var(--pass)}
.sign.fail{color:var(--fail)}.sign.warn{color:var(--warn)}.sign.info{color:var(--info)}.sign.unknown{color:var(--unknown)}.sign.pass{color:var(--pass)}
pre{background:var(--box);padding:.6rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
.meta{color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}
</style></head><body><main>
{{end}}{{define "end"}}</main></body></html>
{{end}}{{define "unread"}}<section><h1>{{.Target}}</h1><p>{{.Problem}}</p></section>
{{end}}{{define "report"}}{{$l := .L}}<section>
<h1>{{.Target}}</h1>
<p><strong>{{.Title}}</strong></p>
{{if .Time}}<p class="meta">{{call $l "time"}} <time datetime="{{.Time}}">{{.Time}}</time></p>{{end}}
{{if .Cards}}<h2>{{call $l "cards"}}</h2>
<table><thead><tr><th scope="col">{{call $l "provider"}}</th><th scope="col">{{call $l "cards"}}</th><th scope="col">{{call $l "requirements"}}</th></tr></thead><tbody>
{{range .Cards}}<tr><th scope="row">{{.Provider}}</th><td><span class="sign {{.Verdict}}" aria-hidden="true">{{.Sign}}</span> {{.Word}}</td><td>{{.Rows}}</td></tr>
{{end}}</tbody></table>
{{with .Score}}<p>{{.}}</p>{{end}}{{end}}
{{range .Groups}}<h2>{{.Title}}</h2>
{{if .Brief}}<ul>{{range .Findings}}<li><span class="sign {{.Status}}" aria-hidden="true">{{.Sign}}</span> {{.Title}} <span class="meta">{{.ID}}</span></li>
{{end}}</ul>{{else}}{{range .Findings}}<article class="{{.Status}}">
<h3><span class="sign {{.Status}}" aria-hidden="true">{{.Sign}}</span> {{.Title}}</h3>
<p class="meta">{{.Word}} · {{.ID}} · {{.Subject}}</p>
<p>{{.Detail}}</p>
{{with .Accepted}}<p>{{.}}</p>{{end}}
{{with .Evidence}}<p class="meta">{{call $l "evidence"}}</p><pre>{{range .}}{{.}}
{{end}}</pre>{{end}}
{{with .Fix}}<p><strong>{{call $l "fix"}}</strong> {{.}}</p>{{end}}
{{with .Steps}}<ol>{{range .}}<li>{{.}}</li>{{end}}</ol>{{end}}
{{with .Changes}}<pre>{{range .}}{{.}}
{{end}}</pre>{{end}}
{{range .Snippets}}<p class="meta">{{.For}}</p><pre>{{.Text}}</pre>{{end}}
{{with .Refs}}<p class="meta">{{call $l "refs"}} {{range $i, $r := .}}{{if $i}}, {{end}}{{$r}}{{end}}</p>{{end}}
</article>
{{end}}{{end}}{{end}}</section>
{{end}}`))
