package message

import "net/netip"

// The signatures below are the package's contract; bodies come from its owner.

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
