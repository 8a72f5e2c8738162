package inspect

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/internal/survey"
	"github.com/todoku/todoku/spf"
)

// record judges what one record says, and all that it leads to.
func (s *spfJudge) record(text *survey.SPFText) {
	tree := text.Tree
	if tree.Record == nil {
		return
	}
	tree.Each(func(n *spf.Node, t *spf.NodeTerm, path []*spf.NodeTerm) bool {
		s.term(n, t, path)
		return true
	})
	s.ownTerms(tree)
	s.ending(tree)
	s.limits(tree)
}

// term judges one term anywhere in the tree: what makes receivers stop.
func (s *spfJudge) term(n *spf.Node, t *spf.NodeTerm, path []*spf.NodeTerm) {
	a := func() args { return args{"where": n.Domain, "term": t.Text} }
	if t.Failed() {
		s.say("spf.temperror", a(), failures(t)...)
		return
	}
	if t.Kind == spf.MX && t.Exchangers > spf.MaxMX {
		s.broken("spf.too-many-mx", a(), fmt.Sprintf("%s MX: %d", t.Target, t.Exchangers))
	}
	if t.Below == nil {
		if t.Void() && s.unregistered(t.Target) {
			s.broken("spf.dangling", a(), t.Target+": "+t.Answers[0].Status.String())
		}
		return
	}
	below := t.Below
	switch {
	case below.Loop:
		s.broken("spf.loop", a(), way(path, t))
	case below.Cut:
	case len(below.Texts) == 0:
		lines := []string{below.Domain + " TXT: " + below.Answer.Status.String()}
		if provider.IncludeNeverExisted(below.Domain) {
			lines = append(lines, below.Domain+": no provider ever published this name")
		}
		s.broken("spf.include-none", a(), lines...)
		if s.unregistered(below.Domain) {
			s.broken("spf.dangling", a(), lines...)
		}
	case len(below.Texts) > 1:
		s.broken("spf.multiple-records", args{"where": below.Domain}, append([]string{way(path, t)}, below.Texts...)...)
	case below.Err != nil:
		term := below.Err.Term
		if term == "" {
			term = firstWord(below.Texts[0])
		}
		s.broken("spf.syntax", args{"where": below.Domain, "term": term}, way(path, t), below.Texts[0], below.Err.Reason)
	default:
		if (t.Kind == spf.Redirect || t.Qualifier == spf.PlusPass) && repair.EveryoneBy(below) != nil {
			s.broken("spf.plus-all", args{"mechanism": t.Text}, way(path, t), below.Texts[0])
		}
	}
}

// failures are the answers of a term that could not be had.
func failures(t *spf.NodeTerm) []string {
	var lines []string
	answers := t.Answers
	if t.Below != nil {
		answers = append(answers[:len(answers):len(answers)], t.Below.Answer)
	}
	for _, a := range answers {
		if a.Status.Failed() {
			lines = append(lines, strings.TrimSuffix(fmt.Sprintf("%s %s: %s %s", a.Question.Name, a.Question.Type, a.Status, a.Detail), " "))
		}
	}
	return lines
}

// way says which terms lead to one.
func way(path []*spf.NodeTerm, t *spf.NodeTerm) string {
	var b strings.Builder
	for _, p := range path {
		b.WriteString(p.Text + " > ")
	}
	return b.String() + t.Text
}

// ownTerms judges the terms of the domain's own record.
func (s *spfJudge) ownTerms(tree *spf.Node) {
	seen := make(map[string]bool)
	for i := range tree.Terms {
		t := &tree.Terms[i]
		a := args{"term": t.Text}
		key := strings.ToLower(t.String())
		switch {
		case t.Kind == spf.Redirect && t.Unreachable:
			s.broken("spf.redirect-ignored", a, tree.Texts[0])
			continue
		case t.Unreachable:
			s.broken("spf.after-all", a, tree.Texts[0])
			continue
		case !t.Kind.Modifier() && seen[key] || s.covered(tree, i):
			s.broken("spf.duplicate-term", a, tree.Texts[0])
			continue
		}
		seen[key] = true
		s.ownTerm(tree, t, a)
	}
}

// covered reports whether another network of the record holds this one. Where terms
// refuse addresses the order matters, and nothing is said.
func (s *spfJudge) covered(tree *spf.Node, i int) bool {
	t := &tree.Terms[i]
	if t.Kind != spf.IP4 && t.Kind != spf.IP6 || t.Qualifier != spf.PlusPass {
		return false
	}
	for k := range tree.Terms {
		o := &tree.Terms[k]
		if !o.Kind.Modifier() && o.Kind != spf.All && o.Qualifier != spf.PlusPass {
			return false
		}
	}
	for k := range tree.Terms {
		o := &tree.Terms[k]
		if k != i && !o.Unreachable && (o.Kind == spf.IP4 || o.Kind == spf.IP6) && o.Prefix.Bits() > 0 && o.Prefix.Bits() < t.Prefix.Bits() && o.Prefix.Contains(t.Prefix.Addr()) {
			return true
		}
	}
	return false
}

func (s *spfJudge) ownTerm(tree *spf.Node, t *spf.NodeTerm, a args) {
	if n, ok := tooWide(t); ok {
		a["bits"] = strconv.Itoa(n)
		if n == 0 {
			s.broken("spf.plus-all", args{"mechanism": t.Text, "term": t.Text}, tree.Texts[0])
			return
		}
		s.say("spf.too-wide", a, tree.Texts[0])
		return
	}
	switch {
	case t.Kind == spf.PTR:
		s.broken("spf.ptr", a, tree.Texts[0])
	case t.Macro:
		s.say("spf.macros", a, tree.Texts[0])
	case t.Kind == spf.Exp:
		if len(t.Answers) > 0 && !t.Answers[0].Status.Failed() && !t.Answers[0].Status.Found() {
			s.broken("spf.exp-missing", a, t.Target+" TXT: "+t.Answers[0].Status.String())
		}
	case repair.BrokenMX(t):
		// The area mx says it, and mends it.
	case t.Below == nil && (t.Void() || len(t.Answers) == 1 && t.Answers[0].Status == dns.BadName):
		f := s.broken("spf.void-term", a, t.Target+": "+t.Answers[0].Status.String())
		if f != nil && t.Domain.Text == "" {
			// "a mx" is what every panel proposes; without such a host it costs a look-up
			// and does no harm.
			f.Status = catalogue.Info
		}
	}
}

// tooWide reports a network shorter than /16 or /32 (IPv6), and its length.
func tooWide(t *spf.NodeTerm) (bits int, wide bool) {
	if t.Qualifier != spf.PlusPass {
		return 0, false
	}
	if repair.Everyone(t) {
		return 0, true
	}
	switch t.Kind {
	case spf.IP4:
		return t.Prefix.Bits(), t.Prefix.Bits() < 16
	case spf.IP6:
		return t.Prefix.Bits(), t.Prefix.Bits() < 32
	case spf.A, spf.MX:
		if t.Bits4 < 16 {
			return int(t.Bits4), t.Bits4 > 0
		}
		return int(t.Bits6), t.Bits6 < 32 && t.Bits6 > 0
	}
	return 0, false
}

// ending judges what the record says of everybody else.
func (s *spfJudge) ending(tree *spf.Node) {
	all := tree.Record.Find(spf.All)
	switch {
	case all == nil:
		if tree.Record.Find(spf.Redirect) == nil {
			s.broken("spf.no-all", args{}, tree.Texts[0])
		}
	case all.Qualifier == spf.PlusPass:
		s.broken("spf.plus-all", args{"mechanism": all.Text, "term": all.Text}, tree.Texts[0])
	case all.Qualifier == spf.QuestionMark:
		s.say("spf.neutral-all", args{"term": all.Text}, tree.Texts[0])
	}
}

// limits judges what the record costs an address that matches nothing: all of it.
func (s *spfJudge) limits(tree *spf.Node) {
	n := tree.Lookups()
	a := args{"lookups": strconv.Itoa(n)}
	switch {
	case n > spf.MaxLookups:
		s.broken("spf.too-many-lookups", a, append([]string{strconv.Itoa(n)}, treeLines(tree)...)...)
	case n >= spf.MaxLookups-1:
		s.say("spf.near-limit", a, treeLines(tree)...)
	}
	if tree.Voids() <= spf.MaxVoidLookups {
		return
	}
	var lines []string
	a = args{}
	tree.Each(func(n *spf.Node, t *spf.NodeTerm, path []*spf.NodeTerm) bool {
		if t.Void() {
			lines = append(lines, way(path, t))
			if len(lines) == spf.MaxVoidLookups+1 {
				a["term"], a["where"] = t.Text, n.Domain
			}
		}
		return true
	})
	s.broken("spf.too-many-void-lookups", a, lines[:min(len(lines), 20)]...)
}

// treeLines shows what each term costs, all below it included. What costs nothing is
// left out.
func treeLines(tree *spf.Node) []string {
	const most = 40
	var lines []string
	tree.Each(func(_ *spf.Node, t *spf.NodeTerm, path []*spf.NodeTerm) bool {
		if t.Lookups() == 0 || len(lines) > most {
			return false
		}
		if len(lines) == most {
			lines = append(lines, "...")
			return false
		}
		line := strings.Repeat("  ", len(path)) + t.Text + " = " + strconv.Itoa(t.Lookups())
		if t.Void() {
			line += " (void)"
		}
		lines = append(lines, line)
		return true
	})
	return lines
}
