package render

import (
	"io"
	"strconv"
	"strings"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/iprev"
	"github.com/todoku/todoku/spf"
)

// One block for each mechanism: its name, its result, and the facts beside it.

// nameColumns and resultColumns hold the longest name and result word with a gap.
const (
	nameColumns   = 7
	resultColumns = 10
	factsIndent   = 2 + nameColumns + 2 + resultColumns + 1
)

func itoa(n int) string { return strconv.Itoa(n) }

// row writes the first line of a block, or with an empty name a further one.
func (p *page) row(name, result, facts string) {
	head := p.paint(bold, pad(name, nameColumns)) + p.result(result, resultColumns)
	lines := Wrap(Printable(facts), max(p.o.Width-factsIndent, 24))
	if len(lines) == 0 {
		lines = []string{""}
	}
	for i, s := range lines {
		if i == 0 {
			p.line(2, strings.TrimRight(head+" "+s, " "))
		} else {
			p.line(factsIndent, s)
		}
	}
}

// fact writes a further line under the facts of a block.
func (p *page) fact(s string, st style) { p.para(factsIndent, "", s, st) }

func (p *page) iprev(v iprev.Verdict) {
	names := strings.Join(v.Names, ", ")
	name := p.label("host")
	switch {
	case !v.IP.IsValid():
		p.row(name, "none", p.label("no-address"))
	case v.Result == iprev.Pass:
		p.row(name, "pass", p.label("confirmed", "ip", v.IP.String(), "names", strings.Join(v.Confirmed, ", ")))
	case len(v.Names) > 0 && v.Result == iprev.Fail:
		p.row(name, "fail", p.label("unconfirmed", "ip", v.IP.String(), "names", names))
	case v.Problem == "no-ptr":
		p.row(name, string(v.Result), p.label("no-name", "ip", v.IP.String()))
	default:
		p.row(name, string(v.Result), v.IP.String()+": "+spoken(p.o.Lang, v.Reason))
	}
}

func (p *page) spf(v spf.Verdict, checked bool) {
	if !checked {
		p.row("SPF", "none", p.label("unchecked"))
		return
	}
	facts := []string{v.Domain}
	if v.Identity == spf.HELO {
		facts[0] += " " + p.label("identity")
	}
	if v.Mechanism != "" {
		facts = append(facts, p.label("by", "term", v.Mechanism))
	}
	if v.Record != "" {
		cost := p.label("lookups", "n", itoa(v.Lookups))
		if v.VoidLookups > 0 {
			cost += " (" + p.label("voids", "n", itoa(v.VoidLookups)) + ")"
		}
		facts = append(facts, cost)
	}
	p.row("SPF", string(v.Result), strings.Join(facts, ", "))
	if v.Reason != "" {
		p.fact(spoken(p.o.Lang, v.Reason), faint)
	}
	if v.Explanation != "" {
		p.fact(p.label("explanation", "text", v.Explanation), faint)
	}
}

func (p *page) dkim(vs []dkim.Verdict) {
	if len(vs) == 0 {
		p.row("DKIM", "none", p.label("unsigned"))
	}
	for i, v := range vs {
		name := ""
		if i == 0 {
			name = "DKIM"
		}
		p.row(name, string(v.Result), p.signature(v))
		if v.Reason != "" {
			p.fact(spoken(p.o.Lang, v.Reason), faint)
		}
	}
}

// signature gives the facts of one signature.
func (p *page) signature(v dkim.Verdict) string {
	s := v.Signature
	if s == nil {
		return ""
	}
	facts := []string{"d=" + s.Domain + " s=" + s.Selector}
	if s.Algorithm != "" {
		facts = append(facts, s.Algorithm)
	}
	if v.KeyBits > 0 {
		facts = append(facts, p.label("bits", "n", itoa(v.KeyBits)))
	}
	return strings.Join(append(facts, s.Canonicalization()), ", ")
}

func (p *page) arc(v arc.Verdict) {
	if v.Instances == 0 && (v.Result == arc.None || v.Result == "") {
		p.row("ARC", "none", p.label("no-chain"))
		return
	}
	var sealers []string
	for _, s := range v.Sets {
		sealers = append(sealers, s.SealDomain)
	}
	p.row("ARC", string(v.Result), p.counted("sets", v.Instances, "sealers", strings.Join(sealers, ", ")))
	if v.Reason != "" {
		p.fact(spoken(p.o.Lang, v.Reason), faint)
	}
	for _, s := range v.Sets {
		if s.Results != "" && (p.o.Verbose || v.Result == arc.Pass) {
			claims := strings.TrimLeft(strings.TrimPrefix(s.Results, s.AuthServID), "; ")
			p.fact(p.label("claims", "server", s.AuthServID, "text", claims), faint)
		}
	}
}

func (p *page) dmarc(v dmarc.Verdict) {
	var facts []string
	if v.FromDomain != "" {
		facts = append(facts, v.FromDomain)
	}
	switch {
	case v.PolicyDomain != "" && v.PolicyDomain == v.FromDomain:
		facts = append(facts, "p="+string(v.Policy))
	case v.PolicyDomain != "":
		facts = append(facts, p.label("policy-at", "policy", string(v.Policy), "domain", v.PolicyDomain))
	case v.Result == dmarc.None:
		facts = append(facts, p.label("no-policy"))
	}
	if v.Result == dmarc.Fail && v.Disposition != "" {
		facts = append(facts, p.label("disposition", "policy", string(v.Disposition)))
	}
	reason := spoken(p.o.Lang, v.Reason)
	if v.Result == dmarc.Pass {
		reason = "" // the alignment below shows it
	}
	if len(facts) == 0 {
		facts, reason = []string{reason}, ""
	}
	p.row("DMARC", string(v.Result), strings.Join(facts, ", "))
	if reason != "" {
		p.fact(reason, faint)
	}
	p.alignment(v)
	if o := v.RFC7489; o.Result != "" && (o.Result != v.Result || o.PolicyDomain != v.PolicyDomain) {
		domain := o.PolicyDomain
		if domain == "" {
			domain = "-"
		}
		p.fact(p.label("old", "result", string(o.Result), "domain", domain), plain)
	}
}

// alignment draws each identifier beside the From domain.
func (p *page) alignment(v dmarc.Verdict) {
	domains := 0
	for _, a := range v.Identifiers {
		domains = max(domains, Columns(Printable(a.Domain)))
	}
	if !v.SPFChecked && v.FromDomain != "" {
		p.line(factsIndent, "SPF   "+p.label("no-envelope"))
	}
	for _, a := range v.Identifiers {
		key, aligned := "unaligned", red
		if a.Aligned {
			key, aligned = "aligned", green
		}
		p.line(factsIndent, pad(strings.ToUpper(Printable(a.Method)), 6)+pad(Printable(a.Domain), domains+2)+
			p.result(a.Result, resultColumns)+" "+p.paint(aligned, p.label(key, "mode", a.Mode)))
	}
}

// spfTrace writes the evaluation as a tree: one line for each term.
func (p *page) spfTrace(v spf.Verdict) {
	if len(v.Trace) == 0 {
		return
	}
	p.blank()
	p.line(0, p.paint(bold, "SPF: "+p.label("trace")))
	for _, s := range v.Trace {
		indent := 2 + 2*min(s.Depth, 12)
		if s.Term == "" {
			shown := s.Record
			if shown == "" {
				shown = s.Detail
			}
			p.line(indent, p.paint(faint, Printable(s.Domain)+": "+Printable(shown)))
			continue
		}
		outcome := s.Outcome
		if _, ok := labels[outcome]; ok {
			outcome = p.label(outcome)
		}
		line := pad(Printable(s.Term), 30) + " " + Printable(outcome)
		if s.Result != "" {
			line += " (" + Printable(string(s.Result)) + ")"
		}
		if s.Lookups > 0 {
			line += ", " + p.counted("cost", s.Lookups)
		}
		if s.Detail != "" {
			line += ": " + Printable(s.Detail)
		}
		st := plain
		switch s.Outcome {
		case "match":
			st = green
		case "error":
			st = red
		}
		p.line(indent+2, p.paint(st, line))
	}
}

// discovery writes the tree walks, one question a line.
func (p *page) discovery(v dmarc.Verdict) {
	if len(v.Discovery) == 0 {
		return
	}
	p.blank()
	p.line(0, p.paint(bold, "DMARC: "+p.label("discovery")))
	for _, w := range v.Discovery {
		from := p.label("walk", "domain", w.Domain)
		if w.OrgDomain != "" { // else a look-up failed before it was found
			from += ", " + p.label("org", "domain", w.OrgDomain)
		}
		p.line(2, from)
		for _, q := range w.Queries {
			p.line(4, pad(Printable(q.Name), 36)+" "+Printable(q.Outcome))
			if q.Record != "" {
				p.line(6, p.paint(faint, Printable(q.Record)))
			}
		}
	}
}

// answers lists the DNS answers used.
func (p *page) answers(as []dns.Answer) {
	if len(as) == 0 {
		return
	}
	p.blank()
	p.line(0, p.paint(bold, p.label("answers")))
	for _, a := range as {
		p.line(2, Printable(a.Question.Name)+"  "+a.Question.Type.String()+"  "+a.Status.String())
		for _, r := range a.Records {
			p.para(4, "", r.Data, faint)
		}
	}
}

// SPFText writes one SPF verdict with its trace.
func SPFText(w io.Writer, v spf.Verdict, checked bool, o TextOptions) error {
	p := newPage(o)
	p.spf(v, checked)
	if checked {
		p.spfTrace(v)
	}
	return p.flush(w)
}

// DKIMText writes the verdicts on a message's signatures.
func DKIMText(w io.Writer, vs []dkim.Verdict, o TextOptions) error {
	p := newPage(o)
	p.dkim(vs)
	return p.flush(w)
}

// ARCText writes the verdict on a chain.
func ARCText(w io.Writer, v arc.Verdict, o TextOptions) error {
	p := newPage(o)
	p.arc(v)
	return p.flush(w)
}

// DMARCText writes one DMARC verdict with its walk.
func DMARCText(w io.Writer, v dmarc.Verdict, o TextOptions) error {
	p := newPage(o)
	p.dmarc(v)
	p.discovery(v)
	return p.flush(w)
}

func (p *page) flush(w io.Writer) error {
	_, err := io.WriteString(w, p.b.String())
	return err
}
