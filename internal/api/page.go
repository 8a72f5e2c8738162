package api

import (
	"bytes"
	"html/template"
	"net/http"
	"slices"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/service"
)

// contentPolicy allows the style sheet of the pages and nothing else.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// pageTexts are the words of the two pages.
var pageTexts = map[string]catalogue.Text{
	"title":   {EN: "The API", JA: "API"},
	"intro":   {EN: "For programs: JSON over HTTP, described by an OpenAPI 3.1 document from which clients can be made.", JA: "プログラムから利用するための、HTTP と JSON の API です。OpenAPI 3.1 の定義からクライアントを生成できます。"},
	"token":   {EN: "Programs elsewhere than at this machine send a token: Authorization: Bearer TOKEN. Make one with: todoku token create --name NAME --scope check", JA: "この機器以外のプログラムは、トークンを Authorization: Bearer TOKEN として送ります。トークンの作成: todoku token create --name NAME --scope check"},
	"mcp":     {EN: "Assistants that speak MCP connect to /mcp (streamable HTTP) or run: todoku mcp", JA: "MCP に対応したアシスタントは /mcp (streamable HTTP) に接続するか、todoku mcp を起動します。"},
	"op":      {EN: "Operation", JA: "操作"},
	"what":    {EN: "What it does", JA: "内容"},
	"scope":   {EN: "Scope", JA: "スコープ"},
	"open":    {EN: "none", JA: "なし"},
	"skip":    {EN: "Operations", JA: "操作の一覧"},
	"problem": {EN: "Problem", JA: "エラー"},
	"status":  {EN: "HTTP status", JA: "HTTP ステータス"},
	"home":    {EN: "Home", JA: "ホーム"},
	"all":     {EN: "Problems", JA: "エラーの一覧"},
}

var pageTemplate = template.Must(template.New("api").Parse(`<!doctype html>
<html lang="{{.Lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Title}} · Todoku</title>
<link rel="stylesheet" href="/assets/app.css">
</head>
<body>
<main>
<p><a href="/">{{.T.home}}</a>{{if .Word}} · <a href="/api">{{.T.title}}</a>{{end}}</p>
<h1>{{.Title}}</h1>
{{if .Word}}<p>{{.Text}}</p>
<p>{{.T.status}}: {{.Status}} · <code>{{.Word}}</code></p>
{{else}}<p>{{.T.intro}}</p>
<ul><li><a href="/api/openapi.json">/api/openapi.json</a></li><li><a href="/api/openapi.yaml">/api/openapi.yaml</a></li></ul>
<p>{{.T.token}}</p>
<p>{{.T.mcp}}</p>
<h2>{{.T.skip}}</h2>
<table>
<thead><tr><th scope="col">{{.T.op}}</th><th scope="col">{{.T.what}}</th><th scope="col">{{.T.scope}}</th></tr></thead>
<tbody>{{range .Operations}}
<tr><td><code>{{.Call}}</code></td><td>{{.What}}</td><td>{{.Scope}}</td></tr>{{end}}
</tbody>
</table>
<h2>{{.T.all}}</h2>
<ul>{{range .Problems}}
<li><a href="/api/problems/{{.Word}}"><code>{{.Word}}</code></a> {{.Title}}</li>{{end}}
</ul>
{{end}}</main>
</body>
</html>
`))

type pageData struct {
	Lang, Title string
	T           map[string]string
	Operations  []listedOperation
	Problems    []listedProblem
	Word, Text  string
	Status      int
}

type listedOperation struct{ Call, What, Scope string }

type listedProblem struct{ Word, Title string }

// page lists the operations.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	lang := langOf(r.Context())
	p := pageData{Lang: lang, Title: pageTexts["title"].In(lang), T: texts(lang)}
	for _, op := range s.operations {
		scope := op.scope
		if scope == "" {
			scope = p.T["open"]
		}
		p.Operations = append(p.Operations, listedOperation{Call: op.method + " " + op.path, What: op.summary.In(lang), Scope: scope})
	}
	for word, title := range service.Titles {
		p.Problems = append(p.Problems, listedProblem{word, title.In(lang)})
	}
	slices.SortFunc(p.Problems, func(a, b listedProblem) int {
		return statuses[a.Word]*1000 - statuses[b.Word]*1000 + compare(a.Word, b.Word)
	})
	s.show(w, r, p)
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// problemPage says what the type of a problem means.
func (s *Server) problemPage(w http.ResponseWriter, r *http.Request) {
	word, lang := r.PathValue("word"), langOf(r.Context())
	title, ok := service.Titles[word]
	if !ok {
		s.refuse(w, r, &service.Problem{Word: service.NotFound})
		return
	}
	s.show(w, r, pageData{Lang: lang, Title: title.In(lang), T: texts(lang), Word: word, Text: service.Advice[word].In(lang), Status: statuses[word]})
}

func texts(lang string) map[string]string {
	out := make(map[string]string)
	for key, t := range pageTexts {
		out[key] = t.In(lang)
	}
	return out
}

func (s *Server) show(w http.ResponseWriter, r *http.Request, p pageData) {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		s.Log.Error("a page cannot be written", "error", err)
		s.refuse(w, r, &service.Problem{Word: service.Defect})
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept-Language, Cookie")
	_, _ = w.Write(b.Bytes()) // the client left: nobody to tell
}
