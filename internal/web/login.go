package web

import (
	"errors"
	"net/http"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/i18n"
)

// credentials are a form with a name and a password, and what is wrong with it.
type credentials struct {
	Name  string
	Token string // of the first-run link
	Next  string
	// Error is beside the field Wrong: "name", "password" or "" for the form as a whole.
	Error, Wrong string
}

// loginPage is also that of the first-run link.
type loginPage struct {
	frame
	credentials
	OpenID      bool
	MinPassword int
}

func (s *server) loginForm(w http.ResponseWriter, r *http.Request) {
	next := nextPage(r.URL.Query().Get("next"))
	if visitorOf(r).Person.ID != "" {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	s.showLogin(w, r, http.StatusOK, "login", "login.title", credentials{Next: next})
}

// showLogin shows the page "login" or "setup" with its title.
func (s *server) showLogin(w http.ResponseWriter, r *http.Request, code int, name, title string, c credentials) {
	p := loginPage{frame: s.frame(r, "", i18n.T(i18n.FromRequest(r), title)), credentials: c, OpenID: s.Access.HasOpenID(), MinPassword: access.MinPassword}
	p.Form = true
	if r.Method == http.MethodPost || c.Token != "" {
		p.OtherURL = "" // it would lose what was typed, or the token
	}
	s.show(w, r, code, name, p)
}

// readCredentials reads a small form, or answers itself.
func (s *server) readCredentials(w http.ResponseWriter, r *http.Request) (password string, c credentials, ok bool) {
	if !s.logins.allow(clientAddr(r), s.Now()) {
		w.Header().Set("Retry-After", "30")
		s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
		return "", c, false
	}
	if !s.readForm(w, r, smallForm) {
		return "", c, false
	}
	f := r.PostForm
	return f.Get("password"), credentials{Name: f.Get("name"), Token: f.Get("token"), Next: nextPage(f.Get("next"))}, true
}

func (s *server) login(w http.ResponseWriter, r *http.Request) {
	password, c, ok := s.readCredentials(w, r)
	if !ok {
		return
	}
	p, err := s.Access.Check(r.Context(), c.Name, password)
	if errors.Is(err, access.ErrWrong) {
		s.Log.Warn("a login failed", "client", clientAddr(r).String())
		c.Error = i18n.T(i18n.FromRequest(r), "login.wrong")
		s.showLogin(w, r, http.StatusUnprocessableEntity, "login", "login.title", c)
		return
	}
	if err == nil {
		err = s.Access.SignIn(r.Context(), p)
	}
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	http.Redirect(w, r, c.Next, http.StatusSeeOther)
}

func (s *server) logout(w http.ResponseWriter, r *http.Request) {
	if err := s.Access.SignOut(r.Context()); err != nil {
		s.storeError(w, r, err)
		return
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// setupForm is where the first-run link leads.
func (s *server) setupForm(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	if !s.logins.allow(clientAddr(r), s.Now()) {
		w.Header().Set("Retry-After", "30")
		s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
		return
	}
	if !s.Access.FirstRunValid(token) {
		s.fail(w, r, http.StatusForbidden, "error.setup")
		return
	}
	s.showLogin(w, r, http.StatusOK, "setup", "setup.title", credentials{Token: token})
}

func (s *server) setup(w http.ResponseWriter, r *http.Request) {
	password, c, ok := s.readCredentials(w, r)
	if !ok {
		return
	}
	p, err := s.Access.MakeFirst(r.Context(), c.Token, c.Name, password)
	switch {
	case errors.Is(err, access.ErrLink):
		s.fail(w, r, http.StatusForbidden, "error.setup")
		return
	case c.blame(i18n.FromRequest(r), err):
		s.showLogin(w, r, http.StatusUnprocessableEntity, "setup", "setup.title", c)
		return
	case err == nil:
		err = s.Access.SignIn(r.Context(), p)
	}
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// blame says beside which field the error belongs; false where it is none of the form's.
func (c *credentials) blame(lang string, err error) bool {
	for e, at := range map[error][2]string{
		access.ErrBadName: {"name", "people.bad-name"}, access.ErrTaken: {"name", "people.taken"},
		access.ErrShort: {"password", "people.short"}, access.ErrLong: {"password", "people.long"}, access.ErrObvious: {"password", "people.obvious"},
	} {
		if errors.Is(err, e) {
			c.Wrong, c.Error = at[0], i18n.T(lang, at[1], "Min", access.MinPassword, "Max", access.MaxPassword)
			return true
		}
	}
	return false
}

// openID sends the browser to the OpenID Connect provider.
func (s *server) openID(w http.ResponseWriter, r *http.Request) {
	if !s.logins.allow(clientAddr(r), s.Now()) {
		w.Header().Set("Retry-After", "30")
		s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
		return
	}
	to, err := s.Access.OpenIDURL(r.Context(), s.Now())
	if err != nil {
		s.openIDFailed(w, r, err)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (s *server) openIDBack(w http.ResponseWriter, r *http.Request) {
	p, err := s.Access.OpenIDBack(r.Context(), r.URL.Query(), s.Now())
	if err == nil {
		err = s.Access.SignIn(r.Context(), p)
	}
	if err != nil {
		s.openIDFailed(w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *server) openIDFailed(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case r.Context().Err() != nil:
	case errors.Is(err, access.ErrNotAllowed), errors.Is(err, access.ErrWrong), errors.Is(err, access.ErrTaken):
		s.Log.Warn("an OpenID Connect login was refused", "error", err)
		s.fail(w, r, http.StatusForbidden, "error.not-allowed")
	case errors.Is(err, access.ErrOpenID):
		s.Log.Error("an OpenID Connect login failed", "error", err)
		s.fail(w, r, http.StatusBadGateway, "error.openid")
	default:
		s.storeError(w, r, err)
	}
}
