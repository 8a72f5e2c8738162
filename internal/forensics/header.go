package forensics

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"slices"
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

// spent reports that the bounds are reached.
func (h *headerSearch) spent() bool { return h.tries >= h.most || h.left < 0 }

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

// displayName is the name of a field as it stands in the message, else as in h=.
func (h *headerSearch) displayName(i int) string {
	if raw := h.fields[i].raw; raw != nil {
		return message.NewField(raw).Name()
	}
	return canonicalName(h.fields[i].name)
}

func (h *headerSearch) search(m *message.Message, v dkim.Verdict) bool {
	if h.everywhere(m.Fields[v.FieldIndex].Raw) {
		return true
	}
	h.addVariants(m, v.Signature)
	var all []choice
	for i := range h.fields {
		for k := range h.fields[i].variant {
			all = append(all, choice{i, k})
		}
	}
	// The likely ones first, alone and together: Ed25519 allows few.
	slices.SortStableFunc(all, func(a, b choice) int {
		return cmp.Compare(h.rank(a), h.rank(b))
	})
	for _, c := range all {
		if h.fits(h.own, c) {
			return true
		}
	}
	return h.swapped() || h.encodings() || h.opened.hash != nil && h.list(nil, 0) || h.pairs(h.likely(10)) || h.triples(h.likely(4)) || h.pairs(all)
}

// encodings: a gateway that converts the body rewrites the two fields that describe it.
func (h *headerSearch) encodings() bool {
	of := func(name string) (out []choice) {
		for i, f := range h.fields {
			for k := range f.variant {
				if f.name == name {
					out = append(out, choice{i, k})
				}
			}
		}
		return out
	}
	for _, encoding := range of("content-transfer-encoding") {
		for _, typ := range of("content-type") {
			if h.fits(h.own, typ, encoding) {
				return true
			}
		}
	}
	return false
}

// rewrittenByLists are the fields that a mailing list rewrites together, and how many
// variants of each are tried with those of the others.
var rewrittenByLists = []struct {
	name string
	most int
}{{"subject", 4}, {"reply-to", 4}, {"content-transfer-encoding", 3}, {"content-type", 4}, {"from", 14}}

// list tries the fields from the n-th on that lists rewrite, each as it is and in its first variants.
func (h *headerSearch) list(chosen []choice, n int) bool {
	if n == len(rewrittenByLists) {
		return len(chosen) > 1 && h.fits(h.own, chosen...)
	}
	if h.list(chosen, n+1) {
		return true
	}
	for i := len(h.fields) - 1; i >= 0; i-- { // what is there, before the places of what is not
		f := h.fields[i]
		if f.name != rewrittenByLists[n].name {
			continue
		}
		for k := range f.variant[:min(len(f.variant), rewrittenByLists[n].most)] {
			if h.spent() || h.list(append(chosen[:len(chosen):len(chosen)], choice{i, k}), n+1) {
				return len(h.found) > 0
			}
		}
		return false
	}
	return false
}

func (h *headerSearch) rank(c choice) int {
	if h.fields[c.field].variant[c.variant].likely {
		return 0
	}
	return 1
}

// likely gives the first likely variants of each field.
func (h *headerSearch) likely(most int) (out []choice) {
	for i := range h.fields {
		n := 0
		for k := range h.fields[i].variant {
			if h.fields[i].variant[k].likely && n < most {
				out = append(out, choice{i, k})
				n++
			}
		}
	}
	return out
}

func (h *headerSearch) pairs(list []choice) bool {
	for i, a := range list {
		for _, b := range list[i+1:] {
			if h.spent() {
				return false
			}
			if a.field != b.field && h.fits(h.own, a, b) {
				return true
			}
		}
	}
	return false
}

// triples: a mailing list tags Subject, rewrites From and sets Reply-To.
func (h *headerSearch) triples(list []choice) bool {
	for i, a := range list {
		for k, b := range list[i+1:] {
			if a.field == b.field {
				continue
			}
			for _, c := range list[i+k+2:] {
				if h.spent() {
					return false
				}
				if c.field != a.field && c.field != b.field && h.fits(h.own, a, b, c) {
					return true
				}
			}
		}
	}
	return false
}

// swapped: two fields of one name changed places.
func (h *headerSearch) swapped() bool {
	for i := range h.fields {
		for k := i + 1; k < len(h.fields); k++ {
			a, b := h.fields[i].now, h.fields[k].now
			if h.fields[i].name != h.fields[k].name || a == nil || b == nil || bytes.Equal(a, b) || h.spent() {
				continue
			}
			h.fields[i].now, h.fields[k].now = b, a
			if h.fits(h.own) {
				h.found = []Mutation{{FieldsReordered, h.displayName(i)}}
				return true
			}
			h.fields[i].now, h.fields[k].now = a, b
		}
	}
	return false
}

// everywhere undoes what a relay does to every field alike, the signature's own
// included. Only the simple canonicalization sees such changes.
func (h *headerSearch) everywhere(own []byte) bool {
	if h.canon != wire.Simple {
		return false
	}
	saved := slices.Clone(h.fields)
	for _, l := range layouts {
		changed, last := 0, 0
		for i, f := range saved {
			if f.raw == nil {
				continue
			}
			now := wire.AppendHeader(nil, h.canon, l.undo(f.raw))
			if !bytes.Equal(now, f.now) {
				changed, last = changed+1, i
			}
			h.fields[i].now = now
		}
		rewritten, ok := unsigned(h.canon, l.undo(own))
		ok = ok && !bytes.Equal(rewritten, h.own)
		if changed > 0 && h.fits(h.own) || changed > 0 && ok && h.fits(rewritten) {
			h.found = []Mutation{{Kind: l.kind}}
			if changed == 1 {
				h.found[0].Field = h.displayName(last)
			}
			return true
		}
		copy(h.fields, saved)
		if ok && h.fits(rewritten) {
			h.found = []Mutation{{l.kind, "DKIM-Signature"}}
			return true
		}
	}
	return false
}
