package lab

import "time"

// body is what is noted of a message, which itself is thrown away.
type body struct {
	octets   int64
	eightBit bool
	state    int // how much of endMark came
}

// endMark ends a message; its beginning stands before it already.
const endMark = "\r\n.\r\n"

// maxEndless is where a message is no longer read to its end, in octets; slowest is the
// slowest that one may come, in octets a second.
const (
	maxEndless = 8 << 20
	slowest    = 256
)

// take reads on in p; it gives how many octets were the message's, and whether it is over.
// CRLF.CRLF alone ends it.
func (b *body) take(p []byte) (n int, over bool) {
	for i, c := range p {
		b.octets++
		b.eightBit = b.eightBit || c >= 0x80
		switch {
		case c == endMark[b.state]:
			b.state++
		case c == '\r':
			b.state = 1
		default:
			b.state = 0
		}
		if b.state == len(endMark) {
			b.octets = max(0, b.octets-3) // without the dot's line
			return i + 1, true
		}
	}
	return len(p), false
}

// read reads a message to its end.
func (c *session) read(b *body) error {
	b.state = 2 // the line before has ended
	begun := time.Now()
	for over := false; !over; {
		deadline := time.Now().Add(readWithin)
		if slow := begun.Add(readWithin + time.Duration(b.octets/slowest)*time.Second); slow.Before(deadline) {
			deadline = slow
		}
		if err := c.raw.SetReadDeadline(deadline); err != nil {
			return err
		}
		if _, err := c.r.Peek(1); err != nil {
			return err
		}
		p, _ := c.r.Peek(c.r.Buffered())
		var n int
		n, over = b.take(p)
		_, _ = c.r.Discard(n)
		if b.octets > maxEndless {
			c.say("552 5.3.4 The message is too large")
			return errOver
		}
	}
	return nil
}
