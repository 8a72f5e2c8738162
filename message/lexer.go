package message

import (
	"fmt"
	"unicode/utf8"
)

// maxCommentDepth is how deep comments may nest. RFC 5322 sets no limit; nothing
// legitimate comes near it, and what nests deeper is an attack on a parser.
const maxCommentDepth = 32

// SyntaxError says where and why a structured field does not parse.
type SyntaxError struct {
	// Offset is the octet offset in the value.
	Offset int
	// Reason is a short English text.
	Reason string
}

// Error names the octet and the reason.
func (e *SyntaxError) Error() string { return fmt.Sprintf("at octet %d: %s", e.Offset, e.Reason) }

// lexer reads the tokens of structured header fields (RFC 5322 section 3.2). It
// never goes back and never recurses: time is linear in the value.
type lexer struct {
	s []byte
	i int
	// odd is set when a comment held a character with a meaning in addresses: @ < or >.
	odd bool
}

func (l *lexer) fail(reason string) error { return &SyntaxError{l.i, reason} }

func (l *lexer) end() bool { return l.i >= len(l.s) }

// peek gives the next octet, 0 at the end (a NUL in the data is an error wherever
// it stands, so that the two need no distinction).
func (l *lexer) peek() byte {
	if l.end() {
		return 0
	}
	return l.s[l.i]
}

// cfws skips comments and folding white space and reports whether there were any.
func (l *lexer) cfws() (bool, error) {
	start := l.i
	for !l.end() {
		switch l.s[l.i] {
		case ' ', '\t':
			l.i++
		case '\r':
			if err := l.fold(); err != nil {
				return false, err
			}
		case '(':
			if err := l.comment(); err != nil {
				return false, err
			}
		default:
			return l.i > start, nil
		}
	}
	return l.i > start, nil
}

// fold reads a CRLF with the white space that must follow it.
func (l *lexer) fold() error {
	if l.i+2 >= len(l.s) || l.s[l.i+1] != '\n' || !isWSP(l.s[l.i+2]) {
		return l.fail("CR that does not fold a line")
	}
	l.i += 3
	return nil
}

func (l *lexer) comment() error {
	depth := 0
	for !l.end() {
		switch c := l.s[l.i]; {
		case c == '(':
			if depth++; depth > maxCommentDepth {
				return l.fail("comments nested too deep")
			}
			l.i++
		case c == ')':
			l.i++
			if depth--; depth == 0 {
				return nil
			}
		default:
			if c == '@' || c == '<' || c == '>' {
				l.odd = true
			}
			if _, err := l.text(); err != nil {
				return err
			}
		}
	}
	return l.fail("comment without end")
}

// text reads one character of a comment or quoted-string, a quoted-pair included,
// and gives its octets. Controls are refused even where obs-ctext and obs-qtext
// admit them: no two programs show them alike.
func (l *lexer) text() ([]byte, error) {
	start := l.i
	switch c := l.s[l.i]; {
	case c == '\\':
		l.i++
		if l.end() || (l.s[l.i] < ' ' && l.s[l.i] != '\t') || l.s[l.i] >= 0x7f {
			return nil, l.fail("backslash before nothing that it may quote")
		}
		l.i++
		return l.s[start+1 : l.i], nil
	case c == '\r':
		if err := l.fold(); err != nil {
			return nil, err
		}
		return l.s[l.i-1 : l.i], nil // unfolding keeps the white space
	case c == '\t' || (c >= ' ' && c < 0x7f):
		l.i++
		return l.s[start:l.i], nil
	case c >= utf8.RuneSelf:
		n := l.utf8()
		if n == 0 {
			return nil, l.fail("octets that are no UTF-8")
		}
		l.i += n
		return l.s[start:l.i], nil
	}
	return nil, l.fail("control character")
}

// utf8 gives the length of the UTF-8 character that comes next (RFC 6532 section
// 3.1), 0 for what is none or is a C1 control.
func (l *lexer) utf8() int {
	r, n := utf8.DecodeRune(l.s[l.i:])
	if (r == utf8.RuneError && n <= 1) || r < 0xa0 {
		return 0
	}
	return n
}

// atom reads a run of atext (RFC 5322 section 3.2.3 with RFC 6532 section 3.2).
func (l *lexer) atom() (string, error) {
	start := l.i
	for !l.end() {
		c := l.s[l.i]
		if c >= utf8.RuneSelf {
			n := l.utf8()
			if n == 0 {
				return "", l.fail("octets that are no UTF-8")
			}
			l.i += n
			continue
		}
		if !isAtext(c) {
			break
		}
		l.i++
	}
	if l.i == start {
		return "", l.fail(unexpected(l.peek(), l.end()))
	}
	return string(l.s[start:l.i]), nil
}

// quoted reads a quoted-string and gives its content without quoting.
func (l *lexer) quoted() (string, error) {
	start := l.i
	l.i++
	content := make([]byte, 0, 32)
	for !l.end() {
		if l.s[l.i] == '"' {
			l.i++
			return string(content), nil
		}
		t, err := l.text()
		if err != nil {
			return "", err
		}
		content = append(content, t...)
	}
	l.i = start
	return "", l.fail("quoted string without end")
}

func unexpected(c byte, end bool) string {
	switch {
	case end:
		return "ends too early"
	case c < ' ' || c == 0x7f:
		return fmt.Sprintf("control character 0x%02X", c)
	}
	return fmt.Sprintf("%q does not belong here", string(rune(c)))
}

var atext = func() (t [256]bool) {
	for c := '0'; c <= 'z'; c++ {
		t[c] = c <= '9' || (c >= 'A' && c <= 'Z') || c >= 'a'
	}
	for _, c := range "!#$%&'*+-/=?^_`{|}~" {
		t[c] = true
	}
	return t
}()

func isAtext(c byte) bool { return atext[c] }
