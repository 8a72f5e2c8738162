package reply

import (
	"errors"
	"html/template"
	"net/http"

	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
)

// confirmPath is the page by which an address agrees.
const confirmPath = "/reply/confirm"

// Path is what the pages of this package begin with: they are open to whoever has a link.
const Path = "/reply/"

// ServeHTTP shows the page by which an address agrees. Opening it does nothing (programs open
// links too); its button does.
func (r *Responder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
	req.Body = http.MaxBytesReader(w, req.Body, 4<<10)
	lang, token := english, req.FormValue("token")
	if req.FormValue("lang") == japanese {
		lang = japanese
	}
	switch {
	case req.URL.Path != confirmPath || !validToken(token):
		show(w, http.StatusNotFound, page{Lang: lang, Text: say(pageNoToken, lang)})
	case req.Method == http.MethodGet || req.Method == http.MethodHead:
		show(w, http.StatusOK, page{Lang: lang, Text: say(pageConfirm, lang), Yes: say(pageYes, lang), Token: token})
	case req.Method != http.MethodPost:
		h.Set("Allow", "GET, HEAD, POST")
		show(w, http.StatusMethodNotAllowed, page{Lang: lang, Text: say(pageConfirm, lang)})
	default:
		r.agreed(w, req, lang, token)
	}
}

func (r *Responder) agreed(w http.ResponseWriter, req *http.Request, lang, token string) {
	address, err := r.agree(req.Context(), token)
	switch {
	case errors.Is(err, store.ErrNotFound):
		show(w, http.StatusNotFound, page{Lang: lang, Text: say(pageNoToken, lang)})
	case err != nil:
		r.c.Log.Error("the agreement of an address could not be kept", "error", err)
		show(w, http.StatusServiceUnavailable, page{Lang: lang, Text: say(pageTryLater, lang)})
	default:
		show(w, http.StatusOK, page{Lang: lang, Text: say(pageDone, lang, "address", render.Printable(address))})
	}
}

type page struct{ Lang, Text, Yes, Token string }

func show(w http.ResponseWriter, status int, p page) {
	w.WriteHeader(status)
	_ = confirmPage.Execute(w, p) // the client is gone, or there is no error
}

var confirmPage = template.Must(template.New("confirm").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>Todoku</title></head>
<body><main><h1>{{.Text}}</h1>
{{with .Yes}}<form method="post" action="` + confirmPath + `"><input type="hidden" name="token" value="{{$.Token}}"><input type="hidden" name="lang" value="{{$.Lang}}"><button>{{.}}</button></form>
{{end}}</main></body></html>
`))
