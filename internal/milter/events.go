package milter

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

func (c *conn) macro(data []byte) error {
	if len(data) == 0 {
		return fmt.Errorf("%w: macros of no command", errProtocol)
	}
	stage, ok := stageOf(data[0])
	if !ok {
		return nil // Sendmail may know stages that we do not
	}
	unended := stage == StageMail && c.phase != outside // the message before
	if unended {
		c.macros.endMessage()
	}
	if err := c.macros.set(stage, data[1:]); err != nil {
		return fmt.Errorf("%w: %w", errProtocol, err)
	}
	if unended {
		c.abort() // last: should the session panic, the next message has its own macros all the same
	}
	return nil
}

func (c *conn) connect(data []byte) error {
	if c.session != nil {
		return fmt.Errorf("%w: a second client in one SMTP session", errProtocol)
	}
	peer, err := parsePeer(data)
	if err != nil {
		return err
	}
	c.Client = peer
	c.begin()
	return c.answer(OnConnect, c.session.Connect())
}

// begin begins an SMTP session.
func (c *conn) begin() {
	c.busy.Store(inSession)
	c.session = noSession{}
	c.session = c.server.Handler(&c.Conn)
}

// parsePeer reads the data of CONNECT: a host name, a family, and for all but "U"
// a port and an address.
func parsePeer(data []byte) (p Peer, err error) {
	bad := fmt.Errorf("%w: a client that cannot be understood", errProtocol)
	name, rest, ok := bytes.Cut(data, nul)
	if !ok || len(rest) == 0 {
		return p, bad
	}
	p.Hostname = string(name)
	family, rest := rest[0], rest[1:]
	if family == 'U' {
		return p, nil
	}
	if len(rest) < 3 {
		return p, bad
	}
	p.Port = binary.BigEndian.Uint16(rest)
	addr, _, _ := strings.Cut(string(rest[2:]), "\x00")
	switch family {
	case 'L':
		p.Local, p.Path = true, addr
		return p, nil
	case '4', '6':
		addr = strings.TrimPrefix(strings.TrimPrefix(addr, "IPv6:"), "ipv6:")
		a, err := netip.ParseAddr(addr)
		if err != nil {
			return p, bad
		}
		p.Addr = a.Unmap().WithZone("")
		return p, nil
	}
	return p, bad
}

var nul = []byte{0}

// oneString reads data that is one string with NUL at its end.
func oneString(data []byte) string {
	s, _, _ := bytes.Cut(data, nul)
	return string(s)
}

func (c *conn) helo(data []byte) error {
	if c.phase != outside {
		c.abort() // a new greeting begins anew (RFC 5321 section 4.1.4)
		c.macros.endMessage()
	}
	if c.session == nil {
		c.begin()
	}
	c.Helo = oneString(data)
	return c.answer(OnHelo, c.session.Helo())
}

func (c *conn) mail(data []byte) error {
	if c.phase != outside {
		c.abort()
		c.macros.endMessage()
	}
	if c.session == nil {
		c.begin()
	}
	p, err := parsePath(data)
	if err != nil {
		return err
	}
	c.phase = envelope
	c.busy.Store(inMessage)
	if !c.refused.goesOn() {
		return c.answer(OnMail, c.refused)
	}
	t, r := c.session.Mail(p)
	c.transaction = t
	return c.answer(OnMail, r)
}

// maxArgs bounds the ESMTP parameters of one path.
const maxArgs = 64

// parsePath reads the data of MAIL and RCPT: the path, then its parameters, each with NUL at its end.
func parsePath(data []byte) (p Path, err error) {
	first, rest, ok := bytes.Cut(data, nul)
	if !ok {
		return p, fmt.Errorf("%w: a path without its end", errProtocol)
	}
	p.Address = strings.TrimSuffix(strings.TrimPrefix(string(first), "<"), ">")
	for len(rest) > 0 {
		var arg []byte
		arg, rest, _ = bytes.Cut(rest, nul)
		if len(p.Args) == maxArgs {
			return p, fmt.Errorf("%w: more than %d parameters", errProtocol, maxArgs)
		}
		p.Args = append(p.Args, string(arg))
	}
	return p, nil
}

// due checks that a command comes at its time.
func (c *conn) due(cmd byte, last phase) error {
	if c.phase == outside || c.phase > last {
		return fmt.Errorf("%w: command %q out of order", errProtocol, cmd)
	}
	return nil
}

// wanted reports that an event is for the transaction.
func (c *conn) wanted(step Steps) bool {
	return c.steps&step != 0 && c.transaction != nil && c.held.goesOn()
}

func (c *conn) rcpt(data []byte) error {
	if err := c.due(cmdRcpt, envelope); err != nil {
		return err
	}
	p, err := parsePath(data)
	if err != nil {
		return err
	}
	r := Continue
	if c.rcpts++; c.rcpts > c.server.Limits.Rcpts {
		r = Say(452, "4.5.3", "Too many recipients for one message")
	} else if c.wanted(OnRcpt) {
		r = c.transaction.Rcpt(p)
	}
	err = c.answer(OnRcpt, r)
	c.macros.clear(StageRcpt)
	return err
}

func (c *conn) data() error {
	if err := c.due(cmdData, envelope); err != nil {
		return err
	}
	r := Continue
	if c.wanted(OnData) {
		r = c.transaction.Data()
	}
	return c.answer(OnData, r)
}

func (c *conn) headerField(data []byte) error {
	if err := c.due(cmdHeader, header); err != nil {
		return err
	}
	c.phase = header
	name, value, ok := bytes.Cut(data, nul)
	if !ok {
		return fmt.Errorf("%w: a header field without a value", errProtocol)
	}
	value, _, _ = bytes.Cut(value, nul)
	if !c.leadSpace {
		value = append([]byte(" "), value...)
	}
	l := &c.server.Limits
	c.fields++
	c.headerBytes += len(name) + len(value) + 3
	if c.fields > l.HeaderFields || c.headerBytes > l.HeaderBytes {
		c.truncated = true
	}
	r := Continue
	switch {
	case !c.wanted(OnHeader):
	case c.truncated:
		c.transaction.Beyond(name, value)
	default:
		r = c.transaction.Header(name, value)
	}
	return c.answer(OnHeader, r)
}

func (c *conn) endOfHeader() error {
	if err := c.due(cmdEndOfHeader, header); err != nil {
		return err
	}
	return c.answer(OnEndOfHeader, c.beginBody())
}

func (c *conn) beginBody() Reply {
	c.phase = body
	if c.wanted(OnEndOfHeader) {
		return c.transaction.EndOfHeader(c.truncated)
	}
	return Continue
}

// bodyCommand passes the data on as they come, then ends the message if that is the command.
func (c *conn) bodyCommand(ctx context.Context, cmd byte) error {
	if err := c.due(cmd, body); err != nil {
		return err
	}
	if c.phase < body { // the mail server left out the end of the header
		if r := c.beginBody(); !r.goesOn() && c.held.goesOn() {
			c.held = r
		}
	}
	r := Continue
	for {
		part, err := c.in.piece()
		if err != nil {
			return err
		}
		if len(part) == 0 {
			break
		}
		if r.goesOn() && r != Skip && c.wanted(OnBody) {
			r = c.transaction.Body(part)
		}
	}
	if cmd == cmdBody {
		return c.answer(OnBody, r)
	}
	if !r.goesOn() && c.held.goesOn() {
		c.held = r
	}
	if !c.held.goesOn() {
		r := c.held
		c.abort()
		return c.endMessage(r)
	}
	if c.transaction == nil {
		return c.endMessage(Accept)
	}
	t := c.transaction
	c.buffer()
	r = t.EndOfMessage(ctx, &Changes{c})
	c.transaction = nil
	return c.endMessage(r)
}

func (c *conn) unknown(data []byte) error {
	r := Continue
	if c.session != nil && c.steps&OnUnknown != 0 {
		r = c.session.Unknown(bytes.TrimSuffix(data, nul))
	}
	return c.answer(OnUnknown, r)
}

// noSession stands for a session that could not be made.
type noSession struct{}

func (noSession) Connect() Reply                 { return TempFail }
func (noSession) Helo() Reply                    { return TempFail }
func (noSession) Mail(Path) (Transaction, Reply) { return nil, TempFail }
func (noSession) Unknown([]byte) Reply           { return Continue }
func (noSession) Close()                         {}
