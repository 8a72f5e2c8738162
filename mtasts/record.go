package mtasts

import (
	"strings"

	"github.com/todoku/todoku/internal/wire"
)

const recordVersion = "v=STSv1"

// Field of a record or of a policy file, as written.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Record is a parsed TXT record (RFC 8461 section 3.1).
type Record struct {
	Raw string `json:"raw"`
	// ID names this state of the policy; "" where it is absent or invalid.
	ID string `json:"id"`
	// Fields are all behind the version, in order, unknown ones included.
	Fields   []Field   `json:"fields"`
	Problems []Problem `json:"problems"`
}

// IsRecord reports whether txt counts as an MTA-STS record at all. RFC 8461 section
// 3.1: "records that do not begin with "v=STSv1;" are discarded".
func IsRecord(txt string) bool { return strings.HasPrefix(txt, recordVersion+";") }

// ParseRecord reads a record. It always gives one; Valid says whether it counts.
func ParseRecord(txt string) *Record {
	r := &Record{Raw: txt}
	fields, more := wire.CutFields(txt, recordVersion)
	if more {
		r.problem(TooManyFields, "", "")
	}
	seen := make(map[string]bool)
	for _, f := range fields {
		if f.Name == "" {
			r.problem(Syntax, "", f.Value)
			continue
		}
		r.Fields = append(r.Fields, Field(f))
		if seen[f.Name] {
			r.problem(DuplicateField, f.Name, f.Value)
			continue
		}
		seen[f.Name] = true
		r.take(f)
	}
	if !seen["id"] {
		r.problem(MissingID, "", "")
	}
	return r
}

func (r *Record) take(f wire.Field) {
	switch {
	case f.Name == "id" && isID(f.Value):
		r.ID = f.Value
	case f.Name == "id":
		r.problem(InvalidID, f.Name, f.Value)
	case !wire.IsExtValue(f.Value):
		r.problem(Syntax, f.Name, f.Value)
	case strings.EqualFold(f.Name, "id"):
		r.problem(FieldCase, f.Name, f.Value)
	default:
		r.problem(UnknownField, f.Name, f.Value)
	}
}

func (r *Record) problem(id, name, value string) {
	r.Problems = append(r.Problems, Problem{ID: id, Name: name, Value: value})
}

// Valid reports whether senders will use the record.
func (r *Record) Valid() bool { return valid(r.Problems) }

// String writes the record: version, then the fields.
func (r *Record) String() string {
	var b strings.Builder
	b.WriteString(recordVersion + ";")
	for _, f := range r.Fields {
		b.WriteString(" " + f.Name + "=" + f.Value + ";")
	}
	return b.String()
}

// isID: 1*32(ALPHA / DIGIT).
func isID(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return false
		}
	}
	return true
}
