package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
)

// sarif writes SARIF 2.1.0 (OASIS), which code-scanning pages read. A domain has no
// file and no line: the subject of a finding is a logical location.
type sarif struct {
	lang, version string
	rules         []string
	index         map[string]int
	results       int
}

type sarifText struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifRule struct {
	ID      string    `json:"id"`
	Short   sarifText `json:"shortDescription"`
	Full    sarifText `json:"fullDescription"`
	Help    sarifText `json:"help"`
	HelpURI string    `json:"helpUri,omitempty"`
	Default struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
	Properties struct {
		Tags []string `json:"tags"`
	} `json:"properties"`
}

type sarifResult struct {
	RuleID    string    `json:"ruleId"`
	RuleIndex int       `json:"ruleIndex"`
	Kind      string    `json:"kind"`
	Level     string    `json:"level"`
	Message   sarifText `json:"message"`
	Locations []struct {
		Logical []sarifLogical `json:"logicalLocations"`
	} `json:"locations"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	Properties   map[string]any     `json:"properties"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Justification string `json:"justification"`
}

// sarifLevels are the level and kind of each status.
var sarifLevels = map[catalogue.Status][2]string{
	catalogue.Fail: {"error", "fail"}, catalogue.Warn: {"warning", "fail"}, catalogue.Info: {"note", "fail"},
	catalogue.Unknown: {"none", "open"}, catalogue.Pass: {"none", "pass"},
}

func (s *sarif) Begin(w io.Writer) error {
	s.index = make(map[string]int)
	_, err := io.WriteString(w, `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"columnKind":"unicodeCodePoints","results":[`)
	return err
}

func (s *sarif) Report(w io.Writer, r *check.Report) error {
	for _, f := range r.Findings {
		if err := s.result(w, r.Target, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *sarif) result(w io.Writer, target string, f catalogue.Finding) error {
	n, ok := s.index[f.ID]
	if !ok {
		n = len(s.rules)
		s.index[f.ID] = n
		s.rules = append(s.rules, f.ID)
	}
	o := Findings([]catalogue.Finding{f}, s.lang)[0]
	level := sarifLevels[f.Status]
	res := sarifResult{
		RuleID: f.ID, RuleIndex: n, Kind: level[1], Level: level[0], Message: sarifText{Text: sarifMessage(o)},
		Fingerprints: map[string]string{"todoku/v1": f.ID + "|" + f.Subject},
		Properties:   map[string]any{"status": o.Status, "target": target, "evidence": o.Evidence, "fix": o.Fix},
	}
	if level[1] != "fail" {
		res.Level = "none" // SARIF 2.1.0 section 3.27.10
	}
	res.Locations = make([]struct {
		Logical []sarifLogical `json:"logicalLocations"`
	}, 1)
	res.Locations[0].Logical = []sarifLogical{{Name: f.Subject, Kind: "resource"}}
	if f.Accepted != nil {
		res.Suppressions = []sarifSuppression{{Kind: "external", Justification: f.Accepted.Reason}}
	}
	return s.item(w, res)
}

// item writes one element of results.
func (s *sarif) item(w io.Writer, v any) error {
	var b bytes.Buffer
	if s.results++; s.results > 1 {
		b.WriteByte(',')
	}
	if err := WriteJSON(&b, v); err != nil {
		return err
	}
	_, err := w.Write(bytes.TrimRight(b.Bytes(), "\n"))
	return err
}

func sarifMessage(o FindingObject) string {
	text := o.Title
	if o.Fix.Summary != nil {
		text += "\n" + *o.Fix.Summary
	}
	for _, c := range o.Fix.DNS {
		text += "\n" + changeLine(c)
	}
	return text
}

func (s *sarif) Unread(io.Writer, string, string) error { return nil } // SARIF holds findings; stderr says this

func (s *sarif) End(w io.Writer) error {
	rules := make([]sarifRule, 0, len(s.rules))
	for _, id := range s.rules {
		rules = append(rules, s.rule(id))
	}
	var b bytes.Buffer
	if err := WriteJSON(&b, rules); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "],\"tool\":{\"driver\":{\"name\":\"Todoku\",\"version\":%q,\"rules\":%s}}}]}\n", s.version, bytes.TrimRight(b.Bytes(), "\n"))
	return err
}

// rule describes a finding without the facts of one target: placeholders stay.
func (s *sarif) rule(id string) sarifRule {
	e, _ := catalogue.Lookup(id)
	r := sarifRule{ID: id, Short: sarifText{Text: e.Title.In(s.lang)}, Full: sarifText{Text: e.Detail.In(s.lang)}}
	r.Help.Text = e.Fix.In(s.lang)
	if r.Help.Text == "" {
		r.Help.Text = r.Full.Text
	}
	for i, step := range e.Steps {
		r.Help.Text += fmt.Sprintf("\n%d. %s", i+1, step.In(s.lang))
	}
	for _, ref := range e.Refs {
		if strings.HasPrefix(ref, "https://") && r.HelpURI == "" {
			r.HelpURI = ref
		}
	}
	r.Default.Level = sarifLevels[e.Status][0]
	r.Properties.Tags = []string{catalogue.Area(id)}
	return r
}
