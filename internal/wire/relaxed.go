package wire

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// reducer reduces each run of white space inside a line to one space and drops
// it at the end of a line: the first half of the relaxed canonicalization (RFC
// 6376 section 3.4.4). Most mail has few such places, so it looks for them eight
// octets at a time and hands on what lies between as it is: long stretches in
// place, short ones gathered, because SHA-256 likes them in whole blocks.
type reducer struct {
	out trimmer
	wsp bool // inside white space, not yet written
	cr  bool // a CR after it: the chunk ended there
	n   int  // octets gathered in buf
	buf [2048]byte
}

// inPlace is the length from which a stretch is hashed where it lies.
const inPlace = 512

func newReducer() *reducer { return &reducer{out: trimmer{out: newDigest()}} }

func (r *reducer) write(p []byte) {
	if len(p) == 0 {
		return
	}
	if r.cr {
		r.cr, r.wsp = false, false
		if p[0] != '\n' { // a bare CR ends no line
			r.put(oneSpace)
		}
		r.put(crlf[:1])
	}
	s := scanner{p: p, tab: -1}
	for i := 0; i < len(p); {
		if r.wsp {
			if i = r.leaveWSP(p, i); i == len(p) {
				return
			}
		}
		j := s.next(i)
		r.put(p[i:j])
		if j == len(p) {
			return
		}
		r.wsp = true
		i = j + 1
	}
}

// leaveWSP skips white space from p[i] on and writes what it is worth. It gives
// the index of what follows, len(p) when that is not here yet.
func (r *reducer) leaveWSP(p []byte, i int) int {
	for i < len(p) && isWSP(p[i]) {
		i++
	}
	switch {
	case i == len(p):
		return i
	case p[i] == '\r' && i+1 == len(p):
		r.cr = true
		return len(p)
	case p[i] != '\r' || p[i+1] != '\n':
		r.put(oneSpace)
	}
	r.wsp = false
	return i
}

var oneSpace = []byte(" ")

func (r *reducer) put(p []byte) {
	if len(p) <= len(r.buf)-r.n && len(p) < inPlace {
		r.n += copy(r.buf[r.n:], p)
		return
	}
	r.flush()
	if len(p) >= inPlace {
		r.out.write(p)
	} else {
		r.n = copy(r.buf[:], p)
	}
}

func (r *reducer) flush() {
	if r.n > 0 {
		r.out.write(r.buf[:r.n])
		r.n = 0
	}
}

// finish: white space at the end of the body is at the end of a line, whether its
// CRLF is there or not. An empty body stays empty.
func (r *reducer) finish() {
	if r.cr {
		r.put(oneSpace)
		r.put(crlf[:1])
	}
	r.flush()
	r.out.finish(false)
}

// scanner finds in p the white space that is not a single space between words.
type scanner struct {
	p   []byte
	tab int // the next tab at or after the last place asked about
}

const (
	ones   = 0x0101010101010101
	highs  = 0x80 * ones
	spaces = ' ' * ones
)

// next gives the first index from i on of a tab, of a space that another
// space, a tab or a CR follows, or of a space that is the last octet; len(p) if
// there is none.
func (s *scanner) next(i int) int {
	if s.tab < i {
		s.tab = len(s.p)
		if k := bytes.IndexByte(s.p[i:], '\t'); k >= 0 {
			s.tab = i + k
		}
	}
	// No tab before s.tab: only the octet after a space matters. Looking one octet
	// further than the tab sees a space before it.
	p, start := s.p[:s.tab], i
	var after uint64 // 0x80 if the octet before p[i] is a space
	for ; len(p)-i >= 8; i += 8 {
		w := binary.LittleEndian.Uint64(p[i:])
		x := w ^ spaces
		space := (x - ones) &^ x & highs // also an octet 0x21 behind a space: judge looks again
		small := ^((w | highs) - 0x21*ones) &^ w
		if hit := (space<<8 | after) & small; hit != 0 {
			if k, ok := s.judge(i+bits.TrailingZeros64(hit)/8-1, i+7); ok {
				return k
			}
		}
		after = space >> 56
	}
	if k, ok := s.judge(max(i-1, start), len(p)); ok {
		return k
	}
	return s.tab
}

// judge looks at the spaces in p[from:to] one by one.
func (s *scanner) judge(from, to int) (int, bool) {
	for k := from; k < to; k++ {
		if s.p[k] != ' ' {
			continue
		}
		if k+1 == len(s.p) {
			return k, true
		}
		if c := s.p[k+1]; c == ' ' || c == '\t' || c == '\r' {
			return k, true
		}
	}
	return 0, false
}
