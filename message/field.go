package message

import (
	"bytes"
	"strings"
)

// Field is one header field, raw.
type Field struct {
	// Raw is the whole field with its folding and its final CRLF, as it came (the
	// last field of a message cut short may lack the CRLF).
	Raw []byte
	// colon is the offset of the colon in Raw, -1 where Raw is no field. No field has
	// its colon at 0, so that 0 means "not looked for": a literal Field{Raw: b} works.
	colon int
}

// NewField makes a field of its raw octets: name, colon, value with its folding,
// and CRLF. Raw octets that are no field give a field without a name.
func NewField(raw []byte) Field { return Field{Raw: raw, colon: findColon(raw)} }

// findColon gives the offset of the colon behind a field name of RFC 5322 section
// 2.2 (with the white space before it that section 4.5 allows), -1 for none.
func findColon(raw []byte) int {
	colon := bytes.IndexByte(raw, ':')
	if colon <= 0 {
		return -1
	}
	end := colon
	for end > 0 && isWSP(raw[end-1]) {
		end--
	}
	if end == 0 {
		return -1
	}
	for _, c := range raw[:end] {
		if c <= ' ' || c >= 0x7f {
			return -1
		}
	}
	return colon
}

// split gives the offsets of the end of the name and of the colon; ok is false
// for octets that are no field.
func (f Field) split() (name, colon int, ok bool) {
	colon = f.colon
	if colon == 0 {
		colon = findColon(f.Raw)
	}
	if colon < 0 {
		return 0, 0, false
	}
	name = colon
	for name > 0 && isWSP(f.Raw[name-1]) {
		name--
	}
	return name, colon, true
}

// Name is the field name as written, without white space before the colon; "" for a line that is no field.
func (f Field) Name() string {
	name, _, ok := f.split()
	if !ok {
		return ""
	}
	return string(f.Raw[:name])
}

// Is reports whether the field has this name, ASCII case-insensitively.
func (f Field) Is(name string) bool {
	if len(f.Raw) < len(name) || name != "" && lower(f.Raw[0]) != lower(name[0]) { // as of most fields
		return false
	}
	n, _, ok := f.split()
	return ok && equalFold(f.Raw[:n], name)
}

// Value is everything after the colon, folding kept, final CRLF removed. Of a
// line that is no field it is the whole line.
func (f Field) Value() []byte {
	v := f.Raw
	if _, colon, ok := f.split(); ok {
		v = v[colon+1:]
	}
	return bytes.TrimSuffix(v, crlf)
}

// Unfolded is Value with each CRLF before white space removed (RFC 5322 section
// 2.2.3) and outer white space trimmed.
func (f Field) Unfolded() string {
	v := f.Value()
	if !bytes.Contains(v, crlf) {
		return string(bytes.Trim(v, " \t"))
	}
	var b strings.Builder
	b.Grow(len(v))
	for {
		i := bytes.Index(v, crlf)
		if i < 0 {
			break
		}
		b.Write(v[:i])
		if v = v[i+2:]; len(v) == 0 || !isWSP(v[0]) {
			b.WriteString("\r\n") // cannot come from Parse: only folds are inside a field
		}
	}
	b.Write(v)
	return strings.Trim(b.String(), " \t")
}

func isWSP(c byte) bool { return c == ' ' || c == '\t' }

// equalFold compares ASCII case-insensitively; strings.EqualFold would hold the
// Kelvin sign equal to k.
func equalFold(a []byte, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if c != b[i] && lower(c) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
