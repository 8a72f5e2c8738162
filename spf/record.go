package spf

import (
	"net/netip"
	"strconv"
	"strings"
)

// Record is a parsed SPF record (RFC 7208 section 4.6.1, 12).
type Record struct {
	// Text is the record as it was given to Parse.
	Text string
	// Terms are all terms in order, unknown modifiers included.
	Terms []Term
}

// Kind says which term of RFC 7208 sections 5 and 6 a [Term] is.
type Kind uint8

// The mechanisms of section 5, then the modifiers of section 6.
const (
	All Kind = iota + 1
	Include
	A
	MX
	PTR
	IP4
	IP6
	Exists
	Redirect
	Exp
	// UnknownModifier is "name=value" of a name this RFC does not define; it is
	// parsed for its syntax and otherwise ignored (section 6).
	UnknownModifier
)

var kindNames = [...]string{All: "all", Include: "include", A: "a", MX: "mx", PTR: "ptr",
	IP4: "ip4", IP6: "ip6", Exists: "exists", Redirect: "redirect", Exp: "exp"}

// String is the name of the term in lower case; "" for an unknown modifier.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return ""
}

// Modifier reports whether the term is a modifier, "name=value".
func (k Kind) Modifier() bool { return k >= Redirect }

// NeedsDNS reports whether evaluating the term counts towards the limit of ten
// (section 4.6.4). exp= does not.
func (k Kind) NeedsDNS() bool {
	switch k {
	case Include, A, MX, PTR, Exists, Redirect:
		return true
	}
	return false
}

// Qualifier is the sign before a mechanism (section 4.6.2); 0 for a modifier.
type Qualifier byte

// The qualifiers of section 4.6.2.
const (
	PlusPass     Qualifier = '+'
	MinusFail    Qualifier = '-'
	TildeSoft    Qualifier = '~'
	QuestionMark Qualifier = '?'
)

// Result is the result of a record when a mechanism with the qualifier matches.
func (q Qualifier) Result() Result {
	switch q {
	case MinusFail:
		return Fail
	case TildeSoft:
		return SoftFail
	case QuestionMark:
		return Neutral
	}
	return Pass
}

// Term is one mechanism or modifier.
type Term struct {
	// Text is the term as written, Start and End its octet offsets in the record.
	Text       string
	Start, End int
	// Domain is the domain-spec (of an unknown modifier: its value), empty where the
	// term has none.
	Domain MacroString
	// Prefix is the network of ip4 and ip6. Bits beyond its length may be set: they
	// are published so, and ignored.
	Prefix netip.Prefix
	Kind   Kind
	// Qualifier is never 0 for a mechanism: without a sign it is '+'.
	Qualifier Qualifier
	// Bits4 and Bits6 are the dual-cidr-length of a and mx, 32 and 128 unless given.
	Bits4, Bits6 uint8
}

// Name is the name of the term as written.
func (t *Term) Name() string {
	s := t.Text
	if !t.Kind.Modifier() && s != "" && isQualifier(s[0]) {
		s = s[1:]
	}
	if i := strings.IndexAny(s, "=:/"); i >= 0 {
		s = s[:i]
	}
	return s
}

// String is the term in canonical form: name in lower case, no sign for '+', no
// prefix length that says nothing. Its domain-spec is as written.
func (t *Term) String() string { return string(t.append(nil)) }

func (t *Term) append(b []byte) []byte {
	if t.Kind == UnknownModifier {
		b = append(b, strings.ToLower(t.Name())...)
		b = append(b, '=')
		return append(b, t.Domain.Text...)
	}
	if !t.Kind.Modifier() && t.Qualifier != PlusPass {
		b = append(b, byte(t.Qualifier))
	}
	b = append(b, t.Kind.String()...)
	switch t.Kind {
	case Redirect, Exp:
		b = append(b, '=')
		return append(b, t.Domain.Text...)
	case IP4, IP6:
		return t.appendNetwork(append(b, ':'))
	}
	if t.Domain.Text != "" {
		b = append(b, ':')
		b = append(b, t.Domain.Text...)
	}
	return t.appendDualCIDR(b)
}

func (t *Term) appendNetwork(b []byte) []byte {
	b = t.Prefix.Addr().AppendTo(b)
	if t.Prefix.IsSingleIP() {
		return b
	}
	b = append(b, '/')
	return strconv.AppendInt(b, int64(t.Prefix.Bits()), 10)
}

func (t *Term) appendDualCIDR(b []byte) []byte {
	if t.Kind != A && t.Kind != MX {
		return b
	}
	if t.Bits4 != 32 {
		b = append(b, '/')
		b = strconv.AppendUint(b, uint64(t.Bits4), 10)
	}
	if t.Bits6 != 128 {
		b = append(b, "//"...)
		b = strconv.AppendUint(b, uint64(t.Bits6), 10)
	}
	return b
}

// String is the record in canonical form, terms separated by one space. Parsing
// it gives the same terms.
func (r *Record) String() string {
	b := make([]byte, 0, len(r.Text))
	b = append(b, version...)
	for i := range r.Terms {
		b = append(b, ' ')
		b = r.Terms[i].append(b)
	}
	return string(b)
}

// Find gives the first term of a kind, nil where there is none.
func (r *Record) Find(k Kind) *Term {
	for i := range r.Terms {
		if r.Terms[i].Kind == k {
			return &r.Terms[i]
		}
	}
	return nil
}
