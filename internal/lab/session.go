package lab

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/evidence"
)

const (
	// maxLine is the longest command line with its CRLF, in octets.
	maxLine = 2048
	// Sessions that go nowhere end.
	maxErrors, maxCommands = 10, 200
	readWithin             = 5 * time.Minute // RFC 5321 section 4.5.3.2.7
	writeWithin            = time.Minute
	handshakeWithin        = 30 * time.Second
	sessionWithin          = 20 * time.Minute
	// maxText bounds what is kept of one text of the client, in octets.
	maxText = 255
)

// errOver ends a session.
var errOver = errors.New("the session is over")

// session is one connection.
type session struct {
	lab    *Lab
	place  *place
	ctx    context.Context
	raw    net.Conn // TCP
	conn   net.Conn // raw, or TLS over it
	r      *bufio.Reader
	w      *bufio.Writer
	client netip.Addr
	begun  time.Time
	end    time.Time

	helo      string
	tls       *evidence.TLS
	stage     string
	pipelined bool // commands came before the reply to the one before
	reply     string
	named     bool // a recipient was named: what happened is kept with it
	errors    int
	mail      *transaction
}

// transaction is what MAIL FROM begins.
type transaction struct {
	at         time.Time
	parameters []string
	refusal    string     // the reply to MAIL FROM, where that was refused
	recipient  *recipient // that was accepted
}

func newSession(ctx context.Context, l *Lab, p *place, conn net.Conn) *session {
	c := &session{lab: l, place: p, ctx: ctx, raw: conn, conn: conn, begun: l.cfg.Now(), end: time.Now().Add(sessionWithin + l.cfg.Slow), stage: AtConnect}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		c.client = a.AddrPort().Addr().Unmap().WithZone("")
	}
	c.buffers()
	return c
}

func (c *session) buffers() {
	c.r = bufio.NewReaderSize(flushBeforeRead{c}, maxLine)
	c.w = bufio.NewWriterSize(c.conn, 2048)
}

// flushBeforeRead sends the replies that wait before it blocks.
type flushBeforeRead struct{ c *session }

func (f flushBeforeRead) Read(p []byte) (int, error) {
	if err := f.c.flush(); err != nil {
		return 0, err
	}
	return f.c.conn.Read(p)
}

func (c *session) flush() error {
	if c.w.Buffered() == 0 {
		return nil
	}
	if err := c.raw.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	return c.w.Flush()
}

// run holds the conversation.
func (c *session) run() {
	defer func() {
		if p := recover(); p != nil {
			c.lab.cfg.Log.Error("a session of the lab broke off", "panic", p, "stack", string(debug.Stack()))
		}
		_ = c.conn.Close()
	}()
	if c.place.seat == seatBroken {
		c.reset()
		return
	}
	c.say("220 mx." + c.lab.cfg.Domain + " ESMTP Todoku outbound lab")
	var err error
	for n := 0; err == nil && n < maxCommands; n++ {
		err = c.step()
	}
	if isAlert(err) && c.tls != nil && !c.named {
		c.tls.Error = clip(err.Error()) // with TLS 1.3 a certificate is refused after the handshake
	}
	c.abandon()
	if !c.named && c.ctx.Err() == nil { // else we went, not the client
		c.keepStranger()
	}
	if c.flush() == nil && err != io.EOF {
		c.linger()
	}
}

// linger lets the last reply arrive: closing with unread input makes TCP reset the
// connection, which can overtake the reply.
func (c *session) linger() {
	if t, ok := c.conn.(*tls.Conn); ok {
		_ = t.CloseWrite()
	}
	if half, ok := c.raw.(*net.TCPConn); !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.raw.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	_, _ = io.CopyN(io.Discard, c.raw, 1<<20)
}

// reset closes the connection as hosts that are out of order do.
func (c *session) reset() {
	if t, ok := c.raw.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.raw.Close()
	_ = c.lab.keep(c.ctx, "", &Attempt{At: c.begun, Receiver: c.place.seat.alone(), IP: c.client, Stage: AtConnect, Outcome: Reset})
}

// keepStranger keeps what was seen of a client that named no recipient: the receiver that
// it meant follows from the address or from SNI.
func (c *session) keepStranger() {
	a := c.attempt()
	a.Outcome, a.Reply = Left, c.reply
	if c.tls != nil && c.tls.Error != "" {
		a.Outcome = TLSError
	}
	a.Receiver = c.place.seat.alone()
	if a.Receiver == "" && c.tls != nil {
		a.Receiver = c.lab.receiverOfHost(strings.ToLower(c.tls.ServerName))
	}
	_ = c.lab.keep(c.ctx, "", &a)
}

// attempt is what is known so far.
func (c *session) attempt() Attempt {
	a := Attempt{At: c.begun, IP: c.client, HELO: c.helo, Stage: c.stage, Pipelined: c.pipelined}
	if c.tls != nil {
		t := *c.tls
		a.TLS = &t
	}
	if c.mail != nil {
		a.At, a.Parameters = c.mail.at, c.mail.parameters
	}
	return a
}

// step reads and answers one command.
func (c *session) step() error {
	if time.Now().After(c.end) {
		c.say("421 4.4.2 The session has lasted too long")
		return errOver
	}
	deadline := time.Now().Add(readWithin)
	if c.end.Before(deadline) {
		deadline = c.end
	}
	if err := c.raw.SetReadDeadline(deadline); err != nil {
		return err
	}
	line, err := c.r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		c.say("500 5.5.2 The line is too long")
		return errOver
	case err != nil:
		return err
	}
	text := strings.TrimRight(string(line), "\r\n")
	c.pipelined = c.pipelined || c.r.Buffered() > 0
	return c.command(text)
}

// say answers; it is sent when the client is next waited for.
func (c *session) say(line string) {
	_, _ = c.w.WriteString(line + "\r\n") // its error shows when it is sent
}

// bad answers a wrong command.
func (c *session) bad(line string) error {
	c.say(line)
	if c.errors++; c.errors > maxErrors {
		return errOver
	}
	return nil
}

// startTLS: RFC 3207.
func (c *session) startTLS() error {
	switch {
	case c.place.tls == nil:
		return c.bad("502 5.5.1 STARTTLS is not offered")
	case c.tls != nil:
		return c.bad("503 5.5.1 TLS is running already")
	}
	c.abandon()
	c.say("220 2.0.0 Ready to start TLS")
	if err := c.flush(); err != nil {
		return err
	}
	// What came before the handshake was not protected, and is thrown away with the buffer.
	t := tls.Server(c.raw, c.place.tls)
	c.tls = &evidence.TLS{}
	if err := c.raw.SetDeadline(time.Now().Add(handshakeWithin)); err != nil {
		return err
	}
	if err := t.HandshakeContext(c.ctx); err != nil {
		c.tls.Error = clip(err.Error())
		if errors.Is(err, io.EOF) {
			c.tls.Error = "the client closed the connection during the handshake"
		}
		c.tls.ServerName = clip(t.ConnectionState().ServerName)
		return errOver
	}
	s := t.ConnectionState()
	*c.tls = evidence.TLS{Version: tls.VersionName(s.Version), Cipher: tls.CipherSuiteName(s.CipherSuite), ServerName: clip(s.ServerName)}
	c.stage = AtTLS
	c.conn, c.helo, c.pipelined = t, "", false
	c.buffers()
	return nil
}

// isAlert reports whether a read failed because the client refused our TLS.
func isAlert(err error) bool {
	var e *net.OpError
	return errors.As(err, &e) && e.Op == "remote error"
}

// clip bounds a text from outside and makes it printable.
func clip(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + "..."
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			q := fmt.Sprintf("%+q", s)
			return q[1 : len(q)-1]
		}
	}
	return s
}
