package web

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/caller"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/store"
)

// pages are the templates, by language and page name.
type pages map[string]map[string]*template.Template

var pageNames = []string{"home", "paste", "report", "pending", "session", "operator", "error", "login", "setup", "people", "account",
	"ask", "checking", "stopped", "domain", "share", "history", "diff", "whatif", "explained", "recipes", "lab", "labrun", "compare", "kept", "once", "agree", "domains", "panel", "forwards", "tokens", "warmups", "warmup", "mail", "volume", "finding"}

// gapIn is what stands between two sentences: nothing in Japanese.
func gapIn(lang string) string {
	if lang == "ja" {
		return ""
	}
	return " "
}

// functions are what templates may call. vis is for every text from outside.
func functions(lang string, a assets) template.FuncMap {
	return template.FuncMap{
		"t":     func(key string, pairs ...any) string { return i18n.T(lang, key, pairs...) },
		"gap":   func() string { return gapIn(lang) },
		"vis":   func(v any) string { return clip(visible(plain(v)), maxText) },
		"lines": visibleLines,
		"asset": a.url,
		"when":  func(t time.Time) string { return stamp(t) },
		"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock": func(t time.Time) string { return t.UTC().Format("15:04:05.000") },
		"size":  func(n int) string { return size(int64(n)) },
		"mark":  func(status string) mark { return markOf(lang, status) },
		"res":   func(result string) mark { return markOf("", result) },
		"spans": spans,
		"dict":  dict,
		"keyproblem": func(problem string) keyProblem {
			if lang != "ja" {
				return keyProblem{Text: problem}
			}
			text, ok := keys.Japanese(problem)
			return keyProblem{text, !ok}
		},
		"domainword": func(kind, word string) string {
			if key := domainTexts[kind+"."+word]; key != "" {
				return i18n.T(lang, key)
			}
			return word // of a later version
		},
		"pair": func(a, b any) []any { return []any{a, b} },
	}
}

// plain writes a value as text, what a pointer points at for a pointer.
func plain(v any) string {
	switch p := v.(type) {
	case *string:
		if p == nil {
			return ""
		}
		return *p
	case *int:
		if p == nil {
			return ""
		}
		return strconv.Itoa(*p)
	}
	return fmt.Sprint(v)
}

// span is a piece of running text; Code is what stood between backquotes.
type span struct {
	Text string
	Code bool
}

// spans cuts a text of the catalogue at its backquotes, without which it reads badly.
func spans(text string) []span {
	var out []span
	pieces := strings.Split(clip(visible(text), maxText), "`")
	for i, piece := range pieces {
		if piece != "" {
			out = append(out, span{piece, i%2 == 1 && i < len(pieces)-1}) // one backquote alone is none
		}
	}
	return out
}

// dict makes a map of name, value, name, value ... to hand several values to a template.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict: a name without a value")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

func size(n int64) string {
	switch {
	case n < 1024:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1<<20:
		return fmt.Sprintf("%.1f KB", float64(n)/1024)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

var statusKeys = map[string]string{
	"pass": "status.pass", "fail": "status.fail", "warn": "status.warn", "info": "status.info", "unknown": "status.unknown",
}

// mark is how a status is shown: a colour class, a sign and a word, never colour alone.
type mark struct{ Class, Sign, Word string }

// markOf gives the mark of a status in a language or, without one, of a standard's
// result: those words stay what they are in every language.
func markOf(lang, status string) mark {
	class, sign := "none", "–"
	switch status {
	case "pass":
		class, sign = "pass", "✓"
	case "fail", "permerror":
		class, sign = "fail", "✗"
	case "warn", "softfail", "policy":
		class, sign = "warn", "!"
	case "unknown", "temperror":
		class, sign = "unknown", "?"
	case "info":
		class, sign = "info", "i"
	}
	word := status
	if key := statusKeys[status]; key != "" && lang != "" {
		word = i18n.T(lang, key)
	}
	return mark{class, sign, word}
}

// frame is what the layout needs of every page.
type frame struct {
	Lang, OtherLang, OtherName, OtherURL string
	Title, Status                        string // Status, where there is one, is in the title and the icon
	Version                              string
	Operator                             bool         // the client may see the operator's lists
	Person                               store.Person // who signed in
	Logins                               bool         // there are logins
	Panel                                bool         // the client has domains in the panel
	Warmup                               bool         // there are warm-up plans, and the client may see them
	Traffic                              bool         // so it is with mail that went through
	Full                                 time.Time    // since when no mail can be stored; zero: there is room
	NoscriptRefresh                      int          // seconds after which a page without a script looks again, 0 for never
	Form                                 bool         // the page has a form, see layout.html
	Here                                 string
}

// titleSigns show the result in the tab.
var titleSigns = map[string]string{"pass": "✓ ", "fail": "✗ ", "warn": "! ", "unknown": "? "}

func (f frame) FullTitle() string { return titleSigns[f.Status] + f.Title + " · Todoku" }

// Icon is the name of the favicon.
func (f frame) Icon() string {
	if titleSigns[f.Status] != "" {
		return "icon-" + f.Status + ".svg"
	}
	return "icon.svg"
}

// frame fills in what follows from the request. here is the path to come back
// to in the other language; "" is the request's own.
func (s *server) frame(r *http.Request, here, title string) frame {
	lang := i18n.FromRequest(r)
	other := i18n.Langs[0]
	if lang == other {
		other = i18n.Langs[1]
	}
	if here == "" {
		here = r.URL.Path
	}
	q := url.Values{"lang": {other}}
	full, _ := s.store.Full()
	return frame{
		Full: full,
		Lang: lang, OtherLang: other, OtherName: i18n.T(other, "lang.name"), OtherURL: (&url.URL{Path: here, RawQuery: q.Encode()}).String(),
		Title: title, Version: s.Version, Operator: visitorOf(r).Admin, Person: visitorOf(r).Person, Logins: s.Access != nil, Panel: s.seesDomains(r), Warmup: s.Book != nil && visitorOf(r).Admin, Traffic: s.seesTraffic(r), Here: here,
	}
}

// keep has the page in the other language show the same part of a list: what the query of this one says under some names.
func (f *frame) keep(query url.Values, names ...string) {
	kept := url.Values{}
	for _, name := range names {
		if v := query.Get(name); v != "" {
			kept.Set(name, v)
		}
	}
	if len(kept) > 0 && f.OtherURL != "" {
		f.OtherURL += "&" + kept.Encode()
	}
}

// show renders a page whole before the first octet is sent, so that an error is still an error page.
func (s *server) show(w http.ResponseWriter, r *http.Request, code int, name string, data any) {
	var buf bytes.Buffer
	if err := s.pages[i18n.FromRequest(r)][name].Execute(&buf, data); err != nil {
		s.Log.Error("a page cannot be shown", "page", name, "error", err)
		http.Error(w, "This page cannot be shown. The reason is in the log.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", i18n.FromRequest(r))
	h.Set("Cache-Control", "private, no-store")
	h.Add("Vary", "Accept-Language, Cookie")
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		_, _ = buf.WriteTo(w) // the client left: nobody to tell
	}
}

// errorPage says what happened and what to do.
type errorPage struct {
	frame
	Code           int
	What, WhatToDo string
}

// fail shows the error page of a key, KEY.title and KEY.do; to who asked for JSON it says so in JSON.
func (s *server) fail(w http.ResponseWriter, r *http.Request, code int, key string, pairs ...any) {
	lang := i18n.FromRequest(r)
	if wantsJSON(r) {
		writeProblem(w, r, code, i18n.T(lang, key+".title", pairs...), i18n.T(lang, key+".do", pairs...))
		return
	}
	f := s.frame(r, "", i18n.T(lang, key+".title", pairs...))
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		f.OtherURL = "" // a GET would not be the same page
	}
	s.show(w, r, code, "error", errorPage{frame: f, Code: code, What: f.Title, WhatToDo: i18n.T(lang, key+".do", pairs...)})
}

func (s *server) notFound(w http.ResponseWriter, r *http.Request) {
	routed := r.Pattern != "" && r.Pattern != "/" // there is such a page, but not what it is asked of
	if r.Method != http.MethodGet && r.Method != http.MethodHead && !routed {
		w.Header().Set("Allow", allowed(r.URL.Path))
		s.fail(w, r, http.StatusMethodNotAllowed, "error.method")
		return
	}
	key := "error.not-found"
	switch {
	case strings.HasPrefix(r.URL.Path, "/d/"), r.URL.Path == "/diff":
		key = "error.no-check"
	case strings.HasPrefix(r.URL.Path, "/r/"), strings.HasPrefix(r.URL.Path, "/s/"):
		key = "error.no-report"
	case strings.HasPrefix(r.URL.Path, "/lab/"):
		key = "error.no-lab"
	case strings.HasPrefix(r.URL.Path, "/m/"):
		key = "error.no-mailbox"
	}
	s.fail(w, r, http.StatusNotFound, key)
}

// allowed are the methods of a path (RFC 9110 section 10.2.1).
func allowed(path string) string {
	switch path {
	case "/paste", "/check", "/lab":
		return "GET, HEAD, POST"
	case "/address":
		return "POST"
	case "/warmup":
		return "GET, HEAD, POST"
	}
	if strings.HasSuffix(path, "/what-if") || strings.HasPrefix(path, "/share/") {
		return "GET, HEAD, POST"
	}
	return "GET, HEAD"
}

// storeError answers for an error of the store.
func (s *server) storeError(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, store.ErrNotFound) {
		s.notFound(w, r)
		return
	}
	if errors.Is(err, errDropped) {
		s.fail(w, r, http.StatusGone, "error.dropped")
		return
	}
	if r.Context().Err() != nil {
		return // the client left
	}
	s.Log.Error("the store failed", "route", caller.Route(r), "error", err)
	if errors.Is(err, store.ErrFull) {
		s.fail(w, r, http.StatusInsufficientStorage, "error.full")
		return
	}
	s.fail(w, r, http.StatusServiceUnavailable, "error.store")
}
