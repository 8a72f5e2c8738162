package repair

import (
	"strings"
	"unicode"
)

// The artefacts that Pasted takes away. They come from word processors, input
// methods and panels that quote or split text once more.
const (
	ArtefactQuotes    = "quotes"     // straight quotes around or inside the text
	ArtefactTypeset   = "typeset"    // curly quotes, dashes
	ArtefactFullWidth = "full-width" // ｖ＝ｓｐｆ１
	ArtefactInvisible = "invisible"  // zero-width characters, byte order marks, soft hyphens
	ArtefactSpaces    = "spaces"     // no-break, ideographic and other spaces; tabs; line breaks
	ArtefactBackslash = "backslash"  // \; and \" as zone files escape them
)

// Pasted takes the artefacts of pasting out of the text of a record, and names those
// it found, each once. What it gives holds printable ASCII, single spaces at most
// between words, and whatever it does not know.
func Pasted(text string) (clean string, artefacts []string) {
	seen := make(map[string]bool)
	note := func(a string) {
		if !seen[a] {
			seen[a] = true
			artefacts = append(artefacts, a)
		}
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= 0xFF01 && r <= 0xFF5E:
			note(ArtefactFullWidth)
			b.WriteRune(r - 0xFF01 + '!')
		case strings.ContainsRune("“”„‟«»″‘’‚‛′`「」『』", r):
			note(ArtefactTypeset)
		case strings.ContainsRune("‐‑‒–—―−ー", r):
			note(ArtefactTypeset)
			b.WriteByte('-')
		case r == '〜':
			note(ArtefactTypeset)
			b.WriteByte('~')
		case r == '"':
			note(ArtefactQuotes)
		case r == '\\':
			note(ArtefactBackslash)
		case r == 0xFEFF || r == 0xAD || r >= 0x200B && r <= 0x200F || r >= 0x2060 && r <= 0x2064 || r >= 0x202A && r <= 0x202E || unicode.Is(unicode.Variation_Selector, r):
			note(ArtefactInvisible)
		case r != ' ' && unicode.IsSpace(r):
			note(ArtefactSpaces)
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " "), artefacts
}
