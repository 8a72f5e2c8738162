package milter

import (
	"context"
	"net/netip"
)

// Session is what a filter makes of one SMTP session. Its methods, and those of its
// transactions, are called by one goroutine. Octets that they are given are theirs
// until they return.
type Session interface {
	// Connect: a client connected to the mail server; Conn says who.
	Connect() Reply
	// Helo: the client greeted, perhaps again. Conn.Helo has the name.
	Helo() Reply
	// Mail: a message begins. What follows until its end goes to the transaction; nil,
	// with Continue, takes no interest in the message.
	Mail(from Path) (Transaction, Reply)
	// Unknown: a command that the mail server does not know.
	Unknown(command []byte) Reply
	// Close: the SMTP session is over.
	Close()
}

// Transaction is what a filter makes of one message. Nothing of it outlives the message.
type Transaction interface {
	// Rcpt: one more recipient. The reply is about this recipient, unless it is Accept or Discard.
	Rcpt(to Path) Reply
	// Data: the recipients are complete.
	Data() Reply
	// Header: one field. value is all that stands behind the colon, in the octets of the
	// message but for its line ends, which mail servers give as LF alone: see [AppendField].
	Header(name, value []byte) Reply
	// Beyond: a field behind the server's limits, after all that Header had, to be looked at and not
	// kept. It counts among the fields of its name as others do, see [Changes.DeleteHeader].
	Beyond(name, value []byte)
	// EndOfHeader: truncated says that the fields were more than the server's limits, and
	// that some went to Beyond.
	EndOfHeader(truncated bool) Reply
	// Body: a part of the body, as long as the mail server, or the network, cut it.
	Body(part []byte) Reply
	// EndOfMessage: the verdict. ctx ends when the server or the connection does.
	EndOfMessage(ctx context.Context, c *Changes) Reply
	// Abort: the message ended before its end: the client gave up, or the filter said
	// what becomes of it earlier. It is not called after EndOfMessage, nor after a panic.
	Abort()
}

// Path is the argument of MAIL or RCPT.
type Path struct {
	// Address is the path without its angle brackets; "" is the null path "<>".
	Address string
	// Args are the ESMTP parameters: "SIZE=5000".
	Args []string
}

// Peer is the mail server's client.
type Peer struct {
	// Hostname is its name by the mail server's reckoning: "[192.0.2.1]" where it found none.
	Hostname string
	// Addr is its address; the zero value where it has none (a local program) or the mail
	// server did not say.
	Addr netip.Addr
	Port uint16
	// Local: the connection came by a Unix socket, whose name Path may be.
	Local bool
	Path  string
}

// Conn is the connection of a mail server, as its sessions see it.
type Conn struct {
	// Version of the protocol that is spoken.
	Version uint32
	// Actions are those that were negotiated: the wanted ones that the mail server offered.
	Actions Actions
	// Client is who connected to the mail server, Helo what it called itself: "" before it did.
	Client Peer
	Helo   string

	macros     macros
	leadSpace  bool
	skips      bool
	silent     Steps // not answered
	steps      Steps // given to sessions
	negotiated bool
}

// Macro gives a macro of the mail server by its name without braces: "auth_authen", "i". Of several
// stages the latest that has it counts. Macros of the connection and of HELO last for the SMTP
// session, others for the message, those of a recipient until the next.
func (c *Conn) Macro(name string) string { return c.macros.get(name) }

// Answers reports whether the reply to a step is sent when it is given. Other replies than Continue to
// a step without are kept for the next answer, at the latest the one to the end of the message,
// as what becomes of it.
func (c *Conn) Answers(s Steps) bool { return c.silent&s == 0 }

// Exact reports whether header values come with the octets behind the colon as they are. Where
// they do not (before version 6), one space is assumed, and signatures in simple
// canonicalization over other fields cannot be told from broken ones.
func (c *Conn) Exact() bool { return c.leadSpace }

// AppendField appends a header field in the octets of the message: value as [Transaction] has
// it, folds in CRLF, CRLF at the end.
func AppendField(dst, name, value []byte) []byte {
	dst = append(append(dst, name...), ':')
	for i, c := range value {
		if c == '\n' && (i == 0 || value[i-1] != '\r') {
			dst = append(dst, '\r')
		}
		dst = append(dst, c)
	}
	return append(dst, "\r\n"...)
}
