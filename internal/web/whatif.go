package web

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/scorecard"
	"github.com/todoku/todoku/internal/store"
)

const (
	// maxWhatIf is the longest text of the editor, in octets, maxWhatIfLines its lines.
	maxWhatIf      = 64 << 10
	maxWhatIfLines = 200
)

// whatIfPage is the editor of records, and what they would do.
type whatIfPage struct {
	frame
	Page, Back    string // the page that it belongs to: /d/ID or /r/ID, and the words of the link there
	Heading, Lead string
	Text          string
	Applied       string // the title of the finding whose repair was put in
	Result        whatIfResult
}

// whatIfResult is the verdict on the edited records.
type whatIfResult struct {
	Lang     string
	Errors   []string
	Judged   bool
	Headline render.Headline
	Takers   []taker
	Verdicts []verdictChange // of a message
	Diff     diffView
	Changes  []changeView
}

// editedRecords reads what was typed into the editor, "" and false for one that is opened.
// Where it says !ok the answer has been given.
func (s *server) editedRecords(w http.ResponseWriter, r *http.Request) (text string, edited, ok bool) {
	if r.Method != http.MethodPost {
		return "", false, true
	}
	if !s.whatIfs.allow(clientAddr(r), s.Now()) {
		w.Header().Set("Retry-After", "10")
		s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
		return "", false, false
	}
	if !s.readForm(w, r, maxWhatIf) {
		return "", false, false
	}
	return strings.ReplaceAll(r.PostForm.Get("records"), "\r\n", "\n"), true, true
}

// whatIf judges a run again as if its records were as edited: GET and POST /d/ID/what-if.
// The page's script asks for the verdict alone, by the header Todoku-Part.
func (s *server) whatIf(w http.ResponseWriter, r *http.Request) {
	lang := i18n.FromRequest(r)
	text, edited, ok := s.editedRecords(w, r)
	if !ok {
		return
	}
	run, err := s.store.Run(r.Context(), r.PathValue("id"))
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	if run.State != store.Done {
		s.notFound(w, r)
		return
	}
	release, ok := s.checking.take(clientAddr(r)) // it may ask the DNS
	if !ok {
		s.busy(w, r)
		return
	}
	defer release()
	rep, e, err := s.replay(r.Context(), run)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	target := visible(run.Label)
	p := whatIfPage{
		frame: s.frame(r, "", i18n.T(lang, "whatif.title", "Target", target)), Page: runPath(run.ID),
		Heading: i18n.T(lang, "whatif.heading", "Target", target), Lead: i18n.T(lang, "whatif.lead"), Back: i18n.T(lang, "share.back"),
	}
	changes := p.edit(r, text, edited, editable(rep.Survey), rep.Findings)
	if len(changes) > 0 {
		after := s.Checker.WhatIf(r.Context(), e, changes)
		p.Result.judge(lang, run, rep, after, changes)
	}
	s.showWhatIf(w, r, p)
}

// edit fills in the editor over the records as they stand, and gives the changes that
// what stands in it makes of them; none where it cannot be read.
func (p *whatIfPage) edit(r *http.Request, text string, edited bool, base []dns.Record, findings []catalogue.Finding) []dns.Change {
	p.Form, p.Text = true, linesOf(base)
	repair := r.URL.Query().Get("repair")
	switch {
	case edited:
		p.Text = text
	case repair != "":
		p.repair(p.Lang, findings, base, repair)
		p.OtherURL = withQuery(r, p.OtherLang)
	}
	changes, problems := edits(p.Lang, base, p.Text)
	p.Result = whatIfResult{Lang: p.Lang, Errors: problems}
	if len(problems) > 0 {
		return nil
	}
	return changes
}

func (s *server) showWhatIf(w http.ResponseWriter, r *http.Request, p whatIfPage) {
	if r.Header.Get("Todoku-Part") != "" {
		s.showPart(w, r, "whatif", "whatif-result", p.Result)
		return
	}
	s.show(w, r, http.StatusOK, "whatif", p)
}

func (w *whatIfResult) judge(lang string, run *store.Run, before, after *check.Report, changes []dns.Change) {
	w.Judged = true
	w.Headline = render.CheckHeadline(after, lang)
	for _, t := range after.Cards {
		if scorecard.Mailbox(t.Provider) {
			w.Takers = append(w.Takers, taker{providerName(t.Provider, lang), viewVerdict(lang, t.Verdict)})
		}
	}
	then := *run
	then.Status, then.Score = string(after.Worst()), -1
	if after.Score != nil {
		then.Score = after.Score.Value
	}
	w.Diff = viewDiff(lang, run, &then, check.Compare(before, after))
	w.publish(lang, changes)
}

func (w *whatIfResult) publish(lang string, changes []dns.Change) {
	for _, c := range changes {
		w.Changes = append(w.Changes, changeView{Change: c, Do: i18n.T(lang, actionKey(c.Action)), Host: strings.TrimSuffix(c.Name, ".")})
	}
}

// showPart sends one template of a page alone.
func (s *server) showPart(w http.ResponseWriter, r *http.Request, page, part string, data any) {
	var buf bytes.Buffer
	if err := s.pages[i18n.FromRequest(r)][page].ExecuteTemplate(&buf, part, data); err != nil {
		s.Log.Error("a part of a page cannot be shown", "page", page, "error", err)
		http.Error(w, "This page cannot be shown. The reason is in the log.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	_, _ = buf.WriteTo(w)
}

// repair puts the repair of a finding, by its number on the page, into the text.
func (p *whatIfPage) repair(lang string, findings []catalogue.Finding, base []dns.Record, number string) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(findings) || len(findings[n-1].DNS) == 0 {
		return
	}
	f := &findings[n-1]
	m, err := dns.MemoryOf(base)
	if err != nil {
		return
	}
	for _, c := range f.DNS {
		if m.Apply(c) != nil {
			return
		}
	}
	p.Applied = f.Title(lang)
	p.Text = linesOf(m.Records())
}
