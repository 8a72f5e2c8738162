package milter

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

// chunks gives a stream in pieces of sizes that the input chooses.
type chunks struct {
	data  []byte
	sizes []byte
	i     int
}

func (c *chunks) read(r *reader, _ time.Duration) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	n := len(c.data)
	if len(c.sizes) > 0 {
		n = min(n, int(c.sizes[c.i%len(c.sizes)])+1)
		c.i++
	}
	r.rest()
	n = copy(r.space(), c.data[:n])
	c.data = c.data[n:]
	return n, nil
}

// Packets are what a plain reading of the stream says, however it comes in pieces.
func FuzzPacketReader(f *testing.F) {
	var all []byte
	for _, p := range append([]string{postfixOffer, connectPacket}, wholeMessage...) {
		all = append(all, encode(p[0], p[1:])...)
	}
	f.Add(all, []byte{0})
	f.Add(all, []byte{})
	f.Add([]byte{0, 0, 0, 0}, []byte{3})
	f.Add(append([]byte{0, 1, 0x11, 0x71, 'B'}, bytes.Repeat([]byte("x"), 70000)...), []byte{255, 1})
	f.Fuzz(func(t *testing.T, stream, sizes []byte) {
		const limit = 100_000
		r := reader{src: &chunks{data: stream, sizes: sizes}, limit: limit, idle: time.Hour, packet: time.Hour}
		rest := stream
		for {
			cmd, err := r.next()
			var size uint32
			if len(rest) >= 5 {
				size = binary.BigEndian.Uint32(rest)
			}
			if len(rest) < 5 || size == 0 || size > limit {
				if err == nil {
					t.Fatal("a packet that is none")
				}
				if (err == io.EOF) != (len(rest) == 0) {
					t.Fatalf("%v with %d octets left", err, len(rest))
				}
				break
			}
			if err != nil || cmd != rest[4] {
				t.Fatalf("%q, %v", cmd, err)
			}
			if cmd == 'S' { // skipped
				if len(rest) < int(size)+4 {
					if _, err := r.next(); err == nil {
						t.Fatal("more than there is")
					}
					break
				}
				rest = rest[4+size:]
				continue
			}
			var data []byte
			if cmd == 'B' {
				for {
					p, err2 := r.piece()
					data = append(data, p...)
					if err = err2; err != nil || len(p) == 0 {
						break
					}
				}
			} else {
				data, err = r.data()
			}
			if len(rest) < int(size)+4 {
				if err == nil {
					t.Fatal("more than there is")
				}
				break
			}
			if err != nil || !bytes.Equal(data, rest[5:4+size]) {
				t.Fatalf("packet %q: %v", cmd, err)
			}
			rest = rest[4+size:]
		}
		r.at, r.end = 0, 0
		r.rest()
	})
}

// A whole session against a client that says anything: no panic of the server's own, an answer or an
// end for everything, transactions that begin, end and are called in order.
func FuzzSession(f *testing.F) {
	script := func(packets ...string) []byte {
		var all []byte
		for _, p := range packets {
			all = append(all, encode(p[0], p[1:])...)
		}
		return all
	}
	begin := []string{connectPacket, "Hx\x00"}
	f.Add(postfixOffer[1:], script(append(begin, wholeMessage...)...), uint16(0))
	f.Add(offer(2, 0x3f, 0x7f)[1:], script(append(begin, wholeMessage...)...), uint16(EveryStep))
	f.Add(postfixOffer[1:], script("M<a@x>\x00", "A", "M<>\x00", "K", connectPacket, "M<b@x>\x00", "E", "UX\x00", "Q"), uint16(OnRcpt|OnBody))
	f.Add(postfixOffer[1:], script("M<a@x>\x00", "M<b@x>\x00", "Hx\x00", "E"), uint16(OnMail))
	f.Fuzz(func(t *testing.T, offered string, stream []byte, answered uint16) {
		if len(stream) > 1<<16 {
			return
		}
		ours, theirs := net.Pipe()
		s := &Server{Options: Options{Actions: 0xff, Answered: Steps(answered)},
			Limits:  Limits{HeaderFields: 10, HeaderBytes: 1000, Rcpts: 3, Packet: 1 << 17},
			Handler: func(c *Conn) Session { return &strict{t: t, conn: c, panics: c.Client.Port%7 == 3} }}
		done := make(chan struct{})
		go func() { defer close(done); s.ServeConn(context.Background(), ours) }()
		go io.Copy(io.Discard, theirs)
		theirs.Write(encode('O', offered))
		theirs.Write(stream)
		theirs.Close()
		<-done
	})
}

// strict is a session that fails the test when it is called out of order.
type strict struct {
	t      *testing.T
	conn   *Conn
	panics bool
	open   *strictMessage
	closed bool
}

type strictMessage struct {
	*strict
	phase phase
	over  bool
}

func (s *strict) check(ok bool, what string) Reply {
	if !ok || s.closed {
		s.t.Errorf("%s out of order", what)
	}
	return Continue
}

func (s *strict) Connect() Reply       { return s.check(s.open == nil, "Connect") }
func (s *strict) Helo() Reply          { return s.check(s.open == nil, "Helo") }
func (s *strict) Unknown([]byte) Reply { return Reject }
func (s *strict) Close()               { s.check(s.open == nil, "Close"); s.closed = true }
func (s *strict) Mail(p Path) (Transaction, Reply) {
	s.check(s.open == nil, "Mail")
	s.open = &strictMessage{strict: s}
	if len(p.Args) == 3 {
		return s.open, Accept
	}
	return s.open, Continue
}
func (m *strictMessage) at(p phase, what string) Reply {
	m.check(!m.over && m.phase <= p, what)
	m.phase = p
	return Continue
}
func (m *strictMessage) end(what string) { m.check(!m.over, what); m.over, m.open = true, nil }
func (m *strictMessage) Rcpt(to Path) Reply {
	m.at(envelope, "Rcpt")
	if to.Address == "no" {
		return Reject
	}
	return Continue
}
func (m *strictMessage) Data() Reply { return m.at(envelope, "Data") }
func (m *strictMessage) Header(name, _ []byte) Reply {
	if m.panics {
		m.end("panic")
		panic("of the test")
	}
	return m.at(header, "Header")
}
func (m *strictMessage) Beyond(_, _ []byte)     { m.at(header, "Beyond") }
func (m *strictMessage) EndOfHeader(bool) Reply { return m.at(body, "EndOfHeader") }
func (m *strictMessage) Body(p []byte) Reply {
	m.check(m.phase == body, "Body")
	if len(p) == 7 {
		return Skip
	}
	return Continue
}
func (m *strictMessage) EndOfMessage(_ context.Context, c *Changes) Reply {
	m.check(m.phase == body, "EndOfMessage")
	m.end("EndOfMessage")
	_ = c.InsertHeader(0, "X", " y")
	return Accept
}
func (m *strictMessage) Abort() { m.end("Abort") }
