// Package takeover reads the configuration of OpenDKIM (opendkim.conf(5), 2.11) and OpenDMARC (opendmarc.conf(5), 1.4)
// into settings of the filter, so that it does what they did. Every setting is accounted for in the report: done, done in
// another way, not needed here, or not done. Nothing is dropped in silence.
package takeover

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/said"
)

// Fate says what became of a setting.
type Fate uint8

// The fates, from good to bad.
const (
	// Done: the filter does the same.
	Done Fate = iota
	// Otherwise: it does it in another way, which the line names.
	Otherwise
	// Needless: about the process that is replaced, or about what the filter always does.
	Needless
	// NotDone: it does not do that.
	NotDone
	// Unknown: neither manual knows the setting.
	Unknown
)

// Line is what became of one setting.
type Line struct {
	Program, Name, Value string // "OpenDKIM", as in its manual; without passwords and keys
	Fate                 Fate
	Why                  said.Text // nothing where the fate says it all
}

// Report is what became of a configuration.
type Report struct {
	Lines []Line
	// Notes are what could not be taken over of keys and lists.
	Notes []said.Text
	// Listen is the socket of the configuration, as milter.Listen names it, "" for none.
	Listen string
}

// Files gives the files that a configuration names.
type Files = keys.Files

// maxLines bounds the settings of a configuration with all that it includes, maxDepth how deep it includes (as OpenDKIM does),
// maxEntries the entries of one list.
const (
	maxLines   = 10_000
	maxDepth   = 5
	maxEntries = 10_000
)

// reading is one configuration being taken over.
type reading struct {
	program string
	files   Files
	into    *filter.Settings
	report  *Report
	values  map[string]string // by lower-case name; the last one counts
	known   map[string]rule
	host    string
}

// rule says what becomes of a setting.
type rule struct {
	name string
	fate Fate
	why  said.Text
	// apply takes the value over, and may say that it fared otherwise than the rule has it: (fate, why).
	apply func(r *reading, value string) (Fate, said.Text)
}

func (r *reading) note(en, ja string, args ...any) {
	n := said.New(en, ja, args...)
	r.report.Notes = append(r.report.Notes, said.Text{EN: r.program + ": " + n.EN, JA: r.program + ": " + n.JA})
}

// setting is a line of a configuration.
type setting struct{ name, value string }

// parser reads a configuration with all that it includes.
type parser struct {
	read  func(path string) ([]byte, error)
	lines int
	out   []setting // in order, those of included files in their place
}

func (p *parser) parse(conf []byte, depth int) error {
	for line := range strings.Lines(string(conf)) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if p.lines++; p.lines > maxLines { // Include is counted too, or files that include each other might never end
			return said.Error("more than %d settings", "設定が %d 個を超えています", maxLines)
		}
		name, value := line, ""
		if i := strings.IndexAny(line, " \t"); i >= 0 {
			name, value = line[:i], strings.TrimSpace(line[i:])
		}
		if !strings.EqualFold(name, "Include") {
			p.out = append(p.out, setting{name, value})
			continue
		}
		if depth == maxDepth {
			return said.Error("the setting Include %s: files include each other more than %d deep", "設定 Include %s: ファイルの取り込みが %d 段を超えています", value, maxDepth)
		}
		data, err := p.read(value)
		if err != nil {
			return said.Error("the setting Include: %w", "設定 Include: %v", err)
		}
		if err := p.parse(data, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// begin parses a configuration for a program.
func begin(program string, rules []rule, conf []byte, files Files, into *filter.Settings, report *Report, host string) (*reading, []setting, error) {
	p := parser{read: files.Read}
	if err := p.parse(conf, 0); err != nil {
		return nil, nil, said.Error("%s: %w", "%s: %v", program, err)
	}
	list := p.out
	r := &reading{program: program, files: files, into: into, report: report, values: map[string]string{}, known: map[string]rule{}, host: host}
	for _, s := range list {
		r.values[strings.ToLower(s.name)] = s.value
	}
	r.files = files.Below(r.values["basedirectory"])
	for _, k := range rules {
		r.known[strings.ToLower(k.name)] = k
	}
	return r, list, nil
}

// run takes every setting over by its rule, in the order of the rules, and says what became of it.
func (r *reading) run(rules []rule, list []setting) {
	for _, k := range rules {
		value, set := r.values[strings.ToLower(k.name)]
		if !set {
			continue
		}
		line := Line{r.program, k.name, shown(k.name, value), k.fate, k.why}
		if k.apply != nil {
			line.Fate, line.Why = k.apply(r, value)
		}
		if line.Fate == NotDone && isNo(value) { // what is switched off is not missed
			line.Fate, line.Why = Done, said.Text{}
		}
		r.report.Lines = append(r.report.Lines, line)
	}
	var unknown []string
	for _, s := range list {
		if _, ok := r.known[strings.ToLower(s.name)]; !ok && !slices.Contains(unknown, s.name) {
			unknown = append(unknown, s.name)
			r.report.Lines = append(r.report.Lines, Line{r.program, s.name, shown(s.name, s.value), Unknown, t("the manual does not know it", "マニュアルにない設定です")})
		}
	}
}

// shown is a value as a report may show it: reports go to terminals and logs, and passwords of databases, and keys in a
// table that is written in place, stand in values.
func shown(name, value string) string {
	kind, _, typed := strings.Cut(value, ":")
	switch name = strings.ToLower(name); {
	case strings.Contains(name, "password"):
		return "..."
	case typed && slices.Contains(keys.Databases, strings.ToLower(kind)) || strings.Contains(value, "@") && strings.Contains(value, "://"):
		return kind + ":..."
	case name == "keytable" && !strings.HasPrefix(value, "/") && !strings.HasPrefix(value, ".") && !strings.HasSuffix(strings.ToLower(kind), "file"):
		return "..."
	}
	return value
}

func isNo(s string) bool {
	return slices.Contains([]string{"no", "false", "0", "off", "f", "n"}, strings.ToLower(s))
}

// entries gives the members of a data set; see [keys.Dataset].
func (r *reading) entries(spec string) ([]string, error) {
	if spec == "" {
		return nil, nil
	}
	out, _, err := keys.Dataset(spec, r.files.Read)
	if len(out) > maxEntries {
		return nil, said.Error("more than %d entries", "項目が %d 個を超えています", maxEntries)
	}
	return out, err
}
