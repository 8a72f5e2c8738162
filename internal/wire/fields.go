package wire

import "strings"

// Field is one name=value of a record in the form that RFC 8460 section 3 and
// RFC 8461 section 3.1 share: a version, then fields with ";" between them.
type Field struct {
	// Name is "" where the text between two ";" is no field; Value is that text then.
	Name, Value string
}

// MaxFields is how many fields of one record are read. Real records have one or two.
const MaxFields = 64

// CutFields reads the fields behind version, which s begins with. Blanks around ";"
// belong to the delimiter; one ";" may end the record. What is not
// ext-name "=" ext-value by the ABNF comes without a Name. More is true where fields
// behind the first [MaxFields] were not read.
func CutFields(s, version string) (fields []Field, more bool) {
	rest, ok := strings.CutPrefix(s, version)
	if !ok {
		return []Field{{Value: s}}, false
	}
	head, rest, found := strings.Cut(rest, ";")
	if !found || trimBlanks(head) != "" {
		return []Field{{Value: s}}, false
	}
	for {
		part, next, found := strings.Cut(rest, ";")
		text := strings.TrimLeft(part, " \t")
		if found {
			text = trimBlanks(part)
		}
		if !found && trimBlanks(text) == "" {
			return fields, false
		}
		if len(fields) == MaxFields {
			return fields, true
		}
		fields = append(fields, cutField(text))
		if !found {
			return fields, false
		}
		rest = next
	}
}

func cutField(text string) Field {
	name, value, ok := strings.Cut(text, "=")
	if !ok || !IsExtName(name) || value == "" {
		return Field{Value: text}
	}
	return Field{Name: name, Value: value}
}

// IsExtName reports whether s is the name of a field (RFC 8460 and RFC 8461,
// tlsrpt-ext-name, sts-ext-name, sts-policy-ext-name): a letter or digit, then at
// most 31 letters, digits, "_", "-" and ".".
func IsExtName(s string) bool {
	if s == "" || len(s) > 32 || !isAlnum(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i]; !isAlnum(c) && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// IsExtValue reports whether s is the value of an extension field in a TXT record:
// printable ASCII without "=", ";" and the space.
func IsExtValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c > '~' || c == '=' || c == ';' {
			return false
		}
	}
	return s != ""
}

// IsHostName reports whether s is a Domain of RFC 5321 section 4.1.2 without
// internationalized labels: letters, digits and inner hyphens, no final dot.
func IsHostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || !isAlnum(label[0]) || !isAlnum(label[len(label)-1]) {
			return false
		}
		for i := 0; i < len(label); i++ {
			if !isAlnum(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return true
}

// Near reports whether s was meant to begin with version: in other letters' case,
// with blanks, or with a quotation mark before it.
func Near(s, version string) bool {
	if len(s) > 4*len(version) {
		s = s[:4*len(version)]
	}
	squeezed := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\"'\u00a0\u200b\ufeff\u201c\u201d", r) {
			return -1
		}
		return r
	}, s)
	return len(squeezed) >= len(version) && strings.EqualFold(squeezed[:len(version)], version)
}

func trimBlanks(s string) string { return strings.Trim(s, " \t") }

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
