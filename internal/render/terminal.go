package render

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"github.com/todoku/todoku/internal/catalogue"
)

// maxShown bounds how much of one value of a message or of DNS is shown.
const maxShown = 1200

// maxCopied is the same for what people copy: a value that is cut is no value.
const maxCopied = 8000

// Printable makes a string from mail or DNS safe for a terminal: nothing in it can
// move the cursor, change colours, reverse the reading direction or hide. What is
// not a printable character is shown as an escape such as \x1b or \u202e.
func Printable(s string) string { return printable(s, maxShown) }

// printable is Printable, cut after most characters.
func printable(s string, most int) string {
	s = catalogue.HidePrivate(s)
	var b strings.Builder
	marks, shown := 0, 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if shown++; shown > most {
			b.WriteString("...")
			break
		}
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\r' && strings.HasPrefix(s[i:], "\r\n"):
			// one line end, one space
		case r == '\t' || r == '\n':
			b.WriteByte(' ')
		case unicode.In(r, unicode.Mn, unicode.Me):
			// A pile of combining marks runs over the lines above and below.
			if marks++; marks <= 2 {
				b.WriteRune(r)
			}
			i += n
			continue
		case r == '\u3000' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		marks = 0
		i += n
	}
	return b.String()
}

// Columns is the number of terminal columns a printable string takes: two for wide
// East Asian characters, none for combining marks.
func Columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// pad fills s with spaces to a number of columns.
func pad(s string, columns int) string {
	if n := columns - Columns(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// Characters that must not begin, or end, a line of Japanese (kinsoku).
const (
	notFirst = "、。,.!?)]}）」』】〉》・:;：；ー々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ…”’"
	notLast  = "([{（「『【〈《“‘"
)

// Wrap breaks text into lines of at most columns columns, at spaces and between
// wide characters. A word that is longer stays whole, so that it can be copied.
func Wrap(text string, columns int) []string {
	var lines []string
	var line []rune
	used, breakAt := 0, -1 // breakAt: index in line after which it may be broken
	var prev rune
	for _, r := range text {
		w := runeColumns(r)
		if len(line) > 0 && canBreak(prev, r) {
			breakAt = len(line)
		}
		if used+w > columns && breakAt > 0 && r != ' ' {
			lines = append(lines, strings.TrimRight(string(line[:breakAt]), " "))
			line = []rune(strings.TrimLeft(string(line[breakAt:]), " "))
			used, breakAt = Columns(string(line)), -1
		}
		if len(line) == 0 && r == ' ' {
			continue
		}
		line = append(line, r)
		used += w
		prev = r
	}
	if s := strings.TrimRight(string(line), " "); s != "" {
		lines = append(lines, s)
	}
	return lines
}

// canBreak reports whether a line may end between two characters.
func canBreak(before, after rune) bool {
	if before == ' ' {
		return after != ' '
	}
	if runeColumns(before) != 2 && runeColumns(after) != 2 {
		return false
	}
	return !strings.ContainsRune(notFirst, after) && !strings.ContainsRune(notLast, before) && after != ' '
}

// expand fills placeholders; see catalogue for the same of findings.
func expand(text string, args map[string]string) string {
	pairs := make([]string, 0, 2*len(args))
	for name, value := range args {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
