package wire

import "sync"

// scratch keeps buffers between messages: a header in canonical form is needed
// for as long as it takes to hash it.
var scratch = sync.Pool{New: func() any { return &Scratch{make([]byte, 0, 4<<10)} }}

// maxScratch is the largest buffer that is kept, in octets.
const maxScratch = 64 << 10

// Scratch is a buffer to append to.
type Scratch struct{ B []byte }

// NewScratch lends an empty buffer. Give it back with Release.
func NewScratch() *Scratch {
	s := scratch.Get().(*Scratch)
	s.B = s.B[:0]
	return s
}

// Release gives the buffer back; nobody may use it, or what it held, from then on.
func (s *Scratch) Release() {
	if cap(s.B) <= maxScratch {
		scratch.Put(s)
	}
}
