package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
)

// sessionPage says why a session delivered nothing, and what to do.
type sessionPage struct {
	frame
	ID             string
	At             time.Time
	Session        sessionView
	What, WhatToDo string
	Detail         string
	Token          string
}

// outcomeKeys are the outcomes that have a text of their own.
var outcomeKeys = map[string]string{
	"refused": "outcome.refused", "tls-error": "outcome.tls-error", "dropped": "outcome.dropped",
	"unknown-recipient": "outcome.unknown-recipient", "too-large": "outcome.too-large",
	"timeout": "outcome.timeout", "no-mail": "outcome.no-mail",
}

func outcomeKey(outcome string) string {
	if k := outcomeKeys[outcome]; k != "" {
		return k
	}
	return "outcome.other"
}

func (s *server) failedSession(w http.ResponseWriter, r *http.Request) {
	f, err := s.store.Session(r.Context(), r.PathValue("id"))
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	lang := i18n.FromRequest(r)
	key := outcomeKey(f.Session.Outcome)
	p := sessionPage{
		frame: s.frame(r, "", i18n.T(lang, key+".title")), ID: f.ID, At: f.At, Token: f.Token,
		Session: viewSession(lang, f.Session), Detail: f.Session.Detail,
		WhatToDo: i18n.T(lang, key+".do", "SMTP", s.SMTPAddr),
	}
	p.What, p.frame.Status = p.Title, "fail"
	s.show(w, r, http.StatusOK, "session", p)
}

func listSession(lang string, f *store.FailedSession) failedItem {
	who := f.Session.HELO
	if f.Session.RemoteIP.IsValid() {
		who = strings.TrimSpace(f.Session.RemoteIP.String() + " " + who)
	}
	return failedItem{ID: f.ID, At: f.At, Who: who, What: i18n.T(lang, outcomeKey(f.Session.Outcome)+".title")}
}
