// Package wire holds what DKIM (RFC 6376) and ARC (RFC 8617) share below their
// own rules: tag lists, the two canonicalizations, and body hashes computed
// once for all signatures that want the same one. It knows RFCs only.
package wire

// Canonicalization is an algorithm of RFC 6376 section 3.4.
type Canonicalization uint8

const (
	Simple Canonicalization = iota
	Relaxed
)

// Tag is one tag=value of a tag list (RFC 6376 section 3.2).
type Tag struct {
	Name string
	// Value has surrounding folding white space removed; inner white space is kept.
	Value string
	// Start and End are the octet offsets of the raw value in the input.
	Start, End int
}

// Bodies hashes a message body with SHA-256 once for each distinct
// (canonicalization, length limit) that someone wants. Say what is wanted, write
// the body (in any chunks: the result does not depend on them), then ask.
type Bodies struct{ _ int }

// NewBodies gives an empty set.
func NewBodies() *Bodies { panic("todo") }

// Want registers a hash. limit is the l= tag, or -1 for the whole body. At most
// 32 distinct ones are kept; beyond that it returns false.
func (b *Bodies) Want(c Canonicalization, limit int64) bool { panic("todo") }

// Write feeds body octets.
func (b *Bodies) Write(p []byte) (int, error) { panic("todo") }

// Sum finishes (idempotently) and gives the hash, and the length in octets of the
// whole canonicalized body. ok is false when it was not wanted.
func (b *Bodies) Sum(c Canonicalization, limit int64) (sum [32]byte, length int64, ok bool) {
	panic("todo")
}

// AppendHeader appends the canonical form of one raw header field, with its CRLF.
func AppendHeader(dst []byte, c Canonicalization, raw []byte) []byte { panic("todo") }

// ParseTags parses a tag list (RFC 6376 section 3.2): duplicate names and bad
// syntax are errors; at most 64 tags.
func ParseTags(s string) ([]Tag, error) { panic("todo") }
