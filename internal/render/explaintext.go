package render

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/internal/explain"
	"github.com/todoku/todoku/internal/provider"
)

// ExplainText writes an explanation for people.
func ExplainText(w io.Writer, r *explain.Result, o TextOptions) error {
	p := newPage(o)
	p.para(0, "", r.Summary(o.Lang), bold)
	p.failures(r)
	for _, a := range r.Authentication {
		p.blank()
		p.authentication(a)
	}
	for _, s := range r.ReceivedSPF {
		p.blank()
		p.line(0, p.paint(bold, "Received-SPF")+"  "+p.claim(s.Server, ""))
		p.para(2, p.mark(s.Result), s.Text.In(o.Lang), plain)
		if len(s.Findings) > 0 {
			p.para(2, p.label("refs"), strings.Join(s.Findings, ", "), faint)
		}
	}
	p.hops(r.Hops)
	if r.List != nil {
		p.blank()
		p.line(0, p.paint(bold, p.explainLabel("list"))+"  "+Printable(r.List.ID))
		p.para(2, "", r.List.Text.In(o.Lang), plain)
	}
	if len(r.Findings) > 0 {
		p.blank()
		p.line(0, p.paint(bold, p.explainLabel("findings")))
		for _, f := range r.Findings {
			p.blank()
			p.finding(f)
		}
	}
	if r.Command != "" && len(r.Failures) != 1 {
		p.blank()
		p.line(0, p.paint(bold, p.explainLabel("command")))
		p.line(2, Printable(r.Command)) // whole, to copy
	}
	return p.flush(w)
}

// maxFailuresShown: a log with more kinds of failure is for --json.
const maxFailuresShown = 20

// failures writes each kind of failure once, with how often it occurs; all of them
// one by one where that is asked for.
func (p *page) failures(r *explain.Result) {
	type key struct {
		provider, rule, category, meaning string
		class                             bounce.Class
	}
	var order []key
	groups := make(map[key][]explain.Failure)
	for i, f := range r.Failures {
		k := key{f.Match.Provider, "", f.Category, f.Meaning.EN, f.Class}
		if f.Match.Rule != nil {
			k.rule = f.Match.Rule.ID
		}
		if p.o.Verbose {
			k.meaning = strconv.Itoa(i)
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], f)
	}
	for i, k := range order {
		if i == maxFailuresShown && !p.o.Verbose {
			p.blank()
			p.line(0, p.explainLabel("more", "n", strconv.Itoa(len(order)-i)))
			break
		}
		p.blank()
		f := groups[k][0]
		f.Recipient = recipients(groups[k])
		p.failure(f)
		if n := len(groups[k]) - 1; n > 0 {
			p.para(2, "", p.explainLabel("alike", "n", strconv.Itoa(n)), bold)
		}
	}
	if r.Truncated {
		p.blank()
		p.para(0, "", p.explainLabel("truncated"), bold)
	}
}

// recipients names those of several deliveries, the first few of many.
func recipients(fs []explain.Failure) string {
	const few = 5
	var out []string
	for _, f := range fs {
		if f.Recipient == "" || slices.Contains(out, f.Recipient) {
			continue
		}
		if len(out) == few {
			return strings.Join(out, ", ") + " ..."
		}
		out = append(out, f.Recipient)
	}
	return strings.Join(out, ", ")
}

// failure writes one delivery.
func (p *page) failure(f explain.Failure) {
	lang := p.o.Lang
	name := className(f.Class)
	status := map[string]string{"permanent": "fail", "temporary": "warn", "success": "pass", "intermediate": "info", "unknown": "unknown"}[name]
	sign, color := signOf(status)
	head := p.paint(color, sign+" "+p.explainLabel(name))
	if f.Title.In(lang) != "" {
		head += "  " + p.paint(bold, f.Title.In(lang))
	}
	p.line(0, head)
	fields := []struct{ key, value string }{
		{"who", p.who(f)}, {"recipient", f.Recipient}, {"reply", f.Reply.String()}, {"phase", p.explainLabelOr("phase-"+f.Phase, f.Phase)}, {"until", f.RetryUntil},
		{"meaning", f.Meaning.In(lang)}, {"cause", f.Cause.In(lang)}, {"next", f.Next.In(lang)},
		{"run", f.Command}, {"general", p.general(f)}, {"note", p.disagreement(f)}, {"basis", p.basis(f)},
	}
	for _, x := range fields {
		switch {
		case x.value == "", x.key == "cause" && f.Cause == f.Meaning:
		case x.key == "run":
			p.line(2, p.paint(bold, p.explainLabel(x.key))+" "+Printable(x.value)) // whole, to copy
		default:
			p.para(2, p.explainLabel(x.key), x.value, plain)
		}
	}
	p.requirements(f)
	for _, c := range f.Match.Candidates {
		p.para(4, p.explainLabel("candidate"), c.Meaning.In(lang)+p.gap()+"["+c.ID+"]", plain)
	}
	if len(f.Findings) > 0 {
		p.para(2, p.label("refs"), strings.Join(f.Findings, ", "), faint)
	}
}

// who names the provider and how it is known, and the server.
func (p *page) who(f explain.Failure) string {
	host := f.Host
	if f.IP != "" && host != "" {
		host += " [" + f.IP + "]"
	}
	m := f.Match
	switch {
	case m.Provider == "":
		return host
	case m.Certainty == provider.Named && host != "":
		return provider.ReceiverName(m.Provider).In(p.o.Lang) + " (" + host + ")"
	case m.Certainty == provider.Named:
		return provider.ReceiverName(m.Provider).In(p.o.Lang)
	}
	return p.explainLabel("certainty-"+string(m.Certainty), "provider", provider.ReceiverName(m.Provider).In(p.o.Lang))
}

// disagreement notes that the two codes of a reply are of different classes.
func (p *page) disagreement(f explain.Failure) string {
	if e := f.Reply.Enhanced; f.Reply.Code == 0 || e.IsZero() || f.Reply.Code/100 == e.Class {
		return ""
	}
	return p.explainLabel("disagree", "basic", strconv.Itoa(f.Reply.Code), "enhanced", f.Reply.Enhanced.String())
}

func (p *page) general(f explain.Failure) string {
	if f.General.EN == "" || f.GeneralRef == "" {
		return ""
	}
	return f.General.In(p.o.Lang) + p.gap() + "(" + f.GeneralRef + ")"
}

// gap is what stands between two sentences: Japanese ones follow each other directly.
func (p *page) gap() string {
	if p.o.Lang == "ja" {
		return ""
	}
	return " "
}

// basis says what the explanation rests on: the rule with its source and date, or what else.
func (p *page) basis(f explain.Failure) string {
	if f.Basis != explain.ByRule || f.Match.Rule == nil {
		return p.explainLabelOr("basis-"+string(f.Basis), "")
	}
	r := f.Match.Rule
	return p.explainLabel("rule", "id", r.ID, "source", r.Source, "date", r.AsOf)
}

// requirements writes the requirements of the provider that were not met.
func (p *page) requirements(f explain.Failure) {
	if f.Match.Rule == nil || len(f.Match.Rule.Requirements) == 0 {
		return
	}
	for _, q := range provider.Requirements() {
		if !slices.Contains(f.Match.Rule.Requirements, q.ID) {
			continue
		}
		s := q.Text.In(p.o.Lang) + p.gap() + "[" + q.ID + "] " + q.Source
		if q.Since != "" {
			s += " " + p.explainLabel("since", "date", q.Since)
		}
		p.para(2, p.explainLabel("requirement"), s, plain)
	}
}

// claim says who claims something.
func (p *page) claim(server, author string) string {
	switch {
	case server != "":
		return p.explainLabel("claimed-by", "server", server)
	case author != "":
		return p.explainLabel("unnamed-author", "author", provider.ReceiverName(author).In(p.o.Lang))
	}
	return p.explainLabel("unnamed")
}

// authentication writes one Authentication-Results field.
func (p *page) authentication(a explain.Authentication) {
	field := a.Field
	if a.Instance > 0 {
		field += " i=" + itoa(a.Instance)
	}
	p.line(0, p.paint(bold, Printable(field))+"  "+p.claim(a.Server, a.Author))
	if a.Err != nil {
		p.para(2, "", a.Conclusion.In(p.o.Lang), plain)
		return
	}
	for _, r := range a.Results {
		s := r.Text.In(p.o.Lang)
		if r.Aligned != nil && r.Result == "pass" {
			key := "unaligned-with"
			if *r.Aligned {
				key = "aligned-with"
			}
			s += p.gap() + p.explainLabel(key, "from", a.FromDomain)
		}
		p.para(2, p.mark(r.Result)+" "+pad(Printable(r.Method+" "+r.Result), 14), s, plain)
	}
	p.para(2, p.explainLabel("together"), a.Conclusion.In(p.o.Lang), bold)
	if len(a.Findings) > 0 {
		p.para(2, p.label("refs"), strings.Join(a.Findings, ", "), faint)
	}
}

// hops writes the way of the message, the first hop first.
func (p *page) hops(hops []explain.Hop) {
	if len(hops) == 0 {
		return
	}
	p.blank()
	p.line(0, p.paint(bold, p.explainLabel("way")))
	for i := len(hops) - 1; i >= 0; i-- {
		h := hops[i]
		from := h.From
		if from == "" {
			from = h.HELO
		}
		if h.IP.IsValid() {
			from = strings.TrimSpace(from + " [" + h.IP.String() + "]")
		}
		if from == "" {
			from = "-"
		}
		by := h.By
		if by == "" {
			by = "-"
		}
		s := from + " → " + by
		if h.TLS != "" {
			s += "  " + h.TLS
		}
		if h.DelayKnown {
			s += "  " + p.explainLabel("delay", "time", h.Delay.String())
		}
		p.para(2, itoa(len(hops)-i)+".", s, plain)
	}
}
