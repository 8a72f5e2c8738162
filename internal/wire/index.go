package wire

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"
)

// Index finds for the names of an h= tag the fields they mean: of several fields of
// one name the lowest first, each once, and nothing when there is none left (RFC
// 6376 section 5.4.2). One index serves all signatures of a message, so that hostile
// numbers of fields and of names do not multiply.
type Index struct {
	raw    func(i int) []byte
	fields []indexed
	seed   maphash.Seed // of its own: nobody can choose names that collide
	head   []int32      // by hash, a power of two of them: the lowest field plus one, 0 for none
	round  uint32       // a field is used up when its used says this
	few    [32]int32    // room for head
}

type indexed struct {
	name int32 // its length; white space before the colon does not count
	next int32 // the next higher field of the same hash plus one, 0 for none
	used uint32
}

// indexes keeps the memory of indexes for those of other messages.
var indexes = sync.Pool{New: func() any { return new(Index) }}

// maxIndexed is the greatest number of fields for which memory is kept.
const maxIndexed = 1024

// NewIndex indexes n fields, top first; raw gives one of them with all its octets.
// Release may give the memory back.
func NewIndex(n int, raw func(i int) []byte) *Index {
	x := indexes.Get().(*Index)
	x.raw, x.seed, x.round = raw, maphash.MakeSeed(), 0
	x.fields = slices.Grow(x.fields[:0], n)[:n]
	size := len(x.few)
	x.few = [len(x.few)]int32{}
	x.head = x.few[:]
	if n > size/2 {
		for size < 2*n {
			size *= 2
		}
		x.head = make([]int32, size)
	}
	for i := range x.fields {
		name := nameOf(raw(i))
		head := &x.head[slot(x, name)]
		x.fields[i] = indexed{name: int32(len(name)), next: *head}
		*head = int32(i + 1)
	}
	return x
}

// Release gives the memory of the index back; nobody may use it from then on.
func (x *Index) Release() {
	x.raw, x.head = nil, nil
	if cap(x.fields) <= maxIndexed {
		indexes.Put(x)
	}
}

// nameOf gives the name of a raw field, without white space before the colon.
func nameOf(raw []byte) []byte {
	name := raw[:max(bytes.IndexByte(raw, ':'), 0)]
	for len(name) > 0 && isWSP(name[len(name)-1]) {
		name = name[:len(name)-1]
	}
	return name
}

// slot gives the place of a name in head, whatever its case. The whole of a name
// counts: of names that begin alike a sender can write thousands.
func slot[S string | []byte](x *Index, name S) uint64 {
	var folded [48]byte
	if len(name) > len(folded) {
		return slotOfLong(x, name)
	}
	n := copy(folded[:], name)
	fold(folded[:(n+7)&^7])
	return maphash.Bytes(x.seed, folded[:n]) & uint64(len(x.head)-1)
}

func slotOfLong[S string | []byte](x *Index, name S) uint64 {
	var hash maphash.Hash
	hash.SetSeed(x.seed)
	var folded [48]byte
	for ; len(name) > 0; name = name[min(len(name), len(folded)):] {
		n := copy(folded[:], name)
		fold(folded[:(n+7)&^7])
		_, _ = hash.Write(folded[:n]) // never fails
	}
	return hash.Sum64() & uint64(len(x.head)-1)
}

// fold makes whole words lower case. It changes letters alone, as lower does: of two
// other octets that were made one, a sender could write 2^n names of one hash.
func fold(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		low := w & (0x7f * ones)
		// Adding sets the high bit of octets from 'A' on, and of those beyond 'Z'.
		upper := (low + (0x80-'A')*ones) &^ (low + (0x7f-'Z')*ones) &^ w & highs
		binary.LittleEndian.PutUint64(b, w|upper>>2)
	}
}

// Begin starts the selection for another signature, whose own field, the self-th, is
// not to be found (RFC 6376 section 3.7); -1 where it is not there yet.
func (x *Index) Begin(self int) {
	x.round++
	if self >= 0 {
		x.fields[self].used = x.round
	}
}

// pick gives the index of the field that a name means now, -1 for none.
func (x *Index) pick(name string) int {
	for i := x.head[slot(x, name)]; i > 0; {
		f := &x.fields[i-1]
		if f.used != x.round && int(f.name) == len(name) && equalFold(x.raw(int(i-1)), name) {
			f.used = x.round
			return int(i - 1)
		}
		i = f.next
	}
	return -1
}

// AppendSigned appends the canonical form of the fields of a list of names. A name
// without a field left signs its absence: nothing is appended. longest is the index
// of the longest of the fields, -1 where there are none.
func (x *Index) AppendSigned(dst []byte, c Canonicalization, names []string) (out []byte, longest int) {
	longest = -1
	for _, name := range names {
		i := x.pick(name)
		if i < 0 {
			continue
		}
		raw := x.raw(i)
		dst = AppendHeader(dst, c, raw)
		if longest < 0 || len(raw) > len(x.raw(longest)) {
			longest = i
		}
	}
	return dst, longest
}

// equalFold compares with b as many octets as b has, ASCII case-insensitively.
func equalFold(a []byte, b string) bool {
	for i := range len(b) {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}
