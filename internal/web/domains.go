package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
)

const (
	// domainsShown are the domains on one page.
	domainsShown = 100
	// maxDomainForm bounds the form of a domain, in octets.
	maxDomainForm = 128 << 10
)

// domainsPage lists the domains that the server sends for.
type domainsPage struct {
	frame
	Domains    []store.Domain
	Find, Next string
	Name       string // that could not be added
	Error      string
	Faults     []string // lines of a file that cannot be used
	Done       string
	MaxLines   int
	CanAdd     bool
	Tokens     bool // the visitor may make tokens
}

// domainPage is one of them.
type domainPage struct {
	frame
	*panel.Detail
	Keys     []domainKey
	Policy   string // record to paste, "" for none
	Evidence []render.FindingObject
	Forms    []formChoice
	Senders  string
	Others   []store.Person // customers whom the domain can be given to
	Forwards int            // its forwarding addresses
	Error    string
	Unsure   bool // a stricter policy was chosen, against which something speaks: is it meant?
}

// panelRoutes are those of domains.
func (s *server) panelRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /domains", s.domains)
	mux.HandleFunc("POST /domains", s.addDomain)
	mux.HandleFunc("GET /domains.csv", s.domainsFile)
	mux.HandleFunc("POST /domains.csv", s.domainsUpload)
	mux.HandleFunc("GET /domains/{name}", s.domain)
	mux.HandleFunc("POST /domains/{name}", s.changeDomain)
	mux.HandleFunc("GET /domains/{name}/forwards", s.forwards)
	mux.HandleFunc("POST /domains/{name}/forwards", s.setForward)
	mux.HandleFunc("GET /forwards.csv", s.forwardsFile)
	mux.HandleFunc("POST /forwards.csv", s.forwardsUpload)
	if s.Access != nil {
		mux.HandleFunc("GET /tokens", s.tokens)
		mux.HandleFunc("POST /tokens", s.changeTokens)
	}
}

// seesDomains reports whether the visitor may have domains in the panel.
func (s *server) seesDomains(r *http.Request) bool {
	v := visitorOf(r)
	return s.Panel != nil && (v.Admin || v.Person.ID != "" && v.Person.Role == access.Customer)
}

// forDomains says who asks the panel, or answers those who may not.
func (s *server) forDomains(w http.ResponseWriter, r *http.Request) (panel.Who, bool) {
	if !s.seesDomains(r) {
		key := "error.domains"
		if s.Access == nil {
			key = "error.operator"
		}
		s.fail(w, r, http.StatusForbidden, key)
		return panel.Who{}, false
	}
	v := visitorOf(r)
	return panel.Who{Admin: v.Admin, Person: v.Person.ID}, true
}

func (s *server) domains(w http.ResponseWriter, r *http.Request) {
	if who, ok := s.forDomains(w, r); ok {
		s.showDomains(w, r, who, http.StatusOK, domainsPage{Done: fileDone(i18n.FromRequest(r), r.URL.Query())})
	}
}

func (s *server) showDomains(w http.ResponseWriter, r *http.Request, who panel.Who, code int, p domainsPage) {
	q, lang := r.URL.Query(), i18n.FromRequest(r)
	var err error
	p.Find = clip(q.Get("find"), 253)
	if p.Domains, p.Next, err = s.Panel.List(r.Context(), who, p.Find, q.Get("after"), domainsShown); err != nil {
		s.storeError(w, r, err)
		return
	}
	if p.Next != "" {
		p.Next = "/domains?" + url.Values{"find": {p.Find}, "after": {p.Next}}.Encode()
	}
	p.CanAdd, p.Tokens = who.Admin || s.Panel.OwnDomains > 0, s.customer(r)
	p.frame = s.frame(r, "/domains", i18n.T(lang, "domains.title"))
	p.Form, p.MaxLines = true, panel.MaxLines
	s.show(w, r, code, "domains", p)
}

// panelError gives the text for what the visitor can mend, "" for other errors.
func panelError(lang string, err error) string {
	var bad *panel.Invalid
	if text, ok := panel.KeyProblem(err); ok {
		return text.In(lang)
	}
	switch {
	case errors.As(err, &bad) && bad.Line > 0:
		return i18n.T(lang, "domains.line", "Line", bad.Line, "Text", bad.Text.In(lang))
	case errors.As(err, &bad):
		return bad.Text.In(lang)
	case errors.Is(err, store.ErrExists):
		return i18n.T(lang, "domains.exists")
	case errors.Is(err, store.ErrConflict):
		return i18n.T(lang, "domains.conflict")
	}
	return ""
}

// panelFailed answers errors that the visitor cannot mend.
func (s *server) panelFailed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, panel.ErrForbidden) {
		s.fail(w, r, http.StatusForbidden, "error.admin")
		return
	}
	s.storeError(w, r, err)
}

// domainForm reads a small form, or answers itself.
func (s *server) domainForm(w http.ResponseWriter, r *http.Request) (panel.Who, bool) {
	who, ok := s.forDomains(w, r)
	if !ok {
		return who, false
	}
	if !s.whatIfs.allow(clientAddr(r), s.Now()) {
		w.Header().Set("Retry-After", "30")
		s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
		return who, false
	}
	if !s.readForm(w, r, maxDomainForm) {
		return who, false
	}
	return who, true
}

func (s *server) addDomain(w http.ResponseWriter, r *http.Request) {
	who, ok := s.domainForm(w, r)
	if !ok {
		return
	}
	name := r.PostForm.Get("name")
	d, err := s.Panel.Create(r.Context(), who, name, panel.Change{})
	if text := panelError(i18n.FromRequest(r), err); text != "" {
		s.showDomains(w, r, who, http.StatusUnprocessableEntity, domainsPage{Name: clip(name, 253), Error: text})
		return
	}
	if err != nil {
		s.panelFailed(w, r, err)
		return
	}
	http.Redirect(w, r, "/domains/"+d.Name, http.StatusSeeOther)
}

func (s *server) domain(w http.ResponseWriter, r *http.Request) {
	if who, ok := s.forDomains(w, r); ok {
		s.showDomain(w, r, who, http.StatusOK, "", nil)
	}
}

// showDomain shows a domain; unsure are settings that were sent and are not kept before the visitor is sure, nil for none.
func (s *server) showDomain(w http.ResponseWriter, r *http.Request, who panel.Who, code int, problem string, unsure *panel.Change) {
	lang := i18n.FromRequest(r)
	d, err := s.Panel.Get(r.Context(), who, r.PathValue("name"))
	if err != nil {
		s.panelFailed(w, r, err)
		return
	}
	count, err := s.Panel.Store.CountForwards(r.Context(), d.Name)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	if unsure != nil { // the form shows what was sent
		d.DKIM, d.DMARC, d.Domain.Senders = *unsure.DKIM, *unsure.DMARC, *unsure.Senders
	}
	form := chosenForm(w, r)
	p := domainPage{
		frame: s.frame(r, "/domains/"+d.Name, d.Name), Detail: d, Policy: d.Policy.Written(form, lang), Senders: strings.Join(d.Domain.Senders, "\n"),
		Evidence: render.Findings(d.Policy.Findings, lang), Forms: formChoices(lang, form), Error: problem, Forwards: count, Unsure: unsure != nil,
	}
	p.Form = true
	for i := range d.Keys {
		p.Keys = append(p.Keys, viewKey(&d.Keys[i], d.Keys[i].Written(form, lang)))
	}
	if who.Admin && s.Access != nil {
		people, err := s.Access.People(r.Context())
		if err != nil {
			s.storeError(w, r, err)
			return
		}
		for _, person := range people {
			if person.Role == access.Customer {
				p.Others = append(p.Others, person)
			}
		}
	}
	s.show(w, r, code, "panel", p)
}

// changeDomain does what "do" of the form says.
func (s *server) changeDomain(w http.ResponseWriter, r *http.Request) {
	who, ok := s.domainForm(w, r)
	if !ok {
		return
	}
	f, name := r.PostForm, r.PathValue("name")
	disabled, to := f.Get("do") == "disable", "/domains/"+url.PathEscape(name)
	var err error
	switch f.Get("do") {
	case "save":
		dkim, policy, senders := f.Get("dkim") == "on", f.Get("dmarc"), panel.SplitLogins(f.Get("senders"))
		change := panel.Change{DKIM: &dkim, DMARC: &policy, Senders: &senders}
		unsure := false
		if f.Get("sure") != "yes" {
			unsure, err = s.Panel.Unsure(r.Context(), who, name, policy)
		}
		if unsure && err == nil {
			s.showDomain(w, r, who, http.StatusOK, "", &change)
			return
		}
		if err == nil {
			_, err = s.Panel.Update(r.Context(), who, name, change)
		}
	case "enable", "disable":
		_, err = s.Panel.Update(r.Context(), who, name, panel.Change{Disabled: &disabled})
	case "keys":
		err = s.Panel.MakeKeys(r.Context(), who, name)
	case "look":
		err = s.Panel.Look(r.Context(), who, name)
	case "rotate", "rollback", "retire":
		err = s.Panel.Act(r.Context(), who, name, f.Get("key"), panel.KeyAction(f.Get("do")))
	case "give", "take":
		err = s.Panel.Give(r.Context(), who, name, f.Get("person"), f.Get("do") == "give")
	case "remove":
		to, err = "/domains", s.Panel.Remove(r.Context(), who, name)
	default:
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	if text := panelError(i18n.FromRequest(r), err); text != "" {
		s.showDomain(w, r, who, http.StatusUnprocessableEntity, text, nil)
		return
	}
	if err != nil {
		s.panelFailed(w, r, err)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
