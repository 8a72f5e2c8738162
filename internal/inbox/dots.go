package inbox

import "bytes"

// dotDecoder finds the end of DATA and takes away the dots that the sender doubled
// (RFC 5321 section 4.5.2). CRLF.CRLF alone ends the data; every other octet is
// kept as it came, bare CR and LF too: a receiver that takes LF.LF, or CR.CR, for
// the end lets one sender smuggle a second message in (CVE-2023-51764 and others).
//
// The zero value stands before the first line, as after CRLF.
type dotDecoder struct{ state dotState }

type dotState uint8

const (
	atLineStart dotState = iota
	inLine
	afterCR    // inside a line; the CR was given out
	afterDot   // a dot at the start of a line, held back
	afterDotCR // the same and a CR, both held back
)

// maxHeld is how many octets of earlier input decode may give out beside those of
// its own.
const maxHeld = 1

// decode appends to dst what p holds of the message, and tells how many octets of
// p belong to the data (with its end mark) and whether the end mark came.
func (d *dotDecoder) decode(dst, p []byte) (out []byte, n int, done bool) {
	for n < len(p) {
		if d.state == inLine { // the common case: everything up to the next CR at once
			i := bytes.IndexByte(p[n:], '\r')
			if i < 0 {
				return append(dst, p[n:]...), len(p), false
			}
			dst = append(dst, p[n:n+i+1]...)
			n += i + 1
			d.state = afterCR
			continue
		}
		c := p[n]
		n++
		if dst, done = d.step(dst, c); done {
			return dst, n, true
		}
	}
	return dst, n, false
}

// step takes one octet where a line may start or end.
func (d *dotDecoder) step(dst []byte, c byte) (out []byte, done bool) {
	switch d.state {
	case atLineStart:
		if c == '.' {
			d.state = afterDot
			return dst, false
		}
	case afterCR:
		if c == '\n' {
			d.state = atLineStart
			return append(dst, c), false
		}
	case afterDot:
		if c == '\r' {
			d.state = afterDotCR
			return dst, false
		}
	case afterDotCR:
		if c == '\n' {
			return dst, true
		}
		dst = append(dst, '\r') // it was part of the line after all; the dot goes
	}
	if d.state = inLine; c == '\r' {
		d.state = afterCR
	}
	return append(dst, c), false
}
