package authres

import (
	"errors"
	"fmt"
	"strings"
)

// Errors of [Parse], wrapped with what was found where.
var (
	// ErrSyntax: the field cannot be read: nothing in it may be trusted.
	ErrSyntax = errors.New("authres: bad syntax")
	// ErrLimit: the field is larger, deeper or longer than any honest one.
	ErrLimit = errors.New("authres: limit exceeded")
)

// scanner walks over a value once, never back.
type scanner struct {
	s   string
	pos int
	// comment is the first comment passed since it was last cleared.
	comment string
	err     error
}

func (sc *scanner) fail(kind error, format string, args ...any) {
	if sc.err == nil {
		sc.err = fmt.Errorf("%w: octet %d: %s", kind, sc.pos, fmt.Sprintf(format, args...))
		sc.pos = len(sc.s)
	}
}

// peek gives the octet at hand, 0 at the end. A NUL in the value itself is
// refused before scanning starts, so 0 is unambiguous.
func (sc *scanner) peek() byte {
	if sc.pos < len(sc.s) {
		return sc.s[sc.pos]
	}
	return 0
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isControl(c byte) bool { return c < ' ' || c == 0x7f }

// isWord reports an octet of a Keyword (RFC 5321 section 4.1.2), and the
// underscore that some servers use.
func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// isRun reports an octet of an unquoted value as real servers write it: '@',
// '/', '=', ':', '<' and others that a token of RFC 2045 may not hold.
func isRun(c byte) bool {
	return c > ' ' && c != 0x7f && c != ';' && c != '(' && c != '"'
}

// skip passes over CFWS (RFC 5322 section 3.2.2) and notes the first comment.
func (sc *scanner) skip() (any bool) {
	start := sc.pos
	for sc.pos < len(sc.s) {
		switch c := sc.s[sc.pos]; {
		case isSpace(c):
			sc.pos++
		case c == '(':
			text := sc.readComment()
			if sc.comment == "" {
				sc.comment = text
			}
		default:
			return sc.pos > start
		}
	}
	return sc.pos > start
}

// readComment reads a comment, nested ones as part of its text, by counting
// depth: it does not recurse.
func (sc *scanner) readComment() string {
	var text strings.Builder
	depth := 0
	for ; sc.pos < len(sc.s); sc.pos++ {
		c := sc.s[sc.pos]
		switch c {
		case '(':
			if depth++; depth > maxCommentDepth {
				sc.fail(ErrLimit, "comments nested more than %d deep", maxCommentDepth)
				return ""
			}
			if depth == 1 {
				continue
			}
		case ')':
			if depth--; depth == 0 {
				sc.pos++
				return cleanText(text.String())
			}
		case '\\':
			if sc.pos+1 < len(sc.s) {
				sc.pos++
				c = sc.s[sc.pos]
			}
		}
		text.WriteByte(c)
	}
	sc.fail(ErrSyntax, "a comment does not end")
	return ""
}

// readQuoted reads a quoted-string (RFC 5322 section 3.2.4); raw has the quotes.
func (sc *scanner) readQuoted() (text, raw string) {
	start := sc.pos
	var b strings.Builder
	for sc.pos++; sc.pos < len(sc.s); sc.pos++ {
		c := sc.s[sc.pos]
		switch {
		case c == '"':
			sc.pos++
			return b.String(), sc.s[start:sc.pos]
		case c == '\\' && sc.pos+1 < len(sc.s):
			sc.pos++
			c = sc.s[sc.pos]
		}
		// Folding is no part of the text (RFC 5322 section 3.2.4).
		if c != '\r' && c != '\n' {
			b.WriteByte(c)
		}
	}
	sc.fail(ErrSyntax, "a quoted string does not end")
	return "", ""
}

// readWord reads a Keyword, "" where there is none.
func (sc *scanner) readWord() string {
	start := sc.pos
	for sc.pos < len(sc.s) && isWord(sc.s[sc.pos]) {
		sc.pos++
	}
	return sc.s[start:sc.pos]
}

// readRun reads unquoted value octets. It advances unless at white space, ';',
// '(', '"', or an octet that no field may hold, which is an error.
func (sc *scanner) readRun() string {
	start := sc.pos
	for sc.pos < len(sc.s) && isRun(sc.s[sc.pos]) {
		sc.pos++
	}
	if c := sc.peek(); sc.pos < len(sc.s) && isControl(c) && !isSpace(c) {
		sc.fail(ErrSyntax, "control octet %#02x", c)
	}
	return sc.s[start:min(sc.pos, len(sc.s))]
}

// readValue reads a value: quoted strings and runs without space between them.
func (sc *scanner) readValue() string {
	var b strings.Builder
	for sc.err == nil {
		if sc.peek() == '"' {
			text, raw := sc.readQuoted()
			if b.Len() == 0 && sc.peek() == '@' {
				text = unfold(raw) // a quoted local-part: the quotes are part of the address
			}
			b.WriteString(text)
			continue
		}
		run := sc.readRun()
		if run == "" {
			break
		}
		b.WriteString(run)
	}
	return b.String()
}

// readNumber reads a version, 0 where there is none.
func (sc *scanner) readNumber() int {
	n := 0
	for sc.pos < len(sc.s) && sc.s[sc.pos] >= '0' && sc.s[sc.pos] <= '9' {
		n = min(n*10+int(sc.s[sc.pos]-'0'), maxVersion)
		sc.pos++
	}
	return n
}

// unfold removes line ends.
func unfold(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return strings.NewReplacer("\r", "", "\n", "").Replace(s)
}

// cleanText turns every run of white space, folding too, into one space.
func cleanText(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < 0x80 && isSpace(byte(r)) }), " ")
}
