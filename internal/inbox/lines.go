package inbox

import (
	"bufio"
	"errors"
	"net"
	"strings"
	"time"
)

// buffers begins to read and write anew, over c.conn: nothing that was read before
// is left.
func (c *session) buffers() {
	c.r = bufio.NewReaderSize(flushBeforeRead{c}, readBuffer)
	c.w = bufio.NewWriterSize(timedWriter{c}, 2048)
}

// flushBeforeRead sends the replies that wait before it blocks: so pipelined
// commands are answered together (RFC 2920 section 3.2).
type flushBeforeRead struct{ c *session }

func (f flushBeforeRead) Read(p []byte) (int, error) {
	if err := f.c.w.Flush(); err != nil {
		return 0, err
	}
	return f.c.conn.Read(p)
}

// timedWriter gives each write its time-out.
type timedWriter struct{ c *session }

func (t timedWriter) Write(p []byte) (int, error) {
	if err := t.c.raw.SetWriteDeadline(time.Now().Add(t.c.server.config.WriteTimeout)); err != nil {
		return 0, err
	}
	return t.c.conn.Write(p)
}

// readLine waits for one command line and gives it without its line end, a bare LF
// included. The time-out is for the whole line, however slowly its octets drip.
// bufio.ErrBufferFull: it is too long.
func (c *session) readLine() (string, error) {
	if err := c.wait(); err != nil {
		return "", err
	}
	line, err := c.r.ReadSlice('\n')
	c.mu.Lock()
	c.idle = false
	stopped := c.stopping && !c.open
	c.mu.Unlock()
	switch {
	case err == nil && len(line) > maxLine:
		return "", bufio.ErrBufferFull
	case err == nil:
		return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), nil
	case isTimeout(err) && stopped:
		return "", errStopping
	case isTimeout(err) && time.Now().After(c.end):
		return "", errTooOld
	}
	return "", err
}

// wait prepares to wait for a command.
func (c *session) wait() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping && !c.open {
		return errStopping
	}
	now := time.Now()
	if now.After(c.end) {
		return errTooOld
	}
	c.idle = !c.open
	return c.raw.SetReadDeadline(earlier(now.Add(c.server.config.ReadTimeout), c.end))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// skipLine reads away the rest of a line that is too long.
func (c *session) skipLine() error {
	for n := 0; n < maxLongLine; n += readBuffer {
		_, err := c.r.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
	c.fail(outcomeRefused, "a command line without end")
	return c.hangUp(replyTooManyBad)
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// hear notes a line of the client.
func (c *session) hear(line string) {
	c.heard, c.lastLine = line, c.transcript.add(c.now(), "client", line, "")
}

// say answers. It is sent when the client is next waited for; an error shows then.
func (c *session) say(r reply) { c.sayAbout("", r) }

// sayAbout answers about a mailbox, which others must not see.
func (c *session) sayAbout(mailbox string, r reply) { c.sayLine(mailbox, r.String()) }

func (c *session) sayLine(mailbox, line string) {
	c.transcript.add(c.now(), "server", line, mailbox)
	_, _ = c.w.WriteString(line) // bufio.Writer keeps its error for Flush
	_, _ = c.w.WriteString("\r\n")
}
