package spf

import (
	"net/netip"
	"strconv"
	"strings"
)

const (
	// maxName is the longest name that can be asked (section 7.3).
	maxName = 253
	// maxExpansion bounds the work buffer while a name is expanded. Only the right
	// end of a name survives truncation, so the rest can be dropped on the way.
	maxExpansion = 4096
	// maxExplanation bounds the text of exp= (section 6.2 allows a limit).
	maxExplanation = 1024
)

// expandName expands a domain-spec to the name to ask, without a final dot, cut
// to 253 octets at the left by whole labels (section 7.3).
func (c *checker) expandName(m MacroString, f *frame) string {
	name := m.Text
	if m.parts != nil {
		var b []byte
		for i := range m.parts {
			b = c.appendPart(b, &m.parts[i], f)
			if len(b) > maxExpansion {
				b = b[:copy(b, b[len(b)-2*maxName:])]
			}
		}
		name = string(b)
	}
	name = strings.TrimSuffix(name, ".")
	if len(name) <= maxName {
		return name
	}
	// A dot directly before the last 253 octets leaves all of them.
	tail := name[len(name)-maxName-1:]
	if dot := strings.IndexByte(tail, '.'); dot >= 0 {
		return tail[dot+1:]
	}
	return name
}

// expandText expands the text of exp=. It may be cut, and only at the end.
func (c *checker) expandText(m MacroString, f *frame) string {
	if m.parts == nil {
		return m.Text[:min(len(m.Text), maxExplanation)]
	}
	var b []byte
	for i := range m.parts {
		b = c.appendPart(b, &m.parts[i], f)
		if len(b) >= maxExplanation {
			b = b[:maxExplanation]
			break
		}
	}
	return string(b)
}

// appendPart appends the expansion of one part.
func (c *checker) appendPart(b []byte, p *macroPart, f *frame) []byte {
	switch p.letter {
	case 0:
		return append(b, p.literal...)
	case letterPercent:
		return append(b, '%')
	case letterSpace:
		return append(b, ' ')
	case letterURLSpace:
		return append(b, "%20"...)
	}
	v := c.macroValue(p.letter, f)
	if p.keep != 0 || p.reverse || p.delims != "" {
		v = transform(v, p)
	}
	if p.escape {
		return appendEscaped(b, v)
	}
	return append(b, v...)
}

// macroValue is the value of a macro letter (section 7.2).
func (c *checker) macroValue(letter byte, f *frame) string {
	switch letter {
	case 's':
		return c.local + "@" + c.domain
	case 'l':
		return c.local
	case 'o':
		return c.domain
	case 'd':
		return f.domain
	case 'i':
		return dottedAddr(c.ip)
	case 'p':
		return c.validatedName(f.domain)
	case 'v':
		if c.ip.Is4() {
			return "in-addr"
		}
		return "ip6"
	case 'h':
		return c.helo
	case 'c':
		return c.ip.String()
	case 'r':
		if c.receiver == "" {
			return "unknown"
		}
		return c.receiver
	case 't':
		if c.now.IsZero() {
			return "0"
		}
		return strconv.FormatInt(c.now.Unix(), 10)
	}
	return ""
}

// dottedAddr is the %{i} form: dotted quad, or the 32 nibbles of IPv6. They are
// upper case as in the openspf test suite; names do not care, and section 7.4 is
// silent on text.
func dottedAddr(ip netip.Addr) string {
	if ip.Is4() {
		return ip.String()
	}
	const hex = "0123456789ABCDEF"
	var b [63]byte
	a := ip.As16()
	for i, o := range a {
		b[4*i] = hex[o>>4]
		b[4*i+1] = '.'
		b[4*i+2] = hex[o&15]
		if i < 15 {
			b[4*i+3] = '.'
		}
	}
	return string(b[:])
}

// transform splits a value, reverses it, keeps its right-hand parts and joins
// them with dots (section 7.3). Empty parts count.
func transform(v string, p *macroPart) string {
	delims := p.delims
	if delims == "" {
		delims = "."
	}
	parts := make([]string, 0, 8)
	for {
		i := strings.IndexAny(v, delims)
		if i < 0 {
			break
		}
		parts = append(parts, v[:i])
		v = v[i+1:]
	}
	parts = append(parts, v)
	if p.reverse {
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
	}
	if n := int(p.keep); n != 0 && n < len(parts) {
		parts = parts[len(parts)-n:]
	}
	return strings.Join(parts, ".")
}

// appendEscaped escapes all but the unreserved characters of RFC 3986 section 2.3.
func appendEscaped(b []byte, v string) []byte {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(v); i++ {
		c := v[i]
		if isAlpha(c) || isDigit(c) || c == '-' || c == '.' || c == '_' || c == '~' {
			b = append(b, c)
			continue
		}
		b = append(b, '%', hex[c>>4], hex[c&15])
	}
	return b
}
