package message

import "net/netip"

// The signatures below are the package's contract; bodies come from its owner.

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

// Parse never fails: whatever cannot be read becomes a Defect. The message keeps raw.
func Parse(raw []byte) *Message { panic("todo") }

// NormalizeFile turns the line ends of a file whose lines all end in a bare LF
// into CRLF and says so; anything else is returned as it is.
func NormalizeFile(raw []byte) (out []byte, changed bool) { panic("todo") }

// Name is the field name as written, without white space before the colon; "" for a line that is no field.
func (f Field) Name() string { panic("todo") }

// Is reports whether the field has this name, ASCII case-insensitively.
func (f Field) Is(name string) bool { panic("todo") }

// Value is everything after the colon, folding kept, final CRLF removed.
func (f Field) Value() []byte { panic("todo") }

// Unfolded is Value with each CRLF before white space removed and outer white space trimmed.
func (f Field) Unfolded() string { panic("todo") }

// All gives the fields of this name, top first.
func (m *Message) All(name string) []Field { panic("todo") }

// Address is one mailbox.
type Address struct {
	// Display is the decoded display name.
	Display string
	Local   string
	// Domain as A-labels, lower case, no final dot.
	Domain string
}

// AuthorDomain reads the From field(s) strictly, as DMARC needs it: the one
// domain of all mailboxes. The error explains why there is none: no From field,
// several fields, several different domains, or a value that does not parse
// without ambiguity. mailboxes is bounded.
func (m *Message) AuthorDomain() (domain string, mailboxes []Address, err error) { panic("todo") }

// ParseAddressList parses the address-list of RFC 5322 section 3.4 strictly, in
// linear time, with bounds on nesting and count; groups are flattened.
func ParseAddressList(value []byte) ([]Address, error) { panic("todo") }

// DecodeHeader decodes the encoded-words of RFC 2047 in an unfolded value for
// display; what cannot be decoded stays as it is.
func DecodeHeader(s string) string { panic("todo") }

// Received is a Received field read leniently (RFC 5321 section 4.4). Nothing in
// it is proven: it is what someone claims.
type Received struct {
	From              string // HELO name claimed
	FromHost          string // reverse name noted by the receiver
	FromIP            netip.Addr
	By, With, ID, For string
	TLS               string // cipher or version noted, "" if none
	Date              string // raw date-time
	Raw               string // unfolded value
}

// Receiveds gives the Received fields, top (latest hop) first, at most 100.
func (m *Message) Receiveds() []Received { panic("todo") }
