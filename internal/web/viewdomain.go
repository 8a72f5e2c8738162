package web

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/repair/paste"
	"github.com/todoku/todoku/internal/scorecard"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/survey"
)

// domainView is the page of a domain, host or address.
type domainView struct {
	frame
	ID, Target, Kind string
	At               time.Time
	Headline         render.Headline
	Takers           []taker
	First            *findingView
	Forms            []formChoice
	FormName         string
	FormAction       string // where the choice of a form leads
	Open             []findingView
	Notes            []findingView
	Fine             []findingView
	More             int
	Cards            cardsView
	HasDomain        bool
	SPF              []spfNodeView
	DKIM             []keyView
	NoKeys           int
	DMARC            dmarcWalkView
	Mail             mailView
	DNS              dnsTable
	Since            *diffView
	Again            *againNote
	Runs             int
	Shared           bool
	SharedUntil      time.Time
	Deleted          time.Time // when a visitor's check can be had no longer
	Once             bool      // it is shown this once
}

// taker is a provider with its verdict.
type taker struct {
	Name    string
	Verdict verdictView
}

// formChoice is one form in which records are pasted.
type formChoice struct {
	ID, Name string
	Chosen   bool
}

func (s *server) domainView(r *http.Request, run *store.Run, rep *check.Report, form paste.Form) domainView {
	lang := i18n.FromRequest(r)
	h := render.CheckHeadline(rep, lang)
	v := domainView{
		frame: s.frame(r, "", i18n.T(lang, "domain.title", "Target", visible(run.Label))), ID: run.ID, Target: run.Label, Kind: run.Kind, At: run.At,
		Headline: h, FormAction: runPath(run.ID), FormName: form.Name.In(lang), HasDomain: rep.Survey.Name != "",
		Mail: viewMail(rep.Survey), DMARC: viewDMARCWalk(&rep.Survey.DMARC), SPF: viewSPFNodes(&rep.Survey.SPF), DNS: viewDNS(hidden(rep.Survey.Answers)),
	}
	v.frame.Status, v.frame.Form = h.Status, true
	v.DKIM, v.NoKeys = viewKeys(rep.Survey)
	v.Cards = viewCards(lang, append(rep.Cards, rep.Bulk()...), rep.Score)
	v.Cards.Domain = true
	for _, c := range rep.Cards {
		if scorecard.Mailbox(c.Provider) {
			v.Takers = append(v.Takers, taker{providerName(c.Provider, lang), viewVerdict(lang, c.Verdict)})
		}
	}
	v.Forms = formChoices(lang, form)
	v.sortFindings(lang, rep, form, run)
	return v
}

// sortFindings puts the findings into their groups. A repair that an earlier one carries
// already is named, not shown again.
func (v *domainView) sortFindings(lang string, rep *check.Report, form paste.Form, run *store.Run) {
	first := rep.First()
	list, more := some(rep.Findings, drawnFindings)
	v.More = more
	var shown []*catalogue.Finding
	anchors := map[*catalogue.Finding]string{}
	for i := range list {
		f := &list[i]
		fv := viewFinding(lang, f)
		fv.Anchor, fv.Run, fv.Page, fv.Index = "f"+itoa(i+1), run.ID, runPath(run.ID), i+1
		anchors[f] = fv.Anchor
		if len(f.DNS) > 0 {
			for _, old := range shown {
				if reflect.DeepEqual(old.DNS, f.DNS) {
					fv.SameAs, fv.SameTitle = anchors[old], old.Title(lang)
					fv.Changes, fv.MoreChanges = nil, 0
					break
				}
			}
			if fv.SameAs == "" && form.ID != "string" {
				fv.Pasted, fv.PastedAs = rep.Pasted(f.DNS, form, lang), form.Name.In(lang)
			}
			shown = append(shown, f)
		}
		if f == first {
			c := fv
			v.First = &c
		}
		switch f.Status {
		case catalogue.Pass:
			v.Fine = append(v.Fine, fv)
		case catalogue.Info:
			v.Notes = append(v.Notes, fv)
		default:
			v.Open = append(v.Open, fv)
		}
	}
}

// dmarcWalkView is which policy applies to a domain, and how it was found.
type dmarcWalkView struct {
	Name, PolicyDomain, Policy, Record string
	Tags                               []tagView
	Walks                              []dmarc.Walk
	Reports                            []reportTo
	Reason                             string
}

// tagView is one tag of a record.
type tagView struct{ Name, Value string }

// reportTo is where reports go.
type reportTo struct {
	Tag, URI string
	External bool
	// Asked is the name at which the host must agree, State what was found there.
	Asked, State string
}

func viewDMARCWalk(d *survey.DMARC) dmarcWalkView {
	v := dmarcWalkView{
		Name: d.Verdict.FromDomain, PolicyDomain: d.Verdict.PolicyDomain, Policy: string(d.Verdict.Policy), Reason: d.Verdict.Reason,
	}
	if d.Verdict.Record != nil {
		v.Record = d.Verdict.Record.Raw
		for _, part := range strings.Split(v.Record, ";") {
			name, value, ok := strings.Cut(part, "=")
			if ok && len(v.Tags) < drawnQueries {
				v.Tags = append(v.Tags, tagView{strings.TrimSpace(name), strings.TrimSpace(value)})
			}
		}
	}
	v.Walks, _ = some(d.Verdict.Discovery, 1)
	for _, r := range d.Reports {
		x := reportTo{Tag: r.Tag, URI: r.URI, External: r.External}
		if r.External {
			x.Asked, x.State = r.PermissionName, statusWords[r.Permission.Status]
		}
		v.Reports = append(v.Reports, x)
	}
	return v
}

// diffView is what changed between two runs.
type diffView struct {
	A, B                      string
	ATime, BTime              time.Time
	AStatus, BStatus          string
	AScore, BScore            string
	Fixed, Broke, Noise, Same []diffItem
	Records                   []check.RecordDiff
	Nothing                   bool
}

// diffItem is one finding in a list of changes.
type diffItem struct{ Status, ID, Title, Subject string }

func viewDiff(lang string, a, b *store.Run, d check.Diff) diffView {
	v := diffView{
		A: a.ID, B: b.ID, ATime: a.At, BTime: b.At, AStatus: a.Status, BStatus: b.Status, AScore: scoreText(a.Score), BScore: scoreText(b.Score),
		Nothing: d.Empty(),
	}
	v.Fixed, v.Broke = diffItems(lang, d.Fixed), diffItems(lang, d.Broke)
	v.Noise, v.Same = diffItems(lang, d.Noise), diffItems(lang, d.Same)
	v.Records, _ = some(d.Records, drawnFindings)
	return v
}

func scoreText(score int) string {
	if score < 0 {
		return "–"
	}
	return fmt.Sprint(score)
}

func diffItems(lang string, list []catalogue.Finding) []diffItem {
	list, _ = some(list, drawnFindings)
	var out []diffItem
	for i := range list {
		f := &list[i]
		out = append(out, diffItem{string(f.Status), f.ID, f.Title(lang), f.Subject})
	}
	return out
}

// againNote says what became of the finding that was looked at again.
type againNote struct {
	ID, Title, Status string
	Gone              bool
}

func againView(lang string, run *store.Run, before, after *check.Report) *againNote {
	n := &againNote{ID: run.Finding, Gone: true, Status: "pass"}
	for i := range before.Findings {
		if f := &before.Findings[i]; f.ID == run.Finding && n.Title == "" {
			n.Title = f.Title(lang)
		}
	}
	for i := range after.Findings {
		if f := &after.Findings[i]; f.ID == run.Finding && f.Status != catalogue.Pass {
			n.Gone, n.Status = false, string(f.Status)
			n.Title = f.Title(lang)
			break
		}
	}
	if n.Title == "" {
		return nil
	}
	return n
}

// formChoices are the forms to paste, with the one that is chosen.
func formChoices(lang string, chosen paste.Form) (out []formChoice) {
	for _, f := range paste.Forms {
		out = append(out, formChoice{f.ID, f.Name.In(lang), f.ID == chosen.ID})
	}
	return out
}
