package keys

import (
	"strings"

	"github.com/todoku/todoku/internal/said"
)

// The configuration language of rspamd (UCL), as far as dkim_signing.conf uses it: name = value; name value; name { ... }; [a, b]; "..."; '...'; <<EOD; # and /* */.
// Of macros the files that .include names are kept; others, and units, are left as they are.

// uclValue is a text, or a section, or a list.
type uclValue struct {
	text    string
	section uclSection
	list    []uclValue
}

// uclSection holds names in the order in which they were written; a name may come twice.
type uclSection []uclEntry

type uclEntry struct {
	name  string
	value uclValue
}

func (s uclSection) text(name string) string { return s.value(name).text }

func (s uclSection) value(name string) uclValue {
	for i := len(s) - 1; i >= 0; i-- { // the last one counts
		if s[i].name == name {
			return s[i].value
		}
	}
	return uclValue{}
}

const (
	maxUCL      = 4 << 20
	maxUCLDepth = 16
)

var errUCL = said.Error("the configuration cannot be read", "設定ファイルを読み取れません")

type uclParser struct {
	s        string
	at       int
	depth    int
	includes []string // files, as they are written
}

// maxUCLIncludes bounds the files that are kept.
const maxUCLIncludes = 100

func parseUCL(data []byte) (s uclSection, includes []string, err error) {
	if len(data) > maxUCL {
		return nil, nil, said.Error("%w: it is longer than %d MiB", "%v: %d MiB を超えています", errUCL, maxUCL>>20)
	}
	p := &uclParser{s: string(data)}
	if s, err = p.entries(false); err != nil {
		return nil, nil, said.Error("%w: line %d: %w", "%v: %d 行目: %v", errUCL, 1+strings.Count(p.s[:min(p.at, len(p.s))], "\n"), err)
	}
	return s, p.includes, nil
}

// macro passes over one, whose argument may be anything up to the end of the line.
func (p *uclParser) macro(name string) {
	from := p.at
	p.to("\n")
	if kind, _, _ := strings.Cut(name, "("); kind != ".include" && kind != ".includes" || len(p.includes) == maxUCLIncludes {
		return
	}
	argument := strings.TrimRight(p.s[from:p.at], "; \t\r\n")
	if i := strings.LastIndexAny(argument, ") \t"); i >= 0 {
		argument = argument[i+1:]
	}
	p.includes = append(p.includes, strings.Trim(argument, `"'`))
}

// skip passes over white space, comments and what stands between entries.
func (p *uclParser) skip(also string) {
	for p.at < len(p.s) {
		rest := p.s[p.at:]
		switch {
		case strings.IndexByte(" \t\r\n"+also, rest[0]) >= 0:
			p.at++
		case rest[0] == '#':
			p.to("\n")
		case strings.HasPrefix(rest, "/*"):
			p.to("*/")
		default:
			return
		}
	}
}

func (p *uclParser) to(end string) {
	i := strings.Index(p.s[p.at:], end)
	if i < 0 {
		p.at = len(p.s)
		return
	}
	p.at += i + len(end)
}

// entries reads up to the end, or to the brace that closes.
func (p *uclParser) entries(inner bool) (out uclSection, err error) {
	if p.depth++; p.depth > maxUCLDepth {
		return nil, said.Error("sections are nested too deeply", "セクションの入れ子が深すぎます")
	}
	defer func() { p.depth-- }()
	for {
		p.skip(";,")
		if p.at == len(p.s) {
			if inner {
				return nil, said.Error("a section has no end", "セクションが閉じていません")
			}
			return out, nil
		}
		if p.s[p.at] == '}' {
			if !inner {
				return nil, said.Error("there is a } too many", "} が多すぎます")
			}
			p.at++
			return out, nil
		}
		name, err := p.word("=:{[;,}]\n")
		if err != nil {
			return nil, err
		}
		if name == "" {
			return nil, said.Error("there is %q where a name is expected", "名前があるべき所に %q があります", p.s[p.at:min(p.at+1, len(p.s))])
		}
		if strings.HasPrefix(name, ".") {
			p.macro(name)
			continue
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out = append(out, uclEntry{name, v})
	}
}

// value reads what follows a name.
func (p *uclParser) value() (v uclValue, err error) {
	p.skip("=:")
	if p.at == len(p.s) {
		return v, nil
	}
	switch p.s[p.at] {
	case '{':
		p.at++
		v.section, err = p.entries(true)
		return v, err
	case '[':
		p.at++
		return p.values()
	}
	if text, ok, err := p.here(); ok || err != nil {
		return uclValue{text: text}, err
	}
	if v.text, err = p.word("{[;,}]\n"); err != nil {
		return v, err
	}
	before := p.at
	if p.skip(""); p.at < len(p.s) && p.s[p.at] == '{' { // name "of section" { ... }
		p.at++
		inner, err := p.entries(true)
		return uclValue{section: uclSection{{v.text, uclValue{section: inner}}}}, err
	}
	p.at = before
	return v, nil
}

func (p *uclParser) values() (v uclValue, err error) {
	if p.depth++; p.depth > maxUCLDepth {
		return v, said.Error("lists are nested too deeply", "リストの入れ子が深すぎます")
	}
	defer func() { p.depth-- }()
	for {
		p.skip(",;")
		if p.at == len(p.s) {
			return v, said.Error("a list has no end", "リストが閉じていません")
		}
		if p.s[p.at] == ']' {
			p.at++
			return v, nil
		}
		before := p.at
		one, err := p.value()
		if err != nil {
			return v, err
		}
		if p.at == before {
			return v, said.Error("a list holds something that is no value", "リストに値でないものがあります")
		}
		v.list = append(v.list, one)
	}
}

// here reads a text of several lines: <<EOD, and what stands before the line EOD.
func (p *uclParser) here() (text string, ok bool, err error) {
	if !strings.HasPrefix(p.s[p.at:], "<<") {
		return "", false, nil
	}
	first, rest, ok := strings.Cut(p.s[p.at:], "\n")
	mark, is := strings.CutPrefix(strings.TrimRight(first, "\r"), "<<")
	if !ok || !is || mark == "" || strings.ContainsFunc(mark, func(c rune) bool { return c < 'A' || c > 'Z' }) {
		return "", false, nil
	}
	end := 0
	for line := range strings.Lines(rest) {
		if after, ends := strings.CutPrefix(line, mark); ends && strings.Trim(after, ";, \t\r\n") == "" {
			p.at += len(first) + 1 + end + len(mark)
			return rest[:end], true, nil
		}
		end += len(line)
	}
	return "", false, said.Error("a text of several lines has no end", "複数行のテキストが閉じていません")
}

// word reads a quoted text, or up to one of the characters that end it.
func (p *uclParser) word(end string) (string, error) {
	quote := p.s[p.at]
	if quote != '"' && quote != '\'' {
		start := p.at
		for p.at < len(p.s) && strings.IndexByte(end, p.s[p.at]) < 0 && p.s[p.at] != '#' {
			if end[0] == '=' && (p.s[p.at] == ' ' || p.s[p.at] == '\t') { // a name has no spaces
				break
			}
			p.at++
		}
		return strings.TrimSpace(p.s[start:p.at]), nil
	}
	var b strings.Builder
	for p.at++; p.at < len(p.s); p.at++ {
		switch c := p.s[p.at]; c {
		case quote:
			p.at++
			return b.String(), nil
		case '\\':
			if p.at++; p.at < len(p.s) {
				b.WriteByte(p.s[p.at])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", said.Error("a quoted text has no end", "引用符が閉じていません")
}
