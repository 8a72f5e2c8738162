// Package authres reads and writes Authentication-Results, RFC 8601.
package authres

// The declarations below are the package's contract; bodies come from its owner.

// Header is one Authentication-Results field.
type Header struct {
	AuthServID string
	Version    int // 0 where absent
	Results    []Result
}

// Result is one resinfo.
type Result struct {
	Method        string
	MethodVersion int
	Value         string // pass, fail ...
	Reason        string
	Comment       string // the first comment after the value
	Props         []Property
}

// Property is one propspec.
type Property struct{ Type, Name, Value string }

// Parse reads a field value as real servers emit it; bounded.
func Parse(value []byte) (Header, error) { panic("todo") }

// String formats strictly, values quoted where needed, no CR, LF or control octets.
func (h Header) String() string { panic("todo") }

// Field gives a whole header field, folded below 78 octets where it can, ending in CRLF.
func (h Header) Field() []byte { panic("todo") }

// AuthServID reads only the authserv-id of a value, as leniently as any consumer
// might; ok is false when there is none.
func AuthServID(value []byte) (id string, ok bool) { panic("todo") }

// Forged gives the indexes, highest first, of the fields that claim (or might be read as claiming) one of
// these authserv-ids and must be removed at the border (RFC 8601 section 5).
func Forged(fields []FieldView, ids ...string) []int { panic("todo") }

// FieldView is a header field as Forged needs it; message.Field is one.
type FieldView interface {
	Name() string
	Value() []byte
}
