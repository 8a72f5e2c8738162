package web

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible makes text from outside safe to read, not only safe to parse: what a
// browser would not show, or would show as something else, becomes a visible
// escape. That is control characters (terminal sequences), octets that are not
// UTF-8, and format characters: bidirectional overrides, which turn the reading order
// around ("Trojan source"), and zero-width ones, which make two names look the same.
// Escaping for HTML is html/template's.
func visible(s string) string { return escape(s, false) }

// visibleLines is visible, keeping line ends and tabs.
func visibleLines(s string) string { return escape(s, true) }

func escape(s string, lines bool) string {
	i := hiddenAt(s, lines)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i >= 0 {
		b.WriteString(s[:i])
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\r' && lines && i+1 < len(s) && s[i+1] == '\n': // a CRLF; a bare CR is shown
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02X`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02X`, r)
		default:
			fmt.Fprintf(&b, `\u{%04X}`, r)
		}
		s = s[i+n:]
		i = hiddenAt(s, lines)
	}
	b.WriteString(s)
	return b.String()
}

// hiddenAt is the offset of the first rune to escape, -1 for none.
func hiddenAt(s string, lines bool) int {
	for i, r := range s {
		switch {
		case lines && (r == '\n' || r == '\t'):
		case r == utf8.RuneError:
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		case r < 0x20 || r == 0x7f,
			r >= 0x80 && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || r == 0x2028 || r == 0x2029 || r == 0x115F || r == 0x1160 || r == 0x3164 || r == 0xFFA0):
			return i
		}
	}
	return -1
}

// maxText bounds one value on a page, in characters. DNS data and header
// fields may be 64 KB; their place is the download.
const maxText = 2000

// clip cuts to n characters and says how many octets are missing.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		if count == n {
			return s[:i] + fmt.Sprintf(" … (+%d)", len(s)-i)
		}
		count++
	}
	return s
}
