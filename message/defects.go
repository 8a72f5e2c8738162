package message

// Defect is one thing that RFC 5322 or RFC 5321 forbids.
type Defect struct {
	// ID is a stable word: bare-lf, bare-cr, nul, long-line (over 998 octets), no-header-end,
	// bad-field, duplicate-field, missing-field, eight-bit-header, too-many-fields, large-header ...
	ID string
	// Field is the header field concerned, "" for the body or the whole.
	Field string
	// Offset is the octet offset in Raw of the first occurrence.
	Offset int
	// Count of occurrences.
	Count int
}

func findDefects(m *Message, header []byte) []Defect { return nil }
