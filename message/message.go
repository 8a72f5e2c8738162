// Package message reads an Internet message (RFC 5322) without changing an
// octet: header fields keep their raw folding, the body is a view of the input.
//
// Only CRLF ends a line. A bare LF or CR is data, and a [Defect]: repairing it
// would let smuggled mail pass (CVE-2023-51764).
package message

// Field is one header field, raw.
type Field struct {
	// Raw is the whole field with its folding and its final CRLF, as it came (the
	// last field of a message cut short may lack the CRLF).
	Raw []byte
	// colon is the offset of the colon in Raw, -1 where there is none.
	colon int
}

// Message is a parsed message. It shares memory with the bytes it was parsed
// from, which must not change. It is immutable and safe for concurrent use.
type Message struct {
	// Raw is the whole message.
	Raw []byte
	// Fields are the header fields in order, top first.
	Fields []Field
	// Body is everything after the empty line that ends the header.
	Body []byte
	// Defects are what RFC 5322 forbids, in order of discovery, bounded in number.
	Defects []Defect
}
