// Package handover gives a message that a mail server received, and who sent it, to a
// running Todoku by LMTP (RFC 2033) with Postfix's XFORWARD. It is the other end of the
// inbox's LMTP, for mail servers that can only run a command.
package handover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"os"
	"strings"
	"time"
)

// Message is one message and its envelope.
type Message struct {
	// RemoteIP is the client that sent it, HELO how it greeted; zero values: not known.
	RemoteIP   netip.Addr
	HELO       string
	MailFrom   string // "" is the null path
	Recipients []string
	// Raw is the message. Line ends of LF alone, in which mail servers give a message to
	// a command, become CRLF.
	Raw []byte
}

// Refused is a reply that refuses a message or a recipient.
type Refused struct {
	Recipient string // "" where it is the message
	Code      int
	Text      string
}

// Error is the reply, behind the recipient whom it refuses.
func (r *Refused) Error() string {
	if r.Recipient == "" {
		return fmt.Sprintf("%d %s", r.Code, r.Text)
	}
	return fmt.Sprintf("<%s>: %d %s", r.Recipient, r.Code, r.Text)
}

// Temporary reports whether to try again later. Every error but a *Refused with a code
// of 5yz is worth another try.
func Temporary(err error) bool {
	var r *Refused
	return err != nil && !(errors.As(err, &r) && r.Code >= 500)
}

// timeout bounds the whole of it.
const timeout = 2 * time.Minute

// Deliver hands a message over at an address: "HOST:PORT", or "unix:PATH". It is taken
// for all recipients, or the error, a *Refused or one of the connection, says why not.
func Deliver(ctx context.Context, addr string, m Message) error {
	if len(m.Recipients) == 0 {
		return errors.New("the message has no recipient")
	}
	for _, s := range append([]string{m.MailFrom, m.HELO}, m.Recipients...) {
		if strings.ContainsAny(s, "\r\n\x00<>") {
			return &Refused{Code: 501, Text: fmt.Sprintf("%.100q cannot be in an envelope", s)}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	network := "tcp"
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	return (&session{text: textproto.NewConn(conn)}).deliver(m)
}

type session struct{ text *textproto.Conn }

// command sends a line and wants a reply of the class of want.
func (s *session) command(want int, format string, args ...any) (string, error) {
	if err := s.text.PrintfLine(format, args...); err != nil {
		return "", err
	}
	return s.reply(want)
}

func (s *session) reply(want int) (string, error) {
	_, text, err := s.text.ReadResponse(want)
	var e *textproto.Error
	if errors.As(err, &e) {
		return "", &Refused{Code: e.Code, Text: e.Msg}
	}
	return text, err
}

func (s *session) deliver(m Message) error {
	if _, err := s.reply(220); err != nil {
		return err
	}
	name, err := os.Hostname()
	if err != nil || strings.ContainsAny(name, " \r\n") || name == "" {
		name = "localhost"
	}
	offered, err := s.command(250, "LHLO %s", name)
	if err != nil {
		return err
	}
	if strings.Contains(offered, "XFORWARD ") {
		if _, err := s.command(250, "XFORWARD %s", origin(m)); err != nil {
			return err
		}
	}
	utf8 := ""
	for _, a := range append([]string{m.MailFrom}, m.Recipients...) {
		if strings.IndexFunc(a, func(r rune) bool { return r > 0x7f }) >= 0 {
			utf8 = " SMTPUTF8"
		}
	}
	if _, err := s.command(250, "MAIL FROM:<%s> BODY=8BITMIME%s", m.MailFrom, utf8); err != nil {
		return err
	}
	for _, to := range m.Recipients {
		if _, err := s.command(250, "RCPT TO:<%s>", to); err != nil {
			return ofRecipient(err, to)
		}
	}
	return s.data(m)
}

// data sends the message and wants it taken for every recipient.
func (s *session) data(m Message) error {
	if _, err := s.command(354, "DATA"); err != nil {
		return err
	}
	w := s.text.DotWriter()
	if _, err := w.Write(bytes.ReplaceAll(m.Raw, []byte("\r\n"), []byte("\n"))); err != nil { // it writes each LF as CRLF
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	var first error
	for _, to := range m.Recipients {
		if _, err := s.reply(250); err != nil && first == nil {
			first = ofRecipient(err, to)
		}
	}
	_, _ = s.command(221, "QUIT") // whether it says good-bye is no matter
	return first
}

func ofRecipient(err error, to string) error {
	var r *Refused
	if errors.As(err, &r) {
		r.Recipient = to
	}
	return err
}

// origin are the attributes of XFORWARD.
func origin(m Message) string {
	ip := "[UNAVAILABLE]"
	switch {
	case m.RemoteIP.Is4():
		ip = m.RemoteIP.String()
	case m.RemoteIP.Is6():
		ip = "IPV6:" + m.RemoteIP.String()
	}
	helo := "[UNAVAILABLE]"
	if m.HELO != "" {
		helo = xtext(m.HELO)
	}
	return "ADDR=" + ip + " HELO=" + helo + " PROTO=ESMTP"
}

// xtext: RFC 3461 section 4.
func xtext(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '+' || c == '=' {
			fmt.Fprintf(&b, "+%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
