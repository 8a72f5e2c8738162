package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/tokens"
)

// tokensPage is where a customer makes tokens for the API.
type tokensPage struct {
	frame
	Tokens []store.Token
	Scopes []scopeChoice
	Secret string // that was just made, and is shown this once
	Name   string
	Error  string
	Done   string
}

// scopeChoice is a scope that a token may have.
type scopeChoice struct {
	Word, Text string
	Chosen     bool
}

// didTokens are the texts of what was done with a token, by the word of the form.
var didTokens = map[string]string{"revoke": "tokens.did-revoke"}

// scopeTexts say what each scope lets do.
var scopeTexts = map[string]string{
	service.ScopeDomains: "tokens.scope.domains", service.ScopeFlow: "tokens.scope.flow", service.ScopeCheck: "tokens.scope.check", service.ScopeRead: "tokens.scope.read", service.ScopeSubmit: "tokens.scope.submit",
}

// tokenLives are how long a token may be valid, by the word of the form; 0 for ever.
var tokenLives = map[string]time.Duration{"30": 30 * 24 * time.Hour, "90": 90 * 24 * time.Hour, "365": 365 * 24 * time.Hour, "0": 0}

// customer reports whether the visitor is one, and signed in.
func (s *server) customer(r *http.Request) bool {
	p := visitorOf(r).Person
	return s.Panel != nil && s.Access != nil && p.ID != "" && p.Role == access.Customer
}

// forCustomers answers those who may have no tokens of their own, and reports whether they may.
func (s *server) forCustomers(w http.ResponseWriter, r *http.Request) bool {
	if s.customer(r) {
		return true
	}
	s.fail(w, r, http.StatusForbidden, "error.customer")
	return false
}

func (s *server) tokens(w http.ResponseWriter, r *http.Request) {
	if s.forCustomers(w, r) {
		s.showTokens(w, r, http.StatusOK, tokensPage{Done: doneText(r, didTokens)}, []string{service.ScopeDomains})
	}
}

func (s *server) showTokens(w http.ResponseWriter, r *http.Request, code int, p tokensPage, chosen []string) {
	lang := i18n.FromRequest(r)
	var err error
	if p.Tokens, err = s.Panel.Store.TokensOf(r.Context(), visitorOf(r).Person.ID); err != nil {
		s.storeError(w, r, err)
		return
	}
	for _, word := range tokens.CustomerScopes {
		c := scopeChoice{Word: word, Text: i18n.T(lang, scopeTexts[word])}
		for _, was := range chosen {
			c.Chosen = c.Chosen || was == word
		}
		p.Scopes = append(p.Scopes, c)
	}
	p.frame = s.frame(r, "/tokens", i18n.T(lang, "tokens.title"))
	p.Form = true
	s.show(w, r, code, "tokens", p)
}

// changeTokens makes a token or revokes one.
func (s *server) changeTokens(w http.ResponseWriter, r *http.Request) {
	if !s.forCustomers(w, r) || !s.readForm(w, r, smallForm) {
		return
	}
	if !s.whatIfs.allow(clientAddr(r), s.Now()) {
		w.Header().Set("Retry-After", "30")
		s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
		return
	}
	f, me := r.PostForm, visitorOf(r).Person
	switch f.Get("do") {
	case "revoke":
		at := "/tokens?did=revoke"
		if err := s.Panel.Store.RemoveTokenOf(r.Context(), me.ID, f.Get("id")); errors.Is(err, store.ErrNotFound) {
			at = "/tokens" // there was none of theirs
		} else if err != nil {
			s.storeError(w, r, err)
			return
		}
		http.Redirect(w, r, at, http.StatusSeeOther)
	case "make":
		s.makeToken(w, r, me)
	default:
		s.fail(w, r, http.StatusBadRequest, "error.form")
	}
}

func (s *server) makeToken(w http.ResponseWriter, r *http.Request, me store.Person) {
	f, lang := r.PostForm, i18n.FromRequest(r)
	life, known := tokenLives[f.Get("expires")]
	var expires time.Time
	if !known {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	if life > 0 {
		expires = time.Now().Add(life)
	}
	secret, _, err := tokens.CreateFor(r.Context(), s.Panel.Store, me, f.Get("name"), f["scope"], expires)
	p := tokensPage{Name: clip(f.Get("name"), 100)}
	switch {
	case err == nil:
		s.showTokens(w, r, http.StatusOK, tokensPage{Secret: secret}, []string{service.ScopeDomains})
		return
	case errors.Is(err, tokens.ErrName):
		p.Error = i18n.T(lang, "tokens.bad-name")
	case errors.Is(err, tokens.ErrScope):
		p.Error = i18n.T(lang, "tokens.bad-scope")
	case errors.Is(err, store.ErrTooMany):
		p.Error = i18n.T(lang, "tokens.too-many", "Max", store.MaxTokens)
	default:
		s.storeError(w, r, err)
		return
	}
	s.showTokens(w, r, http.StatusUnprocessableEntity, p, f["scope"])
}
