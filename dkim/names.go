package dkim

import (
	"strconv"
	"strings"

	"github.com/todoku/todoku/internal/wire"
)

// Limits of a domain name in octets (RFC 1035 section 2.3.4).
const (
	maxName  = 253
	maxLabel = 63
)

// maxListed bounds the lists inside tags that nobody fills: q=, and h=, s=, t= of keys.
const maxListed = 64

// domainName reads a domain name of at least so many labels, "" if it is none. It
// gives it in lower case and as written, both in A-labels (RFC 8616 section 4).
// Labels may hold letters, digits, hyphens and, as selectors do, underscores:
// nothing that could mean anything in an Authentication-Results field.
func domainName(v string, labels int) (folded, written string) {
	v, ok := wire.ALabels(v)
	if !ok || len(v) > maxName {
		return "", ""
	}
	n, from := 1, 0
	for i := 0; i <= len(v); i++ {
		if i < len(v) && v[i] != '.' {
			if !isNameOctet(v[i]) {
				return "", ""
			}
			continue
		}
		if i == from || i-from > maxLabel {
			return "", ""
		}
		if i < len(v) {
			n++
			from = i + 1
		}
	}
	if n < labels {
		return "", ""
	}
	return lower(v), v
}

func isNameOctet(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// keyName is where a key is published (RFC 6376 section 3.6.2.1).
func keyName(selector, domain string) string { return selector + keyLabel + domain }

const keyLabel = "._domainkey."

// within reports whether name is domain or beneath it, both in lower case.
func within(name, domain string) bool {
	return strings.HasSuffix(name, domain) &&
		(len(name) == len(domain) || name[len(name)-len(domain)-1] == '.')
}

// isFieldName: the ftext of RFC 5322 section 3.6.8, without the semicolon that
// would end the tag.
func isFieldName(v string) bool {
	for i := 0; i < len(v); i++ {
		if c := v[i]; c <= ' ' || c >= 0x7f || c == ':' || c == ';' {
			return false
		}
	}
	return v != ""
}

// isWord: letters and digits.
func isWord(v string) bool {
	for i := 0; i < len(v); i++ {
		if !isNameOctet(v[i]) || v[i] == '-' || v[i] == '_' {
			return false
		}
	}
	return v != ""
}

// isNumber: digits.
func isNumber(v string) bool {
	for i := 0; i < len(v); i++ {
		if v[i] < '0' || v[i] > '9' {
			return false
		}
	}
	return v != ""
}

// decodeQP decodes dkim-quoted-printable (RFC 6376 section 2.11). Control
// characters are refused even when encoded.
func decodeQP(v string) (string, bool) {
	if strings.IndexByte(v, '=') < 0 && !strings.ContainsAny(v, " \t\r\n") {
		return v, true
	}
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			continue
		}
		if c == '=' {
			if i+2 >= len(v) || !isUpperHex(v[i+1]) || !isUpperHex(v[i+2]) {
				return "", false
			}
			n, _ := strconv.ParseUint(v[i+1:i+3], 16, 8)
			c = byte(n)
			i += 2
		}
		if c < ' ' || c == 0x7f {
			return "", false
		}
		out = append(out, c)
	}
	return string(out), true
}

func isUpperHex(c byte) bool { return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' }

// lower folds ASCII only: strings.ToLower would make a k of the Kelvin sign.
func lower(v string) string {
	for i := 0; i < len(v); i++ {
		if c := v[i]; 'A' <= c && c <= 'Z' {
			out := []byte(v)
			for ; i < len(out); i++ {
				out[i] = lowerOctet(out[i])
			}
			return string(out)
		}
	}
	return v
}

func lowerOctet(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}

// equalFold compares ASCII case-insensitively.
func equalFold[A, B string | []byte](a A, b B) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if lowerOctet(a[i]) != lowerOctet(b[i]) {
			return false
		}
	}
	return true
}

// quote makes hostile text fit for a sentence.
func quote(v string) string {
	const most = 60
	if len(v) > most {
		return strconv.QuoteToASCII(v[:most]) + "..."
	}
	return strconv.QuoteToASCII(v)
}
