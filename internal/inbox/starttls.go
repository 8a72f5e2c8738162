package inbox

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/live"
)

const handshakeTimeout = 30 * time.Second

// startTLS: RFC 3207.
func (c *session) startTLS(argument string) error {
	switch {
	case argument != "":
		return c.bad(replyNoArgument)
	case c.seen.TLS != nil:
		return c.bad(replyTLSTwice)
	}
	c.endTransaction()
	c.continuePrelude()
	c.say(replyStartTLS)
	if err := c.w.Flush(); err != nil {
		return err
	}
	// What came before the handshake was not protected: anyone on the way can have
	// put it there, and it must not be taken for a part of the protected
	// conversation (CVE-2011-0411).
	if n := c.r.Buffered(); n > 0 {
		c.note("%d octets came after STARTTLS before the handshake; they are thrown away", n)
	}
	t := tls.Server(c.raw, c.server.config.TLS)
	if err := c.handshake(t); err != nil {
		return err
	}
	c.conn = t
	c.buffers()
	c.greeted, c.seen.HELO, c.seen.ESMTP = false, "", false // section 4.2: all knowledge of the client is discarded
	return nil
}

func (c *session) handshake(t *tls.Conn) error {
	limit := min(handshakeTimeout, c.server.config.ReadTimeout)
	if err := c.raw.SetDeadline(earlier(time.Now().Add(limit), c.end)); err != nil {
		return err
	}
	if err := t.HandshakeContext(c.work); err != nil {
		return c.tlsFailed(err)
	}
	state := t.ConnectionState()
	c.seen.TLS = &evidence.TLS{
		Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite), ServerName: readable(state.ServerName),
	}
	c.note("%s, %s", c.seen.TLS.Version, c.seen.TLS.Cipher)
	c.emit(live.Event{Kind: "tls", Text: c.seen.TLS.Version + ", " + c.seen.TLS.Cipher})
	return nil
}

// tlsFailed notes why there is no TLS.
func (c *session) tlsFailed(err error) error {
	reason := readable(err.Error())
	switch {
	case errors.Is(err, io.EOF):
		reason = "the client closed the connection during the handshake"
	case isTimeout(err):
		reason = "the client did not finish the handshake in time"
	}
	if c.seen.TLS == nil {
		c.seen.TLS = &evidence.TLS{}
	}
	c.seen.TLS.Error = reason
	c.note("TLS failed: %s", reason)
	c.fail(outcomeTLS, reason)
	return errHungUp
}

// isAlert reports whether a read failed because the client rejected our TLS (its
// certificate, say). With TLS 1.3 this comes after the handshake.
func isAlert(err error) bool {
	var e *net.OpError
	return errors.As(err, &e) && e.Op == "remote error"
}
