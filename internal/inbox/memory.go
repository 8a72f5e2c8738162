package inbox

import (
	"errors"
	"sync"
)

var (
	errTooLarge = errors.New("the message is too large")
	errNoMemory = errors.New("too many messages are in flight")
)

// budget bounds the memory of all messages that are being received.
type budget struct {
	mu   sync.Mutex
	left int64
}

func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > b.left {
		return false
	}
	b.left -= n
	return true
}

func (b *budget) giveBack(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
}

const (
	firstCapacity = 4 << 10
	// hintCapacity bounds what is allocated on the mere word of a SIZE parameter.
	hintCapacity = 256 << 10
)

// body is a message in the making, within the limits of its size and of the budget.
type body struct {
	octets []byte
	max    int64
	budget *budget
	taken  int64
}

// free gives the memory back.
func (b *body) free() {
	b.budget.giveBack(b.taken)
	b.octets, b.taken = nil, 0
}

// room makes place for n more octets, so that appending them allocates nothing.
// errTooLarge, errNoMemory.
func (b *body) room(n int) error {
	need := int64(len(b.octets)) + int64(n)
	if need <= int64(cap(b.octets)) {
		return nil
	}
	if int64(len(b.octets)) > b.max {
		return errTooLarge
	}
	capacity := max(need, 2*int64(cap(b.octets)), firstCapacity)
	// A piece beyond the limit is needed to see that the limit is passed.
	capacity = min(capacity, max(need, b.max+int64(n)))
	return b.grow(capacity)
}

func (b *body) grow(capacity int64) error {
	if !b.budget.take(capacity) { // the old and the new exist together while copying
		return errNoMemory
	}
	grown := make([]byte, len(b.octets), capacity)
	copy(grown, b.octets)
	b.budget.giveBack(b.taken)
	b.octets, b.taken = grown, capacity
	return nil
}
