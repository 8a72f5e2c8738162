package milter

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client is a mail server of these tests, which can say anything.
type client struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

// packet is one answer: its code and data.
type packet struct {
	code byte
	data string
}

func (p packet) String() string { return fmt.Sprintf("%c %q", p.code, p.data) }

func dial(t testing.TB, l net.Listener) *client {
	t.Helper()
	conn, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{t, conn, bufio.NewReader(conn)}
}

func encode(cmd byte, data string) []byte {
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(data)+1)), cmd), data...)
}

// say sends packets, each a command and its data, in one write.
func (c *client) say(packets ...string) {
	c.t.Helper()
	var b []byte
	for _, p := range packets {
		b = append(b, encode(p[0], p[1:])...)
	}
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) read() (packet, error) {
	var head [5]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return packet{}, err
	}
	data := make([]byte, binary.BigEndian.Uint32(head[:])-1)
	_, err := io.ReadFull(c.in, data)
	return packet{head[4], string(data)}, err
}

// hear wants one answer with this code.
func (c *client) hear(code byte) packet {
	c.t.Helper()
	p, err := c.read()
	if err != nil {
		c.t.Fatalf("waiting for %q: %v", code, err)
	}
	if p.code != code {
		c.t.Fatalf("got %v, want %q", p, code)
	}
	return p
}

// ask sends a packet and wants an answer.
func (c *client) ask(p string, code byte) packet {
	c.t.Helper()
	c.say(p)
	return c.hear(code)
}

// closed wants the end of the connection.
func (c *client) closed() {
	c.t.Helper()
	if p, err := c.read(); err == nil {
		c.t.Fatalf("got %v, want the connection to be closed", p)
	} else if ne, ok := err.(net.Error); ok && ne.Timeout() {
		c.t.Fatal("the connection stayed open")
	}
}

func offer(version, actions, flags uint32) string {
	b := binary.BigEndian.AppendUint32([]byte{'O'}, version)
	b = binary.BigEndian.AppendUint32(b, actions)
	return string(binary.BigEndian.AppendUint32(b, flags))
}

// What Postfix offers, and the answer's three words.
var postfixOffer = offer(6, 0x1ff, 0x1fffff)

func (c *client) negotiate(o string) (version, actions, flags uint32) {
	c.t.Helper()
	d := []byte(c.ask(o, 'O').data)
	return binary.BigEndian.Uint32(d), binary.BigEndian.Uint32(d[4:]), binary.BigEndian.Uint32(d[8:])
}

const connectPacket = "Cclient.example\x004\x04\xd2192.0.2.1\x00"

// probe is a session that notes what it is told. Settings of the test steer it.
type probe struct {
	log    *record
	conn   *Conn
	answer func(event string) Reply
	finish func(*Changes)
}

type record struct {
	mu     sync.Mutex
	events []string
}

func (r *record) add(format string, args ...any) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := fmt.Sprintf(format, args...)
	r.events = append(r.events, e)
	return e
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.events, "\n")
}

func (p *probe) note(format string, args ...any) Reply {
	e := p.log.add(format, args...)
	if p.answer != nil {
		return p.answer(e)
	}
	return Continue
}

func (p *probe) Connect() Reply {
	return p.note("connect %s %v %d", p.conn.Client.Hostname, p.conn.Client.Addr, p.conn.Client.Port)
}
func (p *probe) Helo() Reply { return p.note("helo %s", p.conn.Helo) }
func (p *probe) Mail(from Path) (Transaction, Reply) {
	r := p.note("mail %s %v auth=%s", from.Address, from.Args, p.conn.Macro("{auth_authen}"))
	return &probeMessage{probe: p}, r
}
func (p *probe) Unknown(c []byte) Reply { return p.note("unknown %s", c) }
func (p *probe) Close()                 { p.log.add("close") }

type probeMessage struct {
	*probe
	body bytes.Buffer
}

func (p *probeMessage) Rcpt(to Path) Reply { return p.note("rcpt %s %v", to.Address, to.Args) }
func (p *probeMessage) Data() Reply        { return p.note("data") }
func (p *probeMessage) Header(name, value []byte) Reply {
	return p.note("header %s", AppendField(nil, name, value))
}
func (p *probeMessage) Beyond(name, value []byte) {
	p.log.add("beyond %s", AppendField(nil, name, value))
}
func (p *probeMessage) EndOfHeader(truncated bool) Reply { return p.note("eoh %v", truncated) }
func (p *probeMessage) Body(part []byte) Reply {
	p.body.Write(part)
	if p.answer != nil {
		return p.answer("body")
	}
	return Continue
}
func (p *probeMessage) EndOfMessage(ctx context.Context, c *Changes) Reply {
	r := p.note("eom %d i=%s", p.body.Len(), p.conn.Macro("i"))
	if p.finish != nil {
		p.finish(c)
	}
	return r
}
func (p *probeMessage) Abort() { p.log.add("abort") }

// every is all that a filter can want.
var every = Options{Actions: 1<<8 - 1, RejectedRcpts: true}

// startServer serves on a socket of its own until the test ends.
func startServer(t testing.TB, s *Server, network string) (l net.Listener, log *record) {
	t.Helper()
	log = &record{}
	if s.Handler == nil {
		s.Handler = func(c *Conn) Session { return &probe{log: log, conn: c} }
	}
	if s.Log == nil {
		s.Log = slog.New(slog.NewTextHandler(testWriter{t}, nil))
	}
	address := "127.0.0.1:0"
	if network == "unix" {
		address = t.TempDir() + "/s"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, 0) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return l, log
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) { w.t.Log(string(p)); return len(p), nil }
