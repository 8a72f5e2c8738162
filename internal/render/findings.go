package render

import (
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
)

// FindingObject is one finding in one language.
type FindingObject struct {
	ID       string    `json:"id"`
	Status   string    `json:"status"`
	Subject  string    `json:"subject"`
	Title    string    `json:"title"`
	Detail   string    `json:"detail"`
	Evidence []string  `json:"evidence"`
	Refs     []string  `json:"refs"`
	Fix      FixObject `json:"fix"`
	// Accepted is null unless a baseline accepts the finding.
	Accepted *AcceptedObject `json:"accepted"`
}

// AcceptedObject is why a finding is accepted, and until which day; null is for ever.
type AcceptedObject struct {
	Reason string  `json:"reason"`
	Until  *string `json:"until"`
}

// FixObject is the repair of a finding. Summary is null where nothing is to be done.
type FixObject struct {
	Summary  *string             `json:"summary"`
	DNS      []dns.Change        `json:"dns"`
	Snippets []catalogue.Snippet `json:"snippets"`
	Steps    []string            `json:"steps"`
}

// Findings gives the finding objects in a language, in the order given.
func Findings(fs []catalogue.Finding, lang string) []FindingObject {
	out := make([]FindingObject, 0, len(fs))
	for _, f := range fs {
		o := FindingObject{
			ID: f.ID, Status: string(f.Status), Subject: f.Subject, Title: f.Title(lang), Detail: f.Detail(lang),
			Evidence: list(f.Evidence), Refs: list(f.Refs()),
			Fix: FixObject{
				Summary: known(f.Fix(lang)), DNS: append([]dns.Change{}, f.DNS...),
				Snippets: append([]catalogue.Snippet{}, f.Snippets...), Steps: list(f.Steps(lang)),
			},
		}
		if a := f.Accepted; a != nil {
			o.Accepted = &AcceptedObject{Reason: a.Reason}
			if !a.Until.IsZero() {
				o.Accepted.Until = known(a.Until.Format(time.DateOnly))
			}
		}
		out = append(out, o)
	}
	return out
}
