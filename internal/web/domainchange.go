package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
)

// did are the texts of what was done with a domain, by the word of the form.
var did = map[string]string{
	"save": "domains.did.save", "enable": "domains.did.enable", "disable": "domains.did.disable", "keys": "domains.did.keys", "look": "domains.did.look",
	"rotate": "domains.did.rotate", "rollback": "domains.did.rollback", "retire": "domains.did.retire", "give": "domains.did.give", "take": "domains.did.take",
}

// doneText says what was done before a page was led to: the word of its address, in texts.
func doneText(r *http.Request, texts map[string]string) string {
	if key := texts[r.URL.Query().Get("did")]; key != "" {
		return i18n.T(i18n.FromRequest(r), key)
	}
	return ""
}

// signingWord says whether mail of a domain is signed: signing, or what is in the way of it.
func signingWord(d *panel.Detail) string {
	for _, reason := range d.Policy.Reasons {
		switch reason {
		case panel.ReasonDisabled, panel.ReasonDKIMOff, panel.ReasonNoKey, panel.ReasonKeyWaits:
			return reason
		}
	}
	return "signing"
}

// changeDomain does what "do" of the form says.
func (s *server) changeDomain(w http.ResponseWriter, r *http.Request) {
	who, ok := s.domainForm(w, r)
	if !ok {
		return
	}
	f, name, ctx := r.PostForm, r.PathValue("name"), r.Context()
	do := f.Get("do")
	disabled := do == "disable"
	var err error
	switch do {
	case "save":
		s.saveDomain(w, r, who)
		return
	case "remove":
		s.removeDomain(w, r, who)
		return
	case "owners":
		s.showOwners(w, r, who)
		return
	case "enable", "disable":
		_, err = s.Panel.Update(ctx, who, name, panel.Change{Disabled: &disabled})
	case "keys":
		err = s.Panel.MakeKeys(ctx, who, name)
	case "look":
		err = s.Panel.Look(ctx, who, name)
	case "rotate", "rollback", "retire":
		err = s.Panel.Act(ctx, who, name, f.Get("key"), panel.KeyAction(do))
	case "give", "take":
		if do == "give" && f.Has("customer") {
			err = s.Panel.GiveNamed(ctx, who, name, f.Get("customer"))
			break
		}
		err = s.Panel.Give(ctx, who, name, f.Get("person"), do == "give")
	default:
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	s.domainDone(w, r, who, err)
}

// domainDone leads back to the page of a domain, or says why not.
func (s *server) domainDone(w http.ResponseWriter, r *http.Request, who panel.Who, err error) {
	if text := panelError(i18n.FromRequest(r), err); text != "" {
		s.showDomain(w, r, who, http.StatusUnprocessableEntity, domainNote{Error: text})
		return
	}
	if text, ok := panel.WrongMaster(err); ok {
		s.Log.Error("the keys of a domain cannot be used", "domain", r.PathValue("name"), "error", err)
		s.showDomain(w, r, who, http.StatusServiceUnavailable, domainNote{Error: text.In(i18n.FromRequest(r))})
		return
	}
	if err != nil {
		s.panelFailed(w, r, err)
		return
	}
	http.Redirect(w, r, "/domains/"+url.PathEscape(r.PathValue("name"))+"?did="+url.QueryEscape(r.PostForm.Get("do")), http.StatusSeeOther)
}

// saveDomain keeps the settings of a form, unless somebody else changed them since the form was opened.
func (s *server) saveDomain(w http.ResponseWriter, r *http.Request, who panel.Who) {
	f, name := r.PostForm, r.PathValue("name")
	dkim, policy, senders := f.Get("dkim") == "on", f.Get("dmarc"), panel.SplitLogins(f.Get("senders"))
	version, _ := strconv.ParseInt(f.Get("version"), 10, 64) // 0 where a program sends none: whatever is there now
	change := panel.Change{DKIM: &dkim, DMARC: &policy, Senders: &senders, Version: max(version, 0)}
	var err error
	if f.Get("sure") != "yes" {
		var unsure bool
		if unsure, err = s.Panel.Unsure(r.Context(), who, name, policy); unsure && err == nil {
			s.showDomain(w, r, who, http.StatusOK, domainNote{Unsure: &change})
			return
		}
	}
	if err == nil {
		_, err = s.Panel.Update(r.Context(), who, name, change)
	}
	if change.Version != 0 && errors.Is(err, store.ErrConflict) {
		s.showDomain(w, r, who, http.StatusConflict, domainNote{Error: i18n.T(i18n.FromRequest(r), "domains.stale")})
		return
	}
	s.domainDone(w, r, who, err)
}

// removeDomain asks whether it is meant, and removes a domain.
func (s *server) removeDomain(w http.ResponseWriter, r *http.Request, who panel.Who) {
	if who.Admin && r.PostForm.Get("sure") != "yes" {
		s.showDomain(w, r, who, http.StatusOK, domainNote{Removing: true})
		return
	}
	if err := s.Panel.Remove(r.Context(), who, r.PathValue("name")); err != nil {
		s.panelFailed(w, r, err)
		return
	}
	http.Redirect(w, r, "/domains?did=remove", http.StatusSeeOther)
}

// showOwners says whose record is in the DNS.
func (s *server) showOwners(w http.ResponseWriter, r *http.Request, who panel.Who) {
	names, answered, err := s.Panel.Owners(r.Context(), who, r.PathValue("name"))
	if err != nil {
		s.panelFailed(w, r, err)
		return
	}
	lang := i18n.FromRequest(r)
	text := i18n.T(lang, "domains.did.owners-none")
	switch {
	case len(names) > 0:
		text = i18n.T(lang, "domains.did.owners", "Names", visible(strings.Join(names, ", ")))
	case !answered:
		text = i18n.T(lang, "domains.did.owners-unseen")
	}
	s.showDomain(w, r, who, http.StatusOK, domainNote{Done: text})
}
