package render

import (
	"io"

	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/scorecard"
)

// CheckObject is the `check` object of the contract.
type CheckObject struct {
	Target     string            `json:"target"`
	Findings   []FindingObject   `json:"findings"`
	Scorecards []ScorecardObject `json:"scorecards"`
	Score      *ScoreObject      `json:"score"`
}

// ScorecardObject is one provider's judgement.
type ScorecardObject struct {
	Provider string      `json:"provider"`
	Audience string      `json:"audience"`
	Verdict  string      `json:"verdict"`
	Rows     []RowObject `json:"rows"`
}

// RowObject is one requirement of a provider.
type RowObject struct {
	Requirement string   `json:"requirement"`
	Compliance  *string  `json:"compliance"`
	Status      string   `json:"status"`
	Findings    []string `json:"findings"`
	Source      string   `json:"source"`
	AsOf        string   `json:"as_of"`
}

// ScoreObject sums up what was seen.
type ScoreObject struct {
	Value    int     `json:"value"`
	Coverage float64 `json:"coverage"`
}

// Check gives the `check` object with its texts in a language.
func Check(r *check.Report, lang string) CheckObject {
	return CheckObject{Target: r.Target, Findings: Findings(r.Findings, lang), Scorecards: Scorecards(r.Cards), Score: Score(r.Score)}
}

// CheckJSON writes the `check` object on one line.
func CheckJSON(w io.Writer, r *check.Report, lang string) error { return WriteJSON(w, Check(r, lang)) }

// UncheckedJSON writes the `check` object of a target that was not understood.
func UncheckedJSON(w io.Writer, target, problem string) error {
	return WriteJSON(w, struct {
		CheckObject
		Error string `json:"error"`
	}{CheckObject{Target: target, Findings: []FindingObject{}, Scorecards: []ScorecardObject{}}, problem})
}

// Scorecards gives the scorecard objects, [] for none.
func Scorecards(cards []scorecard.Card) []ScorecardObject {
	out := make([]ScorecardObject, 0, len(cards))
	for _, c := range cards {
		o := ScorecardObject{Provider: c.Provider, Audience: c.Audience, Verdict: string(c.Verdict), Rows: make([]RowObject, 0, len(c.Rows))}
		for _, r := range c.Rows {
			o.Rows = append(o.Rows, RowObject{
				Requirement: r.Requirement, Compliance: known(r.Compliance), Status: string(r.Status), Findings: list(r.Findings), Source: r.Source, AsOf: r.AsOf,
			})
		}
		out = append(out, o)
	}
	return out
}

// Score gives the score object, nil where nothing could be scored.
func Score(s *scorecard.Score) *ScoreObject {
	if s == nil {
		return nil
	}
	return &ScoreObject{Value: s.Value, Coverage: s.Coverage}
}
