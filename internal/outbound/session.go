package outbound

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	smtp "github.com/emersion/go-smtp"

	"github.com/todoku/todoku/internal/store"
)

// maxRead is how much one server may say in a session, its certificates included, in
// octets: the client keeps a reply of many lines whole.
const maxRead = 256 << 10

// security says how a session is encrypted.
type security struct {
	// implicit: from the first octet on. start: by STARTTLS where it is offered;
	// required: or nothing is sent.
	implicit, start, required bool
	config                    *tls.Config
}

var errNoTLS = errors.New("STARTTLS is not offered, and without it nothing is sent")

// errTLS wraps a handshake that failed: the host may be tried without.
var errTLS = errors.New("the TLS handshake failed")

var errInTheClear = errors.New("a password is not sent without TLS")

// session delivers one mail over a fresh connection, which it closes.
func (q *Queue) session(ctx context.Context, conn net.Conn, host string, s security, login sasl.Client, o store.Outbound) attempt {
	b := bound(ctx, conn)
	defer b.release()
	c, at, err := q.open(ctx, b, s)
	if err != nil {
		_ = conn.Close()
		return failed(host, at, explained(ctx, err))
	}
	defer c.Close()
	if login != nil {
		err := errInTheClear
		if b.encrypted {
			err = c.Auth(login)
		}
		if err != nil {
			return failedLogin(host, err)
		}
	}
	if err := give(c, o.Recipient); err != nil {
		return failed(host, envelope, explained(ctx, err))
	}
	reply, at, err := submit(c, o.Message)
	if err != nil {
		return failed(host, at, explained(ctx, err))
	}
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second)) // QUIT is politeness
	_ = c.Quit()
	return attempt{outcome: outcome{delivered, fmt.Sprintf("%s said: 250 %s", host, reply)}, stage: sending}
}

// explained gives the end of ctx for an error that it caused.
func explained(ctx context.Context, err error) error {
	if ctx.Err() != nil && !isReply(err) {
		return ctx.Err()
	}
	return err
}

func isReply(err error) bool {
	var reply *smtp.SMTPError
	return errors.As(err, &reply)
}

// open greets, and encrypts. The library's own way to STARTTLS says EHLO with a name
// that is not ours, so the conversation up to TLS is held here, and the client that goes on
// from there is given a greeting of our own making: it says EHLO once more.
func (q *Queue) open(ctx context.Context, b *boundConn, s security) (*smtp.Client, stage, error) {
	var conn net.Conn = b
	if s.implicit {
		encrypted, err := handshake(ctx, conn, s.config)
		if err != nil {
			return nil, opening, err
		}
		b.encrypted = true
		return q.client(encrypted)
	}
	r := textproto.NewReader(bufio.NewReaderSize(conn, 4096))
	_ = conn.SetDeadline(time.Now().Add(q.c.Command))
	if _, _, err := r.ReadResponse(220); err != nil {
		return nil, connecting, asReply(err)
	}
	offered := false
	if s.start {
		var err error
		if offered, err = q.offersTLS(conn, r); err != nil {
			return nil, opening, err
		}
	}
	switch {
	case s.required && !offered:
		return nil, opening, errNoTLS
	case offered:
		encrypted, err := q.startTLS(ctx, conn, r, s)
		if err != nil {
			return nil, opening, err
		}
		b.encrypted = encrypted != conn
		conn = encrypted
	}
	return q.client(&greeted{Conn: conn, greeting: strings.NewReader("220 \r\n")})
}

// client is the library's, past EHLO.
func (q *Queue) client(conn net.Conn) (*smtp.Client, stage, error) {
	c := smtp.NewClient(conn)
	c.CommandTimeout, c.SubmissionTimeout = q.c.Command, 5*q.c.Command
	if err := c.Hello(q.c.Hostname); err != nil {
		return nil, opening, err
	}
	return c, opening, nil
}

// offersTLS says EHLO. A server that does not know it offers nothing.
func (q *Queue) offersTLS(conn net.Conn, r *textproto.Reader) (bool, error) {
	_ = conn.SetDeadline(time.Now().Add(q.c.Command))
	if _, err := io.WriteString(conn, "EHLO "+q.c.Hostname+"\r\n"); err != nil {
		return false, err
	}
	code, text, err := r.ReadResponse(0)
	if err != nil {
		return false, asReply(err)
	}
	if code != 250 {
		return false, nil
	}
	for _, line := range strings.Split(text, "\n")[1:] {
		if word, _, _ := strings.Cut(line, " "); strings.EqualFold(word, "STARTTLS") {
			return true, nil
		}
	}
	return false, nil
}

// startTLS asks for TLS. Where it is not required, a server that changes its mind is taken as it is.
func (q *Queue) startTLS(ctx context.Context, conn net.Conn, r *textproto.Reader, s security) (net.Conn, error) {
	_ = conn.SetDeadline(time.Now().Add(q.c.Command))
	if _, err := io.WriteString(conn, "STARTTLS\r\n"); err != nil {
		return nil, err
	}
	if _, _, err := r.ReadResponse(220); err != nil {
		if err = asReply(err); isReply(err) && !s.required {
			return conn, nil
		}
		return nil, err
	}
	// What came in the clear behind the reply stays in r, which nobody reads again.
	_ = conn.SetDeadline(time.Now().Add(q.c.Command))
	return handshake(ctx, conn, s.config)
}

func handshake(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	t := tls.Client(conn, config)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", errTLS, err)
	}
	return t, nil
}

// asReply gives the library's type for a reply that was not the one to go on with.
func asReply(err error) error {
	var e *textproto.Error
	if errors.As(err, &e) {
		return &smtp.SMTPError{Code: e.Code, Message: e.Msg}
	}
	return err
}

// failedLogin is temporary: the password can be put right before the mail expires.
func failedLogin(host string, err error) attempt {
	a := failed(host, opening, err)
	a.class = temporary
	a.answer = "signing in failed: " + a.answer
	return a
}

// give gives the envelope: the null path and the recipient.
func give(c *smtp.Client, recipient string) error {
	if err := c.Mail("", nil); err != nil {
		return err
	}
	return c.Rcpt(recipient, nil)
}

// submit sends the message and gives what the server said to it. Until DATA was answered
// nothing was sent.
func submit(c *smtp.Client, message []byte) (string, stage, error) {
	w, err := c.Data()
	if err != nil {
		return "", envelope, err
	}
	if _, err := w.Write(message); err != nil {
		return "", sending, err
	}
	reply, err := w.CloseWithResponse()
	if err != nil {
		return "", sending, err
	}
	return strings.ReplaceAll(reply.StatusText, "\n", " "), sending, nil
}

// greeted gives a greeting before what the connection says.
type greeted struct {
	net.Conn
	greeting *strings.Reader
}

func (g *greeted) Read(p []byte) (int, error) {
	if g.greeting.Len() > 0 {
		return g.greeting.Read(p)
	}
	return g.Conn.Read(p)
}

// boundConn ends with its context, whatever deadlines are set for single replies, and reads no more than [maxRead].
type boundConn struct {
	net.Conn
	end     time.Time
	left    int
	release func() bool
	// encrypted: TLS runs over it.
	encrypted bool
}

func bound(ctx context.Context, conn net.Conn) *boundConn {
	b := &boundConn{Conn: conn, left: maxRead}
	b.end, _ = ctx.Deadline()
	_ = b.SetDeadline(time.Time{})
	b.release = context.AfterFunc(ctx, func() { _ = conn.Close() })
	return b
}

var errTalkative = errors.New("the server says too much")

func (b *boundConn) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTalkative
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func (b *boundConn) SetDeadline(t time.Time) error {
	if t.IsZero() || !b.end.IsZero() && b.end.Before(t) {
		t = b.end
	}
	return b.Conn.SetDeadline(t)
}
