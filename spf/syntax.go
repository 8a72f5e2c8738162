package spf

import (
	"fmt"
	"unicode/utf8"
)

// SyntaxCode is a stable word for one way in which a record fails to parse.
type SyntaxCode string

// The ways in which a record fails to parse (RFC 7208 section 4.6.1, 12).
const (
	// CodeNotSPF: the text does not begin with "v=spf1" and a space or its end.
	CodeNotSPF SyntaxCode = "not-spf"
	// CodeTooLong: more than 65,535 octets, which no TXT record can hold.
	CodeTooLong SyntaxCode = "too-long"
	// CodeBadCharacter: a control character, a tab or an octet outside US-ASCII.
	CodeBadCharacter SyntaxCode = "bad-character"
	// CodeUnknownMechanism: no "=" and no mechanism of that name.
	CodeUnknownMechanism SyntaxCode = "unknown-mechanism"
	// CodeMissingArgument: ip4, ip6, include, exists, redirect or exp without a value,
	// or a ":" with nothing after it.
	CodeMissingArgument SyntaxCode = "missing-argument"
	// CodeUnexpectedArgument: a value on a mechanism that takes none.
	CodeUnexpectedArgument SyntaxCode = "unexpected-argument"
	// CodeBadDomain: a domain-spec that does not end in a top label or a macro.
	CodeBadDomain SyntaxCode = "bad-domain"
	// CodeBadMacro: a "%" that does not begin a macro, or a macro that does not exist.
	CodeBadMacro SyntaxCode = "bad-macro"
	// CodeBadAddress: ip4 or ip6 with something that is not such an address.
	CodeBadAddress SyntaxCode = "bad-address"
	// CodeBadPrefix: a prefix length out of range or not written as a number.
	CodeBadPrefix SyntaxCode = "bad-prefix"
	// CodeDuplicateModifier: redirect= or exp= a second time (section 6).
	CodeDuplicateModifier SyntaxCode = "duplicate-modifier"
	// CodeQualifiedModifier: a sign before a modifier.
	CodeQualifiedModifier SyntaxCode = "qualified-modifier"
)

// SyntaxError says what in a record does not parse, and where.
type SyntaxError struct {
	Code SyntaxCode
	// Offset is the octet in the record at which the error is.
	Offset int
	// Term is the term it is in, as written; "" where it is in none.
	Term string
	// Reason is one English clause without a final stop.
	Reason string
}

// Error gives the reason, the term and the offset.
func (e *SyntaxError) Error() string {
	if e.Term == "" {
		return fmt.Sprintf("spf: %s (octet %d)", e.Reason, e.Offset)
	}
	return fmt.Sprintf("spf: %s, in the term %q (octet %d)", e.Reason, e.Term, e.Offset)
}

// syntaxErr makes an error whose offset is relative to what is being parsed; the
// callers on the way up add where that begins.
func syntaxErr(code SyntaxCode, offset int, reason string) *SyntaxError {
	return &SyntaxError{Code: code, Offset: offset, Reason: reason}
}

// within moves an error that was found in a part of a text to the whole.
func (e *SyntaxError) within(offset int) *SyntaxError {
	if e != nil {
		e.Offset += offset
	}
	return e
}

// badCharacter describes the character at an offset that no term may hold. People
// paste these without seeing them, so they are named.
func badCharacter(s string, i int) *SyntaxError {
	return syntaxErr(CodeBadCharacter, i, describeCharacter(s[i:])+" is not allowed")
}

func describeCharacter(s string) string {
	switch c := s[0]; {
	case c == '\t':
		return "a tab (terms are separated by spaces only)"
	case c == '\r' || c == '\n':
		return "a line break (terms are separated by spaces only)"
	case c == ' ':
		return "a space"
	case c < 0x20 || c == 0x7f:
		return fmt.Sprintf("the control character 0x%02X", c)
	case c < 0x80:
		return fmt.Sprintf("the character %q", c)
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n <= 1 {
		return fmt.Sprintf("the octet 0x%02X", s[0])
	}
	if name := invisible[r]; name != "" {
		return fmt.Sprintf("U+%04X (%s)", r, name)
	}
	return fmt.Sprintf("U+%04X (%q)", r, r)
}

// invisible names the characters outside US-ASCII that reach records by copy and
// paste and cannot be told from nothing, a space, a quote or a hyphen.
var invisible = map[rune]string{
	0x00A0: "no-break space", 0x00AD: "soft hyphen", 0x2009: "thin space", 0x200B: "zero width space",
	0x200C: "zero width non-joiner", 0x200D: "zero width joiner", 0x200E: "left-to-right mark",
	0x2010: "hyphen", 0x2011: "non-breaking hyphen", 0x2013: "en dash", 0x2014: "em dash",
	0x2018: "left single quotation mark", 0x2019: "right single quotation mark",
	0x201C: "left double quotation mark", 0x201D: "right double quotation mark",
	0x202F: "narrow no-break space", 0x2060: "word joiner", 0x2212: "minus sign",
	0x3000: "ideographic space", 0xFEFF: "byte order mark", 0xFF1A: "fullwidth colon",
}
