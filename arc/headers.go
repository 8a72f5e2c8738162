package arc

import (
	"bytes"
	"crypto/sha256"

	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// headers finds, for a list of names, the fields it signs: of several fields of
// one name the lowest first, each once (RFC 6376 section 5.4.2). The index is
// made once for all signatures, so that hostile numbers of names and of fields
// do not multiply.
type headers struct {
	fields []message.Field
	// name gives each distinct name, in lower case, a number.
	name map[string]int32
	// last is the lowest field of a name, previous the next higher one of the same
	// name; -1 ends.
	last, previous []int32
	cursor         []int32
	buf, lower     []byte
	// spent counts octets canonicalized.
	spent int
}

func newHeaders(fields []message.Field) *headers {
	h := &headers{
		fields: fields, name: make(map[string]int32, 32), previous: make([]int32, len(fields)),
		last: make([]int32, 0, 32), lower: make([]byte, 0, 80), buf: make([]byte, 0, 4096),
	}
	for i := range fields {
		raw := fields[i].Raw
		name := h.fold(bytes.TrimRight(raw[:max(bytes.IndexByte(raw, ':'), 0)], " \t"))
		if name == nil {
			continue
		}
		id, ok := h.name[string(name)]
		if !ok {
			id = int32(len(h.last))
			h.name[string(name)] = id
			h.last = append(h.last, -1)
		}
		h.previous[i] = h.last[id]
		h.last[id] = int32(i)
	}
	return h
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
	h.buf = h.appendSigned(h.buf[:0], s.header, s.headers)
	h.buf = wire.AppendUnsigned(h.buf, s.header, s.raw, s.start, s.end)
	h.spent += len(h.buf)
	return sha256.Sum256(h.buf)
}

// appendSigned appends the canonical fields of a list of names. A name without a
// field left signs its absence: nothing is appended.
func (h *headers) appendSigned(dst []byte, c wire.Canonicalization, names string) []byte {
	h.cursor = append(h.cursor[:0], h.last...)
	list := []byte(names)
	for name := range bytes.SplitSeq(list, []byte(":")) {
		id, ok := h.name[string(h.fold(bytes.Trim(name, " \t\r\n")))]
		if !ok {
			continue
		}
		if i := h.cursor[id]; i >= 0 {
			dst = wire.AppendHeader(dst, c, h.fields[i].Raw)
			h.cursor[id] = h.previous[i]
		}
	}
	return dst
}
