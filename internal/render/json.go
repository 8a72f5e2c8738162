package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// WriteJSON writes one object on one line. Text stays raw UTF-8: <, > and & are
// not escaped; octets that are no UTF-8 become U+FFFD, as JSON cannot hold them.
func WriteJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(escapeInvisible(b.Bytes()))
	return err
}

// escapeInvisible writes what does not show, or what a terminal obeys (DEL, the controls
// from U+0080 on, marks that turn the reading direction), as JSON escapes: JSON is read by
// people too. It means the same as before.
func escapeInvisible(text []byte) []byte {
	first := 0
	for first < len(text) && text[first] < 0x7f {
		first++
	}
	if first == len(text) || !bytes.ContainsFunc(text[first:], invisible) {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case !invisible(r):
			out = append(out, text[:n]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[n:]
	}
	return out
}

// invisible is what has no shape of its own, but for spaces and the ends of lines.
func invisible(r rune) bool {
	return r >= 0x7f && !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r)
}

// known gives null for what is empty.
func known(s string) *string {
	if s == "" {
		return nil
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	return &s
}

// word is a result word; the zero value of a verdict means none.
func word(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// list gives [] for nil.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
