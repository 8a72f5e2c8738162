package forensics

import (
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// Canonical gives what a signature is made over (RFC 6376 section 3.7): the canonical form
// of the fields that it signs, its own last without the value of b=, and that of the body,
// from its first octets alone: at most most. Both are nil where the signature could not be read.
func Canonical(m *message.Message, v dkim.Verdict, most int) (header, body []byte) {
	s := v.Signature
	if s == nil || v.FieldIndex < 0 || v.FieldIndex >= len(m.Fields) {
		return nil, nil
	}
	own, ok := unsigned(s.Header, m.Fields[v.FieldIndex].Raw)
	if !ok {
		return nil, nil
	}
	x := wire.NewIndex(len(m.Fields), func(i int) []byte { return m.Fields[i].Raw })
	defer x.Release()
	x.Begin(v.FieldIndex)
	header, _ = x.AppendSigned(nil, s.Header, s.Headers)
	header = append(header, own...)
	// White space that is reduced may make much of the body little of its canonical form.
	raw := m.Body[:min(len(m.Body), 4*most)]
	body = canonicalBody(s.Body, raw)
	if s.Length >= 0 && s.Length < int64(len(body)) {
		body = body[:s.Length]
	}
	return header, body[:min(len(body), most)]
}
