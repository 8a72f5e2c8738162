package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/lab"
	"github.com/todoku/todoku/internal/store"
)

// OutboundLab is what the pages need of the lab.
type OutboundLab interface {
	// Domain is that of the virtual receivers.
	Domain() string
	// Begin makes a run.
	Begin(ctx context.Context, client netip.Addr) (store.LabRun, error)
	// Matrix reads a run and judges it. store.ErrNotFound.
	Matrix(ctx context.Context, token string) (*lab.Matrix, error)
}

// labPage is the start of the lab: what it is, and the button.
type labPage struct {
	frame
	Domain    string // "" where there is no lab
	Receivers []labReceiver
}

type labReceiver struct{ Name, What string }

// labStart is GET /lab.
func (s *server) labStart(w http.ResponseWriter, r *http.Request) {
	lang := i18n.FromRequest(r)
	p := labPage{frame: s.frame(r, "", i18n.T(lang, "lab.title"))}
	p.Form = true
	if s.Lab != nil {
		p.Domain = s.Lab.Domain()
	}
	for _, v := range lab.Receivers {
		p.Receivers = append(p.Receivers, labReceiver{v.Name, labWord(lang, labReceivers, v.Name)})
	}
	s.show(w, r, http.StatusOK, "lab", p)
}

// labWord says a word of package lab; one that has no text stays what it is.
func labWord(lang string, keys map[string]string, w string, pairs ...any) string {
	if keys[w] == "" {
		return w
	}
	return i18n.T(lang, keys[w], pairs...)
}

// labBegin is POST /lab.
func (s *server) labBegin(w http.ResponseWriter, r *http.Request) {
	if s.Lab == nil {
		s.notFound(w, r)
		return
	}
	if !s.labs.allow(clientAddr(r), s.Now()) {
		w.Header().Set("Retry-After", "60")
		s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
		return
	}
	run, err := s.Lab.Begin(r.Context(), clientAddr(r))
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	http.Redirect(w, r, "/lab/"+run.Token, http.StatusSeeOther)
}

// labRun is GET /lab/TOKEN and /lab/TOKEN.json. The page's script asks for the part that
// changes, by the header Todoku-Part.
func (s *server) labRun(w http.ResponseWriter, r *http.Request) {
	if s.Lab == nil {
		s.notFound(w, r)
		return
	}
	token, asJSON := strings.CutSuffix(r.PathValue("token"), ".json")
	m, err := s.Lab.Matrix(r.Context(), token)
	switch {
	case errors.Is(err, store.ErrNotFound):
		s.notFound(w, r)
		return
	case err != nil:
		s.storeError(w, r, err)
		return
	case asJSON:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "private, no-store")
		_ = json.NewEncoder(w).Encode(m) // the client left: nobody to tell
		return
	}
	lang := i18n.FromRequest(r)
	p := labRunPage{frame: s.frame(r, "", i18n.T(lang, "lab.run-title")), labView: viewLab(lang, m)}
	if r.Header.Get("Todoku-Part") != "" {
		s.showPart(w, r, "labrun", "lab-result", p)
		return
	}
	p.Form, p.NoscriptRefresh, p.Status = true, 10, p.worst()
	s.show(w, r, http.StatusOK, "labrun", p)
}
