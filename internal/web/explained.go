package web

import (
	"net/http"
	"strings"

	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/explain"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
)

// explainedPage says what a pasted text means. It has no address of its own: what was
// pasted is not kept.
type explainedPage struct {
	frame
	Text     string
	Kind     string
	Object   render.ExplainObject
	Failures []failureView
	More     int
	Findings []findingView
	Domains  []string // to check next
	Message  string   // the text, where it can be judged as a message
}

// failureView is one delivery that failed, with how many more failed alike.
type failureView struct {
	render.FailureObject
	Status string // its colour
	Alike  int
	Where  string // the source, where it is an address
}

const (
	drawnFailures = 20
	drawnDomains  = 5
)

func (s *server) showExplained(w http.ResponseWriter, r *http.Request, text string, res *explain.Result) {
	lang := i18n.FromRequest(r)
	o := render.Explain(res, lang)
	p := explainedPage{
		frame: s.frame(r, "/check", i18n.T(lang, "explained.title")), Text: clip(text, 8000), Object: o, Kind: i18n.T(lang, kindKey(res.Kind)),
	}
	p.Form, p.OtherURL = true, ""
	p.failures(o.Failures)
	list, _ := some(res.Findings, drawnFindings)
	for i := range list {
		f := viewFinding(lang, &list[i])
		f.Anchor = "f" + itoa(i+1)
		p.Findings = append(p.Findings, f)
	}
	p.domains(res)
	if res.Kind == explain.KindHeader && len(text) <= redisplayed {
		p.Message = text
	}
	s.show(w, r, http.StatusOK, "explained", p)
}

// failures puts alike ones together.
func (p *explainedPage) failures(list []render.FailureObject) {
	index := map[string]int{}
	for _, f := range list {
		key := f.Class + "|" + f.Basis + "|" + f.Meaning + "|" + orEmpty(f.Provider) + "|" + orEmpty(f.Rule)
		if i, ok := index[key]; ok {
			p.Failures[i].Alike++
			continue
		}
		if len(p.Failures) == drawnFailures {
			p.More++
			continue
		}
		index[key] = len(p.Failures)
		v := failureView{FailureObject: f, Status: classStatus[f.Class], Where: link(orEmpty(f.Source))}
		if v.Status == "" {
			v.Status = "unknown"
		}
		p.Failures = append(p.Failures, v)
	}
}

var classStatus = map[string]string{"success": "pass", "temporary": "warn", "permanent": "fail"}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// domains are those that can be checked next, as the text names them.
func (p *explainedPage) domains(res *explain.Result) {
	add := func(name string) {
		t, err := check.ParseTarget(name)
		if err != nil || t.Kind != check.KindDomain || len(p.Domains) == drawnDomains {
			return
		}
		for _, d := range p.Domains {
			if d == t.Domain {
				return
			}
		}
		p.Domains = append(p.Domains, t.Domain)
	}
	for _, a := range res.Authentication {
		add(a.FromDomain)
	}
	for _, f := range res.Findings {
		add(f.Subject)
	}
	if words := strings.Fields(res.Command); len(words) > 2 && words[1] == "check" {
		add(words[2])
	}
}

var kindKeys = map[explain.Kind]string{
	explain.KindReply: "explained.reply", explain.KindLog: "explained.log", explain.KindDSN: "explained.dsn", explain.KindBounce: "explained.bounce",
	explain.KindComplaint: "explained.complaint", explain.KindHeader: "explained.header", explain.KindAuthRes: "explained.authres",
	explain.KindARCAuthRes: "explained.authres", explain.KindReceivedSPF: "explained.received-spf",
}

func kindKey(k explain.Kind) string {
	if key := kindKeys[k]; key != "" {
		return key
	}
	return "explained.reply"
}
