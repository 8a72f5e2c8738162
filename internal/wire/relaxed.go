package wire

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// reducer reduces each run of white space inside a line to one space and drops
// it at the end of a line: the first half of the relaxed canonicalization (RFC
// 6376 section 3.4.4).
//
// Most mail has few places that this changes. So it has two gaits: it looks for
// the next such place and hands on what lies before it as it is, without a copy;
// where such places come close together (indented HTML, tables), it copies and
// reduces as it goes, because SHA-256 likes few and long writes.
type reducer struct {
	out trimmer
	wsp bool   // white space was read that is not yet written
	cr  bool   // a CR after it: the chunk ended there
	buf []byte // made when something has to be gathered, bufLen octets
	n   int    // of which these are filled
}

const (
	bufLen = 2048
	// inPlace is the length from which an untouched stretch is hashed where it lies.
	inPlace = 512
	// pieceLen keeps a piece in the first-level cache between looking and hashing.
	pieceLen = 16 << 10
)

func newReducer() *reducer { return &reducer{out: trimmer{out: newDigest()}} }

func (r *reducer) write(p []byte) {
	for len(p) > pieceLen {
		r.piece(p[:pieceLen])
		p = p[pieceLen:]
	}
	if len(p) > 0 {
		r.piece(p)
	}
}

func (r *reducer) piece(p []byte) {
	if r.cr {
		r.cr, r.wsp = false, false
		if p[0] != '\n' { // a bare CR ends no line
			r.put(oneSpace)
		}
		r.put(crlf[:1])
	}
	tab := -1 // the first tab at or after i
	for i := 0; i < len(p); {
		if !r.wsp {
			if tab < i {
				if tab = bytes.IndexByte(p[i:], '\t'); tab < 0 {
					tab = len(p)
				} else {
					tab += i
				}
			}
			j := nextWSP(p, i, tab)
			r.put(p[i:j])
			i = j
		}
		i = r.reduce(p, i)
	}
}

var oneSpace = []byte(" ")

func (r *reducer) put(p []byte) {
	if len(p) >= inPlace {
		r.flush()
		r.out.write(p)
		return
	}
	r.room(len(p))
	r.n += copy(r.buf[r.n:], p)
}

// room makes room for n octets, at most bufLen.
func (r *reducer) room(n int) {
	if n > len(r.buf)-r.n {
		if r.buf == nil {
			r.buf = make([]byte, bufLen)
		}
		r.flush()
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

// reduce copies p[i:] reduced into buf until nothing was changed for inPlace
// octets. It gives the index of what is left.
func (r *reducer) reduce(p []byte, i int) int {
	for i < len(p) {
		r.room(16)
		if r.wsp {
			i = r.skipWSP(p, i)
			continue
		}
		read, wrote := reduceWords(r.buf[r.n:], p[i:])
		r.n += wrote
		i += read
		switch {
		case read >= inPlace && read == wrote:
			return i
		case read > 0:
		case isWSP(p[i]): // the end is near
			i = r.skipWSP(p, i)
		default:
			r.buf[r.n] = p[i]
			r.n++
			i++
		}
	}
	return i
}

// reduceWords copies p reduced to dst, until dst or p is nearly used up, or
// inPlace octets were read. It gives how many octets it read and wrote.
//
// It goes by a rule that needs no memory, so that eight octets are one step: white
// space is dropped before white space and before a CRLF, else it is one space.
func reduceWords(dst, p []byte) (i, n int) {
	// Never more is written than read.
	for end := min(inPlace, len(p)-10, len(dst)-8); i <= end; i += 8 {
		q := p[i : i+10]
		w, next := binary.LittleEndian.Uint64(q), binary.LittleEndian.Uint64(q[1:])
		if zeros(w^tabs) != 0 {
			w ^= (^nonZeros(w^tabs) & highs) >> 7 * ('\t' ^ ' ')
		}
		white := ^nonZeros(w^spaces) & highs // marks white space
		if white&smalls(next) == 0 {
			binary.LittleEndian.PutUint64(dst[n:], w)
			n += 8
			continue
		}
		drop := white &^ nonZeros(next^spaces)
		if white&^drop&smalls(next) != 0 { // not a space, but a tab, CR or control behind it
			drop = white &^ (nonZeros(next^spaces) & nonZeros(next^tabs) &
				(nonZeros(next^crs) | nonZeros(binary.LittleEndian.Uint64(q[2:])^lfs)))
		}
		left := 8 - bits.OnesCount64(drop)
		for drop != 0 { // one run of white space at a time
			from := bits.TrailingZeros64(drop) &^ 7 & 63
			run := bits.TrailingZeros64(^(drop>>from)&highs) &^ 7
			if from+run == 64 {
				break // all behind it goes: it will be overwritten
			}
			w = w&(1<<from-1) | w>>((from+run)&63)<<from
			drop = drop >> ((from + run) & 63) << from
		}
		binary.LittleEndian.PutUint64(dst[n:], w)
		n += left
	}
	return i, n
}

// lenWSP gives the length of the white space that p starts with.
func lenWSP(p []byte) (n int) {
	for n < len(p) && isWSP(p[n]) {
		n++
	}
	return n
}

// skipWSP skips white space from p[i] on and writes what it is worth. It gives
// the index of what follows, len(p) when that is not here yet.
func (r *reducer) skipWSP(p []byte, i int) int {
	i += lenWSP(p[i:])
	r.wsp = true
	switch {
	case i == len(p):
		return i
	case p[i] == '\r' && i+1 == len(p):
		r.cr = true
		return len(p)
	case p[i] != '\r' || p[i+1] != '\n':
		r.buf[r.n] = ' '
		r.n++
	}
	r.wsp = false
	return i
}

// nextWSP gives the first index from i on of white space that is not a single
// space between words: a tab, a space that white space or a CR follows, or the last
// octet if it is a space; len(p) if there is none. tab is where the next tab is.
func nextWSP(p []byte, i, tab int) int {
	for end := min(tab, len(p)-1); end-i >= 32; i += 32 {
		q := p[i : i+33]
		hit := wspHits(binary.LittleEndian.Uint64(q), binary.LittleEndian.Uint64(q[1:])) |
			wspHits(binary.LittleEndian.Uint64(q[8:]), binary.LittleEndian.Uint64(q[9:])) |
			wspHits(binary.LittleEndian.Uint64(q[16:]), binary.LittleEndian.Uint64(q[17:])) |
			wspHits(binary.LittleEndian.Uint64(q[24:]), binary.LittleEndian.Uint64(q[25:]))
		if hit != 0 {
			if k := firstWSP(p, i, i+32); k < i+32 {
				return k
			}
		}
	}
	return firstWSP(p, i, tab)
}

// firstWSP is nextWSP octet by octet, within p[i:to]; to if there is none.
func firstWSP(p []byte, i, to int) int {
	for ; i < to; i++ {
		if p[i] != ' ' {
			continue
		}
		if i+1 == len(p) {
			return i
		}
		if c := p[i+1]; c == ' ' || c == '\t' || c == '\r' {
			return i
		}
	}
	return to
}

// Eight octets in a word: the same octet eight times.
const (
	ones   = 0x0101010101010101
	lows   = 0x7f * ones
	highs  = 0x80 * ones
	spaces = ' ' * ones
	tabs   = '\t' * ones
	crs    = '\r' * ones
	lfs    = '\n' * ones
)

// wspHits marks (0x80) the octets of w that are a space with an octet up to 0x20
// behind it. next is the word one octet further on. It may mark too many, never
// too few, and the lowest that is right is always among them.
func wspHits(w, next uint64) uint64 {
	return zeros(w^spaces) & smalls(next)
}

// zeros marks (0x80) the octets that are zero. Above a zero one, an octet 0x01
// may be marked too.
func zeros(x uint64) uint64 { return (x - ones) &^ x & highs }

// smalls marks (0x80) the octets up to 0x20, and no others; the other bits mean nothing.
func smalls(x uint64) uint64 { return ^(x | ((x | highs) - 0x21*ones)) }

// nonZeros marks (0x80) the octets that are not zero, and no others; the other
// bits mean nothing.
func nonZeros(x uint64) uint64 { return x&lows + lows | x }
