package repair

import (
	"slices"
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

// withoutLine takes away what a whole line of a zone file or of a panel's form has
// before the text of a record that begins with version, in lower case: "example.com.
// 3600 IN TXT v=spf1 ..." was pasted where only the text belongs.
func withoutLine(clean, version string) string {
	const most, words = 300, 6
	at := 0
	for at < min(len(clean), most) && !(len(clean)-at >= len(version) && strings.EqualFold(clean[at:at+len(version)], version)) {
		at++
	}
	if at == 0 || at >= min(len(clean), most) {
		return clean
	}
	before := strings.FieldsFunc(strings.ToLower(clean[:at]), func(r rune) bool { return strings.ContainsRune(" :=(,", r) })
	line := slices.Contains(before, "txt") || slices.Contains(before, "spf") || slices.Contains(before, "value")
	if !line || len(before) > words {
		return clean
	}
	return clean[at:]
}

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
		if r >= 0xFF01 && r <= 0xFF5E {
			note(ArtefactFullWidth)
			r = r - 0xFF01 + '!'
		}
		switch {
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
