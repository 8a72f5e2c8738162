package web

import (
	"errors"
	"net/http"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
)

// agreePage asks whether an address wants reports about test mail, and says what became of it.
type agreePage struct {
	frame
	Token   string
	Address string // once it agreed
	Sent    bool   // a report is on its way
}

// maxReplyToken bounds a token, in octets.
const maxReplyToken = 64

// agreeForm only asks: programs open links too.
func (s *server) agreeForm(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	if s.Agree == nil || token == "" || len(token) > maxReplyToken {
		s.fail(w, r, http.StatusNotFound, "error.no-agree")
		return
	}
	p := agreePage{frame: s.frame(r, "", i18n.T(i18n.FromRequest(r), "agree.title")), Token: token}
	p.OtherURL, p.Form = withQuery(r, p.OtherLang), true
	s.show(w, r, http.StatusOK, "agree", p)
}

func (s *server) agree(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r, smallForm) {
		return
	}
	token := r.PostForm.Get("token")
	if s.Agree == nil || token == "" || len(token) > maxReplyToken {
		s.fail(w, r, http.StatusNotFound, "error.no-agree")
		return
	}
	address, sent, err := s.Agree(r.Context(), token)
	switch {
	case errors.Is(err, store.ErrNotFound):
		s.fail(w, r, http.StatusNotFound, "error.no-agree")
	case err != nil:
		s.storeError(w, r, err)
	default:
		p := agreePage{frame: s.frame(r, "", i18n.T(i18n.FromRequest(r), "agree.title")), Address: address, Sent: sent}
		p.OtherURL = ""
		s.show(w, r, http.StatusOK, "agree", p)
	}
}
