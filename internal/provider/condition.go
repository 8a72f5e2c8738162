package provider

import (
	"fmt"
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/catalogue"
)

// Condition says which findings decide a requirement: it holds where all terms of one
// of its alternatives do. The zero value never holds.
type Condition struct {
	alternatives [][]term
}

// term is one of: any of these findings (IDs, or a whole area as "spf.*"), or none of them.
type term struct {
	not bool
	ids []string
	// named and areas are the same, to be looked up: IDs, and areas without their ".*".
	named, areas map[string]bool
	// bad: the findings must accuse (fail, warn, and info where that is their usual
	// status; of a whole area only fail). Else they must not (pass, info, warn; of an area only pass).
	bad bool
}

// newCondition reads alternatives of terms: an ID, "area.*", "!ID", or "@set".
func newCondition(alternatives [][]string, sets map[string][]string, bad bool) Condition {
	var c Condition
	for _, words := range alternatives {
		var terms []term
		for _, word := range words {
			id, not := strings.CutPrefix(word, "!")
			ids := []string{id}
			if set, isSet := strings.CutPrefix(id, "@"); isSet {
				if ids = sets[set]; ids == nil {
					panic(fmt.Sprintf("provider: requirements.json: no set %q", set))
				}
			}
			terms = append(terms, newTerm(ids, not, bad))
		}
		c.alternatives = append(c.alternatives, terms)
	}
	return c
}

func newTerm(ids []string, not, bad bool) term {
	t := term{not: not, ids: ids, bad: bad, named: make(map[string]bool), areas: make(map[string]bool)}
	for _, id := range ids {
		if area, whole := strings.CutSuffix(id, ".*"); whole {
			t.areas[area] = true
		} else {
			t.named[id] = true
		}
	}
	return t
}

// IDs are the finding IDs that the condition speaks of, sorted, each once; a whole
// area as "spf.*".
func (c Condition) IDs() []string {
	var ids []string
	for _, terms := range c.alternatives {
		for _, t := range terms {
			ids = append(ids, t.ids...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Empty reports whether the condition can never hold.
func (c Condition) Empty() bool { return len(c.alternatives) == 0 }

// Holds reports whether the findings meet the condition, and gives the IDs that made it so.
func (c Condition) Holds(findings []catalogue.Finding) (bool, []string) {
	for _, terms := range c.alternatives {
		var by []string
		met := true
		for _, t := range terms {
			ids := t.met(findings)
			if t.not {
				met = met && !t.present(findings)
			} else {
				met, by = met && len(ids) > 0, append(by, ids...)
			}
		}
		if met {
			slices.Sort(by)
			return true, slices.Compact(by)
		}
	}
	return false, nil
}

// met gives the IDs of the findings that meet a term.
func (t term) met(findings []catalogue.Finding) []string {
	var ids []string
	for _, f := range findings {
		named := t.named[f.ID]
		area := len(t.areas) > 0 && t.areas[catalogue.Area(f.ID)]
		var counts bool
		switch f.Status {
		case catalogue.Fail:
			counts = t.bad && (named || area)
		case catalogue.Warn:
			counts = named
		case catalogue.Info:
			counts = named && (!t.bad || !softened(f))
		case catalogue.Pass:
			counts = !t.bad && (named || area)
		}
		if counts {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// softened reports whether a finding that usually accuses is just a note this time, as
// a listing on a blocklist that hardly anybody uses.
func softened(f catalogue.Finding) bool {
	e, known := catalogue.Lookup(f.ID)
	return known && e.Status != catalogue.Info
}

// present reports whether one of the findings is there, whatever its status.
func (t term) present(findings []catalogue.Finding) bool {
	return slices.ContainsFunc(findings, func(f catalogue.Finding) bool { return t.named[f.ID] })
}

// Outcome is how a requirement fares.
type Outcome string

// The outcomes. That a requirement does not apply is for the caller to say, who knows
// the audience.
const (
	Met    Outcome = "pass"
	NotMet Outcome = "fail"
	Unseen Outcome = "unseen"
)

// Sight is what was looked at: a message, a domain, or both.
type Sight struct{ Message, Domain bool }

// Judge decides a requirement by findings, and gives the IDs of those that decided.
// Failing comes first. A requirement without a condition for passing is met where the
// place in which it can be seen was looked at, nothing speaks against it, and nothing
// that could was unknown.
func (r Requirement) Judge(findings []catalogue.Finding, s Sight) (Outcome, []string) {
	if holds, by := r.FailsOn.Holds(findings); holds {
		return NotMet, by
	}
	if holds, by := r.PassesOn.Holds(findings); holds {
		return Met, by
	}
	looked := r.Observe == InMessage && s.Message || r.Observe == InDomain && s.Domain
	if !looked || !r.PassesOn.Empty() || r.FailsOn.Empty() || r.Reason != (catalogue.Text{}) {
		return Unseen, nil
	}
	if unknown := r.unknownIn(findings); len(unknown) > 0 {
		return Unseen, unknown
	}
	return Met, nil
}

// unknownIn gives the unknown findings of the areas that could speak against r.
func (r Requirement) unknownIn(findings []catalogue.Finding) []string {
	var ids []string
	for _, f := range findings {
		sameArea := func(id string) bool { return catalogue.Area(id) == catalogue.Area(f.ID) }
		if f.Status == catalogue.Unknown && slices.ContainsFunc(r.FailsOn.IDs(), sameArea) {
			ids = append(ids, f.ID)
		}
	}
	return ids
}
