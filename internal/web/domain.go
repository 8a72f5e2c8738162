package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/repair/paste"
	"github.com/todoku/todoku/internal/store"
)

// formCookie remembers in which form a person pastes records.
const formCookie = "todoku_form"

// run serves /d/ID, /d/ID.json, .txt and .html.
func (s *server) run(w http.ResponseWriter, r *http.Request) {
	id, form, _ := strings.Cut(r.PathValue("id"), ".")
	run, err := s.store.Run(r.Context(), id)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	if run.State != store.Done {
		if form != "" {
			s.notFound(w, r)
			return
		}
		s.showChecking(w, r, run)
		return
	}
	if form == "" {
		s.withReport(w, r, run, func(w http.ResponseWriter, rep *check.Report, _ *check.Evidence) { s.showRun(w, r, run, rep, nil) })
		return
	}
	s.runAs(w, r, run, form)
}

// withReport makes the report of a run from its evidence, a few at a time.
func (s *server) withReport(w http.ResponseWriter, r *http.Request, run *store.Run, f func(http.ResponseWriter, *check.Report, *check.Evidence)) {
	leave, ok := s.work.enter(r.Context())
	if !ok {
		s.busy(w, r)
		return
	}
	defer leave()
	rep, e, err := s.replay(r.Context(), run)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	f(leaving{w, leave}, rep, e)
}

var errNotDone = errors.New("the check is not done")

func (s *server) replay(ctx context.Context, run *store.Run) (*check.Report, *check.Evidence, error) {
	if run.State != store.Done {
		return nil, nil, errNotDone
	}
	e, err := check.DecodeEvidence(run.Evidence)
	if err != nil {
		return nil, nil, err
	}
	return e.Replay(ctx), e, nil
}

// runAs sends a report as a document.
func (s *server) runAs(w http.ResponseWriter, r *http.Request, run *store.Run, form string) {
	types := map[string]string{"json": "application/json", "txt": "text/plain; charset=utf-8", "html": "text/html; charset=utf-8"}
	if types[form] == "" {
		s.notFound(w, r)
		return
	}
	lang := i18n.FromRequest(r)
	s.withReport(w, r, run, func(w http.ResponseWriter, rep *check.Report, _ *check.Evidence) {
		var buf bytes.Buffer
		var err error
		switch form {
		case "json":
			err = render.CheckJSON(&buf, rep, lang)
		case "txt":
			err = render.CheckText(&buf, rep, render.TextOptions{Lang: lang, Verbose: true})
		default:
			err = writeDocument(&buf, rep, lang, s.Version)
		}
		if err != nil {
			s.storeError(w, r, err)
			return
		}
		name := ""
		if form == "html" { // has a style sheet of its own, which our policy would forbid here
			name = run.ID + ".html"
		}
		s.sendFile(w, r, types[form], name, buf.Bytes())
	})
}

func writeDocument(buf *bytes.Buffer, rep *check.Report, lang, version string) error {
	d, err := render.NewCheckWriter("html", lang, version)
	if err != nil {
		return err
	}
	if err := d.Begin(buf); err != nil {
		return err
	}
	if err := d.Report(buf, rep); err != nil {
		return err
	}
	return d.End(buf)
}

// chosenForm is the form in which the visitor pastes records. A form that is asked for
// by ?form= is remembered.
func chosenForm(w http.ResponseWriter, r *http.Request) paste.Form {
	if f, ok := paste.Lookup(r.URL.Query().Get("form")); ok && r.Method == http.MethodGet {
		http.SetCookie(w, &http.Cookie{
			Name: formCookie, Value: f.ID, Path: "/", MaxAge: 365 * 24 * 3600,
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
		})
		return f
	}
	if c, err := r.Cookie(formCookie); err == nil {
		if f, ok := paste.Lookup(c.Value); ok {
			return f
		}
	}
	f, _ := paste.Lookup("string")
	return f
}

func (s *server) showRun(w http.ResponseWriter, r *http.Request, run *store.Run, rep *check.Report, by *sharedBy) {
	v := s.domainView(r, run, rep, chosenForm(w, r))
	v.Deleted = s.runDeletedAt(run)
	if by != nil {
		v.Shared, v.SharedUntil, v.Once, v.frame.Form = true, by.Until, by.Once, false
		v.frame.OtherURL = ""
		v.FormAction = r.URL.Path
		for _, list := range [][]findingView{v.Open, v.Notes, v.Fine} {
			for i := range list {
				list[i].Run, list[i].Page = "", ""
			}
		}
		if !by.open(w) {
			return
		}
	} else {
		s.before(r, run, rep, &v)
	}
	s.show(w, r, http.StatusOK, "domain", v)
}

// before adds what was before this run: the one that it looked at again, else the last.
func (s *server) before(r *http.Request, run *store.Run, rep *check.Report, v *domainView) {
	owner, all := s.seenBy(r)
	list, err := s.store.Runs(r.Context(), run.Target, owner, all, 50)
	if err != nil {
		return // the page is whole without it
	}
	v.Runs = len(list)
	parent := run.Parent
	for i := 0; i < len(list) && parent == ""; i++ {
		if list[i].At.Before(run.At) {
			parent = list[i].ID
		}
	}
	if parent == "" {
		return
	}
	old, err := s.store.Run(r.Context(), parent)
	if err != nil {
		return
	}
	before, _, err := s.replay(r.Context(), old)
	if err != nil {
		return
	}
	d := viewDiff(v.Lang, old, run, check.Compare(before, rep))
	v.Since = &d
	if run.Finding != "" {
		v.Again = againView(v.Lang, run, before, rep)
	}
}

// againRun is "check this one again": POST /d/ID/again.
func (s *server) againRun(w http.ResponseWriter, r *http.Request) {
	if !s.checks.allow(clientAddr(r), s.Now()) {
		w.Header().Set("Retry-After", "30")
		s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
		return
	}
	if !s.readForm(w, r, smallForm) {
		return
	}
	old, err := s.store.Run(r.Context(), r.PathValue("id"))
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	finding := clip(r.PostForm.Get("finding"), 100)
	target, perr := check.ParseTarget(old.Label)
	if perr != nil {
		s.notFound(w, r)
		return
	}
	q := check.Request{Target: target, Now: s.Now().UTC(), Fresh: true}
	run := &store.Run{Target: old.Target, Label: old.Label, Kind: old.Kind, Owner: s.ownerOf(w, r), Parent: old.ID, Finding: finding}
	do := s.recorder(q)
	if e, err := check.DecodeEvidence(old.Evidence); err == nil {
		do = func(ctx context.Context, w check.Watch) (*check.Report, *check.Evidence) {
			return s.Checker.Again(ctx, e, finding, q, w)
		}
	}
	s.begin(w, r, run, do)
}

// recorder checks as q says.
func (s *server) recorder(q check.Request) look {
	return func(ctx context.Context, w check.Watch) (*check.Report, *check.Evidence) {
		return s.Checker.Record(ctx, q, w)
	}
}
