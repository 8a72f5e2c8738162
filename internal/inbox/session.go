package inbox

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
	"sync"
	"time"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
)

const (
	// maxLine is the longest command line with its CRLF: the 512 octets of RFC 5321
	// section 4.5.3.1.4 and plenty for extensions.
	maxLine = 4096
	// readBuffer holds more than a line, so that one that is too long is seen.
	readBuffer = 8192
	// maxLongLine is how much of a line that is too long is read away.
	maxLongLine = 1 << 20
	// maxErrors, maxRefused and maxIdleCommands end a session that goes nowhere:
	// wrong commands, refused recipients, commands since the last message.
	maxErrors       = 10
	maxRefused      = 20
	maxIdleCommands = 1000
)

// The ways in which a session ends, beside errors of the connection.
var (
	errQuit     = errors.New("the client said QUIT")
	errStopping = errors.New("the server is stopping")
	errTooOld   = errors.New("the session lasted too long")
	errHungUp   = errors.New("the server closed the connection") // after a 421
)

// session is one connection and its conversation. One goroutine runs it.
type session struct {
	server *Server
	work   context.Context // ends when running sessions are to be cut off
	raw    net.Conn        // TCP
	conn   net.Conn        // raw, or TLS over it
	r      *bufio.Reader
	w      *bufio.Writer
	end    time.Time // of the session's life
	client netip.Addr
	// counted is under which address the session counts for MaxPerIP, if it does.
	counted netip.Addr
	begun   bool
	greeted bool // by EHLO, HELO or LHLO

	seen       evidence.Session // what is known so far, without transcript and recipients
	transcript transcript
	heard      string // the client's last line
	lastLine   int    // its index in the transcript, -1 if left out
	story      story
	transaction
	failure          *failure
	recorded         int // failures
	accepted         int // messages
	errors, refused  int
	commandsSinceOne int // since the last accepted message

	mu       sync.Mutex // guards what follows
	idle     bool       // waits for a command, with no transaction open
	stopping bool
}

// transaction is what MAIL FROM begins.
type transaction struct {
	open       bool
	utf8       bool
	declared   int64 // SIZE=, 0 if not given
	recipients []recipient
	answers    int   // recipients that were answered 250, the same one twice counting twice
	chunks     *body // a message that comes with BDAT, nil otherwise
}

// recipient is an accepted one; its token is "" for the postmaster and for services.
type recipient struct {
	address, token string
	// service is the local part of a service, in lower case without a tag; "" for others.
	service string
}

// about is what transcript lines about the recipient are tagged with.
func (r recipient) about() string {
	if r.service != "" {
		return r.service
	}
	return r.token
}

func newSession(work context.Context, s *Server, conn net.Conn) *session {
	c := &session{
		server: s, work: work, raw: conn, conn: conn, lastLine: -1,
		end: time.Now().Add(s.config.SessionTimeout),
	}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		c.setClient(a.AddrPort())
	}
	if s.config.LMTP { // who connects is not who sent the message
		c.seen.RemoteIP, c.seen.RemotePort = netip.Addr{}, 0
	}
	c.seen.ID, c.seen.Observed = store.NewID(), !s.config.LMTP
	c.seen.LocalAddr = conn.LocalAddr().String()
	c.seen.Started = s.config.Now()
	c.buffers()
	return c
}

func (c *session) setClient(a netip.AddrPort) {
	c.client = a.Addr().Unmap()
	c.seen.RemoteIP, c.seen.RemotePort = c.client, a.Port()
}

// run holds the conversation.
func (c *session) run() {
	err := errHungUp
	defer func() {
		if p := recover(); p != nil { // one message must never affect another
			c.server.config.Log.Error("a session broke off", "panic", p, "stack", string(debug.Stack()))
			c.fail(outcomeRefused, "internal error")
			c.say(replyBroken)
		}
		c.finish(err)
	}()
	if !c.server.trustsProxy(c.client) { // else the first line may tell another address
		if err = c.begin(); err != nil {
			return
		}
	}
	c.say(reply{220, "", c.server.config.Hostname + " " + c.server.config.protocol() + " Todoku"})
	for err = nil; err == nil; {
		err = c.step()
	}
}

// begin comes once the client's address is known.
func (c *session) begin() error {
	c.begun = true
	if c.server.config.LMTP && !c.client.IsValid() { // a Unix socket: MaxSessions bounds these
		return nil
	}
	if !c.server.count(c.client) {
		c.fail(outcomeRefused, "too many sessions of this client")
		return c.hangUp(reply{421, "4.7.0", "Too many sessions of your address; try again later"})
	}
	c.counted = c.client
	if c.server.config.LMTP {
		return nil
	}
	c.emit(live.Event{Kind: "connected", Text: c.client.String()})
	return nil
}

// step reads and answers one command.
func (c *session) step() error {
	line, err := c.readLine()
	if errors.Is(err, bufio.ErrBufferFull) {
		c.hear("(a line of more than 4096 octets)")
		if err := c.skipLine(); err != nil {
			return err
		}
		return c.bad(replyLongLine)
	}
	if err != nil {
		return err
	}
	if !c.begun {
		if strings.HasPrefix(line, "PROXY ") {
			return c.proxy(line)
		}
		if err := c.begin(); err != nil {
			return err
		}
	}
	c.hear(line)
	return c.command(line)
}

// proxy takes the real client's address from a trusted one. It has no reply.
func (c *session) proxy(line string) error {
	a, err := parseProxy(line)
	if err != nil {
		c.fail(outcomeRefused, err.Error())
		return c.hangUp(reply{421, "4.7.0", "The PROXY line cannot be read"})
	}
	if a.IsValid() {
		c.setClient(a)
	}
	return c.begin()
}

// stop ends the session once its transaction is over. Any goroutine may call it.
func (c *session) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	if c.idle {
		_ = c.raw.SetReadDeadline(time.Unix(1, 0)) // wakes readLine up
	}
}

// continuePrelude leaves an earlier transaction out of the transcript.
func (c *session) continuePrelude() {
	if c.transcript.continuePrelude() {
		c.hear(c.heard)
	}
}

// note writes a remark of our own into the transcript.
func (c *session) note(format string, args ...any) {
	c.transcript.add(c.now(), "note", fmt.Sprintf(format, args...), "")
}

// bad answers a wrong command, and ends a session that sends too many.
func (c *session) bad(r reply) error {
	c.say(r)
	if c.errors++; c.errors <= maxErrors {
		return nil
	}
	c.fail(outcomeRefused, "too many wrong commands")
	return c.hangUp(replyTooManyBad)
}

// hangUp sends a last reply (421).
func (c *session) hangUp(r reply) error {
	c.say(r)
	return errHungUp
}

// refuseConnection turns a client away without a conversation.
func (c *session) refuseConnection(why string) {
	_ = c.raw.SetDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(c.raw, reply{421, "4.7.0", why}.String()+"\r\n")
	_ = c.raw.Close()
}

func (c *session) now() time.Time { return c.server.config.Now() }

// finish ends the session: says why, keeps a trace if nothing was delivered, and
// closes.
func (c *session) finish(err error) {
	switch {
	case errors.Is(err, errStopping):
		c.say(replyStopping)
	case errors.Is(err, errTooOld):
		c.fail(outcomeTimeout, "the session lasted too long")
		c.say(replyTooOld)
	case isTimeout(err):
		c.say(replyIdle)
	}
	c.failFromEnd(err)
	c.endTransaction()
	_ = c.w.Flush() // the client may be gone
	if !errors.Is(err, errQuit) && !errors.Is(err, io.EOF) {
		c.linger()
	}
	_ = c.conn.Close()
	c.server.forget(c, c.counted)
}

// linger lets the last reply arrive: closing with unread input makes TCP reset the
// connection, which can overtake the reply.
func (c *session) linger() {
	if t, ok := c.conn.(*tls.Conn); ok {
		_ = t.CloseWrite() // the TLS farewell; TCP's follows
	}
	half, ok := c.raw.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.raw.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	_, _ = io.CopyN(io.Discard, c.raw, 1<<20)
}
