package web

import (
	"net/http"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
)

// operatorPage lists what came, whoever it was for.
type operatorPage struct {
	frame
	Messages []store.Message
	Failed   []failedItem
	Limit    int
}

const listedForOperator = 100

// operator is for administrators: the lists show mail of others.
func (s *server) operator(w http.ResponseWriter, r *http.Request) {
	if !s.forAdmins(w, r) {
		return
	}
	messages, err := s.store.Recent(r.Context(), listedForOperator)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	sessions, err := s.store.Sessions(r.Context(), listedForOperator)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	lang := i18n.FromRequest(r)
	p := operatorPage{frame: s.frame(r, "", i18n.T(lang, "operator.title")), Messages: messages, Limit: listedForOperator}
	for i := range sessions {
		p.Failed = append(p.Failed, listSession(lang, &sessions[i]))
	}
	s.show(w, r, http.StatusOK, "operator", p)
}
