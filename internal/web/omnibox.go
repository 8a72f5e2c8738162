package web

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/explain"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
)

// maxAsked is the longest text that the field of the home page takes, in octets.
const maxAsked = 256 << 10

// askPage is the field alone, with what was wrong with what it held.
type askPage struct {
	frame
	Ask askFields
}

// askFields are the field and its neighbours as they were filled in.
type askFields struct {
	Text, IPs, Selectors string
	Probe, CanProbe      bool
	Error                string
	Open                 bool // the neighbours are shown
}

// askForm is the field with a link of its own: GET /check.
func (s *server) askForm(w http.ResponseWriter, r *http.Request) {
	s.showAsk(w, r, http.StatusOK, askFields{Text: clip(r.URL.Query().Get("q"), maxText)})
}

func (s *server) showAsk(w http.ResponseWriter, r *http.Request, code int, f askFields) {
	lang := i18n.FromRequest(r)
	f.CanProbe = s.Checker.Prober != nil
	if len(f.Text) > maxText {
		f.Text = "" // a text so long is not typed again, but pasted
	}
	p := askPage{frame: s.frame(r, "/check", i18n.T(lang, "ask.title")), Ask: f}
	p.Form = true
	s.show(w, r, code, "ask", p)
}

// ask takes whatever was put into the field: a domain, an address, an IP address, a
// bounce, a header.
func (s *server) ask(w http.ResponseWriter, r *http.Request) {
	if !s.checks.allow(clientAddr(r), s.Now()) {
		w.Header().Set("Retry-After", "30")
		s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxAsked+formOverhead)
	if err := r.ParseForm(); err != nil {
		if tooLarge(err) {
			s.fail(w, r, http.StatusRequestEntityTooLarge, "error.too-large", "Size", size(maxAsked))
			return
		}
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	f := askFields{
		Text: r.PostForm.Get("q"), IPs: strings.TrimSpace(clip(r.PostForm.Get("ips"), 1000)),
		Selectors: strings.TrimSpace(clip(r.PostForm.Get("selectors"), 1000)), Probe: r.PostForm.Get("probe") != "",
	}
	f.Open = f.IPs != "" || f.Selectors != "" || f.Probe
	lang := i18n.FromRequest(r)
	target, err := check.ParseTarget(f.Text)
	if err != nil {
		s.askText(w, r, f, err)
		return
	}
	q := check.Request{Target: target, Now: s.Now().UTC(), Probe: f.Probe && s.Checker.Prober != nil, Selectors: words(f.Selectors, 20)}
	for _, word := range words(f.IPs, 32) {
		ip, err := netip.ParseAddr(strings.Trim(word, "[]"))
		if err != nil || ip.Zone() != "" {
			f.Error = i18n.T(lang, "ask.bad-ip", "Text", visible(word))
			s.showAsk(w, r, http.StatusUnprocessableEntity, f)
			return
		}
		q.IPs = append(q.IPs, ip.Unmap())
	}
	run := &store.Run{Target: targetKey(target), Label: clip(target.Text, 300), Kind: string(target.Kind), Owner: s.ownerOf(w, r)}
	s.begin(w, r, run, s.recorder(q))
}

// words are the words of a list that people write with commas, blanks or lines.
func words(text string, most int) []string {
	list := strings.FieldsFunc(text, func(r rune) bool {
		return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' || r == '、' || r == '　'
	})
	return list[:min(len(list), most)]
}

// targetKey is what runs of one target have in common.
func targetKey(t check.Target) string {
	if t.Kind == check.KindIP {
		return t.IP.String()
	}
	return t.Domain
}

// begin starts a run and goes to its page.
func (s *server) begin(w http.ResponseWriter, r *http.Request, run *store.Run, do look) {
	err := s.startRun(r, run, do)
	switch {
	case errors.Is(err, errBusy):
		s.busy(w, r)
	case err != nil:
		s.storeError(w, r, err)
	default:
		http.Redirect(w, r, runPath(run.ID), http.StatusSeeOther)
	}
}

// askText explains what is no target, or says that it is nothing known.
func (s *server) askText(w http.ResponseWriter, r *http.Request, f askFields, problem error) {
	lang := i18n.FromRequest(r)
	res, err := explain.Explain([]byte(f.Text))
	if err == nil {
		s.showExplained(w, r, f.Text, res)
		return
	}
	key := "ask.unknown"
	switch {
	case errors.Is(problem, check.ErrEmpty):
		key = "ask.empty"
	case errors.Is(problem, check.ErrRange):
		key = "ask.range"
	case errors.Is(problem, check.ErrOneLabel):
		key = "ask.one-label"
	}
	f.Error = i18n.T(lang, key)
	s.showAsk(w, r, http.StatusUnprocessableEntity, f)
}

// visitorCookie tells the runs of one anonymous visitor from those of others where
// everybody may test.
const visitorCookie = "todoku_visitor"

// ownerOf is whose a new run is: of nobody in particular where there are no logins.
func (s *server) ownerOf(w http.ResponseWriter, r *http.Request) string {
	if s.Access == nil {
		return ""
	}
	if id := visitorOf(r).Person.ID; id != "" {
		return id
	}
	if c, err := r.Cookie(visitorCookie); err == nil && len(c.Value) >= 20 && len(c.Value) <= 64 {
		return store.VisitorOwner + c.Value
	}
	v := rand.Text()
	http.SetCookie(w, &http.Cookie{
		Name: visitorCookie, Value: v, Path: "/", MaxAge: int((30 * 24 * time.Hour).Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	})
	return store.VisitorOwner + v
}

// seenBy is whose runs the visitor may list: all is everybody's.
func (s *server) seenBy(r *http.Request) (owner string, all bool) {
	v := visitorOf(r)
	if s.Access == nil || v.Admin {
		return "", true
	}
	if v.Person.ID != "" {
		return v.Person.ID, false
	}
	if c, err := r.Cookie(visitorCookie); err == nil && len(c.Value) >= 20 && len(c.Value) <= 64 {
		return store.VisitorOwner + c.Value, false
	}
	return "nobody:", false
}
