package message

import "unicode/utf8"

// MessageID is a message identifier (RFC 5322 section 3.6.4): <Left@Right>.
type MessageID struct{ Left, Right string }

// String gives the identifier with its angle brackets.
func (id MessageID) String() string { return "<" + id.Left + "@" + id.Right + ">" }

// ParseMessageID parses the value of a Message-ID field. The obsolete forms are
// refused: section 3.6.4 forbids to generate them, and identifiers are compared
// octet by octet. The error is a [*SyntaxError].
func ParseMessageID(value []byte) (MessageID, error) {
	l := lexer{s: value}
	var id MessageID
	if _, err := l.cfws(); err != nil {
		return id, err
	}
	if l.peek() != '<' {
		return id, l.fail("no '<'")
	}
	l.i++
	var err error
	if id.Left, err = l.dotAtom(); err != nil {
		return MessageID{}, err
	}
	if l.peek() != '@' {
		return MessageID{}, l.fail("no '@'")
	}
	l.i++
	if l.peek() == '[' {
		id.Right, err = l.noFoldLiteral()
	} else {
		id.Right, err = l.dotAtom()
	}
	if err != nil {
		return MessageID{}, err
	}
	if l.peek() != '>' {
		return MessageID{}, l.fail("no '>'")
	}
	l.i++
	if _, err := l.cfws(); err != nil {
		return MessageID{}, err
	}
	if !l.end() {
		return MessageID{}, l.fail("text after '>'")
	}
	return id, nil
}

// dotAtom reads a dot-atom-text.
func (l *lexer) dotAtom() (string, error) {
	start := l.i
	for !l.end() {
		c := l.s[l.i]
		if c >= utf8.RuneSelf {
			n := l.utf8()
			if n == 0 {
				break
			}
			l.i += n
		} else if c == '.' || isAtext(c) {
			l.i++
		} else {
			break
		}
	}
	if s := string(l.s[start:l.i]); isDotAtom(s) {
		return s, nil
	}
	return "", l.fail("no dot-atom")
}

// noFoldLiteral reads "[" *dtext "]".
func (l *lexer) noFoldLiteral() (string, error) {
	start := l.i
	for l.i++; !l.end(); l.i++ {
		switch c := l.s[l.i]; {
		case c == ']':
			l.i++
			return string(l.s[start:l.i]), nil
		case c <= ' ' || c >= 0x7f || c == '[' || c == '\\':
			return "", l.fail("no domain literal")
		}
	}
	return "", l.fail("no domain literal")
}
