// Package forensics finds out what broke a DKIM signature: it undoes the changes
// that mail is known to suffer on its way (a list's footer, a subject tag, a
// gateway's re-encoding ...) one by one, until the message hashes to what was signed.
//
// A hash that fits is a proof: nothing is guessed. What no known change explains
// is said to be unexplained. Body and header are looked at apart, for the body hash
// stands in the signature (bh=), and an RSA signature opens to the hash of the
// header that was signed. Work and memory are bounded by limits.go.
package forensics

import (
	"bytes"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// Outcome of an examination.
type Outcome string

const (
	// Explained: undoing Mutations gives exactly what was signed.
	Explained Outcome = "explained"
	// Unexplained: no known change, and no pair of them that was tried, explains it.
	Unexplained Outcome = "unexplained"
	// Unexamined: too large to try.
	Unexamined Outcome = "unexamined"
)

// Part of a message that a signature covers by a hash of its own.
type Part string

// The two parts.
const (
	Body   Part = "body"
	Header Part = "header"
)

// Mutation is one change that the message suffered after it was signed.
type Mutation struct {
	Kind Kind
	// Field is the header field concerned, "" for the body.
	Field string
}

// Examination is what was found out about one part under one signature.
type Examination struct {
	Part      Part
	Outcome   Outcome
	Mutations []Mutation // none unless explained
	// Difference is the canonical text as signed ("-") against that seen ("+"),
	// bounded; nil unless explained.
	Difference []Line
	// Hunks are the places where the two texts differ, with the octets, bounded;
	// MoreHunks are left out.
	Hunks     []Hunk
	MoreHunks int
	// Tried counts the candidates that were hashed.
	Tried int
}

// show puts the signed text against the seen one.
func (e *Examination) show(signed, seen []byte) {
	e.Difference = difference(signed, seen)
	e.Hunks, e.MoreHunks = hunks(signed, seen)
}

// Examine explains one verdict: nil for a signature whose hashes are right or were
// never computed; at most one Examination for each Part, the body first.
func Examine(m *message.Message, v dkim.Verdict) []Examination {
	if m == nil || v.Signature == nil || v.Key == nil || v.FieldIndex < 0 || v.FieldIndex >= len(m.Fields) {
		return nil
	}
	if v.Problem != dkim.ProblemBodyHashMismatch && v.Problem != dkim.ProblemSignatureMismatch {
		return nil
	}
	var out []Examination
	if len(v.BodyHash) > 0 && !bytes.Equal(v.BodyHash, v.Signature.BodyHash) {
		out = append(out, examineBody(m, v.Signature))
	}
	if len(v.HeaderHash) > 0 {
		if s := openSignature(v); !s.accepts(v.HeaderHash) {
			out = append(out, examineHeader(m, v, s))
		}
	}
	return out
}

// Message examines every verdict of a message: the examinations of vs[i] at i. The
// sums are done for the first maxExamined broken signatures only.
func Message(m *message.Message, vs []dkim.Verdict) [][]Examination {
	var out [][]Examination
	examined := 0
	for i, v := range vs {
		if examined == maxExamined {
			break
		}
		e := Examine(m, v)
		if len(e) == 0 {
			continue
		}
		if out == nil {
			out = make([][]Examination, len(vs))
		}
		out[i] = e
		examined++
	}
	return out
}

// canonicalBody gives the canonical form of a body (RFC 6376 sections 3.4.3, 3.4.4),
// in its own memory. wire hashes the same text without ever holding it.
func canonicalBody(c wire.Canonicalization, body []byte) []byte {
	out := make([]byte, 0, len(body)+2)
	if c == wire.Relaxed {
		out = reduceLines(out, body)
	} else {
		out = append(out, body...)
	}
	return trimBody(c, out)
}

// trimBody drops the empty lines at the end and ends the last line.
func trimBody(c wire.Canonicalization, out []byte) []byte {
	for bytes.HasSuffix(out, crlfcrlf) {
		out = out[:len(out)-2]
	}
	switch {
	case bytes.Equal(out, crlf):
		out = out[:0]
	case len(out) > 0 && !bytes.HasSuffix(out, crlf):
		out = append(out, crlf...)
	}
	if len(out) == 0 && c == wire.Simple {
		out = append(out, crlf...)
	}
	return out
}

// reduceLines reduces white space within lines and drops it at their ends.
func reduceLines(out, body []byte) []byte {
	wsp := false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == ' ' || c == '\t':
			wsp = true
		case c == '\r' && i+1 < len(body) && body[i+1] == '\n':
			wsp = false
			out = append(out, '\r', '\n')
			i++
		default:
			if wsp {
				out = append(out, ' ')
				wsp = false
			}
			out = append(out, c)
		}
	}
	return out
}

var (
	crlf     = []byte("\r\n")
	crlfcrlf = []byte("\r\n\r\n")
)
