package forensics

import (
	"bytes"
	"strings"
)

// layouts are the ways in which programs lay out a field whose words they keep.
var layouts = []struct {
	kind Kind
	undo func(raw []byte) []byte
}{
	{FieldRefolded, unfold},
	{FieldRefolded, func(b []byte) []byte { return replaceFold(b, "\r\n ") }},
	{FieldRefolded, func(b []byte) []byte { return replaceFold(b, "\r\n\t") }},
	{FieldRefolded, func(b []byte) []byte { return replaceFold(b, "\r\n        ") }},
	{FieldRefolded, func(b []byte) []byte { return replaceFold(b, "\r\n    ") }},
	{FieldRefolded, func(b []byte) []byte { return refold(b, 78, " ") }},
	{FieldRefolded, func(b []byte) []byte { return refold(b, 76, " ") }},
	{FieldRefolded, func(b []byte) []byte { return refold(b, 72, " ") }},
	{FieldRefolded, func(b []byte) []byte { return refold(b, 78, "\t") }},
	{FieldRefolded, func(b []byte) []byte { return refold(b, 76, "\t") }},
	{FieldRefolded, foldLists(" ")},
	{FieldRefolded, foldLists("\t")},
	{FieldRefolded, foldLists("        ")},
	{FieldSpacing, trimValue},
	{FieldSpacing, func(b []byte) []byte { return afterColon(b, " ") }},
	{FieldSpacing, func(b []byte) []byte { return afterColon(b, "") }},
	{FieldSpacing, func(b []byte) []byte { return afterColon(b, "  ") }},
	{FieldSpacing, func(b []byte) []byte { return afterColon(b, "\t") }},
	{FieldSpacing, func(b []byte) []byte { return append(bytes.TrimSuffix(bytes.Clone(b), crlf), " \r\n"...) }},
	{FieldSpacing, reduceField},
	{FieldNameCase, func(b []byte) []byte { return rename(b, canonicalName) }},
	{FieldNameCase, func(b []byte) []byte { return rename(b, titleName) }},
	{FieldNameCase, func(b []byte) []byte { return rename(b, strings.ToLower) }},
	{FieldNameCase, func(b []byte) []byte { return rename(b, strings.ToUpper) }},
}

// replaceFold replaces each CRLF WSP run by a text.
func replaceFold(raw []byte, by string) []byte {
	raw = bytes.TrimSuffix(raw, crlf)
	var out []byte
	for {
		i := bytes.Index(raw, crlf)
		if i < 0 {
			return append(append(out, raw...), crlf...)
		}
		out = append(append(out, raw[:i]...), by...)
		raw = bytes.TrimLeft(raw[i+2:], " \t")
	}
}

func unfold(raw []byte) []byte { return replaceFold(raw, " ") }

// refold folds at white space so that lines have at most width octets.
func refold(raw []byte, width int, indent string) []byte {
	words := strings.Split(strings.TrimSuffix(string(unfold(raw)), "\r\n"), " ")
	var b strings.Builder
	column := 0
	for i, w := range words {
		switch {
		case i == 0:
		case column+1+len(w) > width && column > len(indent) && i > 1:
			b.WriteString("\r\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(w)
		column += len(w)
	}
	return []byte(b.String() + "\r\n")
}

// foldLists folds behind each comma or semicolon.
func foldLists(indent string) func([]byte) []byte {
	return func(raw []byte) []byte {
		text := strings.TrimSuffix(string(unfold(raw)), "\r\n")
		text = strings.ReplaceAll(strings.ReplaceAll(text, ", ", ",\r\n"+indent), "; ", ";\r\n"+indent)
		return []byte(text + "\r\n")
	}
}

func splitField(raw []byte) (name, value []byte) {
	colon := max(bytes.IndexByte(raw, ':'), 0)
	return raw[:colon], bytes.TrimSuffix(raw[min(colon+1, len(raw)):], crlf)
}

func joinField(name []byte, value ...[]byte) []byte {
	return concat(name, []byte(":"), concat(value...), crlf)
}

func trimValue(raw []byte) []byte {
	name, value := splitField(raw)
	return joinField(bytes.TrimRight(name, " \t"), bytes.TrimRight(value, " \t"))
}

func afterColon(raw []byte, space string) []byte {
	name, value := splitField(raw)
	return joinField(name, []byte(space), bytes.TrimLeft(value, " \t"))
}

// reduceField leaves one space where there are several.
func reduceField(raw []byte) []byte {
	name, value := splitField(unfold(raw))
	return joinField(name, []byte(" "), []byte(strings.Join(strings.Fields(string(value)), " ")))
}

func rename(raw []byte, to func(string) string) []byte {
	name, value := splitField(raw)
	return joinField([]byte(to(string(name))), value)
}

// canonicalName is a field name as its RFC spells it.
func canonicalName(name string) string {
	switch lower := strings.ToLower(name); lower {
	case "message-id", "mime-version", "content-id", "list-id", "feedback-id", "resent-message-id":
		return strings.NewReplacer("-Id", "-ID", "Mime-", "MIME-").Replace(titleName(lower))
	default:
		return titleName(lower)
	}
}

// titleName has a capital at the beginning of each word.
func titleName(name string) string {
	b := []byte(strings.ToLower(name))
	for i, c := range b {
		if (i == 0 || b[i-1] == '-') && 'a' <= c && c <= 'z' {
			b[i] -= 0x20
		}
	}
	return string(b)
}

// foldings folds a field at one place, each in turn.
func foldings(raw []byte) (out [][]byte) {
	raw = unfold(raw)
	from := bytes.IndexByte(raw, ':') + 2
	for i := from; i < len(raw) && len(out) < 60; i++ {
		if raw[i] == ' ' {
			out = append(out, concat(raw[:i], crlf, raw[i:]), concat(raw[:i], []byte("\r\n\t"), raw[i+1:]))
		}
	}
	return out
}
