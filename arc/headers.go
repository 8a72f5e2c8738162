package arc

import (
	"bytes"
	"crypto/sha256"
	"hash/maphash"

	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// headers finds, for a list of names, the fields it signs: of several fields of
// one name the lowest first, each once (RFC 6376 section 5.4.2). The index is
// made once for all signatures, so that hostile numbers of names and of fields
// do not multiply.
type headers struct {
	fields []message.Field
	// table is a hash table with open addressing, at most half full: 0 or the number
	// of a name plus one. A map would copy every name.
	table []int32
	// last is, by number of the name, its lowest field; previous, by field, the next
	// higher one of the same name; -1 ends.
	last, previous []int32
	cursor         []int32 // last, used up by one signature
	lower          []byte
	// spent counts octets canonicalized.
	spent int
}

// seed keeps names from being chosen to collide; no result depends on it.
var seed = maphash.MakeSeed()

func newHeaders(fields []message.Field) *headers {
	n := len(fields)
	size := 16
	for size < 2*n {
		size *= 2
	}
	index := make([]int32, size+3*n)
	h := &headers{
		fields: fields, table: index[:size], previous: index[size : size+n],
		last: index[size+n : size+n : size+2*n], cursor: index[size+2*n : size+2*n : size+3*n],
		lower: make([]byte, 0, 80),
	}
	for i := range fields {
		raw := fields[i].Raw
		name := h.fold(bytes.TrimRight(raw[:max(bytes.IndexByte(raw, ':'), 0)], " \t"))
		if name == nil {
			continue
		}
		slot := h.find(name)
		id := h.table[slot] - 1
		if id < 0 {
			id = int32(len(h.last))
			h.table[slot] = id + 1
			h.last = append(h.last, -1)
		}
		h.previous[i] = h.last[id]
		h.last[id] = int32(i)
	}
	return h
}

// find gives the slot of a name in lower case: its own, or the empty one where
// it belongs.
func (h *headers) find(name []byte) int {
	mask := len(h.table) - 1
	slot := int(maphash.Bytes(seed, name)) & mask
	for h.table[slot] != 0 && !hasName(h.fields[h.last[h.table[slot]-1]].Raw, name) {
		slot = (slot + 1) & mask
	}
	return slot
}

// hasName reports whether raw, which is a field, has this name in lower case.
func hasName(raw, name []byte) bool {
	if len(raw) <= len(name) {
		return false
	}
	for i, c := range name {
		d := raw[i]
		if 'A' <= d && d <= 'Z' {
			d += 'a' - 'A'
		}
		if c != d {
			return false
		}
	}
	end := raw[len(name)]
	return end == ':' || end == ' ' || end == '\t'
}

// fold gives a field name in lower case, in a buffer that the next call reuses;
// nil for what is no field name (RFC 5322 section 2.2).
func (h *headers) fold(name []byte) []byte {
	h.lower = h.lower[:0]
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return nil
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		h.lower = append(h.lower, c)
	}
	if len(name) == 0 {
		return nil
	}
	return h.lower
}

// sum is the hash that a message signature signs (RFC 6376 section 3.7).
func (h *headers) sum(s *signature) [32]byte {
	buf := wire.NewScratch()
	defer buf.Release()
	buf.B = h.appendSigned(buf.B, s.header, s.headers)
	buf.B = wire.AppendUnsigned(buf.B, s.header, s.raw, s.start, s.end)
	h.spent += len(buf.B)
	return sha256.Sum256(buf.B)
}

// appendSigned appends the canonical fields of a list of names. A name without a
// field left signs its absence: nothing is appended.
func (h *headers) appendSigned(dst []byte, c wire.Canonicalization, names string) []byte {
	h.cursor = append(h.cursor[:0], h.last...)
	list := []byte(names)
	for name := range bytes.SplitSeq(list, []byte(":")) {
		folded := h.fold(bytes.Trim(name, " \t\r\n"))
		if folded == nil {
			continue
		}
		id := h.table[h.find(folded)] - 1
		if id < 0 {
			continue
		}
		if i := h.cursor[id]; i >= 0 {
			dst = wire.AppendHeader(dst, c, h.fields[i].Raw)
			h.cursor[id] = h.previous[i]
		}
	}
	return dst
}
