package authres

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// String formats the value strictly (RFC 8601 section 2.2) on one line: values
// are quoted where needed and hold no CR, LF or other control octet, so that
// nothing taken from a message can add a result or a field (CVE-2020-12272).
//
// What the grammar cannot hold is left out: results without method or value,
// properties without a type, values over 420 octets. Of each method the first 10
// results are written, of all 20.
func (h Header) String() string {
	s, _ := h.format()
	return s
}

// format gives String, and the offsets of the spaces in it that no quoted-string
// or comment holds, in order; those that begin a result are negated.
func (h Header) format() (string, []int) {
	var w writer
	w.value(cleanValue(h.AuthServID), false)
	if h.Version > 0 {
		w.space()
		w.WriteString(strconv.Itoa(min(h.Version, maxVersion)))
	}
	written := 0
	methods := map[string]int{}
	for _, r := range h.Results {
		method, value := cleanWord(r.Method), cleanWord(r.Value)
		if method == "" || value == "" || methods[method] == maxWrittenPerMethod || written == maxWrittenResults {
			continue
		}
		methods[method]++
		written++
		w.result(method, value, r)
	}
	if written == 0 {
		w.WriteString("; none")
	}
	return w.String(), w.spaces
}

type writer struct {
	strings.Builder
	spaces []int
}

func (w *writer) space() {
	w.spaces = append(w.spaces, w.Len())
	w.WriteByte(' ')
}

func (w *writer) result(method, value string, r Result) {
	w.WriteByte(';')
	w.spaces = append(w.spaces, -w.Len())
	w.WriteString(" " + method)
	if r.MethodVersion > 0 {
		w.WriteByte('/')
		w.WriteString(strconv.Itoa(min(r.MethodVersion, maxVersion)))
	}
	w.WriteByte('=')
	w.WriteString(value)
	if c := cut(cleanPrintable(r.Comment)); c != "" {
		w.space()
		w.comment(c)
	}
	if reason := cut(cleanPrintable(r.Reason)); reason != "" {
		w.space()
		w.WriteString("reason=")
		w.value(reason, false)
	}
	n := 0
	for _, p := range r.Props {
		ptype, name, v := cleanWord(p.Type), cleanName(p.Name), cleanProperty(p.Value)
		// A value too long to write whole is left out: cut short it would name
		// something else.
		if ptype == "" || name == "" || len(v) > maxWrittenValue || n == maxWrittenProps {
			continue
		}
		n++
		w.space()
		w.WriteString(ptype + "." + name + "=")
		w.value(v, true)
	}
}

// value writes a token as it is, and so a mailbox where the grammar takes one
// (pvalue); anything else as a quoted-string.
func (w *writer) value(v string, address bool) {
	if len(v) > maxWrittenValue {
		v = ""
	}
	if isToken(v) || address && isAddress(v) {
		w.WriteString(v)
		return
	}
	w.WriteByte('"')
	for i := range len(v) {
		if v[i] == '"' || v[i] == '\\' {
			w.WriteByte('\\')
		}
		w.WriteByte(v[i])
	}
	w.WriteByte('"')
}

// comment keeps parentheses that are in balance and escapes others.
func (w *writer) comment(text string) {
	plain := balanced(text)
	w.WriteByte('(')
	for i := range len(text) {
		if c := text[i]; c == '\\' || !plain && (c == '(' || c == ')') {
			w.WriteByte('\\')
		}
		w.WriteByte(text[i])
	}
	w.WriteByte(')')
}

func balanced(s string) bool {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth < 0 || depth >= maxCommentDepth {
			return false
		}
	}
	return depth == 0
}

// isToken reports a token of RFC 2045 section 5.1.
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?=`, s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}

// isAddress reports [ [ local-part ] "@" ] domain-name, in UTF-8 where the
// message is internationalized (RFC 8601 section 2.2, RFC 6532).
func isAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return isDomain(s[at+1:]) && (at <= 0 || isLocalPart(s[:at]))
}

func isDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !isWord(label[i]) && label[i] < 0x80 {
				return false
			}
		}
	}
	return true
}

func isLocalPart(s string) bool {
	if s[0] == '"' {
		return isQuotedString(s)
	}
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for i := range len(atom) {
			if !isWord(atom[i]) && atom[i] < 0x80 && strings.IndexByte("!#$%&'*+/=?^`{|}~", atom[i]) < 0 {
				return false
			}
		}
	}
	return true
}

func isQuotedString(s string) bool {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i == len(s)-1
		case '\\':
			i++
		}
	}
	return false
}

// cleanWord keeps what a Keyword may hold, in lower case.
func cleanWord(s string) string { return keep(s, "") }

// cleanName is cleanWord for property names, which may hold dots in practice.
func cleanName(s string) string { return strings.Trim(keep(s, "."), ".") }

func keep(s, also string) string {
	if len(s) > maxWrittenWord {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (isWord(byte(r)) || strings.ContainsRune(also, r)) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// cleanValue drops what is not printable, every kind of line end and space but
// the plain one included, and replaces what is not UTF-8.
func cleanValue(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '?'
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s))
}

// cleanProperty is cleanValue for the value of a property, which tells who is meant: what cannot be
// written is replaced and not dropped, for without it the value would name somebody else.
func cleanProperty(s string) string {
	if inner := strings.TrimSpace(s); inner != s {
		at := strings.Index(s, inner)
		s = strings.Repeat("?", at) + inner + strings.Repeat("?", len(s)-at-len(inner))
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// cleanPrintable is cleanValue for text: white space becomes one space, also where
// what stood between two spaces is dropped.
func cleanPrintable(s string) string { return cleanText(cleanValue(cleanText(s))) }

// cut shortens text for people, not within a character.
func cut(s string) string {
	if len(s) <= maxWrittenText {
		return s
	}
	n := maxWrittenText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.TrimSpace(s[:n])
}
