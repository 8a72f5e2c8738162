package web

import (
	"strconv"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/spf"
)

// spfView is one evaluation with its tree.
type spfView struct {
	Checked                       bool
	Result, Say, Domain, Identity string
	Mechanism, Explanation        string
	Reason                        string
	Lookups, Voids                int
	LookupsOver, VoidsOver        bool
	Records                       []*spfRecord
	More                          int
}

// spfRecord is one record of the tree, or the attempt to fetch one.
type spfRecord struct {
	Domain, Outcome, Result, Detail string
	Parts                           []spfPart
	Terms                           []*spfTerm
	Queries                         []string
	Cut                             int
}

// spfPart is a piece of a record; Class is match or error where it decided.
type spfPart struct{ Text, Class string }

// spfTerm is one evaluated term with the records it led to.
type spfTerm struct {
	Term, Target, Outcome, Result, Detail string
	Class, Sign, Tone                     string // Tone is the colour: of the result, where the term matched
	Lookups, Voids                        int
	Queries                               []string
	MoreQueries                           int
	Records                               []*spfRecord
}

const (
	maxLookups     = 10 // RFC 7208 section 4.6.4
	maxVoids       = 2
	maxRecordShown = 4000
)

func viewSPF(lang string, checked bool, v *spf.Verdict) *spfView {
	out := &spfView{
		Checked: checked, Result: word(string(v.Result)), Domain: v.Domain, Identity: string(v.Identity),
		Mechanism: v.Mechanism, Explanation: v.Explanation, Reason: v.Reason,
		Lookups: v.Lookups, Voids: v.VoidLookups, LookupsOver: v.Lookups > maxLookups, VoidsOver: v.VoidLookups > maxVoids,
	}
	key := map[spf.Result]string{
		spf.Pass: "spf.say.pass", spf.Fail: "spf.say.fail", spf.SoftFail: "spf.say.softfail", spf.Neutral: "spf.say.neutral",
		spf.None: "spf.say.none", spf.TempError: "spf.say.temperror", spf.PermError: "spf.say.permerror",
	}[v.Result]
	switch {
	case !checked:
		key = "spf.say.unchecked"
	case key == "":
		key = "spf.say.none"
	}
	out.Say = i18n.T(lang, key, "Domain", v.Domain)
	steps, more := some(v.Trace, drawnSteps)
	out.More = more
	out.Records = spfTree(steps)
	return out
}

// spfTree puts the flat trace under the terms that led to each record. The depth of
// a step is bounded by the look-up limit, so the tree is never deep.
func spfTree(steps []spf.Step) []*spfRecord {
	var roots []*spfRecord
	var path []*spfRecord // the open record of each depth
	for i := range steps {
		s := &steps[i]
		depth := min(max(s.Depth, 0), len(path))
		if s.Term == "" && s.Outcome != spf.OutcomeOmitted {
			rec := newSPFRecord(s)
			path = append(path[:depth], rec)
			if depth == 0 {
				roots = append(roots, rec)
			} else {
				up := path[depth-1]
				t := up.last()
				t.Records = append(t.Records, rec)
			}
			continue
		}
		if len(path) == 0 { // a term without its record: cannot happen, but hides nothing
			rec := &spfRecord{Domain: s.Domain}
			path, roots = append(path, rec), append(roots, rec)
		}
		rec := path[min(depth, len(path)-1)]
		rec.Terms = append(rec.Terms, newSPFTerm(s))
		if s.Outcome == spf.OutcomeMatch || s.Outcome == spf.OutcomeError {
			rec.highlight(s.Start, s.End, s.Outcome)
		}
	}
	return roots
}

// last is the term that led to the record below; there always is one.
func (r *spfRecord) last() *spfTerm {
	if len(r.Terms) == 0 {
		r.Terms = append(r.Terms, &spfTerm{Class: "none", Tone: "none", Sign: "–"})
	}
	return r.Terms[len(r.Terms)-1]
}

func newSPFRecord(s *spf.Step) *spfRecord {
	rec := &spfRecord{Domain: s.Domain, Outcome: s.Outcome, Result: string(s.Result), Detail: s.Detail}
	rec.Queries, _ = some(s.Queries, drawnQueries)
	text := s.Record
	if len(text) > maxRecordShown {
		rec.Cut = len(text) - maxRecordShown
		text = text[:maxRecordShown]
	}
	if text != "" {
		rec.Parts = []spfPart{{Text: text}}
	}
	return rec
}

func newSPFTerm(s *spf.Step) *spfTerm {
	t := &spfTerm{
		Term: s.Term, Target: s.Target, Outcome: s.Outcome, Result: string(s.Result), Detail: s.Detail,
		Lookups: s.Lookups, Voids: s.Voids, Class: "none", Tone: "none", Sign: "–",
	}
	t.Queries, t.MoreQueries = some(s.Queries, drawnQueries)
	switch s.Outcome {
	case spf.OutcomeMatch:
		t.Class, t.Sign, t.Tone = "match", "●", "match"
		if s.Result != "" && s.Result != spf.Pass {
			t.Tone = markOf("", string(s.Result)).Class
		}
	case spf.OutcomeError:
		t.Class, t.Sign, t.Tone = "error", "✗", "error"
	}
	return t
}

// highlight cuts the record at the octet offsets of the term that matched or broke.
func (r *spfRecord) highlight(start, end int, class string) {
	at := 0
	for i, p := range r.Parts {
		from, to := start-at, end-at
		if p.Class == "" && from >= 0 && to <= len(p.Text) && from < to {
			cut := []spfPart{{p.Text[:from], ""}, {p.Text[from:to], class}, {p.Text[to:], ""}}
			r.Parts = append(append(append([]spfPart{}, r.Parts[:i]...), cut...), r.Parts[i+1:]...)
			return
		}
		at += len(p.Text)
	}
}

// Spent is "3 / 10".
func (v *spfView) Spent() string { return strconv.Itoa(v.Lookups) + " / " + strconv.Itoa(maxLookups) }

// Voided is "0 / 2".
func (v *spfView) Voided() string { return strconv.Itoa(v.Voids) + " / " + strconv.Itoa(maxVoids) }
