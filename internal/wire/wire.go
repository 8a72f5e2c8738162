// Package wire holds what DKIM (RFC 6376) and ARC (RFC 8617) share below their
// own rules: tag lists, the two canonicalizations, the fields that a list of names
// means, and body hashes computed once for all signatures that want the same one.
// It knows RFCs only.
package wire

// Canonicalization is an algorithm of RFC 6376 section 3.4.
type Canonicalization uint8

// The two algorithms of RFC 6376; the zero value is the default of both halves
// of the c= tag (section 3.5).
const (
	Simple Canonicalization = iota
	Relaxed
)

// String gives the word of the c= tag, "simple" or "relaxed".
func (c Canonicalization) String() string {
	if c == Relaxed {
		return "relaxed"
	}
	return "simple"
}
