package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
)

// didPeople are the texts of what was done with a person, by the word of the form.
var didPeople = map[string]string{
	"add": "people.did-add", "admin": "people.did-admin", "customer": "people.did-customer", "disable": "people.did-disable", "remove": "people.did-remove", "user": "people.did-user",
}

// peopleShown are the people on one page, and the customers in one list to choose from.
const peopleShown = 100

// peoplePage lists people for an administrator.
type peoplePage struct {
	frame
	credentials
	Role   string
	People []store.Person
	Me     string
	// Find is what names are to hold, From the name after which the list begins; "" for all.
	Find, From string
	// Here is the query of this list, with its question mark; Next leads on, "" at the end.
	Here, Next  string
	MinPassword int
	// Removing is who is to be removed, if that is meant; nil for nobody.
	Removing *store.Person
	// Done says what was done.
	Done string
}

// accountPage is where a person changes the own password.
type accountPage struct {
	frame
	credentials
	Person      store.Person
	MinPassword int
	Done        bool
}

// forAdmins answers those who may not see a page, and reports whether they may.
func (s *server) forAdmins(w http.ResponseWriter, r *http.Request) bool {
	if visitorOf(r).Admin {
		return true
	}
	key := "error.admin"
	if s.Access == nil {
		key = "error.operator"
	}
	s.fail(w, r, http.StatusForbidden, key)
	return false
}

func (s *server) people(w http.ResponseWriter, r *http.Request) {
	if s.forAdmins(w, r) {
		s.showPeople(w, r, http.StatusOK, peoplePage{Done: doneText(r, didPeople)})
	}
}

func (s *server) showPeople(w http.ResponseWriter, r *http.Request, code int, p peoplePage) {
	q := r.URL.Query()
	p.Find, p.From = q.Get("find"), q.Get("after")
	list, more, err := s.Access.People(r.Context(), "", p.Find, p.From, peopleShown)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	p.Here = peopleQuery(p.Find, p.From, "")
	if more {
		p.Next = "/people" + peopleQuery(p.Find, list[len(list)-1].Name, "")
	}
	p.frame = s.frame(r, "/people", i18n.T(i18n.FromRequest(r), "people.title"))
	p.keep(q, "find", "after")
	p.Form, p.People, p.Me, p.MinPassword = true, list, visitorOf(r).Person.ID, access.MinPassword
	s.show(w, r, code, "people", p)
}

// peopleQuery names a part of the list of people, and what was done there: "" for its beginning, and nothing.
func peopleQuery(find, after, did string) string {
	q := url.Values{}
	for name, value := range map[string]string{"find": find, "after": after, "did": did} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func (s *server) addPerson(w http.ResponseWriter, r *http.Request) {
	if !s.forAdmins(w, r) {
		return
	}
	password, c, ok := s.readCredentials(w, r)
	if !ok {
		return
	}
	role := r.PostForm.Get("role")
	_, err := s.Access.Add(r.Context(), c.Name, password, role)
	if c.blame(i18n.FromRequest(r), err) {
		s.showPeople(w, r, http.StatusUnprocessableEntity, peoplePage{credentials: c, Role: role})
		return
	}
	s.peopleDone(w, r, "add", err)
}

// changePerson does one thing to a person: what "do" of the form says.
func (s *server) changePerson(w http.ResponseWriter, r *http.Request) {
	if !s.forAdmins(w, r) {
		return
	}
	if !s.readForm(w, r, smallForm) {
		return
	}
	id := r.PathValue("id")
	var err error
	switch r.PostForm.Get("do") {
	case "admin":
		err = s.Access.Change(r.Context(), id, access.Admin, false)
	case "user":
		err = s.Access.Change(r.Context(), id, access.User, false)
	case "customer":
		err = s.Access.Change(r.Context(), id, access.Customer, false)
	case "disable":
		err = s.Access.Change(r.Context(), id, access.User, true)
	case "remove":
		if r.PostForm.Get("sure") != "yes" {
			s.askRemovePerson(w, r, id)
			return
		}
		err = s.Access.Remove(r.Context(), id)
	default:
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	s.peopleDone(w, r, r.PostForm.Get("do"), err)
}

// askRemovePerson asks whether it is meant.
func (s *server) askRemovePerson(w http.ResponseWriter, r *http.Request, id string) {
	person, err := s.Access.Person(r.Context(), id)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	s.showPeople(w, r, http.StatusOK, peoplePage{Removing: &person})
}

// peopleDone leads back to the list, which says what was done, or says why not.
func (s *server) peopleDone(w http.ResponseWriter, r *http.Request, did string, err error) {
	switch {
	case err == nil:
		q := r.URL.Query()
		http.Redirect(w, r, "/people"+peopleQuery(q.Get("find"), q.Get("after"), did), http.StatusSeeOther)
	case errors.Is(err, access.ErrLastAdmin):
		c := credentials{Error: i18n.T(i18n.FromRequest(r), "people.last-admin")}
		s.showPeople(w, r, http.StatusConflict, peoplePage{credentials: c})
	default:
		s.storeError(w, r, err)
	}
}

func (s *server) accountForm(w http.ResponseWriter, r *http.Request) {
	s.showAccount(w, r, http.StatusOK, credentials{}, false)
}

func (s *server) showAccount(w http.ResponseWriter, r *http.Request, code int, c credentials, done bool) {
	p := accountPage{frame: s.frame(r, "/account", i18n.T(i18n.FromRequest(r), "account.title")), credentials: c,
		Person: visitorOf(r).Person, MinPassword: access.MinPassword, Done: done}
	p.Form = true
	s.show(w, r, code, "account", p)
}

// account changes the own password. It asks for the old one, so that a browser left
// open cannot be used to keep its owner out.
func (s *server) account(w http.ResponseWriter, r *http.Request) {
	old, c, ok := s.readCredentials(w, r)
	if !ok {
		return
	}
	me, lang := visitorOf(r).Person, i18n.FromRequest(r)
	p, err := s.Access.Check(r.Context(), me.Name, old)
	if errors.Is(err, access.ErrWrong) || err == nil && p.ID != me.ID {
		c.Wrong, c.Error = "old", i18n.T(lang, "account.wrong")
		s.showAccount(w, r, http.StatusUnprocessableEntity, c, false)
		return
	}
	if err == nil {
		err = s.Access.SetPassword(r.Context(), me.ID, r.PostForm.Get("new"))
	}
	if c.blame(lang, err) {
		s.showAccount(w, r, http.StatusUnprocessableEntity, c, false)
		return
	}
	if err == nil { // the old logins are over, this one too: it begins again
		if p, err = s.Access.Person(r.Context(), me.ID); err == nil {
			err = s.Access.SignIn(r.Context(), p)
		}
	}
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	s.showAccount(w, r, http.StatusOK, credentials{}, true)
}
