//go:build unix

package milter

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// socket reads a connection without holding a buffer while it waits, and, where the system is Linux and the
// connection is TCP, with every wait announced as one for which the other side's data are to be acknowledged at once:
// a Postfix that expects no replies writes its packets in small segments, and Nagle's algorithm would hold
// each back for the delayed acknowledgement of the one before, 40 ms a message.
type socket struct {
	conn  net.Conn
	raw   syscall.RawConn
	quick bool

	due time.Time // the deadline that is set

	// For the one read that is under way; attempt is kept so that a read allocates nothing.
	attempt func(fd uintptr) bool
	reader  *reader
	wait    time.Duration
	n       int
	err     error
}

func newSource(conn net.Conn) source {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return plain{conn}
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return plain{conn}
	}
	_, tcp := conn.(*net.TCPConn)
	s := &socket{conn: conn, raw: raw, quick: tcp}
	s.attempt = s.try
	return s
}

func (s *socket) read(r *reader, wait time.Duration) (int, error) {
	s.reader, s.wait, s.n, s.err = r, wait, 0, nil
	// A deadline of an earlier wait may be over by now although nobody waited for long.
	if !s.due.IsZero() && time.Now().After(s.due.Add(-time.Second)) {
		s.extend()
	}
	if err := s.raw.Read(s.attempt); err != nil {
		return 0, err
	}
	return s.n, s.err
}

// try reads once; false where there is nothing to be had yet.
func (s *socket) try(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), s.reader.space())
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			s.reader.rest()
			if s.quick {
				quickAck(fd)
			}
			s.extend()
			return false
		case err != nil:
			s.err = err
		case n <= 0:
			s.err = io.EOF
		default:
			s.n = n
		}
		return true
	}
}

func (s *socket) extend() {
	s.due = time.Now().Add(s.wait)
	_ = s.conn.SetReadDeadline(s.due)
}
