package repair

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/spf"
)

// gather takes over the terms of one record.
func (p *spfPlanner) gather(n *spf.Node, depth int) {
	hasAll := false
	for i := range n.Terms {
		t := &n.Terms[i]
		switch t.Kind {
		case spf.All:
			if !hasAll {
				p.alls = append(p.alls, t.Qualifier)
			}
			hasAll = true
		case spf.Redirect:
			p.takeRedirect(n, t, depth)
		case spf.Exp:
			p.takeExp(t)
		case spf.UnknownModifier:
			p.takeModifier(t.Text)
		default:
			// A term after "all" never had an effect. One that lets someone in was put
			// there to do so: it moves before it. One that refuses adds nothing.
			if t.Unreachable && t.Qualifier != spf.PlusPass {
				p.drop(t.Text, DropDuplicate)
				continue
			}
			p.moved = p.moved || t.Unreachable
			p.take(n, t)
		}
	}
}

func (p *spfPlanner) takeModifier(text string) {
	if key := strings.ToLower(text); !p.seen[key] {
		p.seen[key] = true
		p.modifiers = append(p.modifiers, text)
	}
}

func (p *spfPlanner) takeExp(t *spf.NodeTerm) {
	switch {
	case len(t.Answers) > 0 && !t.Answers[0].Status.Failed() && !t.Answers[0].Status.Found():
		p.drop(t.Text, DropExp)
	case p.seen["exp"]:
		p.drop(t.Text, DropDuplicate)
	default:
		p.seen["exp"] = true
		p.modifiers = append(p.modifiers, t.Text)
	}
}

// takeRedirect keeps redirect= where it can stay what it is: in the only record, with a
// target that can be read. Else its target's terms, or an include of it, take its place.
func (p *spfPlanner) takeRedirect(n *spf.Node, t *spf.NodeTerm, depth int) {
	below := t.Below
	switch {
	case n.Record != nil && n.Record.Find(spf.All) != nil:
		p.drop(t.Text, DropIgnored)
	case t.Macro || below == nil || below.Cut || t.Failed():
		p.redirect = t
	case below.Loop:
		p.drop(t.Text, DropLoop)
	case below.Record == nil:
		p.drop(t.Text, why(below))
	case broken(below) || everyone(below) || p.inline:
		if depth < spf.MaxWalkDepth {
			p.plan.Flattened = append(p.plan.Flattened, t.Text)
			p.gather(below, depth+1)
		}
	case len(p.Trees) > 1:
		if all := below.Record.Find(spf.All); all != nil {
			p.alls = append(p.alls, all.Qualifier)
		}
		p.keep("include:"+t.Domain.Text, t)
	default:
		p.redirect = t
	}
}

// take keeps, drops or writes out one mechanism.
func (p *spfPlanner) take(n *spf.Node, t *spf.NodeTerm) {
	text := p.at(n, t)
	switch reason := p.fault(t); {
	case t.Kind == spf.PTR:
		p.drop(t.Text, DropReverse)
		p.soften = true
	case Everyone(t):
		p.drop(t.Text, DropEveryone)
		p.soften = true
		if t.Kind == spf.A || t.Kind == spf.MX { // its hosts were meant
			p.take(n, t.Narrow())
		}
	case text == "":
		p.drop(t.Text, DropPart)
	case reason != "":
		p.drop(t.Text, reason)
	case t.Kind == spf.Include && (broken(t.Below) || everyone(t.Below)), t.Kind == spf.MX && t.Exchangers > spf.MaxMX:
		p.flatten(item{text, t})
	default:
		p.keep(text, t)
	}
}

// at writes a term of another record so that it means the same in this one; "" where
// that cannot be.
func (p *spfPlanner) at(n *spf.Node, t *spf.NodeTerm) string {
	if n.Domain == dns.CanonicalName(p.Domain) {
		return t.Text
	}
	if t.Macro {
		if l := strings.ToLower(t.Text); strings.Contains(l, "{d") || strings.Contains(l, "{p") {
			return ""
		}
	}
	if (t.Kind == spf.A || t.Kind == spf.MX) && t.Domain.Text == "" {
		at := len(t.Text)
		if i := strings.IndexByte(t.Text, '/'); i >= 0 {
			at = i
		}
		return t.Text[:at] + ":" + n.Domain + t.Text[at:]
	}
	return t.Text
}

// fault says why a mechanism is of no use to anyone, "" if it may be.
func (p *spfPlanner) fault(t *spf.NodeTerm) DropReason {
	switch {
	case t.Macro || t.Failed():
		return ""
	case len(t.Answers) == 1 && t.Answers[0].Status == dns.BadName:
		return DropVoid
	case t.Kind == spf.Include && t.Below != nil:
		return why(t.Below)
	case t.Void() && !BrokenMX(t):
		return DropVoid
	}
	return ""
}

// BrokenMX reports a plain "mx" that finds nothing because no exchanger of the domain
// has an address: the term is right, and comes to life with the MX records.
func BrokenMX(t *spf.NodeTerm) bool {
	return t.Kind == spf.MX && t.Domain.Text == "" && t.Void() && len(t.Answers) > 0 && t.Answers[0].Status.Found()
}

// why says why what is included gives nothing, "" where it may give something.
func why(n *spf.Node) DropReason {
	switch {
	case n.Loop:
		return DropLoop
	case n.Cut || n.Answer.Status.Failed():
		return ""
	case len(n.Texts) == 0 || n.Record == nil:
		return DropNoRecord
	}
	return ""
}

// broken reports whether evaluating a record that is included ends in permerror for
// another reason than its costs.
func broken(n *spf.Node) bool {
	if n == nil || n.Record == nil {
		return false
	}
	if n.Err != nil || len(n.Texts) > 1 {
		return true
	}
	for i := range n.Terms {
		t := &n.Terms[i]
		if t.Unreachable {
			continue
		}
		if t.Exchangers > spf.MaxMX || t.Below != nil && (why(t.Below) != "" || broken(t.Below)) {
			return true
		}
	}
	return false
}

// Everyone reports a term that lets each sender pass, whoever it is: a network of all
// addresses, or exists: with a name that is there and the same for everybody.
func Everyone(t *spf.NodeTerm) bool {
	if t.Kind == spf.Exists {
		return t.Qualifier == spf.PlusPass && !t.Macro && len(t.Answers) > 0 && t.Answers[0].Status.Found()
	}
	return t.Everybody()
}

// EveryoneBy gives the term of a record itself, not of those that it includes, that lets everybody
// pass; nil where none does.
func EveryoneBy(n *spf.Node) *spf.Term {
	if all := n.Record.Find(spf.All); all != nil && all.Qualifier == spf.PlusPass {
		return all
	}
	for i := range n.Terms {
		if t := &n.Terms[i]; !t.Unreachable && Everyone(t) {
			return t.Term
		}
	}
	return nil
}

// everyone reports whether what is included lets everybody pass.
func everyone(n *spf.Node) bool {
	if n == nil || n.Record == nil {
		return false
	}
	return EveryoneBy(n) != nil || slices.ContainsFunc(n.Terms, func(t spf.NodeTerm) bool {
		passes := t.Kind == spf.Redirect || t.Kind == spf.Include && t.Qualifier == spf.PlusPass
		return passes && !t.Unreachable && everyone(t.Below)
	})
}
