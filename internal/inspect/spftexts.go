package inspect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/internal/survey"
	"github.com/todoku/todoku/spf"
)

// texts judges what is published at the name, before what it says.
func (s *spfJudge) texts() {
	var valid []string
	for _, t := range s.Texts {
		if t.Valid {
			valid = append(valid, t.Text)
		}
	}
	if len(valid) > 1 {
		s.broken("spf.multiple-records", args{}, valid...)
	}
	for _, t := range s.Texts {
		_, err := spf.Parse(t.Text)
		syntax, _ := err.(*spf.SyntaxError)
		switch {
		case !t.Valid:
			f := s.broken("spf.unrecognised", args{"term": firstWord(t.Text)}, append([]string{strconv.Quote(t.Text)}, readAs(t.Mended)...)...)
			if f != nil && len(valid) > 0 {
				f.Status = catalogue.Warn
			}
		case syntax != nil:
			term := syntax.Term
			if term == "" {
				term = firstWord(t.Text)
			}
			s.broken("spf.syntax", args{"term": term}, append([]string{t.Text, syntax.Reason}, readAs(t.Mended)...)...)
		default:
			s.misread(t)
		}
	}
}

// misread judges the terms of a valid record that say something else than was meant.
func (s *spfJudge) misread(t survey.SPFText) {
	if r, err := spf.Parse(t.Text); err == nil {
		for _, term := range r.Terms {
			if !repair.LeadsNowhere(term) {
				continue
			}
			id := "spf.void-term"
			if term.Kind == spf.Include {
				id = "spf.include-none"
			}
			s.broken(id, args{"term": term.Text}, append([]string{t.Text}, readAs(t.Mended)...)...)
		}
	}
	for _, c := range t.Mended.Corrected {
		if r, err := spf.Parse("v=spf1 " + c.Was); err == nil && !slices.ContainsFunc(r.Terms, repair.LeadsNowhere) {
			s.broken("spf.ignored-term", args{"term": c.Was, "meant": clip(c.Now)}, t.Text)
		}
	}
}

func firstWord(text string) string {
	first, _, _ := strings.Cut(text, " ")
	return first
}

// readAs says how a text was read.
func readAs(m repair.Mended) []string {
	var lines []string
	if len(m.Artefacts) > 0 {
		lines = append(lines, "pasted: "+strings.Join(m.Artefacts, ", "))
	}
	for _, c := range m.Corrected {
		lines = append(lines, c.Was+" -> "+c.Now)
	}
	for _, d := range m.Dropped {
		lines = append(lines, d+" -> ?")
	}
	return lines[:min(len(lines), 20)]
}

// leftovers judges records of older kinds, and the size of the answer.
func (s *spfJudge) leftovers() {
	for _, text := range s.SenderID {
		s.broken("spf.sender-id", args{"term": firstWord(text)}, text)
	}
	if old := s.OldType; old.Status.Found() && len(s.Texts) > 0 {
		c := dns.Change{Action: dns.Remove, Name: s.domain + ".", Type: dns.TypeSPF, TTL: 3600}
		for _, r := range old.Records {
			c.Was = append(c.Was, r.Data)
		}
		if f := s.say("spf.type99", args{}, c.Was...); f != nil {
			f.DNS = []dns.Change{c}
		}
	}
	if n := answerSize(s.TXT); n > 512 {
		s.say("spf.long-answer", args{"size": strconv.Itoa(n)}, fmt.Sprintf("%s TXT: %d records, %d octets", s.domain, len(s.TXT.Records), n))
	}
}

// answerSize is how long an answer is on the wire, names compressed (RFC 1035 section 4).
func answerSize(a dns.Answer) int {
	if !a.Status.Found() {
		return 0
	}
	n := 12 + len(a.Question.Name) + 2 + 4
	for _, r := range a.Records {
		n += 12
		for _, s := range r.CharacterStrings() {
			n += 1 + len(s)
		}
	}
	return n
}

// repaired names what the planned record leaves out or writes out.
func (s *spfJudge) repaired() {
	if s.change == nil || s.plan.Text == "" || !s.plan.Changed {
		return
	}
	var lost []string
	for _, d := range s.plan.Dropped {
		switch d.Why {
		case repair.DropUnreadable, repair.DropPart, repair.DropVoid, repair.DropNoRecord:
			lost = append(lost, d.Term)
		}
	}
	if len(lost) > 0 {
		s.broken("spf.dropped-terms", args{"term": termList(lost)}, lost...)
	}
	if flat := s.plan.Flattened; len(flat) > 0 {
		s.broken("spf.flattened", args{"term": termList(flat), "lookups": strconv.Itoa(s.plan.Lookups)}, flat...)
	}
}

// termList writes terms one after the other.
func termList(terms []string) string {
	const most = 8
	more := ""
	if len(terms) > most {
		terms, more = terms[:most], " ..."
	}
	return strings.Join(terms, " ") + more
}

// inOrder is the pass: nothing of SPF fails or is unknown.
func (s *spfJudge) inOrder() {
	for _, f := range s.findings[s.first:] {
		if f.Status == catalogue.Fail || f.Status == catalogue.Unknown {
			return
		}
	}
	tree := s.Texts[0].Tree
	s.say("spf.record", args{
		"lookups": strconv.Itoa(tree.Lookups()), "voids": strconv.Itoa(tree.Voids()),
	}, append([]string{s.Texts[0].Text}, treeLines(tree)...)...)
}
