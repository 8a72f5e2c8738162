package wire

import (
	"crypto/sha256"
	"errors"
	"hash"
	"slices"
	"sync"
)

// Bodies hashes a message body with SHA-256 once for each distinct
// (canonicalization, length limit) that someone wants. Say what is wanted, write
// the body (in any chunks: the result does not depend on them), then ask.
//
// Each canonicalization runs, and hashes, once: a length limit is a look at the
// running hash as it passes that octet. Memory does not grow with the body.
type Bodies struct {
	wanted   int
	started  bool
	finished sync.Once
	closed   bool // by the first Sum
	simple   *trimmer
	relaxed  *reducer
}

// maxWanted bounds the distinct hashes of one body.
const maxWanted = 32

// NewBodies gives an empty set.
func NewBodies() *Bodies { return &Bodies{} }

// Want registers a hash. limit is the l= tag, or -1 for the whole body. At most
// 32 distinct ones are kept; beyond that it returns false, as it does for a new
// one when the body has begun.
func (b *Bodies) Want(c Canonicalization, limit int64) bool {
	if d := b.digest(c); d != nil && d.wants(limit) {
		return true
	}
	if b.started || b.wanted >= maxWanted {
		return false
	}
	b.wanted++
	switch {
	case c == Relaxed && b.relaxed == nil:
		b.relaxed = newReducer()
	case c != Relaxed && b.simple == nil:
		b.simple = newTrimmer()
	}
	b.digest(c).want(limit)
	return true
}

var errFinished = errors.New("wire: body written after its hashes were asked for")

// Write feeds body octets. It fails only after Sum.
func (b *Bodies) Write(p []byte) (int, error) {
	if b.closed {
		return 0, errFinished
	}
	b.started = true
	if b.simple != nil {
		b.simple.write(p)
	}
	if b.relaxed != nil {
		b.relaxed.write(p)
	}
	return len(p), nil
}

// Sum finishes (idempotently) and gives the hash, and the length in octets of the
// whole canonicalized body. A limit beyond that length hashes the whole body: the
// length tells. ok is false when it was not wanted. Verifiers that share the body
// may ask at the same time.
func (b *Bodies) Sum(c Canonicalization, limit int64) (sum [32]byte, length int64, ok bool) {
	b.finished.Do(b.finish)
	d := b.digest(c)
	if d == nil || !d.wants(limit) {
		return sum, 0, false
	}
	return d.sum(limit), d.n, true
}

func (b *Bodies) finish() {
	b.started, b.closed = true, true
	if b.simple != nil {
		// RFC 6376 section 3.4.3: a missing or empty body is a single CRLF.
		b.simple.finish(true)
		b.simple.out.finish()
	}
	if b.relaxed != nil {
		b.relaxed.finish()
		b.relaxed.out.out.finish()
	}
}

func (b *Bodies) digest(c Canonicalization) *digest {
	switch {
	case c == Relaxed && b.relaxed != nil:
		return &b.relaxed.out.out
	case c != Relaxed && b.simple != nil:
		return &b.simple.out
	}
	return nil
}

// digest is a running hash of canonical octets that notes its value at certain lengths.
type digest struct {
	h     hash.Hash
	n     int64
	whole bool // someone wants all of it
	total [32]byte
	marks []mark // by length
	next  int    // the first mark not reached
}

type mark struct {
	at  int64
	sum [32]byte
}

func (d *digest) wants(limit int64) bool {
	if limit < 0 {
		return d.whole
	}
	_, ok := d.find(limit)
	return ok
}

func (d *digest) find(limit int64) (int, bool) {
	return slices.BinarySearchFunc(d.marks, limit, func(m mark, l int64) int {
		switch {
		case m.at < l:
			return -1
		case m.at > l:
			return 1
		}
		return 0
	})
}

func (d *digest) want(limit int64) {
	if limit < 0 {
		d.whole = true
		return
	}
	i, _ := d.find(limit)
	d.marks = slices.Insert(d.marks, i, mark{at: limit})
}

func (d *digest) write(p []byte) {
	for d.next < len(d.marks) && d.marks[d.next].at-d.n <= int64(len(p)) {
		k := d.marks[d.next].at - d.n
		d.h.Write(p[:k])
		d.h.Sum(d.marks[d.next].sum[:0])
		d.next++
		d.n += k
		p = p[k:]
	}
	d.n += int64(len(p))
	// Beyond the last length anyone wants, octets are only counted.
	if d.whole || d.next < len(d.marks) {
		d.h.Write(p)
	}
}

func (d *digest) finish() {
	d.h.Sum(d.total[:0])
	for ; d.next < len(d.marks); d.next++ {
		d.marks[d.next].sum = d.total
	}
}

func (d *digest) sum(limit int64) [32]byte {
	if i, ok := d.find(limit); limit >= 0 && ok {
		return d.marks[i].sum
	}
	return d.total
}

func newDigest() digest { return digest{h: sha256.New()} }
