package web

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/scorecard"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/survey"
)

const (
	// maxWhatIf is the longest text of the editor, in octets, maxWhatIfLines its lines.
	maxWhatIf      = 64 << 10
	maxWhatIfLines = 200
)

// whatIfPage is the editor of records, and what they would do.
type whatIfPage struct {
	frame
	ID, Target, Text string
	Applied          string // the title of the finding whose repair was put in
	Result           whatIfResult
}

// whatIfResult is the verdict on the edited records.
type whatIfResult struct {
	Lang     string
	Errors   []string
	Judged   bool
	Headline render.Headline
	Takers   []taker
	Diff     diffView
	Changes  []changeView
}

// whatIf judges a run again as if its records were as edited: GET and POST /d/ID/what-if.
// The page's script asks for the verdict alone, by the header Todoku-Part.
func (s *server) whatIf(w http.ResponseWriter, r *http.Request) {
	lang := i18n.FromRequest(r)
	edited := r.Method == http.MethodPost
	if edited {
		if !s.whatIfs.allow(clientAddr(r), s.Now()) {
			w.Header().Set("Retry-After", "10")
			s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxWhatIf)
		if err := r.ParseForm(); err != nil {
			s.fail(w, r, http.StatusBadRequest, "error.form")
			return
		}
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
	base := editable(rep.Survey)
	p := whatIfPage{frame: s.frame(r, "", i18n.T(lang, "whatif.title", "Target", visible(run.Label))), ID: run.ID, Target: run.Label, Text: linesOf(base)}
	p.Form = true
	switch {
	case edited:
		p.Text = strings.ReplaceAll(r.PostForm.Get("records"), "\r\n", "\n")
	case r.URL.Query().Get("repair") != "":
		p.repair(lang, rep, base, r.URL.Query().Get("repair"))
		p.OtherURL = withQuery(r, p.OtherLang)
	}
	changes, problems := edits(lang, base, p.Text)
	p.Result = whatIfResult{Lang: lang, Errors: problems}
	if len(problems) == 0 && len(changes) > 0 {
		after := s.Checker.WhatIf(r.Context(), e, changes)
		p.Result.judge(lang, run, rep, after, changes)
	}
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

// repair puts the repair of a finding, by its number on the page of the run, into the text.
func (p *whatIfPage) repair(lang string, rep *check.Report, base []dns.Record, number string) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(rep.Findings) {
		return
	}
	f := &rep.Findings[n-1]
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

// editable are the records of a domain that decide over its mail, as they stand.
func editable(d *survey.Domain) []dns.Record {
	if d.Name == "" {
		return nil
	}
	var out []dns.Record
	add := func(name string, types ...dns.Type) {
		for _, t := range types {
			a, ok := answerOf(d.Answers, name, t)
			switch {
			case !ok:
			case len(a.Chain) > 0:
				out = append(out, a.Chain[0])
				return
			default:
				records, _ := some(a.Records, drawnRecords)
				for _, rec := range records {
					rec.Name = name
					out = append(out, rec)
				}
			}
		}
	}
	add(d.Name, dns.TypeMX, dns.TypeTXT)
	add("_dmarc."+d.Name, dns.TypeTXT)
	for i := range d.DKIM.Keys {
		add(d.DKIM.Keys[i].Name(d.Name), dns.TypeTXT)
	}
	for _, label := range []string{"_mta-sts", "_smtp._tls", "default._bimi"} {
		add(label+"."+d.Name, dns.TypeTXT)
	}
	for i := range d.Hosts.List {
		add(dns.ReverseName(d.Hosts.List[i].IP), dns.TypePTR)
	}
	// What a form cannot carry, or should not show, stays as it is.
	return slices.DeleteFunc(out, func(r dns.Record) bool {
		return catalogue.HidePrivate(r.Data) != r.Data || len(r.Data) > 8<<10 || visible(r.Data) != r.Data
	})
}

func answerOf(all []dns.Answer, name string, t dns.Type) (dns.Answer, bool) {
	name = dns.CanonicalName(name)
	for _, a := range all {
		if !a.Question.Server.IsValid() && a.Question.Type == t && dns.CanonicalName(a.Question.Name) == name {
			return a, true
		}
	}
	return dns.Answer{}, false
}

// linesOf writes records one a line, as people do: name, type, data.
func linesOf(records []dns.Record) string {
	var b strings.Builder
	for _, r := range records {
		b.WriteString(strings.TrimSuffix(r.Name, ".") + " " + r.Type.String() + " " + r.ChangeText() + "\n")
	}
	return b.String()
}

// setKey names a record set.
type setKey struct {
	name string
	typ  dns.Type
}

func keyOf(r dns.Record) setKey { return setKey{dns.CanonicalName(r.Name), r.Type} }

// edits are the changes that make an edited text of the records that stand there. A set
// whose lines are gone is taken away.
func edits(lang string, base []dns.Record, text string) (changes []dns.Change, problems []string) {
	sets := make(map[setKey][]string)
	var order []setKey
	lines := strings.Split(text, "\n")
	if len(lines) > maxWhatIfLines {
		return nil, []string{i18n.T(lang, "whatif.too-many", "Count", maxWhatIfLines)}
	}
	for i, line := range lines {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		rec, err := parseRecord(line)
		if err != nil {
			problems = append(problems, i18n.T(lang, "whatif.bad-line", "Line", i+1, "Text", clip(visible(line), 80)))
			continue
		}
		k := keyOf(rec)
		if sets[k] == nil {
			order = append(order, k)
		}
		sets[k] = append(sets[k], rec.ChangeText())
	}
	stood := make(map[setKey][]string)
	for _, rec := range base {
		k := keyOf(rec)
		if stood[k] == nil && sets[k] == nil {
			order = append(order, k)
		}
		stood[k] = append(stood[k], rec.ChangeText())
	}
	for _, k := range order {
		now, then := stood[k], sets[k]
		if sameTexts(now, then) {
			continue
		}
		c := dns.Change{Action: dns.Replace, Name: k.name, Type: k.typ, TTL: 3600, Data: then, Was: now}
		switch {
		case len(then) == 0:
			c.Action = dns.Remove
		case len(now) == 0:
			// Where there was none, or none that the editor shows, it joins what is there; an alias goes.
			c.Action = dns.Add
			if aliased(base, k.name) || k.typ == dns.TypeCNAME {
				c.Action = dns.Replace
			}
		}
		if err := c.Validate(); err != nil {
			problems = append(problems, i18n.T(lang, "whatif.bad-line", "Line", 0, "Text", clip(visible(k.name), 80)))
			continue
		}
		changes = append(changes, c)
	}
	return changes, problems
}

func aliased(base []dns.Record, name string) bool {
	return slices.ContainsFunc(base, func(r dns.Record) bool { return r.Type == dns.TypeCNAME && dns.CanonicalName(r.Name) == name })
}

func sameTexts(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// parseRecord reads a line in master-file form, or with its type put first.
func parseRecord(line string) (dns.Record, error) {
	rec, err := dns.ParseRR(line)
	if err == nil {
		return rec, nil
	}
	parts := strings.SplitN(line, " ", 3)
	if len(parts) < 3 {
		return rec, err
	}
	if _, notType := dns.ParseType(parts[0]); notType != nil {
		return rec, err
	}
	return dns.ParseRR(parts[1] + " " + parts[0] + " " + parts[2])
}
