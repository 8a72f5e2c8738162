package forensics

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// spent reports that the bounds are reached.
func (h *headerSearch) spent() bool { return h.tries >= h.most || h.left < 0 }

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
