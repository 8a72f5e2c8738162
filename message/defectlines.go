package message

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

func (m *Message) headerLines(d *defects, header []byte) {
	lineDefects(d, header, 0, m.fieldAt)
	if i := firstNonASCII(header); i >= 0 {
		id := UTF8Header
		if !utf8.Valid(header) {
			id = EightBitHeader
		}
		d.add(id, m.fieldAt(i), i, 1)
	}
	bad, first, at := 0, 0, 0
	for _, f := range m.Fields {
		if _, _, ok := f.split(); !ok {
			if bad == 0 {
				first = at
			}
			bad++
		}
		at += len(f.Raw)
	}
	if bad > 0 {
		d.add(BadField, "", first, bad)
	}
}

// lineDefects finds what is wrong with the lines of text that begins at offset
// base of the message. Good text, which is nearly all, is read once.
func lineDefects(d *defects, text []byte, base int, field func(offset int) string) {
	if goodLines(text) {
		return
	}
	add := func(id string, offset, count int) {
		if count > 0 {
			d.add(id, field(offset), base+offset, count)
		}
	}
	lf, firstLF, crlfs := bareLFs(text)
	add(BareLF, firstLF, lf)
	if n := bytes.Count(text, []byte{'\r'}) - crlfs; n > 0 {
		add(BareCR, firstBareCR(text), n)
	}
	if n := bytes.Count(text, []byte{0}); n > 0 {
		add(NUL, bytes.IndexByte(text, 0), n)
	}
	n, first := longLines(text)
	add(LongLine, first, n)
}

// goodLines reports that text has no bare LF or CR, no NUL and no long line. It
// goes from control character to control character.
func goodLines(text []byte) bool {
	line := 0 // where the current one begins
	for i := nextControl(text, 0); i < len(text); i = nextControl(text, i) {
		switch text[i] {
		case '\r':
			if i+1 == len(text) || text[i+1] != '\n' || i-line > maxLine {
				return false
			}
			i += 2
			line = i
		case '\n', 0:
			return false
		default:
			i++
		}
	}
	return len(text)-line <= maxLine
}

// nextControl gives the index of the first octet below 0x20 from i on, or the length.
func nextControl(text []byte, i int) int {
	for ; len(text)-i >= 32; i += 32 {
		q := text[i : i+32]
		a, b := controls(binary.LittleEndian.Uint64(q)), controls(binary.LittleEndian.Uint64(q[8:]))
		c, d := controls(binary.LittleEndian.Uint64(q[16:])), controls(binary.LittleEndian.Uint64(q[24:]))
		switch {
		case a|b|c|d == 0:
		case a != 0:
			return i + bits.TrailingZeros64(a)/8
		case b != 0:
			return i + 8 + bits.TrailingZeros64(b)/8
		case c != 0:
			return i + 16 + bits.TrailingZeros64(c)/8
		default:
			return i + 24 + bits.TrailingZeros64(d)/8
		}
	}
	for i < len(text) && text[i] >= ' ' {
		i++
	}
	return i
}

// controls marks (0x80) the octets of w below 0x20. It may mark others above such a
// one; the lowest is right.
func controls(w uint64) uint64 {
	return (w - 0x2020202020202020) &^ w & 0x8080808080808080
}

func bareLFs(text []byte) (bare, first, crlfs int) {
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			return bare, first, crlfs
		}
		at += i
		if at > 0 && text[at-1] == '\r' {
			crlfs++
		} else {
			if bare == 0 {
				first = at
			}
			bare++
		}
		at++
	}
}

func firstBareCR(text []byte) int {
	for at := 0; ; at++ {
		i := bytes.IndexByte(text[at:], '\r')
		if i < 0 {
			return 0
		}
		if at += i; at+1 == len(text) || text[at+1] != '\n' {
			return at
		}
	}
}

// longLines counts lines over 998 octets. It jumps: where a CRLF lies within the
// next 1000 octets, everything before the last such CRLF is in good lines.
func longLines(text []byte) (n, first int) {
	for at := 0; len(text)-at > maxLine; {
		window := text[at:min(len(text), at+maxLine+2)]
		if i := bytes.LastIndex(window, crlf); i >= 0 {
			at += i + 2
			continue
		}
		if n == 0 {
			first = at
		}
		n++
		i := bytes.Index(text[at:], crlf)
		if i < 0 {
			break
		}
		at += i + 2
	}
	return n, first
}

func firstNonASCII(b []byte) int {
	i := 0
	for ; i+32 <= len(b); i += 32 {
		q := b[i : i+32]
		if (binary.LittleEndian.Uint64(q)|binary.LittleEndian.Uint64(q[8:])|
			binary.LittleEndian.Uint64(q[16:])|binary.LittleEndian.Uint64(q[24:]))&0x8080808080808080 != 0 {
			break
		}
	}
	for ; i < len(b); i++ {
		if b[i] >= utf8.RuneSelf {
			return i
		}
	}
	return -1
}
