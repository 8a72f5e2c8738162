// Package tlsrpt reads SMTP TLS Reporting (RFC 8460): where a domain asks senders to
// report how TLS to its MX hosts went.
//
// One TXT record at _smtp._tls.DOMAIN names the addresses, mailto: or https:, that get
// the daily reports. Without it a domain that publishes MTA-STS or DANE never hears
// that mail to it is being refused.
package tlsrpt

// Problem of a record, as data.
type Problem struct {
	// ID is one of the constants of this package.
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
}

// The IDs of problems. Those that are not Fatal leave the record valid.
const (
	Syntax         = "syntax" // Value is no field by the ABNF
	TooManyFields  = "too-many-fields"
	MissingRUA     = "missing-rua"     // no rua field
	NoUsableRUA    = "no-usable-rua"   // a rua field without any usable URI
	InvalidURI     = "invalid-uri"     // Value is the one URI; not Fatal where another is usable
	UnknownScheme  = "unknown-scheme"  // neither mailto nor https; as InvalidURI
	TooManyURIs    = "too-many-uris"   // those behind MaxURIs were not read; not Fatal
	DuplicateField = "duplicate-field" // only the first is read here; not Fatal
	UnknownField   = "unknown-field"   // ignored; not Fatal
	FieldCase      = "field-case"      // RUA= is an unknown field; not Fatal
)

// Fatal reports whether the problem makes the whole record invalid.
func (p Problem) Fatal() bool {
	switch p.ID {
	case Syntax, TooManyFields, MissingRUA, NoUsableRUA:
		return true
	}
	return false
}
