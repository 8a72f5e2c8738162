package spf

import (
	"strings"
)

// MacroString is a domain-spec or an explain-string, parsed (RFC 7208 section 7.1).
type MacroString struct {
	// Text is the string as written.
	Text string
	// parts are nil where the text has no "%": it then stands for itself.
	parts []macroPart
}

// macroPart is a piece of literal text, or one macro.
type macroPart struct {
	literal string
	// letter is the macro letter in lower case, 0 for literal text.
	letter byte
	// escape: the letter was upper case, so the value is URL-escaped.
	escape bool
	// keep is the number of right-hand parts to use, 0 for all of them.
	keep    uint8
	reverse bool
	// delims are the characters to split on, "" for the dot.
	delims string
}

// HasMacros reports whether the string depends on the message or the client.
func (m MacroString) HasMacros() bool { return m.parts != nil }

// macroPlace says where a macro-string stands, which decides what it may hold.
type macroPlace uint8

const (
	// inDomain: letters c, r and t are for explanations only (section 7.2).
	inDomain macroPlace = iota
	// inModifier: the value of an unknown modifier, any letter, no space.
	inModifier
	// inExplanation: any letter, and spaces.
	inExplanation
)

// ParseExplanation reads the text of an exp= record (section 6.2). Its error is a
// [*SyntaxError].
func ParseExplanation(text string) (MacroString, error) {
	m, err := parseMacroString(text, inExplanation)
	if err != nil {
		return MacroString{}, err
	}
	return m, nil
}

// parseDomainSpec reads a domain-spec: a macro-string that ends in a top label or
// in a macro (section 7.1).
func parseDomainSpec(text string) (MacroString, *SyntaxError) {
	if text == "" {
		return MacroString{}, syntaxErr(CodeMissingArgument, 0, "the domain is missing")
	}
	m, err := parseMacroString(text, inDomain)
	if err != nil {
		return m, err
	}
	tail := text
	if m.parts != nil {
		last := &m.parts[len(m.parts)-1]
		if last.literal == "" || last.letter != 0 {
			return m, nil
		}
		tail = last.literal
	}
	if reason := checkTopLabel(tail); reason != "" {
		return m, syntaxErr(CodeBadDomain, len(text)-len(tail), reason)
	}
	return m, nil
}

// checkTopLabel says what is wrong with the literal end of a domain-spec, which
// must be "." toplabel [ "." ].
func checkTopLabel(tail string) string {
	tail = strings.TrimSuffix(tail, ".")
	dot := strings.LastIndexByte(tail, '.')
	if dot < 0 {
		return "a domain has at least two labels"
	}
	label := tail[dot+1:]
	if label == "" {
		return "the last label of the domain is empty"
	}
	digits := 0
	for i := 0; i < len(label); i++ {
		c := label[i]
		if isDigit(c) {
			digits++
		} else if !isAlpha(c) && c != '-' {
			return "the last label of a domain has only letters, digits and hyphens"
		}
	}
	switch {
	case label[0] == '-' || label[len(label)-1] == '-':
		return "the last label of a domain neither begins nor ends with a hyphen"
	case digits == len(label):
		return `the last label of a domain is not a number (an address is written with "ip4:")`
	}
	return ""
}

// parseMacroString reads text and macros. A piece of literal text is never empty.
func parseMacroString(text string, place macroPlace) (MacroString, *SyntaxError) {
	m := MacroString{Text: text}
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c > ' ' && c < 0x7f && c != '%' || c == ' ' && place == inExplanation {
			i++
			continue
		}
		if c != '%' {
			return m, badCharacter(text, i)
		}
		part, n, err := parseMacro(text[i:], place)
		if err != nil {
			return m, err.within(i)
		}
		if i > start {
			m.parts = append(m.parts, macroPart{literal: text[start:i]})
		}
		m.parts = append(m.parts, part)
		i += n
		start = i
	}
	if m.parts != nil && start < len(text) {
		m.parts = append(m.parts, macroPart{literal: text[start:]})
	}
	return m, nil
}

// The letters that stand for themselves after "%" are kept as macros too, so that
// the end of a domain-spec can tell them from literal text.
const (
	letterPercent  = '%'
	letterSpace    = '_'
	letterURLSpace = '-'
)

// parseMacro reads one macro-expand at the beginning of s and says how long it is.
func parseMacro(s string, place macroPlace) (macroPart, int, *SyntaxError) {
	if len(s) < 2 {
		return macroPart{}, 0, syntaxErr(CodeBadMacro, 0, `a "%" stands at the end (a percent sign is written "%%")`)
	}
	switch s[1] {
	case letterPercent, letterSpace, letterURLSpace:
		return macroPart{letter: s[1]}, 2, nil
	case '{':
	default:
		return macroPart{}, 0, syntaxErr(CodeBadMacro, 0, `"%" is followed by "{", "%", "_" or "-"`)
	}
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return macroPart{}, 0, syntaxErr(CodeBadMacro, 0, `a "%{" has no "}"`)
	}
	p, err := parseMacroBody(s[2:end], place)
	return p, end + 1, err.within(2)
}

// parseMacroBody reads macro-letter transformers *delimiter.
func parseMacroBody(s string, place macroPlace) (macroPart, *SyntaxError) {
	var p macroPart
	if s == "" {
		return p, syntaxErr(CodeBadMacro, 0, "the macro letter is missing")
	}
	p.letter = s[0] | 0x20
	p.escape = s[0] < 'a'
	switch {
	case !isAlpha(s[0]) || strings.IndexByte("slodiphvcrt", p.letter) < 0:
		return p, syntaxErr(CodeBadMacro, 0, "there is no macro letter "+describeCharacter(s))
	case place == inDomain && strings.IndexByte("crt", p.letter) >= 0:
		return p, syntaxErr(CodeBadMacro, 0, "the macro letters c, r and t are for the text of exp= only")
	}
	i, n := 1, 0
	for i < len(s) && isDigit(s[i]) {
		// More parts than any value can have is the same as all of them.
		n = min(n*10+int(s[i]-'0'), 255)
		i++
	}
	if i > 1 && n == 0 {
		return p, syntaxErr(CodeBadMacro, 1, "the number of parts is not 0 (section 7.3)")
	}
	p.keep = uint8(n)
	if i < len(s) && s[i]|0x20 == 'r' {
		p.reverse = true
		i++
	}
	p.delims = s[i:]
	for j := i; j < len(s); j++ {
		if strings.IndexByte(".-+,/_=", s[j]) < 0 {
			return p, syntaxErr(CodeBadMacro, j, "a macro has no "+describeCharacter(s[j:])+" here")
		}
	}
	return p, nil
}
