package cli

import (
	"io"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/judge"
	"github.com/todoku/todoku/internal/render"
)

// advise writes what a verdict of one mechanism means and what to do about it, from
// the findings of its area. A verdict's own reason is English and technical.
func advise(w io.Writer, o render.TextOptions, area string, in judge.Input) error {
	var fs []catalogue.Finding
	for _, f := range judge.Message(in) {
		// Whoever asks DMARC about given results has no envelope to add.
		if catalogue.Area(f.ID) == area && f.Status != catalogue.Pass && f.ID != "dmarc.undecided" {
			fs = append(fs, f)
		}
	}
	return render.Advice(w, fs, o)
}
