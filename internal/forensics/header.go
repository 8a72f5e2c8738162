package forensics

import (
	"bytes"
	"crypto/sha256"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// headerSearch looks for the header that was signed. Each field that takes part has
// alternatives; a candidate is a choice of them.
type headerSearch struct {
	canon  wire.Canonicalization
	opened opened
	fields []field // document order, top first; what may be missing on top
	order  []int   // h=, by the number of the name
	names  [][]int // by name: its fields, lowest first
	next   []int   // by name: how many of them are taken, scratch
	own    []byte  // the signature's own field without b=
	left   int     // of headerBudget
	tries  int
	most   int
	buf    []byte

	found []Mutation
}

// field is a header field that takes part.
type field struct {
	name    string // lower case
	raw     []byte // nil: not there, perhaps it was
	now     []byte // canonical; nil while not there
	variant []variant
}

// variant is what a field may have been.
type variant struct {
	canon  []byte // nil: it was not there
	kind   Kind
	likely bool
}

// choice is one field put back to one of its variants.
type choice struct{ field, variant int }

func examineHeader(m *message.Message, v dkim.Verdict, o opened) Examination {
	e := Examination{Part: Header, Outcome: Unexplained}
	if o.foreign {
		e.Outcome, e.Mutations = Explained, []Mutation{{Kind: WrongKey}}
		return e
	}
	h := &headerSearch{canon: v.Signature.Header, opened: o, left: headerBudget, most: maxHeaderTries}
	if o.hash == nil {
		h.most = maxVerifies
	}
	if !h.collect(m, v) {
		e.Outcome = Unexamined
		return e
	}
	before := h.text(nil)
	if h.search(m, v) {
		e.Outcome, e.Mutations = Explained, h.found
		e.show(h.buf, before)
	}
	e.Tried = h.tries
	return e
}

// collect takes the fields that h= names, and the signature's own.
func (h *headerSearch) collect(m *message.Message, v dkim.Verdict) bool {
	wanted, number := map[string]int{}, map[string]int{}
	for _, n := range v.Signature.Headers {
		n = strings.ToLower(n)
		if wanted[n] == 0 {
			number[n] = len(number)
		}
		wanted[n]++
		h.order = append(h.order, number[n])
	}
	total := 0
	var present []field
	for i, f := range m.Fields {
		name := strings.ToLower(f.Name())
		if i == v.FieldIndex || wanted[name] == 0 {
			continue
		}
		if total += len(f.Raw); total > maxSignedHeader || len(present) == maxFields {
			return false
		}
		present = append(present, field{name: name, raw: f.Raw, now: wire.AppendHeader(nil, h.canon, f.Raw)})
	}
	h.absent(v.Signature.Headers, present)
	h.fields = append(h.fields, present...)
	h.names, h.next = make([][]int, len(number)), make([]int, len(number))
	for i := len(h.fields) - 1; i >= 0; i-- {
		n := number[h.fields[i].name]
		h.names[n] = append(h.names[n], i)
	}
	own, ok := unsigned(h.canon, m.Fields[v.FieldIndex].Raw)
	h.own = own
	return ok
}

// absent makes a place on top, where it is taken last, for each name that h= lists more often
// than it occurs: it is oversigned, or names a field that is gone.
func (h *headerSearch) absent(names []string, present []field) {
	surplus := map[string]int{}
	for _, n := range names {
		surplus[strings.ToLower(n)]++
	}
	for _, f := range present {
		surplus[f.name]--
	}
	for _, n := range names {
		if n = strings.ToLower(n); surplus[n] > 0 && len(h.fields) < maxFields {
			surplus[n] = 0
			h.fields = append(h.fields, field{name: n})
		}
	}
}

// unsigned is the canonical form of a signature field without the value of b=.
func unsigned(c wire.Canonicalization, raw []byte) ([]byte, bool) {
	colon := bytes.IndexByte(raw, ':') + 1
	tags, err := wire.ParseTags(string(bytes.TrimSuffix(raw[colon:], crlf)))
	if err != nil {
		return nil, false
	}
	for _, t := range tags {
		if t.Name == "b" {
			return wire.AppendUnsigned(nil, c, raw, colon+t.Start, colon+t.End), true
		}
	}
	return nil, false
}

// text puts together what would be signed with these choices, in h.buf.
func (h *headerSearch) text(choices []choice) []byte {
	return bytes.Clone(h.assemble(choices, h.own))
}

// assemble takes for each name the lowest field that is not yet taken (RFC 6376 section 5.4.2).
func (h *headerSearch) assemble(choices []choice, own []byte) []byte {
	h.buf = h.buf[:0]
	clear(h.next)
	for _, name := range h.order {
		for h.next[name] < len(h.names[name]) {
			i := h.names[name][h.next[name]]
			h.next[name]++
			if canon := h.chosen(i, choices); canon != nil {
				h.buf = append(h.buf, canon...)
				break
			}
		}
	}
	h.buf = append(h.buf, own...)
	return h.buf
}

func (h *headerSearch) chosen(i int, choices []choice) []byte {
	for _, c := range choices {
		if c.field == i {
			return h.fields[i].variant[c.variant].canon
		}
	}
	return h.fields[i].now
}

// fits checks a candidate.
func (h *headerSearch) fits(own []byte, choices ...choice) bool {
	if h.spent() {
		return false
	}
	h.tries++
	text := h.assemble(choices, own)
	h.left -= len(text) + 64 + 8*len(h.order)
	sum := sha256.Sum256(text)
	if !h.opened.accepts(sum[:]) {
		return false
	}
	for _, c := range choices {
		h.found = append(h.found, Mutation{h.fields[c.field].variant[c.variant].kind, h.displayName(c.field)})
	}
	return true
}
