package cli

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/filter"
)

// TestPaceSources: a source that no sender can reach is named; mail that should leave by its plan would leave without.
func TestPaceSources(t *testing.T) {
	for _, tt := range []struct {
		given string
		kept  int
		never string
	}{
		{"*@news.example=192.0.2.2 192.0.2.1", 2, ""},
		{"192.0.2.1 *@news.example=192.0.2.2", 1, "*@news.example=192.0.2.2"},
		{"daemon 192.0.2.1", 1, "192.0.2.1"},
	} {
		var out strings.Builder
		a := &app{lang: "en", IO: IO{Err: &out}}
		var s filter.Settings
		f := paceFlags{sources: strings.Fields(tt.given), freemail: "accept", away: "accept"}
		if err := f.apply(a, &s, false, "milter-"); err != nil {
			t.Fatal(err)
		}
		if said := out.String(); len(s.Pacing.Sources) != tt.kept || (said != "") != (tt.never != "") || !strings.Contains(said, tt.never+" is never used") && tt.never != "" {
			t.Errorf("%s: %v, %q", tt.given, s.Pacing.Sources, said)
		}
	}
}
