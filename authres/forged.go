package authres

import (
	"mime"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Forged gives the indexes, highest first, of the Authentication-Results fields
// among fields that claim one of these authserv-ids, or that some consumer might
// read so: a server that guards the border removes them before it adds its own
// (RFC 8601 section 5). Highest first, so that removing one by one never shifts
// the ones still to go (CVE-2022-48521).
//
// The comparison ignores case, comments, white space, quotes, escapes, a final
// dot, a version, and whether the rest can be parsed at all. Fields of others
// stay, their names as long as they like: mail.example.org is not example.org.
func Forged(fields []FieldView, ids ...string) []int {
	ours := search{ids: normalizeIDs(ids)}
	for _, id := range ours.ids {
		ours.longest = max(ours.longest, len(id))
	}
	var found []int
	for i := len(fields) - 1; i >= 0 && len(ours.ids) > 0; i-- {
		if isFieldName(fields[i].Name()) && ours.claimedBy(string(fields[i].Value())) {
			found = append(found, i)
		}
	}
	return found
}

// search looks for ids in fields.
type search struct {
	ids     []string
	longest int    // of the ids, in octets
	foreign string // the last word that was looked through and is none of the ids
}

func normalizeIDs(ids []string) []string {
	var out []string
	for _, id := range ids {
		id = strings.ToLower(strings.TrimRight(strings.TrimSpace(id), "."))
		if id = trimJunk(id); id != "" {
			out = append(out, id)
		}
	}
	return out
}

// isFieldName compares names as a consumer might that drops control octets.
func isFieldName(name string) bool {
	if strings.EqualFold(name, fieldName) {
		return true
	}
	return len(name) < 2*len(fieldName) && strings.EqualFold(strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return -1
		}
		return r
	}, name), fieldName)
}

// claimedBy tries every way in which comments are known to be stripped. They differ
// on escapes and nesting, and a forger chooses the text on which they differ.
func (o *search) claimedBy(value string) bool {
	if strings.IndexByte(value, '(') < 0 {
		return o.starts(value)
	}
	plain, closed := stripComments(value, true, true)
	if o.starts(plain) || !closed && o.starts(value) {
		return true
	}
	for _, nested := range []bool{true, false} {
		if naive, _ := stripComments(value, nested, false); o.starts(naive) {
			return true
		}
	}
	return false
}

// stripComments puts a space in the place of each comment, in one pass: a comment
// ends a word (RFC 5322 section 3.2.2), so that example.org()x is example.org to
// whoever reads words. Nested says whether comments nest, strict whether
// backslashes and quoted strings are honoured. closed is false when the last one
// does not end; it is then removed to the end.
func stripComments(s string, nested, strict bool) (out string, closed bool) {
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case strict && c == '\\' && i+1 < len(s):
			if depth == 0 {
				b.WriteByte(s[i+1])
			}
			i++
		case strict && c == '"' && depth == 0:
			quoted = !quoted
			b.WriteByte(c)
		case c == '(' && !quoted && (nested || depth == 0):
			depth++
		case c == ')' && depth > 0:
			if depth--; depth == 0 {
				b.WriteByte(' ')
			}
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String(), depth == 0
}

// starts reports whether one of the ids stands at the start of s, what is
// no letter or digit skipped before and within it, and does not go on as a
// longer name.
func (o *search) starts(s string) bool {
	s = trimJunk(s)
	for _, id := range o.ids {
		if startsWith(s, id) {
			return true
		}
	}
	return o.disguised(s)
}

func startsWith(s, id string) bool {
	n := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case lower(c) == id[n]:
			if n++; n == len(id) {
				return endsName(s[i+1:])
			}
		case n > 0 && (c <= ' ' || c == '"' || c == '\\' || c == 0x7f):
		default:
			return false
		}
	}
	return false
}

// endsName reports that a name does not go on: example.org does in
// example.org.test, example.org-1 and example.orgé, not in "example.org.;", nor
// before the white space of Unicode, which some consumers trim.
func endsName(rest string) bool {
	rest = strings.TrimLeft(rest, ".")
	if rest == "" || isWord(rest[0]) {
		return rest == ""
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return !unicode.In(r, unicode.Letter, unicode.Number, unicode.Mark)
}

// disguised tries an encoded-word (RFC 2047) and a name in Unicode, which some
// consumers decode before they compare.
func (o *search) disguised(s string) bool {
	word := s
	if i := strings.IndexAny(s, " \t\r\n;\"("); i >= 0 {
		word = s[:i]
	}
	if len(word) > 1000 || !strings.ContainsFunc(word, func(r rune) bool { return r == '?' || r >= 0x80 }) {
		return false
	}
	if word == o.foreign {
		return false // most values are the same word in all ways
	}
	name := word
	if strings.Contains(word, "?") {
		// The "=?" before it went with the junk.
		name, _ = new(mime.WordDecoder).DecodeHeader("=?" + word)
	}
	name = strings.TrimRight(trimJunk(name), ".")
	ascii := asciiStart(name, o.longest)
	for _, id := range o.ids {
		if startsWith(name, id) || startsWith(ascii, id) {
			return true
		}
	}
	o.foreign = word
	return false
}

// asciiStart converts the labels of a name to A-labels as far as an id of so many
// octets can reach. An A-label has at least as many octets as its U-label has characters,
// and conversion takes the square of these, whichever way: what is too long stays as it
// is. On errors it goes on, as some consumers do.
func asciiStart(name string, longest int) string {
	var out strings.Builder
	for {
		label, rest, more := cutDot(name)
		label = mapped(label)
		n := utf8.RuneCountInString(label)
		if strings.HasPrefix(label, "xn--") {
			n -= len("xn--" + "-") // what is no A-label, "xn--org-", becomes org
		}
		if n > maxLabel || out.Len()+n > longest {
			out.WriteString(label)
			if more {
				out.WriteString("." + rest)
			}
			return out.String()
		}
		label, _ = idna.Lookup.ToUnicode(label)
		label, _ = idna.Lookup.ToASCII(label)
		out.WriteString(label)
		if !more {
			return out.String()
		}
		out.WriteByte('.')
		name = rest
	}
}

// cutDot cuts a name at its first dot, or at what conversion takes for one (UTS #46 section 2.3).
func cutDot(name string) (label, rest string, more bool) {
	i := strings.IndexAny(name, ".\u3002\uff0e\uff61")
	if i < 0 {
		return name, "", false
	}
	_, n := utf8.DecodeRuneInString(name[i:])
	return name[:i], name[i+n:], true
}

// mapped makes full-width letters of a label ASCII, and drops what nobody sees. Behind another
// letter "xn--" begins no A-label, which would be converted however long it is.
func mapped(label string) string {
	const before = "z"
	behind, _ := idna.Lookup.ToUnicode(before + label)
	if after, ok := strings.CutPrefix(behind, before); ok {
		return after
	}
	return label // its first character is a mark, which is a part of the letter now
}

// maxLabel is how many octets a label has at most (RFC 1035 section 2.3.4). Of a U-label
// each character takes one at least.
const maxLabel = 63

// trimJunk drops what stands before the first letter, digit or underscore: some consumers trim the white space of Unicode, too.
func trimJunk(s string) string {
	return strings.TrimLeftFunc(s, func(r rune) bool {
		if r < 0x80 {
			return !isWord(byte(r)) || r == '-'
		}
		return !unicode.IsLetter(r) && !unicode.IsNumber(r)
	})
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
