package dmarc

import "strings"

// Record is a parsed DMARC record (RFC 9989 section 4.7).
type Record struct {
	Raw         string
	P, SP, NP   Policy   // "" where absent or invalid
	ADKIM, ASPF string   // "r" or "s", default "r"
	FO          []string // default "0"; without ruf it means nothing
	// RUA and RUF are the syntactically valid URIs, without the obsolete "!size".
	RUA, RUF []string
	PSD      string // y, n, u (default)
	Testing  bool   // t=y
	Tags     []Tag  // all, in order, as written
	// Problems found while parsing, as data.
	Problems []Problem
}

// Tag as written.
type Tag struct{ Name, Value string }

// The IDs of problems.
const (
	MissingP     = "missing-p"
	InvalidP     = "invalid-p"
	InvalidSP    = "invalid-sp"
	InvalidNP    = "invalid-np"
	InvalidADKIM = "invalid-adkim"
	InvalidASPF  = "invalid-aspf"
	InvalidFO    = "invalid-fo"
	InvalidPSD   = "invalid-psd"
	InvalidT     = "invalid-t"
	InvalidRUA   = "invalid-rua"   // Value is the one URI
	InvalidRUF   = "invalid-ruf"   // Value is the one URI
	URISize      = "uri-size"      // an obsolete "!10m" behind a URI
	UnknownTag   = "unknown-tag"   // RFC 9989 section 4.7: ignored
	RemovedTag   = "removed-tag"   // pct, rf, ri: of RFC 7489, ignored
	DuplicateTag = "duplicate-tag" // none of them counts
	BadSyntax    = "syntax"        // Value is no tag=value
)

// Problem of a record.
type Problem struct{ ID, Tag, Value string }

// Usable gives the record's policy for its own domain, and those for existing and
// for non-existent subdomains, by the rule of RFC 9989 section 4.10.1: a record
// without a valid p, or with an invalid sp or np, counts as p=none when it has a
// valid rua, and otherwise not at all (ok is false).
func (r *Record) Usable() (p, sp, np Policy, ok bool) {
	if r.P == "" || r.has(InvalidSP) || r.has(InvalidNP) {
		return PolicyNone, PolicyNone, PolicyNone, len(r.RUA) > 0
	}
	p, sp = r.P, r.P
	if r.SP != "" {
		sp = r.SP
	}
	np = sp
	if r.NP != "" {
		np = r.NP
	}
	return p, sp, np, true
}

func (r *Record) has(problem string) bool {
	for _, p := range r.Problems {
		if p.ID == problem {
			return true
		}
	}
	return false
}

// String writes the record: its Tags as they are where there are any, so that
// nothing is lost; else the fields, leaving out defaults.
func (r *Record) String() string {
	tags := r.Tags
	if len(tags) == 0 {
		tags = r.fields()
	}
	var b strings.Builder
	for i, t := range tags {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(t.Name)
		b.WriteByte('=')
		b.WriteString(t.Value)
	}
	return b.String()
}

// fields gives the tags that the fields amount to.
func (r *Record) fields() []Tag {
	tags := []Tag{{"v", "DMARC1"}}
	add := func(name, value, unless string) {
		if value != unless && value != "" {
			tags = append(tags, Tag{name, value})
		}
	}
	add("p", string(r.P), "")
	add("sp", string(r.SP), "")
	add("np", string(r.NP), "")
	add("adkim", r.ADKIM, "r")
	add("aspf", r.ASPF, "r")
	add("rua", strings.Join(r.RUA, ","), "")
	add("ruf", strings.Join(r.RUF, ","), "")
	add("fo", strings.Join(r.FO, ":"), "0")
	add("psd", r.PSD, "u")
	if r.Testing {
		add("t", "y", "")
	}
	return tags
}
