package dns

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxName and MaxLabel are the limits of RFC 1035 section 2.3.4, in octets, for
// a name written with dots and without the final one.
const (
	MaxName  = 253
	MaxLabel = 63
)

// A name is a string of labels joined by dots, octets as they are: the DNS forbids
// no octet in a label (RFC 2181 section 11). A dot *inside* a label, which happens
// in hostile or mailbox-like names only, is written `\.`; a backslash anywhere else
// is just an octet.

// ValidName reports whether name can be asked: labels of 1 to 63 octets, at most
// 253 octets in all. The root ("" or ".") and one final dot are allowed.
func ValidName(name string) bool {
	name = trimDot(name)
	if name == "" {
		return true
	}
	label, total := 0, 0
	for i := 0; i < len(name); i++ {
		total++
		if name[i] == '.' {
			if label == 0 {
				return false
			}
			label = 0
			continue
		}
		if name[i] == '\\' && i+1 < len(name) && name[i+1] == '.' {
			i++
		}
		if label++; label > MaxLabel {
			return false
		}
	}
	return label > 0 && total <= MaxName
}

// CanonicalName gives name in ASCII lower case without its final dot: the form in
// which two names are the same name exactly when the strings are equal
// (RFC 4343). It does not validate.
func CanonicalName(name string) string {
	name = trimDot(name)
	for i := 0; i < len(name); i++ {
		if c := name[i]; 'A' <= c && c <= 'Z' {
			return string(appendLower(make([]byte, 0, len(name)), name))
		}
	}
	return name
}

// appendLower appends s in ASCII lower case; strings.ToLower would fold octets
// that are not ASCII.
func appendLower(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// JoinName puts labels or names together with dots, leaving out empty parts.
func JoinName(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p = trimDot(p); p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(p)
	}
	return b.String()
}

// IsSubdomain reports whether name is parent or lies beneath it, in any case.
// Everything is beneath the root.
func IsSubdomain(name, parent string) bool {
	name, parent = CanonicalName(name), CanonicalName(parent)
	for {
		if name == parent {
			return true
		}
		if name == "" {
			return false
		}
		name = parentOf(name)
	}
}

// trimDot removes one final dot, unless the dot belongs to the last label.
func trimDot(name string) string {
	if !strings.HasSuffix(name, ".") || strings.HasSuffix(name, `\.`) {
		return name
	}
	return name[:len(name)-1]
}

// parentOf removes the first label. The parent of a one-label name is the root "".
func parentOf(name string) string {
	for i := 0; i < len(name); i++ {
		switch {
		case name[i] == '.':
			return name[i+1:]
		case name[i] == '\\' && i+1 < len(name) && name[i+1] == '.':
			i++
		}
	}
	return ""
}

// escapeName writes a name for the wire library: master-file form, absolute
// (RFC 1035 section 5.1), every octet that has a meaning there escaped.
func escapeName(name string) string {
	name = trimDot(name)
	if name == "" {
		return "."
	}
	var b strings.Builder
	b.Grow(len(name) + 1)
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == '.':
			b.WriteByte('.')
		case c == '\\' && i+1 < len(name) && name[i+1] == '.':
			b.WriteString(`\.`)
			i++
		case plainInName(c):
			b.WriteByte(c)
		default:
			writeDecimalEscape(&b, c)
		}
	}
	b.WriteByte('.')
	return b.String()
}

func plainInName(c byte) bool {
	return c == '-' || c == '_' || c == '*' || c == '/' || c == '=' || c == '+' || c == ':' || c == '&' || c == ',' || c == '%' || c == '?' || c == '#' ||
		'0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func writeDecimalEscape(b *strings.Builder, c byte) {
	b.WriteByte('\\')
	b.WriteByte('0' + c/100)
	b.WriteByte('0' + c/10%10)
	b.WriteByte('0' + c%10)
}

// unescapeName is the inverse of escapeName, for names that the wire library gave.
func unescapeName(s string) string {
	if !strings.Contains(s, `\`) {
		return trimDot(s)
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		c, n := unescapeOctet(s[i:])
		i += n
		switch {
		case c == '.' && n == 1 && i == len(s): // the final dot, which `\\.` ends with and `\.` does not
		case c == '.' && n > 1:
			b.WriteString(`\.`)
		case c == '\\' && (i == len(s) || s[i] == '.'):
			// A backslash right before a dot would read as an escaped dot. Such a
			// name cannot be written here; this form at least is no other name's.
			b.WriteString(`\092`)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// readName reads a name in master-file form that somebody wrote, and refuses one
// with an empty label. Its lengths are not looked at: see [ValidName].
func readName(s string) (string, error) {
	name := unescapeName(s)
	empty := s == ""
	for rest := name; rest != ""; {
		parent := parentOf(rest)
		empty = empty || rest[0] == '.' || parent == "" && rest != trimDot(rest)
		rest = parent
	}
	if empty {
		return "", fmt.Errorf("%q is not a domain name", clip(s))
	}
	return name, nil
}

// unescapeOctet reads the octet at the start of a non-empty s in master-file form,
// `\DDD` and `\X` included, and says how many octets of s it took.
func unescapeOctet(s string) (octet byte, n int) {
	if s[0] != '\\' || len(s) == 1 {
		return s[0], 1
	}
	if len(s) >= 4 {
		if v, err := strconv.ParseUint(s[1:4], 10, 8); err == nil {
			return byte(v), 4
		}
	}
	return s[1], 2
}
