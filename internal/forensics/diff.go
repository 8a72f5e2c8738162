package forensics

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Line is one line of a difference with its white space made visible.
type Line struct {
	// Op is "-" for a line that was signed and is gone, "+" for one that is there
	// instead, "=" for one beside them, "~" where lines are left out.
	Op   string
	Text string
}

// difference compares two canonical texts line by line: what lies between their
// common beginning and their common end, with a line of context on either side.
func difference(signed, seen []byte) []Line {
	start := 0
	for {
		a, b := lineAt(signed, start), lineAt(seen, start)
		if a == nil || !bytes.Equal(a, b) {
			break
		}
		start += len(a)
	}
	endA, endB := len(signed), len(seen)
	for endA > start && endB > start {
		a, b := lineBefore(signed, start, endA), lineBefore(seen, start, endB)
		if !bytes.Equal(a, b) {
			break
		}
		endA -= len(a)
		endB -= len(b)
	}
	var out []Line
	if before := lineBefore(signed, 0, start); before != nil {
		out = append(out, Line{"=", visible(before)})
	}
	room := (maxDifference - 4) / 2
	out = appendLines(out, "-", signed[start:endA], room)
	out = appendLines(out, "+", seen[start:endB], room)
	if after := lineAt(signed, endA); after != nil {
		out = append(out, Line{"=", visible(after)})
	}
	return out
}

func appendLines(out []Line, op string, text []byte, most int) []Line {
	for n := 0; len(text) > 0; n++ {
		if n == most {
			return append(out, Line{"~", ""})
		}
		l := lineAt(text, 0)
		out = append(out, Line{op, visible(l)})
		text = text[len(l):]
	}
	return out
}

// lineAt gives the line that begins at i with its CRLF, nil at the end.
func lineAt(b []byte, i int) []byte {
	if i >= len(b) {
		return nil
	}
	if n := bytes.Index(b[i:], crlf); n >= 0 {
		return b[i : i+n+2]
	}
	return b[i:]
}

// lineBefore gives the line of b[from:end] that ends at end, nil where there is none.
func lineBefore(b []byte, from, end int) []byte {
	if end <= from {
		return nil
	}
	text := b[from:end]
	if i := bytes.LastIndex(bytes.TrimSuffix(text, crlf), crlf); i >= 0 {
		return text[i+len(crlf):]
	}
	return text
}

// visible shows a line without its CRLF: spaces at its end and double ones as "·", tabs as
// "→", other controls as their pictures, what is no UTF-8 as "\xHH"; bounded.
func visible(line []byte) string {
	line = bytes.TrimSuffix(line, crlf)
	var b strings.Builder
	content := len(bytes.TrimRight(line, " \t"))
	shown := 0
	for i := 0; i < len(line); {
		if shown == maxShown {
			b.WriteString("…")
			return b.String()
		}
		r, n := utf8.DecodeRune(line[i:])
		switch {
		case r == ' ' && (i >= content || i > 0 && (line[i-1] == ' ' || line[i-1] == '\t') || i == 0):
			b.WriteString("·")
		case r == '\t':
			b.WriteString("→")
		case r < ' ':
			b.WriteRune(0x2400 + r)
		case r == 0x7f:
			b.WriteRune(0x2421)
		case r == utf8.RuneError && n <= 1:
			b.WriteString(`\x` + hexOctet(line[i]))
		case r >= 0x80 && r < 0xa0, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x2069, r == 0xfeff:
			b.WriteString("\uFFFD")
		default:
			b.WriteRune(r)
		}
		i += n
		shown++
	}
	return b.String()
}

func hexOctet(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}
