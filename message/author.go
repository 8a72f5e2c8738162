package message

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// What AuthorDomain's errors wrap. RFC 9989 section 4.4: without precisely one
// well-formed From field there is no reliable way to find a policy.
var (
	// ErrNoFrom: no From field.
	ErrNoFrom = errors.New("no From field")
	// ErrSeveralFrom: more than one From field, or something that other readers would
	// take for a second one (after a bare LF, or with a damaged name).
	ErrSeveralFrom = errors.New("more than one From field")
	// ErrSeveralDomains: the mailboxes of From have different domains.
	ErrSeveralDomains = errors.New("mailboxes of different domains in From")
	// ErrFromSyntax: From does not parse, or readers would not agree on its meaning.
	ErrFromSyntax = errors.New("the From field cannot be read without ambiguity")
	// ErrHeaderLimits: the header exceeds MaxFields or MaxHeader, so that a From field
	// may be among what was not read.
	ErrHeaderLimits = errors.New("the header is too large to be sure of its From field")
)

// AuthorDomain reads the From field(s) strictly, as DMARC needs it: the one
// domain of all mailboxes, as A-labels (RFC 9989 section 5.3.1). The error wraps
// ErrNoFrom, ErrSeveralFrom, ErrSeveralDomains, ErrFromSyntax or ErrHeaderLimits;
// there are then no mailboxes. A list has at most 2000.
func (m *Message) AuthorDomain() (domain string, mailboxes []Address, err error) {
	if m.truncated {
		return "", nil, ErrHeaderLimits
	}
	from, err := m.onlyFrom()
	if err != nil {
		return "", nil, err
	}
	p := addressParser{lexer: lexer{s: from.Value()}}
	if err := p.list(); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrFromSyntax, err)
	}
	if p.odd {
		return "", nil, fmt.Errorf("%w: a comment holds what may be taken for an address", ErrFromSyntax)
	}
	if len(p.addresses) == 0 {
		return "", nil, fmt.Errorf("%w: it names no mailbox", ErrFromSyntax)
	}
	for _, a := range p.addresses {
		if err := plainAuthor(a); err != nil {
			return "", nil, err
		}
		if a.Domain != p.addresses[0].Domain {
			return "", nil, fmt.Errorf("%w: %s and %s", ErrSeveralDomains, p.addresses[0].Domain, a.Domain)
		}
	}
	return p.addresses[0].Domain, p.addresses, nil
}

// onlyFrom gives the From field when there is exactly one, and nothing that
// another reader would take for one.
func (m *Message) onlyFrom() (Field, error) {
	var from Field
	n, doubtful := 0, 0
	for _, f := range m.Fields {
		if f.Is("From") {
			from = f
			n++
		}
		if hidesFrom(f) {
			doubtful++
		}
	}
	switch {
	case n > 1:
		return Field{}, fmt.Errorf("%w: %d", ErrSeveralFrom, n)
	case doubtful > 0 && n == 1:
		return Field{}, fmt.Errorf("%w: a damaged line may be read as another", ErrSeveralFrom)
	case doubtful > 0:
		return Field{}, fmt.Errorf("%w: its name is damaged", ErrFromSyntax)
	case n == 0:
		return Field{}, ErrNoFrom
	}
	return from, nil
}

// hidesFrom reports that a lenient reader may find a From field where we find
// none: behind a bare LF or CR, or in a line whose name is From but for white space,
// controls or 8-bit octets ("Composition Kills", USENIX Security 2020).
func hidesFrom(f Field) bool {
	if _, _, ok := f.split(); !ok && looksLikeFrom(f.Raw) {
		return true
	}
	raw := f.Raw
	for at, lf := 0, -1; ; {
		if lf < at { // looked for once a line: there may be a million CRs before the next LF
			lf = len(raw)
			if i := bytes.IndexByte(raw[at:], '\n'); i >= 0 {
				lf = at + i
			}
		}
		i := lf
		if j := bytes.IndexByte(raw[at:lf], '\r'); j >= 0 {
			i = at + j
		}
		if i+1 >= len(raw) {
			return false
		}
		if raw[i] == '\r' && raw[i+1] == '\n' {
			at = i + 2 // a fold, or the end
			continue
		}
		if at = i + 1; looksLikeFrom(raw[at:]) {
			return true
		}
	}
}

// looksLikeFrom reports that the octets before the first colon spell From when
// everything that no field name may hold is left out.
func looksLikeFrom(line []byte) bool {
	const name = "from"
	n := 0
	for i, c := range line {
		switch {
		case c == ':':
			return n == len(name)
		case i > 64:
			return false
		case c <= ' ' || c >= 0x7f:
		case n < len(name) && lower(c) == name[n]:
			n++
		default:
			return false
		}
	}
	return false
}

// plainAuthor refuses mailboxes that are good syntax but that readers are known
// to misread: a local part that looks like an address or like an encoded-word, and
// domains that are none.
func plainAuthor(a Address) error {
	switch {
	case strings.HasPrefix(a.Domain, "["):
		return fmt.Errorf("%w: %s is no domain", ErrFromSyntax, a.Domain)
	case strings.ContainsAny(a.Local, "@<>,;:\"\\"):
		return fmt.Errorf("%w: the local part may be taken for an address", ErrFromSyntax)
	case strings.Contains(a.Local, "=?"):
		return fmt.Errorf("%w: an encoded-word in an address", ErrFromSyntax)
	}
	return nil
}
