package message

import (
	"encoding/base64"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

// DecodeHeader decodes the encoded-words of RFC 2047 (with the language of RFC
// 2231) in an unfolded value for display; what cannot be decoded stays as it is.
// The result is [DisplaySafe].
//
// It is lenient where senders are careless: words over 75 characters, words inside
// a quoted string or next to other text, a character split over two words.
func DecodeHeader(s string) string {
	if !strings.Contains(s, "=?") {
		return DisplaySafe(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for s != "" {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		text, rest, ok := decodeRun(s[i:])
		if !ok {
			b.WriteString(s[:i+2])
			s = s[i+2:]
			continue
		}
		b.WriteString(s[:i])
		b.WriteString(text)
		s = rest
	}
	b.WriteString(s)
	return DisplaySafe(b.String())
}

// decodeRun decodes the encoded-words at the beginning of s that only white space
// separates (RFC 2047 section 6.2 drops it). Octets of words in one charset are put
// together before they are decoded: many senders split multi-octet characters.
func decodeRun(s string) (text, rest string, ok bool) {
	var out strings.Builder
	var octets []byte
	charset := ""
	flush := func() {
		out.WriteString(decodeCharset(charset, octets))
		octets = octets[:0]
	}
	rest = s
	for {
		cs, data, after, isWord := encodedWord(strings.TrimLeft(rest, " \t\r\n"))
		if !isWord || !knownCharset(cs) {
			break
		}
		if ok && !strings.EqualFold(cs, charset) {
			flush()
		}
		charset, octets, rest, ok = cs, append(octets, data...), after, true
	}
	if !ok {
		return "", "", false
	}
	flush()
	return out.String(), rest, true
}

// encodedWord takes "=?charset*language?encoding?text?=" from the beginning of s.
func encodedWord(s string) (charset string, octets []byte, rest string, ok bool) {
	if !strings.HasPrefix(s, "=?") {
		return "", nil, "", false
	}
	// A charset name is short: without the bound, every "=?" of a long value would
	// search to its end.
	head := s[2:min(len(s), 2+80)]
	q := strings.IndexByte(head, '?')
	if q <= 0 || q+2 >= len(head) || head[q+2] != '?' {
		return "", nil, "", false
	}
	charset, _, _ = strings.Cut(head[:q], "*")
	code := lower(head[q+1])
	text := s[2+q+3:]
	end := strings.IndexByte(text, '?')
	if end < 0 || end+1 >= len(text) || text[end+1] != '=' {
		return "", nil, "", false
	}
	text, rest = text[:end], text[end+2:]
	switch code {
	case 'q':
		octets, ok = decodeQ(text)
	case 'b':
		octets, ok = decodeB(text)
	}
	return charset, octets, rest, ok
}

// decodeQ decodes the "Q" encoding of RFC 2047 section 4.2.
func decodeQ(s string) ([]byte, bool) {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '_':
			out = append(out, ' ')
		case '=':
			if i+2 >= len(s) {
				return nil, false
			}
			hi, ok1 := unhex(s[i+1])
			lo, ok2 := unhex(s[i+2])
			if !ok1 || !ok2 {
				return nil, false
			}
			out = append(out, hi<<4|lo)
			i += 2
		default:
			out = append(out, c)
		}
	}
	return out, true
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

// decodeB decodes base64, with or without its padding.
func decodeB(s string) ([]byte, bool) {
	out, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return out, err == nil
}

// decodeCharset decodes octets of a known charset; what has no meaning in it
// becomes U+FFFD.
func decodeCharset(charset string, octets []byte) string {
	e, utf8 := lookupCharset(charset)
	if utf8 || e == nil {
		return string(octets)
	}
	out, _ := e.NewDecoder().Bytes(octets) // these decoders replace, they do not fail
	return string(out)
}

func knownCharset(name string) bool {
	e, utf8 := lookupCharset(name)
	return e != nil || utf8
}

// aliases are names that mail uses and that the index of the WHATWG lacks.
var aliases = map[string]string{
	"cp932": "shift_jis", "windows-932": "shift_jis", "sjis": "shift_jis", "x-sjis-cp932": "shift_jis",
	"cp50220": "iso-2022-jp", "cp50221": "iso-2022-jp", "iso-2022-jp-1": "iso-2022-jp", "iso-2022-jp-ms": "iso-2022-jp",
	"eucjp": "euc-jp", "cp51932": "euc-jp", "eucjp-ms": "euc-jp", "euckr": "euc-kr", "cp949": "euc-kr",
	"cp936": "gbk", "cp950": "big5", "utf8mb4": "utf-8", "latin-1": "windows-1252",
}

// lookupCharset gives the decoder of a charset, nil for one that is not known.
func lookupCharset(name string) (e encoding.Encoding, utf8 bool) {
	name = strings.ToLower(name)
	if a, ok := aliases[name]; ok {
		name = a
	}
	if name == "utf-8" || name == "utf8" {
		return nil, true
	}
	e, err := htmlindex.Get(name)
	if err != nil || e == encoding.Replacement {
		return nil, false
	}
	return e, false
}
