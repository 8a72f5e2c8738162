package web

import (
	"context"
	"net/http"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/verify"
)

// whatIfWithin bounds how long a message is judged again: new names may have to be looked up.
const whatIfWithin = 8 * time.Second

// messageWhatIf judges a message again as if records were as edited: GET and POST
// /r/ID/what-if. The stored evidence is replayed under the changes; only what they lead to
// and what is not recorded is asked of the DNS.
func (s *server) messageWhatIf(w http.ResponseWriter, r *http.Request) {
	text, edited, ok := s.editedRecords(w, r)
	if !ok {
		return
	}
	s.withWhole(w, r, r.PathValue("id"), s.editing, func(w http.ResponseWriter, m *store.Message) {
		ctx, cancel := context.WithTimeout(r.Context(), whatIfWithin)
		defer cancel()
		s.editMessage(w, r.WithContext(ctx), m, text, edited)
	})
}

func (s *server) editMessage(w http.ResponseWriter, r *http.Request, m *store.Message, text string, edited bool) {
	judge := func(changes []dns.Change) *render.Report {
		return verify.Replay(r.Context(), &m.Evidence, m.ID, func(dns.Resolver) dns.Resolver {
			return dns.Overlay(s.Checker.Beyond(m.Evidence.DNS), changes...)
		})
	}
	lang := i18n.FromRequest(r)
	before := judge(nil)
	p := whatIfPage{
		frame: s.frame(r, "", i18n.T(lang, "whatif.title", "Target", clip(visible(messageName(lang, m)), 80))), Page: reportPath(m.ID),
		Heading: i18n.T(lang, "whatif.heading-message"), Lead: i18n.T(lang, "whatif.lead-message"), Back: i18n.T(lang, "report.back"),
	}
	changes := p.edit(r, text, edited, editableOf(before), before.Findings)
	if len(changes) > 0 {
		after := judge(changes)
		p.Result.Judged, p.Result.Headline = true, s.headline(after, lang)
		p.Result.Diff = messageDiff(lang, before, after)
		p.Result.Verdicts = verdictChanges(lang, before, after)
		p.Result.publish(lang, changes)
	}
	s.showWhatIf(w, r, p)
}

// messageDiff says what changed from one report on a message to another.
func messageDiff(lang string, before, after *render.Report) diffView {
	d := check.CompareFindings(before.Findings, after.Findings)
	return diffView{
		AScore: messageScore(before), BScore: messageScore(after), Nothing: d.Empty(),
		Fixed: diffItems(lang, d.Fixed), Broke: diffItems(lang, d.Broke), Noise: diffItems(lang, d.Noise), Same: diffItems(lang, d.Same),
	}
}

// messageName is what a message is called on a page about it: its subject, else its From domain.
func messageName(lang string, m *store.Message) string {
	switch {
	case m.Subject != "":
		return m.Subject
	case m.FromDomain != "":
		return m.FromDomain
	}
	return i18n.T(lang, "list.no-subject")
}
