package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
)

// didForwards are the texts of what was done with a forwarding address, by the word of the form.
var didForwards = map[string]string{"set": "forwards.did-set", "remove": "forwards.did-remove"}

// forwardsPage shows where mail to the addresses of a domain goes.
type forwardsPage struct {
	frame
	Name        string
	Forwards    []store.Forward
	Next        string
	Server      *panel.Forwarding
	Address, To string // that could not be kept
	Keep        bool
	Error, Done string
	Max         int
}

func (s *server) forwards(w http.ResponseWriter, r *http.Request) {
	if who, ok := s.forDomains(w, r); ok {
		s.showForwards(w, r, who, http.StatusOK, forwardsPage{Done: doneText(r, didForwards)})
	}
}

func (s *server) showForwards(w http.ResponseWriter, r *http.Request, who panel.Who, code int, p forwardsPage) {
	name, lang := r.PathValue("name"), i18n.FromRequest(r)
	var err error
	if p.Forwards, p.Next, err = s.Panel.Forwards(r.Context(), who, name, r.URL.Query().Get("after"), domainsShown); err != nil {
		s.panelFailed(w, r, err)
		return
	}
	if p.Name, err = panel.Name(name); err != nil {
		s.panelFailed(w, r, err)
		return
	}
	at := "/domains/" + p.Name + "/forwards"
	if p.Next != "" {
		p.Next = at + "?" + url.Values{"after": {p.Next}}.Encode()
	}
	p.frame = s.frame(r, at, i18n.T(lang, "forwards.title", "Domain", p.Name))
	p.keep(r.URL.Query(), "after")
	p.Form, p.Server, p.Max = true, s.Panel.Forwarding, panel.MaxTargets
	s.show(w, r, code, "forwards", p)
}

// setForward keeps a forwarding address, or takes one away.
func (s *server) setForward(w http.ResponseWriter, r *http.Request) {
	who, ok := s.domainForm(w, r)
	if !ok {
		return
	}
	f, name := r.PostForm, r.PathValue("name")
	q := panel.ForwardRequest{Address: f.Get("address")}
	switch f.Get("do") {
	case "set":
		q.To, q.Keep = panel.SplitAddresses(f.Get("to")), f.Get("keep") == "on"
	case "remove":
	default:
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	var err error
	if lang := i18n.FromRequest(r); f.Get("do") == "set" && len(q.To) == 0 && !q.Keep {
		s.showForwards(w, r, who, http.StatusUnprocessableEntity, forwardsPage{Address: clip(q.Address, 320), Error: i18n.T(lang, "forwards.nothing")})
		return
	}
	_, err = s.Panel.SetForward(r.Context(), who, name, q)
	if text := panelError(i18n.FromRequest(r), err); text != "" {
		s.showForwards(w, r, who, http.StatusUnprocessableEntity, forwardsPage{Address: clip(q.Address, 320), To: clip(strings.Join(q.To, "\n"), 8000), Keep: q.Keep, Error: text})
		return
	}
	if err != nil {
		s.panelFailed(w, r, err)
		return
	}
	http.Redirect(w, r, "/domains/"+url.PathEscape(name)+"/forwards?did="+f.Get("do"), http.StatusSeeOther)
}
