package web

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
)

// problem is the error page as JSON (RFC 9457): of documents that programs read.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"` // what to do
}

// wantsJSON reports whether a request is for a JSON document.
func wantsJSON(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, ".json") }

// writeProblem answers a request for a JSON document that there is none of.
func writeProblem(w http.ResponseWriter, r *http.Request, code int, title, detail string) {
	var buf bytes.Buffer
	_ = render.WriteJSON(&buf, problem{title, code, detail}) // neither texts nor a buffer fail
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Language", i18n.FromRequest(r))
	h.Set("Cache-Control", "private, no-store")
	h.Add("Vary", "Accept-Language, Cookie")
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		_, _ = buf.WriteTo(w) // the client left: nobody to tell
	}
}
