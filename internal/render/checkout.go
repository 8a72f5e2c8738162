package render

import (
	"fmt"
	"io"

	"github.com/todoku/todoku/internal/check"
)

// Formats are the forms in which checks are written.
var Formats = []string{"text", "json", "html", "markdown", "sarif", "junit"}

// CheckWriter writes the reports of several targets as one document. Reports are
// written as they come: none is kept.
type CheckWriter interface {
	// Begin writes what comes before the first report.
	Begin(w io.Writer) error
	// Report writes one report.
	Report(w io.Writer, r *check.Report) error
	// Unread writes a target that was not understood, and why.
	Unread(w io.Writer, target, problem string) error
	// End writes what comes after the last report.
	End(w io.Writer) error
}

// NewCheckWriter gives the writer of a format in a language. Text and JSON have no
// document around them; the caller writes those itself.
func NewCheckWriter(format, lang, version string) (CheckWriter, error) {
	switch format {
	case "sarif":
		return &sarif{lang: lang, version: version}, nil
	case "junit":
		return &junit{lang: lang}, nil
	case "markdown":
		return &markdown{lang: lang}, nil
	case "html":
		return &htmlDocument{lang: lang}, nil
	}
	return nil, fmt.Errorf("render: there is no document format %q", format)
}
