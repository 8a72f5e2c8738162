// Package authres reads and writes Authentication-Results, the header field in
// which a receiving server notes what authentication found (RFC 8601).
//
// [Parse] reads what real servers emit, which is a good deal more than the
// standard allows; [Header.String] and [Header.Field] write only what it allows.
// A result means nothing unless its authserv-id is one that the reader trusts,
// so a border server must first remove the fields that outsiders wrote in its
// name: [Forged] says which.
package authres

// Header is one Authentication-Results field (RFC 8601 section 2.2).
type Header struct {
	// AuthServID names the server whose findings these are. It is empty where the
	// field has none (Microsoft 365 writes such fields): nobody answers for them.
	AuthServID string
	// Version is the authres-version, 0 where absent. Versions above 1 are not
	// known to this package: a reader should not rely on the results (section 2.6).
	Version int
	// Results in the order written; nil for "none".
	Results []Result
}

// Result is one resinfo: the outcome of one method.
type Result struct {
	// Method in lower case: dkim, spf, dmarc, arc, iprev, auth ...
	Method string
	// MethodVersion is 0 where absent, which means 1.
	MethodVersion int
	// Value in lower case: pass, fail, none, softfail ... "" where it is missing.
	Value string
	// Reason is the text of reason=, "" where absent.
	Reason string
	// Comment is the first comment after the value, "" where there is none.
	Comment string
	// Props in the order written.
	Props []Property
}

// Property is one propspec: header.d=example.com.
type Property struct {
	// Type in lower case: smtp, header, body, policy; "" for what some servers
	// write without one (action=none, version=TLSv1.2).
	Type string
	// Name in lower case.
	Name string
	// Value as written, without quotes; "" where it is missing. A quoted
	// local-part keeps its quotes: "a b"@example.com.
	Value string
}

// Get gives the value of the first property of this type and name (lower case),
// "" when there is none.
func (r Result) Get(ptype, name string) string {
	for _, p := range r.Props {
		if p.Type == ptype && p.Name == name {
			return p.Value
		}
	}
	return ""
}

// FieldView is a header field as [Forged] needs it; message.Field is one.
type FieldView interface {
	// Name without white space before the colon.
	Name() string
	// Value is everything after the colon, folding kept.
	Value() []byte
}
