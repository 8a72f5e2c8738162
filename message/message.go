// Package message reads an Internet message (RFC 5322) without changing an
// octet: header fields keep their raw folding, the body is a view of the input.
//
// Only CRLF ends a line. A bare LF or CR is data, and a [Defect]: repairing it
// would let smuggled mail pass (CVE-2023-51764).
//
// The header ends at the first empty line. A line of the header that is no field
// (no colon, a bad name) is kept as a [Field] without a name, so that nothing is
// lost, and the header goes on.
package message

import "sync"

// Message is a parsed message. It shares memory with the bytes it was parsed
// from, which must not change. It is immutable and safe for concurrent use.
type Message struct {
	// Raw is the whole message.
	Raw []byte
	// Fields are the header fields in order, top first.
	Fields []Field
	// Body is everything after the empty line that ends the header; nil where there
	// is no such line, empty but not nil where nothing follows it.
	Body []byte

	truncated bool

	look    sync.Once
	defects []Defect // what look finds
}

// Defects are what RFC 5322 forbids, those of the header first, at most one for each
// ID and Field, so that their number is bounded. The first call reads the message.
func (m *Message) Defects() []Defect {
	m.look.Do(func() { m.defects = findDefects(m) })
	return m.defects
}

// header is what stands before the empty line.
func (m *Message) header() []byte {
	if m.Body == nil {
		return m.Raw
	}
	return m.Raw[:len(m.Raw)-len(m.Body)-len(crlf)]
}

// All gives the fields of this name, top first, ASCII case-insensitively.
func (m *Message) All(name string) []Field {
	n := m.Count(name)
	if n == 0 {
		return nil
	}
	fields := make([]Field, 0, n)
	for _, f := range m.Fields {
		if f.Is(name) {
			fields = append(fields, f)
		}
	}
	return fields
}

// Count is the number of fields of this name.
func (m *Message) Count(name string) int {
	n := 0
	for _, f := range m.Fields {
		if f.Is(name) {
			n++
		}
	}
	return n
}

// First gives the topmost field of this name.
func (m *Message) First(name string) (f Field, ok bool) {
	for _, f := range m.Fields {
		if f.Is(name) {
			return f, true
		}
	}
	return Field{}, false
}

// HeaderTruncated reports that the header exceeds [MaxFields] or [MaxHeader]:
// Fields then holds only its beginning, and what the message says of its author
// cannot be known.
func (m *Message) HeaderTruncated() bool { return m.truncated }
