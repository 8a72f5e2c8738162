package render

import (
	"encoding/xml"
	"io"
	"strings"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/check"
)

// junit writes JUnit XML: a suite for each target, a case for each finding. Only what
// fails is a failure; what could not be seen, and what is accepted, is skipped.
type junit struct{ lang string }

type junitSuite struct {
	XMLName   xml.Name    `xml:"testsuite"`
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Timestamp string      `xml:"timestamp,attr,omitempty"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Skipped *junitProblem `xml:"skipped"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

func (j *junit) Begin(w io.Writer) error {
	_, err := io.WriteString(w, xml.Header+"<testsuites name=\"todoku\">\n")
	return err
}

func (j *junit) Report(w io.Writer, r *check.Report) error {
	s := junitSuite{Name: xmlText(r.Target), Tests: len(r.Findings)}
	if !r.Time.IsZero() {
		s.Timestamp = r.Time.UTC().Format("2006-01-02T15:04:05")
	}
	for i, o := range Findings(r.Findings, j.lang) {
		f := r.Findings[i]
		c := junitCase{Name: xmlText(o.ID + " " + o.Subject), Class: xmlText(r.Target) + "." + catalogue.Area(o.ID)}
		text := xmlText(o.Detail + "\n" + strings.Join(o.Evidence, "\n") + "\n" + sarifMessage(o))
		switch {
		case f.Accepted != nil:
			s.Skipped++
			c.Skipped = &junitProblem{Message: xmlText(f.Accepted.Reason)}
		case f.Status == catalogue.Fail:
			s.Failures++
			c.Failure = &junitProblem{Message: xmlText(o.Title), Type: o.Status, Text: text}
		case f.Status == catalogue.Unknown:
			s.Skipped++
			c.Skipped = &junitProblem{Message: xmlText(o.Title)}
		default:
			c.Out = xmlText(o.Status + ": " + sarifMessage(o))
		}
		s.Cases = append(s.Cases, c)
	}
	return writeXML(w, s)
}

func (j *junit) Unread(w io.Writer, target, problem string) error {
	return writeXML(w, junitSuite{Name: xmlText(target), Tests: 1, Errors: 1, Cases: []junitCase{{
		Name: "target", Class: xmlText(target), Error: &junitProblem{Message: xmlText(problem)},
	}}})
}

func (j *junit) End(w io.Writer) error {
	_, err := io.WriteString(w, "</testsuites>\n")
	return err
}

func writeXML(w io.Writer, v any) error {
	b, err := xml.MarshalIndent(v, "  ", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// xmlText leaves out what XML 1.0 cannot hold (section 2.2), and what does not show.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF || invisible(r) {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
