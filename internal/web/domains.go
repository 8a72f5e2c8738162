package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/todoku/todoku/dns"
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
	Own        bool        // the visitor adds domains that show that they are theirs
	Proof      *dns.Change // by which a domain shows it
	Customer   string      // whose domains an administrator looks at, "" for all
	All        string      // address of the whole list, "" where this is it, or its beginning
	Empty      string      // why there are none
	Tokens     bool        // the visitor may make tokens
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
	Many     bool           // there are more of them: they are named
	Forwards int            // its forwarding addresses
	Error    string
	Unsure   bool   // a stricter policy was chosen, against which something speaks: is it meant?
	Removing bool   // is it meant to be removed?
	Now      string // whether its mail is signed, a word
	Done     string // what was done
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
	whose := who
	if name := q.Get("customer"); name != "" && who.Admin {
		if whose, err = s.Panel.Of(r.Context(), who, name); panelError(lang, err) != "" {
			s.fail(w, r, http.StatusNotFound, "error.not-found")
			return
		}
		p.Customer = name
	}
	if err == nil {
		p.Domains, p.Next, err = s.Panel.List(r.Context(), whose, p.Find, q.Get("after"), domainsShown)
	}
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	p.leads(q.Get("after"))
	p.Own = !who.Admin && s.Panel.OwnDomains > 0
	p.CanAdd, p.Tokens, p.Empty = who.Admin || p.Own, s.customer(r), i18n.T(lang, noneText(who, &p, q.Get("after")))
	p.frame = s.frame(r, "/domains", i18n.T(lang, "domains.title"))
	p.keep(q, "find", "after", "customer")
	p.Form, p.MaxLines = true, panel.MaxLines
	s.show(w, r, code, "domains", p)
}

// leads says where the list goes on, and where all of it is; after is the name behind which it begins.
func (p *domainsPage) leads(after string) {
	q := url.Values{}
	if p.Customer != "" {
		q.Set("customer", p.Customer)
	}
	if p.Find != "" || after != "" {
		if p.All = "/domains"; len(q) > 0 {
			p.All += "?" + q.Encode()
		}
	}
	if p.Next != "" {
		q.Set("find", p.Find)
		q.Set("after", p.Next)
		p.Next = "/domains?" + q.Encode()
	}
}

// noneText is why a list of domains is empty.
func noneText(who panel.Who, p *domainsPage, after string) string {
	switch {
	case p.Find != "" || after != "" || p.Customer != "":
		return "domains.none"
	case who.Admin:
		return "domains.empty"
	case p.Own:
		return "domains.empty-own"
	}
	return "domains.empty-given"
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
	if errors.Is(err, panel.ErrBusy) {
		s.busy(w, r)
		return
	}
	s.storeError(w, r, err)
}

// within takes one from what a client may do, or answers itself.
func (s *server) within(w http.ResponseWriter, r *http.Request, l *limiter) bool {
	if l.allow(clientAddr(r), s.Now()) {
		return true
	}
	w.Header().Set("Retry-After", "30")
	s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
	return false
}

// domainForm reads a small form, or answers itself.
func (s *server) domainForm(w http.ResponseWriter, r *http.Request) (panel.Who, bool) {
	who, ok := s.forDomains(w, r)
	if !ok {
		return who, false
	}
	if !s.within(w, r, s.whatIfs) {
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
		p := domainsPage{Name: clip(name, 253), Error: text}
		var bad *panel.Invalid
		if errors.As(err, &bad) && bad.Record != nil { // a step that is left, and no mistake
			p.Proof, p.Error = bad.Record, ""
		}
		s.showDomains(w, r, who, http.StatusUnprocessableEntity, p)
		return
	}
	if err != nil {
		s.panelFailed(w, r, err)
		return
	}
	http.Redirect(w, r, "/domains/"+d.Name, http.StatusSeeOther)
}

func (s *server) domain(w http.ResponseWriter, r *http.Request) {
	if who, ok := s.forDomains(w, r); ok && s.within(w, r, s.whatIfs) {
		s.showDomain(w, r, who, http.StatusOK, domainNote{Done: doneText(r, did)})
	}
}

// domainNote is what the page of a domain says of what was just sent.
type domainNote struct {
	Error, Done string
	// Unsure are settings that are not kept before the visitor is sure, nil for none.
	Unsure *panel.Change
	// Removing: is it meant?
	Removing bool
}

// showDomain shows a domain.
func (s *server) showDomain(w http.ResponseWriter, r *http.Request, who panel.Who, code int, n domainNote) {
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
	now := signingWord(d)
	if u := n.Unsure; u != nil { // the form shows what was sent, and what that was based on
		d.DKIM, d.DMARC, d.Domain.Senders = *u.DKIM, *u.DMARC, *u.Senders
		if u.Version != 0 {
			d.Version = u.Version
		}
	}
	form := chosenForm(w, r)
	p := domainPage{
		frame: s.frame(r, "/domains/"+d.Name, d.Name), Detail: d, Policy: d.Policy.Written(form, lang), Senders: strings.Join(d.Domain.Senders, "\n"),
		Evidence: render.Findings(d.Policy.Findings, lang), Forms: formChoices(lang, form), Error: n.Error, Done: n.Done, Forwards: count, Unsure: n.Unsure != nil, Removing: n.Removing, Now: now,
	}
	p.Form = true
	for i := range d.Keys {
		p.Keys = append(p.Keys, viewKey(&d.Keys[i], d.Keys[i].Written(form, lang)))
	}
	if who.Admin && s.Access != nil {
		if p.Others, p.Many, err = s.Access.People(r.Context(), access.Customer, "", "", peopleShown); err != nil {
			s.storeError(w, r, err)
			return
		}
	}
	s.show(w, r, code, "panel", p)
}
