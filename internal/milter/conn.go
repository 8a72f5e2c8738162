package milter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// conn is one connection of a mail server.
type conn struct {
	Conn
	server *Server
	net    net.Conn
	in     reader
	out    []byte // nil while nothing is to be written

	session Session // nil between SMTP sessions
	refused Reply   // what becomes of every message of the session
	message
	busy atomic.Int32 // idle, inSession or inMessage, for the end of the server
}

// message is the state of one message; its zero value is that of none.
type message struct {
	phase       phase
	transaction Transaction // nil: nobody is interested
	held        Reply       // what becomes of it, where that could not be said yet
	rcpts       int
	fields      int
	headerBytes int
	truncated   bool
}

// phase is how far a message is.
type phase uint8

const (
	outside phase = iota
	envelope
	header
	body
)

// How busy a connection is.
const (
	idle int32 = iota
	inSession
	inMessage
)

// errProtocol is what a peer did that no mail server does.
var errProtocol = errors.New("protocol error")

// errHungUp is the end of a connection in the middle of a packet or of a message.
var errHungUp = errors.New("the mail server hung up in the middle of a message")

// errQuit ends a connection in order.
var errQuit = errors.New("quit")

// run serves until the connection ends; nil after an orderly end.
func (c *conn) run(ctx context.Context) error {
	defer c.endSession()
	for {
		if c.session == nil && c.server.draining.Load() {
			return nil
		}
		c.in.idle = c.server.Limits.Idle
		if c.phase != outside {
			c.in.idle = c.server.Limits.Stalled
		}
		cmd, err := c.in.next()
		if err == nil {
			err = c.guarded(ctx, cmd)
		}
		switch {
		case err == nil:
		case errors.Is(err, errQuit), errors.Is(err, io.EOF) && c.phase == outside:
			return nil
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return errHungUp
		default:
			return err
		}
	}
}

// guarded does what a command says. A panic of the session is the end of the message that it was about.
func (c *conn) guarded(ctx context.Context, cmd byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.server.Log.Error("a milter session panicked; its message is deferred", "command", string(cmd), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = c.afterPanic(cmd)
		}
	}()
	return c.command(ctx, cmd)
}

// afterPanic answers the command during which a session panicked, if it has an answer.
func (c *conn) afterPanic(cmd byte) error {
	c.out = c.out[:0]
	c.transaction = nil
	switch cmd {
	case cmdConnect, cmdHelo:
		c.refused = TempFail
	default:
		c.held = TempFail
	}
	switch cmd {
	case cmdEndOfBody:
		return c.endMessage(TempFail)
	case cmdMacro, cmdAbort, cmdQuit, cmdQuitNew: // never answered
		c.message = message{}
		return nil
	}
	return c.answer(stepOf(cmd), TempFail)
}

func stepOf(cmd byte) Steps {
	switch cmd {
	case cmdConnect:
		return OnConnect
	case cmdHelo:
		return OnHelo
	case cmdMail:
		return OnMail
	case cmdRcpt:
		return OnRcpt
	case cmdData:
		return OnData
	case cmdHeader:
		return OnHeader
	case cmdEndOfHeader:
		return OnEndOfHeader
	case cmdBody:
		return OnBody
	}
	return OnUnknown
}

// command reads the data of a command and does it.
func (c *conn) command(ctx context.Context, cmd byte) error {
	if cmd == cmdBody || cmd == cmdEndOfBody {
		return c.bodyCommand(ctx, cmd) // the data may be long: they are not gathered
	}
	data, err := c.in.data()
	if err != nil {
		return err
	}
	if !c.negotiated && cmd != cmdNegotiate && cmd != cmdQuit {
		return fmt.Errorf("%w: command %q before the negotiation", errProtocol, cmd)
	}
	switch cmd {
	case cmdNegotiate:
		if c.negotiated {
			return fmt.Errorf("%w: a second negotiation", errProtocol)
		}
		return c.negotiate(data)
	case cmdMacro:
		return c.macro(data)
	case cmdConnect:
		return c.connect(data)
	case cmdHelo:
		return c.helo(data)
	case cmdMail:
		return c.mail(data)
	case cmdRcpt:
		return c.rcpt(data)
	case cmdData:
		return c.data()
	case cmdHeader:
		return c.headerField(data)
	case cmdEndOfHeader:
		return c.endOfHeader()
	case cmdUnknown:
		return c.unknown(data)
	case cmdAbort:
		c.abort()
		c.macros.endMessage()
		return nil
	case cmdQuitNew:
		c.endSession()
		return nil
	case cmdQuit:
		return errQuit
	}
	return fmt.Errorf("%w: unknown command %q", errProtocol, cmd)
}

// answer sends the reply to a step, or keeps it where the mail server expects none. A reply that
// decides about the message ends it here.
func (c *conn) answer(step Steps, r Reply) error {
	if r == Skip && !c.skips {
		r = Continue
	}
	ofSession := step == OnConnect || step == OnHelo
	if !c.Answers(step) {
		switch {
		case r.goesOn():
		case ofSession:
			c.refused = r
		case step != OnUnknown && c.held.goesOn():
			c.held = r
		}
		return nil
	}
	if !c.held.goesOn() && !ofSession && step != OnUnknown {
		r = c.held
	}
	c.out = r.append(c.buffer())
	if err := c.flush(); err != nil {
		return err
	}
	if !r.goesOn() && !ofSession && step != OnUnknown && !(step == OnRcpt && r.refusesOne()) {
		c.abort()
		c.macros.endMessage()
	}
	return nil
}

// endMessage sends the changes that are in c.out and what becomes of the message.
func (c *conn) endMessage(r Reply) error {
	c.message = message{}
	c.macros.endMessage()
	c.busy.Store(inSession)
	if !r.goesOn() && r != Accept {
		c.out = c.out[:0]
	}
	if r == Skip {
		r = Continue
	}
	c.out = r.append(c.buffer())
	return c.flush()
}

// abort ends a message without a verdict.
func (c *conn) abort() {
	t := c.transaction
	c.message = message{}
	if c.session != nil {
		c.busy.Store(inSession)
	}
	if t != nil {
		t.Abort()
	}
}

// endSession ends the SMTP session; the connection may bring another. What must not
// take the server down with it is caught here, for nothing else would.
func (c *conn) endSession() {
	defer func() {
		if p := recover(); p != nil {
			c.server.Log.Error("a milter session panicked at its end", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	s := c.session
	c.session, c.refused = nil, Continue
	c.abort()
	c.Client, c.Helo = Peer{}, ""
	c.macros.endSession()
	c.busy.Store(idle)
	if s != nil {
		s.Close()
	}
}

// How much memory of output is kept for the next to write.
const (
	outputSize = 2 << 10
	outputKept = 64 << 10
)

var outputs = sync.Pool{New: func() any { b := make([]byte, 0, outputSize); return &b }}

// buffer is c.out, with memory lent where there is none.
func (c *conn) buffer() []byte {
	if c.out == nil {
		c.out = (*outputs.Get().(*[]byte))[:0]
	}
	return c.out
}

// flush writes all output at once, and gives its memory back.
func (c *conn) flush() error {
	out := c.out
	c.out = nil
	if len(out) == 0 {
		return nil
	}
	_ = c.net.SetWriteDeadline(time.Now().Add(c.server.Limits.Write))
	_, err := c.net.Write(out)
	if cap(out) <= outputKept {
		outputs.Put(&out)
	}
	return err
}
