package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/evidence"
)

const maxTranscript = 300

// session is one connection under way.
type session struct {
	ctx        context.Context
	host       string
	helo       string
	now        func() time.Time
	conn       net.Conn
	r          *bufio.Reader
	release    func() bool // stops watching ctx
	transcript []evidence.Line
}

func newSession(ctx context.Context, conn net.Conn, host, helo string, now func() time.Time) *session {
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	s := &session{ctx: ctx, host: host, helo: helo, now: now, conn: conn, r: bufio.NewReaderSize(conn, maxLine)}
	s.release = context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	return s
}

func (s *session) close() {
	s.release()
	s.conn.Close()
}

func (s *session) saw(from, text string) {
	if len(s.transcript) < maxTranscript {
		s.transcript = append(s.transcript, evidence.Line{At: s.now(), From: from, Text: text})
	}
}

func (s *session) read() (*Reply, error) {
	return readReply(s.r, func(line string) { s.saw("server", line) })
}

// command sends one line and reads the reply. What is sent never holds a line break:
// names come from the DNS.
func (s *session) command(line string) (*Reply, error) {
	if strings.ContainsAny(line, "\r\n") {
		return nil, errors.New("a line break in a command")
	}
	s.saw("client", line)
	if _, err := io.WriteString(s.conn, line+"\r\n"); err != nil {
		return nil, err
	}
	return s.read()
}

// hello greets with EHLO and, where the host does not know it, HELO (RFC 5321 section
// 3.2); esmtp says which it was.
func (s *session) hello() (reply *Reply, esmtp bool, err error) {
	reply, err = s.command("EHLO " + s.helo)
	if err != nil || reply.class() != 5 || reply.Code == 550 || reply.Code == 554 {
		return reply, true, err
	}
	reply, err = s.command("HELO " + s.helo)
	return reply, false, err
}

// startTLS asks for TLS and shakes hands.
func (s *session) startTLS(lowest, highest uint16) TLS {
	reply, err := s.command("STARTTLS")
	switch {
	case err != nil:
		problem, detail := why(s.ctx, err)
		return TLS{Outcome: Inconclusive, Problem: problem, Detail: detail}
	case reply.class() == 4:
		return TLS{Outcome: Inconclusive, Problem: TLSDeferred, Detail: "STARTTLS was deferred", Reply: reply}
	case reply.Code != 220:
		return TLS{Outcome: Refused, Problem: TLSNotWelcome, Detail: "STARTTLS was refused", Reply: reply}
	}
	t := TLS{Reply: reply, Injected: s.r.Buffered() > 0}
	conn := tls.Client(s.conn, clientConfig(s.host, lowest, highest))
	if err := conn.HandshakeContext(s.ctx); err != nil {
		t.Outcome, t.Problem, t.Detail = handshakeFailure(s.ctx, err)
		s.saw("note", "TLS handshake failed: "+t.Detail)
		return t
	}
	state := conn.ConnectionState()
	t.Outcome, t.Version, t.Cipher = Accepted, tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
	for _, c := range state.PeerCertificates {
		t.Chain = append(t.Chain, c.Raw)
	}
	s.saw("note", t.Version+" "+t.Cipher)
	s.conn, s.r = conn, bufio.NewReaderSize(conn, maxLine)
	return t
}

// clientConfig takes whatever the host has: what is seen is judged, not trusted, and
// nothing is sent over it.
func clientConfig(host string, lowest, highest uint16) *tls.Config {
	cfg := &tls.Config{ServerName: host, InsecureSkipVerify: true, MinVersion: lowest, MaxVersion: highest}
	for _, c := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		cfg.CipherSuites = append(cfg.CipherSuites, c.ID)
	}
	return cfg
}

// handshakeFailure tells a host that refused from a connection that broke, and from a
// certificate that this program cannot read.
func handshakeFailure(ctx context.Context, err error) (Outcome, string, string) {
	problem, detail := why(ctx, err)
	if problem != HandshakeFail {
		return Inconclusive, problem, detail
	}
	if strings.Contains(detail, "certificate") && !strings.Contains(detail, "remote error") {
		return Inconclusive, problem, detail
	}
	return Refused, problem, detail
}

// why says what an error of a conversation means.
func why(ctx context.Context, err error) (problem, detail string) {
	var timeout net.Error
	switch {
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return NoAnswer, "the host did not answer in time"
	case errors.Is(err, errNotSMTP), errors.Is(err, errEndless):
		return NotSMTP, err.Error()
	case strings.Contains(err.Error(), "tls: "):
		return HandshakeFail, err.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Closed, "the host closed the connection"
	}
	return Closed, "the connection broke: " + err.Error()
}
