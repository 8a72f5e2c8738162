package wire

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

// AppendHeader appends the canonical form of one raw header field (RFC 6376
// sections 3.4.1 and 3.4.2), with its CRLF. A field that lacks its final CRLF,
// as the last one of a message cut short does, gets one in both forms.
func AppendHeader(dst []byte, c Canonicalization, raw []byte) []byte {
	raw = bytes.TrimSuffix(raw, crlf)
	if c == Relaxed {
		dst = appendRelaxedHeader(dst, raw)
	} else {
		dst = append(dst, raw...)
	}
	return append(dst, crlf...)
}

// AppendUnsigned appends the canonical form of a signature's own field as RFC
// 6376 section 3.7 wants it hashed: raw[start:end], the value of its b= tag,
// left out, and no final CRLF.
func AppendUnsigned(dst []byte, c Canonicalization, raw []byte, start, end int) []byte {
	if c == Relaxed && seam(raw, start, end) {
		dst = appendRelaxedHeader(dst, raw[:start])
		return appendReduced(dst, bytes.TrimSuffix(raw[end:], crlf))
	}
	// The field without b= is put together behind the place where its canonical form
	// goes, which is never longer but for a CRLF.
	n := len(raw) - (end - start)
	dst = slices.Grow(dst, 2*n+len(crlf))
	from := len(dst) + n + len(crlf)
	cut := append(append(dst[from:from], raw[:start]...), raw[end:]...)
	dst = AppendHeader(dst, c, cut)
	return dst[:len(dst)-len(crlf)]
}

// seam reports that raw[:start] and raw[end:] can be reduced each on its own, as in a
// field that is well written: "name: ... b=" and what begins with a semicolon or
// is nothing.
func seam(raw []byte, start, end int) bool {
	return start > 0 && raw[start-1] == '=' && bytes.IndexByte(raw[:start], ':') >= 0 &&
		(len(raw) == end || raw[end] == ';' || string(raw[end:]) == "\r\n")
}

var crlf = []byte("\r\n")

// appendRelaxedHeader works on a field without its final CRLF: name in lower
// case, no white space around the colon, unfolded, white space runs reduced to
// one space, none at the end.
func appendRelaxedHeader(dst, raw []byte) []byte {
	colon := bytes.IndexByte(raw, ':')
	if colon < 0 {
		return appendReduced(dst, raw)
	}
	name := raw[:colon]
	for len(name) > 0 && isWSP(name[len(name)-1]) {
		name = name[:len(name)-1]
	}
	dst = append(dst, name...)
	for i, c := range dst[len(dst)-len(name):] {
		dst[len(dst)-len(name)+i] = lower(c)
	}
	return appendReduced(append(dst, ':'), raw[colon+1:])
}

// appendReduced unfolds v and reduces its white space, none at either end. A CR
// or LF that does not fold is data.
func appendReduced(dst, v []byte) []byte {
	start := len(dst)
	dst = slices.Grow(dst, len(v))
	out, n := dst[start:start+len(v)], 0
	for i := lenFWS(v); i < len(v); {
		run := copyPlain(out[n:], v[i:])
		n += run
		if i += run; i == len(v) {
			break
		}
		from := i
		i += lenFWS(v[i:])
		switch {
		case i == len(v):
		case i > from:
			out[n] = ' '
			n++
		default:
			out[n] = v[i]
			n++
			i++
		}
	}
	return dst[:start+n]
}

// copyPlain copies the octets at the front of v that reduction leaves alone, words
// with single spaces between them, as far as eight at a time show, and gives their
// number. dst is no shorter than v; what it holds behind them means nothing.
func copyPlain(dst, v []byte) (n int) {
	for len(v)-n > 8 {
		q := v[n : n+9]
		w, next := binary.LittleEndian.Uint64(q), binary.LittleEndian.Uint64(q[1:])
		binary.LittleEndian.PutUint64(dst[n:], w)
		// What needs a look: white space and controls, but for a space with more than that behind it.
		if look := smalls(w) & (nonZeros(w^spaces) | smalls(next)) & highs; look != 0 {
			return n + bits.TrailingZeros64(look)/8
		}
		n += 8
	}
	for n < len(v) && v[n] > ' ' {
		dst[n] = v[n]
		n++
	}
	return n
}

// lenFWS gives the length of the white space and folds that v starts with.
func lenFWS(v []byte) (n int) {
	for n < len(v) {
		k := foldLen(v[n:])
		if k == 0 {
			break
		}
		n += k
	}
	return n
}

// foldLen gives the length of the white space v starts with: 1 for WSP, 3 for
// CRLF WSP, 0 for anything else.
func foldLen(v []byte) int {
	if isWSP(v[0]) {
		return 1
	}
	if len(v) >= 3 && v[0] == '\r' && v[1] == '\n' && isWSP(v[2]) {
		return 3
	}
	return 0
}

func isWSP(c byte) bool { return c == ' ' || c == '\t' }
