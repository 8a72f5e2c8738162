package inbox

import (
	"bufio"
	"fmt"
	"net"
	"strings"
)

// pipe is a quick client for floods: it pipelines (RFC 2920) and never touches a
// testing.TB.
type pipe struct {
	conn net.Conn
	r    *bufio.Reader
}

func newPipe(addr string) (*pipe, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &pipe{conn, bufio.NewReader(conn)}, nil
}

func (p *pipe) close() { _ = p.conn.Close() }

// await reads one reply with a code.
func (p *pipe) await(code string) error {
	for {
		line, err := p.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) < 4 || string(line[:3]) != code {
			return fmt.Errorf("reply %q, want %s", line, code)
		}
		if line[3] == ' ' {
			return nil
		}
	}
}

func (p *pipe) hello() error {
	if err := p.await("220"); err != nil {
		return err
	}
	if _, err := p.conn.Write([]byte("EHLO flood.example\r\n")); err != nil {
		return err
	}
	return p.await("250")
}

// deliver sends one message, which must end in CRLF and have no line that begins
// with a dot.
func (p *pipe) deliver(token, raw string) error {
	var b strings.Builder
	b.WriteString("MAIL FROM:<a@flood.example>\r\nRCPT TO:<" + token + "@inbox.example>\r\nDATA\r\n")
	if _, err := p.conn.Write([]byte(b.String())); err != nil {
		return err
	}
	for _, code := range []string{"250", "250", "354"} {
		if err := p.await(code); err != nil {
			return err
		}
	}
	if _, err := p.conn.Write([]byte(raw + ".\r\n")); err != nil {
		return err
	}
	return p.await("250")
}
