package dkim

import (
	"bytes"
	"hash/maphash"

	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// headers finds for a list of names the fields they mean: of several fields of one
// name the lowest first, each once, and nothing when there is none left (RFC 6376
// section 5.4.2). One index serves all signatures of a message, so that hostile
// numbers of fields and of names do not multiply.
type headers struct {
	fields []message.Field
	seed   maphash.Seed // of its own: nobody can choose names that collide
	mask   uint64
	head   []int32 // by hash: the lowest field, -1 for none
	next   []int32 // by field: the next higher one of the same hash
	used   []uint32
	round  uint32 // a field is used up when used says this
}

func newHeaders(fields []message.Field) *headers {
	size := 32
	for size < 2*len(fields) {
		size *= 2
	}
	slab := make([]int32, size+len(fields))
	h := &headers{
		fields: fields, seed: maphash.MakeSeed(), mask: uint64(size - 1),
		head: slab[:size], next: slab[size:], used: make([]uint32, len(fields)),
	}
	for i := range h.head {
		h.head[i] = -1
	}
	for i := range fields {
		slot := h.slot(nameOf(fields[i].Raw))
		h.next[i] = h.head[slot]
		h.head[slot] = int32(i)
	}
	return h
}

// nameOf gives the name of a raw field, without white space before the colon.
func nameOf(raw []byte) []byte {
	name := raw[:max(bytes.IndexByte(raw, ':'), 0)]
	for len(name) > 0 && (name[len(name)-1] == ' ' || name[len(name)-1] == '\t') {
		name = name[:len(name)-1]
	}
	return name
}

func (h *headers) slot(name []byte) uint64 {
	var folded [48]byte // what is beyond this is left to the comparison
	n := min(len(name), len(folded))
	for i := range n {
		folded[i] = lowerOctet(name[i])
	}
	return maphash.Bytes(h.seed, folded[:n]) & h.mask
}

// begin starts the selection for another signature, whose own field, at index
// self, is not to be found (RFC 6376 section 3.7); -1 where it is not there yet.
func (h *headers) begin(self int) {
	h.round++
	if self >= 0 {
		h.used[self] = h.round
	}
}

// pick gives the index of the field that a name means now, -1 for none.
func (h *headers) pick(name string) int {
	var raw [48]byte
	slot := h.slot(append(raw[:0], name...))
	for i := h.head[slot]; i >= 0; i = h.next[i] {
		if h.used[i] != h.round && equalFold(nameOf(h.fields[i].Raw), name) {
			h.used[i] = h.round
			return int(i)
		}
	}
	return -1
}

// signed appends the canonical form of the fields of a list of names. longest is the
// index of the longest of them, -1 for none.
func (h *headers) signed(dst []byte, c wire.Canonicalization, names []string) (out []byte, longest int) {
	longest = -1
	for _, name := range names {
		i := h.pick(name)
		if i < 0 {
			continue
		}
		dst = wire.AppendHeader(dst, c, h.fields[i].Raw)
		if longest < 0 || len(h.fields[i].Raw) > len(h.fields[longest].Raw) {
			longest = i
		}
	}
	return dst, longest
}
