package arc

import (
	"crypto/sha256"

	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// headers hashes what message signatures sign.
type headers struct {
	index *wire.Index
	// spent counts octets canonicalized.
	spent int
}

func newHeaders(fields []message.Field) headers {
	return headers{index: wire.NewIndex(len(fields), func(i int) []byte { return fields[i].Raw })}
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

// appendSigned appends the canonical fields of a list of names.
func (h *headers) appendSigned(dst []byte, c wire.Canonicalization, names []string) []byte {
	// Its own field is not passed over: by RFC 8617 section 4.1.2 none of that name is listed.
	h.index.Begin(-1)
	dst, _ = h.index.AppendSigned(dst, c, names)
	return dst
}
