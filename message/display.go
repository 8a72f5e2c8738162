package message

import (
	"strings"
	"unicode/utf8"
)

// DisplaySafe makes text from a message safe to show: each control (C0, DEL, C1),
// line or paragraph separator, bidirectional embedding, override or isolate, and
// each octet that is no UTF-8 becomes U+FFFD, so that nothing can rewrite a
// terminal or turn the reading direction of what stands around it; HTAB, CR and LF
// become a space. It does not escape HTML: that is for whoever writes HTML.
func DisplaySafe(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s { // ranging gives U+FFFD for what is no UTF-8
		switch {
		case r == '\t' || r == '\r' || r == '\n':
			b.WriteByte(' ')
		case unsafeRune(r):
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func unsafeRune(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r < 0xa0:
		return true
	case r == 0x2028 || r == 0x2029: // separators: a line end to some
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // bidirectional
		return true
	case r >= 0xe0000 && r <= 0xe007f: // tags: invisible text (flags of three regions lose their shape)
		return true
	}
	return false
}
