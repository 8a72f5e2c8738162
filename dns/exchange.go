package dns

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	miekg "github.com/miekg/dns"
)

// ednsSize is the size of UDP answers we ask for: it fits every path unfragmented
// (DNS flag day 2020).
const ednsSize = 1232

// maxStray is how many datagrams that do not answer our question are read before
// an attempt ends; each may be a forger's guess.
const maxStray = 64

// query is one question on the wire.
type query struct {
	id     uint16
	name   string // canonical
	typ    Type
	packed []byte
	// resends is how often the datagram is sent again, evenly over the patience,
	// while an answer to any of them is still waited for.
	resends int
}

func newQuery(name string, t Type, edns bool) (*query, error) {
	var id [2]byte
	rand.Read(id[:]) // never fails
	q := &query{id: binary.BigEndian.Uint16(id[:]), name: name, typ: t}
	m := miekg.Msg{Question: []miekg.Question{{Name: escapeName(name), Qtype: uint16(t), Qclass: miekg.ClassINET}}}
	m.Id, m.RecursionDesired, m.AuthenticatedData = q.id, true, true
	if edns {
		m.SetEdns0(ednsSize, true)
	}
	var err error
	q.packed, err = m.Pack()
	return q, err
}

// send asks one server, within patience by UDP and again within patience by TCP.
// Either the message is not nil, or the Answer says why there is none.
func (q *query) send(ctx context.Context, addr string, patience time.Duration) (*miekg.Msg, Answer) {
	m, truncated, failure := q.overUDP(ctx, addr, patience)
	if truncated {
		return q.overTCP(ctx, addr, patience)
	}
	return m, failure
}

// dial opens a connection that dies with ctx or after patience. The socket, and so
// the source port, is a new one for each question.
func dial(ctx context.Context, network, addr string, patience time.Duration) (net.Conn, func(), error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	return conn, func() { stop(); cancel(); conn.Close() }, nil
}

func (q *query) overUDP(ctx context.Context, addr string, patience time.Duration) (m *miekg.Msg, truncated bool, failure Answer) {
	conn, done, err := dial(ctx, "udp", addr, patience)
	if err != nil {
		return nil, false, netFailure(err)
	}
	defer done()
	if _, err := conn.Write(q.packed); err != nil {
		return nil, false, netFailure(err)
	}
	for i := range q.resends {
		again := time.AfterFunc(patience*time.Duration(i+1)/time.Duration(q.resends+1), func() { conn.Write(q.packed) })
		defer again.Stop()
	}
	buf := make([]byte, 4096)
	stray := Answer{}
	for range maxStray {
		n, err := conn.Read(buf)
		if err != nil {
			if failure = netFailure(err); failure.Status == Timeout && stray.Status != Unknown {
				return nil, false, stray
			}
			return nil, false, failure
		}
		if !q.isReply(buf[:n]) {
			// Not from the server asked, as far as we can know: it has not answered.
			stray = Answer{Status: Timeout, Detail: "no answer in time: only answers came that do not carry the ID of the question"}
			continue
		}
		if buf[2]&0x02 != 0 { // TC
			return nil, true, Answer{}
		}
		m, err := q.unpack(buf[:n])
		if errors.Is(err, errOtherQuestion) {
			stray = Answer{Status: Malformed, Detail: err.Error()}
			continue
		}
		if err != nil {
			return nil, false, Answer{Status: Malformed, Detail: err.Error()}
		}
		return m, false, Answer{}
	}
	return nil, false, stray
}

func (q *query) overTCP(ctx context.Context, addr string, patience time.Duration) (*miekg.Msg, Answer) {
	conn, done, err := dial(ctx, "tcp", addr, patience)
	if err != nil {
		return nil, netFailure(err)
	}
	defer done()
	framed := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(q.packed)), uint16(len(q.packed)))
	if _, err := conn.Write(append(framed, q.packed...)); err != nil {
		return nil, netFailure(err)
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, netFailure(err)
	}
	// A frame says its own size, 64 KiB at most: growing with what really comes
	// keeps a liar from making us allocate.
	want := int64(binary.BigEndian.Uint16(size[:]))
	buf, err := io.ReadAll(io.LimitReader(conn, want))
	if err != nil {
		return nil, netFailure(err)
	}
	if int64(len(buf)) < want {
		return nil, netFailure(io.ErrUnexpectedEOF)
	}
	if !q.isReply(buf) {
		return nil, Answer{Status: Malformed, Detail: "the answer over TCP is not one to the question"}
	}
	if buf[2]&0x02 != 0 { // TC: records may be missing, and there is nothing larger to ask by
		return nil, Answer{Status: Malformed, Detail: "the answer is truncated over TCP too"}
	}
	m, err := q.unpack(buf)
	if err != nil {
		return nil, Answer{Status: Malformed, Detail: err.Error()}
	}
	return m, Answer{}
}

// isReply looks at the header alone: our ID, and a response.
func (q *query) isReply(b []byte) bool {
	return len(b) >= 12 && binary.BigEndian.Uint16(b) == q.id && b[2]&0x80 != 0
}

var errOtherQuestion = errors.New("the answer is to another question")

// unpack decodes a message whose header isReply has seen. The record counts are
// checked before anything is allocated for them.
func (q *query) unpack(b []byte) (*miekg.Msg, error) {
	var counts [3]int // answer, authority, additional
	for i := range counts {
		if counts[i] = int(binary.BigEndian.Uint16(b[6+2*i:])); counts[i] > MaxRecords {
			return nil, fmt.Errorf("the answer has %d records; %d are the most", counts[i], MaxRecords)
		}
	}
	m := new(miekg.Msg)
	if err := m.Unpack(b); err != nil {
		return nil, fmt.Errorf("the answer does not parse: %s", strings.TrimPrefix(err.Error(), "dns: "))
	}
	if counts != [3]int{len(m.Answer), len(m.Ns), len(m.Extra)} {
		return nil, errors.New("the answer has fewer records than it says")
	}
	// A server that could not read the question need not repeat it.
	if len(m.Question) == 0 && m.Rcode != miekg.RcodeSuccess && m.Rcode != miekg.RcodeNameError {
		return m, nil
	}
	if len(m.Question) != 1 || !q.same(m.Question[0]) {
		return nil, errOtherQuestion
	}
	return m, nil
}

func (q *query) same(o miekg.Question) bool {
	return o.Qtype == uint16(q.typ) && o.Qclass == miekg.ClassINET && CanonicalName(unescapeName(o.Name)) == q.name
}

// netFailure is the answer for an error of the network.
func netFailure(err error) Answer {
	var ne net.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.As(err, &ne) && ne.Timeout():
		return Answer{Status: Timeout, Detail: "no answer in time"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		// The network's or the server's trouble of the moment, not what the zone says.
		return Answer{Status: NetError, Detail: "the server closed the connection in the middle of the answer"}
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return Answer{Status: NetError, Detail: "the server cannot be reached: " + err.Error()}
}
