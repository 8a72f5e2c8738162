package milter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// readSize is how much is read at once. Longer packets other than of the body, which are rare, get memory of their own.
const readSize = 16 << 10

var readBuffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// source reads into what the reader has room for. It is told how long it may wait for data.
type source interface {
	// read reads at least one octet into space(), which may be called more than once: a source that has to
	// wait should call rest() before, so that those who wait hold no memory.
	read(r *reader, wait time.Duration) (int, error)
}

// reader cuts a stream into packets: four octets of length, a command, its data.
type reader struct {
	src   source
	limit int // of a packet's length
	// How long to wait for the next packet, and for all of one that has begun.
	idle, packet time.Duration

	buf     *[readSize]byte // nil while nothing is buffered
	at, end int             // buf[at:end] is unread
	left    int             // of the current packet
	began   time.Time       // when the current packet was first waited for; zero while all came at once
}

var errPacketSize = errors.New("a packet of a size that no mail server sends")

// next begins the next packet; what was left of the last is skipped. io.EOF only where the stream ends between packets.
func (r *reader) next() (cmd byte, err error) {
	for r.left > 0 {
		if _, err := r.piece(); err != nil {
			return 0, err
		}
	}
	r.began = time.Time{}
	if err := r.need(5); err != nil {
		return 0, err
	}
	size := binary.BigEndian.Uint32(r.buf[r.at:])
	cmd = r.buf[r.at+4]
	if size == 0 || size > uint32(r.limit) {
		return 0, fmt.Errorf("%w: %d octets", errPacketSize, size)
	}
	r.at += 5
	r.left = int(size) - 1
	return cmd, nil
}

// need waits until n octets, at most readSize, are buffered in a row.
func (r *reader) need(n int) error {
	for r.end-r.at < n {
		if err := r.fill(); err != nil {
			if err == io.EOF && (r.end > r.at || r.left > 0) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// data gives all of the packet's data, valid until the next call of any method.
func (r *reader) data() ([]byte, error) {
	n := r.left
	if n <= readSize {
		if err := r.need(n); err != nil {
			return nil, err
		}
		r.left = 0
		if n == 0 {
			return nil, nil
		}
		r.at += n
		return r.buf[r.at-n : r.at], nil
	}
	all := make([]byte, 0, min(n, 4*readSize)) // what is claimed is not believed before it came
	for r.left > 0 {
		part, err := r.piece()
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	return all, nil
}

// piece gives the next of the packet's data, as much as is there, valid until the next call; nothing at its end.
func (r *reader) piece() ([]byte, error) {
	if r.left == 0 {
		return nil, nil
	}
	if err := r.need(1); err != nil {
		return nil, err
	}
	n := min(r.left, r.end-r.at)
	r.left -= n
	r.at += n
	return r.buf[r.at-n : r.at], nil
}

// fill reads once.
func (r *reader) fill() error {
	wait := r.idle
	if r.end > r.at || r.left > 0 { // in a packet
		if r.began.IsZero() {
			r.began = time.Now()
		}
		if wait = r.packet - time.Since(r.began); wait <= 0 {
			return fmt.Errorf("a packet did not come whole within %v", r.packet)
		}
	}
	n, err := r.src.read(r, wait)
	r.end += n
	return err
}

// space gives the free part of the buffer, never empty, with a buffer lent where there is none.
func (r *reader) space() []byte {
	if r.buf == nil {
		r.buf = readBuffers.Get().(*[readSize]byte)
	}
	switch {
	case r.at == r.end:
		r.at, r.end = 0, 0
	case r.end == readSize:
		r.end = copy(r.buf[:], r.buf[r.at:r.end])
		r.at = 0
	}
	return r.buf[r.end:]
}

// rest gives the buffer back if there is nothing in it.
func (r *reader) rest() {
	if r.buf != nil && r.at == r.end {
		readBuffers.Put(r.buf)
		r.buf, r.at, r.end = nil, 0, 0
	}
}

// plain is the source for connections that are no sockets, and for systems without [newSocket].
type plain struct{ conn net.Conn }

func (p plain) read(r *reader, wait time.Duration) (int, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return 0, err
	}
	return p.conn.Read(r.space())
}
