package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/takeover"
)

// takeoverFlags name configurations of other programs that a milter takes over.
type takeoverFlags struct{ opendkim, opendmarc string }

func (f *takeoverFlags) add(fl *pflag.FlagSet, a *app, prefix string) {
	fl.StringVar(&f.opendkim, prefix+"import-opendkim", "", a.flagText("takeover-opendkim"))
	fl.StringVar(&f.opendmarc, prefix+"import-opendmarc", "", a.flagText("takeover-opendmarc"))
}

// settings gives what the configurations say, and what became of each setting; settings of nothing, and nil, where none is
// named.
func (f *takeoverFlags) settings(a *app) (*filter.Settings, *takeover.Report, error) {
	s := &filter.Settings{}
	if f.opendkim == "" && f.opendmarc == "" {
		return s, nil, nil
	}
	report := &takeover.Report{}
	for _, c := range []struct {
		file string
		take func([]byte, takeover.Files, string, *filter.Settings, *takeover.Report) error
	}{{f.opendkim, takeover.OpenDKIM}, {f.opendmarc, takeover.OpenDMARC}} {
		if c.file == "" {
			continue
		}
		text, err := readBounded(c.file)
		if err != nil {
			return nil, nil, lookError{a.fileError(c.file, err)}
		}
		host, _ := os.Hostname()
		if err := c.take(text, keys.Files{Read: readBounded, Glob: filepath.Glob}, host, s, report); err != nil {
			var file *fs.PathError
			if errors.As(err, &file) { // one that the configuration names cannot be read
				return nil, nil, lookError{a.saidError(c.file, err)}
			}
			return nil, nil, usagef("%v", a.saidError(c.file, err))
		}
	}
	return s, report, nil
}

// fates are the words of the report.
var fates = map[takeover.Fate]text{
	takeover.Done:      msgFateDone,
	takeover.Otherwise: msgFateOtherwise,
	takeover.Needless:  msgFateNeedless,
	takeover.NotDone:   msgFateNotDone,
	takeover.Unknown:   msgFateUnknown,
}

// showTakeover prints what became of every setting: in one line each where there is something to know, else by name.
func (a *app) showTakeover(r *takeover.Report) {
	if r == nil {
		return
	}
	names := map[takeover.Fate][]string{}
	for _, l := range r.Lines {
		if l.Fate == takeover.Done && l.Why.EN == "" || l.Fate == takeover.Needless {
			names[l.Fate] = append(names[l.Fate], l.Program+" "+l.Name)
		}
	}
	for _, fate := range []takeover.Fate{takeover.Done, takeover.Needless} {
		if list := names[fate]; len(list) > 0 {
			fmt.Fprintf(a.Err, "%s: %s\n", a.say(fates[fate]), strings.Join(list, ", "))
		}
	}
	for _, l := range r.Lines {
		if l.Fate == takeover.Done && l.Why.EN == "" || l.Fate == takeover.Needless {
			continue
		}
		fmt.Fprintf(a.Err, "%s: %s %s %s", a.say(fates[l.Fate]), l.Program, l.Name, printable(l.Value))
		if why := a.in(l.Why); why != "" {
			fmt.Fprintf(a.Err, ": %s", printable(why))
		}
		fmt.Fprintln(a.Err)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(a.Err, "%s: %s\n", a.say(msgFateNotDone), printable(a.in(n)))
	}
}

// in gives a sentence in the language of the output.
func (a *app) in(t said.Text) string { return t.In(a.japanese()) }

func (a *app) japanese() bool { return a.lang == "ja" }

// saidError names what was being read in an error that package said made, in the language of the output.
func (a *app) saidError(what string, err error) error {
	if a.japanese() {
		return fmt.Errorf("%s: %s", what, said.Japanese(err))
	}
	return fmt.Errorf("%s: %w", what, err)
}

// saidText is the text of an error in the language of this run.
func (a *app) saidText(err error) string {
	if a.japanese() {
		return said.Japanese(err)
	}
	return err.Error()
}

// printable is text of a file as a terminal may show it.
func printable(s string) string {
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return '?'
		}
		return c
	}, s)
	if len(s) > 300 {
		s = s[:300] + "..."
	}
	return s
}
