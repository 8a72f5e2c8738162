package spf

import (
	"net/netip"
	"strconv"
	"strings"
)

const (
	// maxName is the longest name that can be asked (section 7.3).
	maxName = 253
	// maxTail is as much of the right end of an expansion as decides on the name: an
	// octet more than fits, which may be a dot, and a final dot.
	maxTail = maxName + 2
	// maxExplanation bounds the text of exp= (section 6.2 allows a limit).
	maxExplanation = 1024
)

// expandName expands a domain-spec to the name to ask, without a final dot, cut
// to 253 octets at the left by whole labels (section 7.3). Only the right end
// survives that, so it expands from there, and nothing that would be cut.
func (c *checker) expandName(m MacroString, f *frame) string {
	name := m.Text
	if m.parts != nil {
		var tail [maxTail]byte
		var room [maxTail]byte
		at := len(tail)
		for i := len(m.parts) - 1; i >= 0 && at > 0; i-- {
			b := c.appendPart(room[:0], &m.parts[i], f)
			n := min(len(b), at)
			at -= copy(tail[at-n:at], b[len(b)-n:])
		}
		name = string(tail[at:])
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
	if p.escape {
		return appendEscaped(b, appendTransformed(nil, v, p))
	}
	return appendTransformed(b, v, p)
}

// macroValue is the value of a macro letter (section 7.2).
func (c *checker) macroValue(letter byte, f *frame) string {
	switch letter {
	case 's':
		if c.sender == "" {
			c.sender = c.local + "@" + c.domain
		}
		return c.sender
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

// appendTransformed splits a value, reverses it, keeps its right-hand parts and joins
// them with dots (section 7.3). Empty parts count. It looks at no more of the value than
// it keeps: a text may have thousands of macros that all come to nothing.
func appendTransformed(b []byte, v string, p *macroPart) []byte {
	if p.keep == 0 && !p.reverse && p.delims == "" {
		return append(b, v...)
	}
	split := splitAt(p.delims)
	if p.reverse {
		return appendReversed(b, firstParts(v, int(p.keep), &split), &split)
	}
	for _, c := range []byte(lastParts(v, int(p.keep), &split)) {
		if split[c] {
			c = '.'
		}
		b = append(b, c)
	}
	return b
}

// splitAt marks the characters to split on, of which a macro may name one very often.
func splitAt(delims string) (split [256]bool) {
	if delims == "" {
		delims = "."
	}
	for i := range len(delims) {
		split[delims[i]] = true
	}
	return split
}

// firstParts is the beginning of a value that has n parts, 0 for all of them.
func firstParts(v string, n int, split *[256]bool) string {
	for i := 0; n > 0 && i < len(v); i++ {
		if split[v[i]] {
			if n--; n == 0 {
				return v[:i]
			}
		}
	}
	return v
}

// lastParts is the end of a value that has n parts, 0 for all of them.
func lastParts(v string, n int, split *[256]bool) string {
	for i := len(v); n > 0 && i > 0; i-- {
		if split[v[i-1]] {
			if n--; n == 0 {
				return v[i:]
			}
		}
	}
	return v
}

// appendReversed appends the parts of a value, the last one first, joined with dots.
func appendReversed(b []byte, v string, split *[256]bool) []byte {
	for {
		last := lastParts(v, 1, split)
		b = append(b, last...)
		if len(last) == len(v) {
			return b
		}
		b = append(b, '.')
		v = v[:len(v)-len(last)-1]
	}
}

// appendEscaped escapes all but the unreserved characters of RFC 3986 section 2.3.
func appendEscaped(b, v []byte) []byte {
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
