package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/render"
)

// TestHelpGroups: each flag of a command with headings stands under one, and each heading names flags that there are.
func TestHelpGroups(t *testing.T) {
	a := &app{lang: "en"}
	for _, c := range []*cobra.Command{a.milterCommand(), a.serveCommand()} {
		groups := helpGroups[c.Name()]
		if len(groups) == 0 {
			t.Fatalf("%s has no headings", c.Name())
		}
		flags := flagsOf(c.LocalFlags())
		in, rest := grouped(groups, flags)
		for _, f := range rest {
			t.Errorf("%s: --%s stands under no heading", c.Name(), f.Name)
		}
		count := 0
		for i, g := range groups {
			count += len(in[i])
			if g.title.EN == "" || g.title.JA == "" {
				t.Errorf("%s: the heading %q is not in both languages", c.Name(), g.title.EN)
			}
			for _, name := range g.flags {
				if !strings.HasSuffix(name, "-") && c.Flags().Lookup(name) == nil {
					t.Errorf("%s: there is no flag --%s", c.Name(), name)
				}
			}
		}
		if count != len(flags) {
			t.Errorf("%s: %d flags, %d under headings", c.Name(), len(flags), count)
		}
	}
}

// TestHelpLines: help fits a terminal in both languages, and says the value of a flag that is not given once.
func TestHelpLines(t *testing.T) {
	p := newProgram(t, dns.Zone{})
	for _, lang := range []string{"en", "ja"} {
		for _, command := range []string{"serve", "milter", "check", "doctor"} {
			out := p.run("--lang", lang, command, "--help").want(t, 0).out
			_, flags, _ := strings.Cut(out, "--at RFC3339")
			for line := range strings.Lines(flags) {
				if strings.HasPrefix(line, " ") && render.Columns(strings.TrimRight(line, "\n")) > helpColumns {
					t.Errorf("%s %s: %q is too long", lang, command, line)
				}
			}
			for _, twice := range []string{"(default 0s)", "(既定: 0s)", "(default false)"} {
				if strings.Contains(out, twice) {
					t.Errorf("%s %s says %s", lang, command, twice)
				}
			}
		}
	}
}
