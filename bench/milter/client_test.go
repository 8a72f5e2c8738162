package milter

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// client is a mail server that does what was negotiated: it waits for no reply that is not sent.
type client struct {
	conn    net.Conn
	in      *bufio.Reader
	out     []byte
	flags   uint32
	scratch []byte
}

// The bits of the negotiation by which a step is not answered.
const (
	quietHeader = 0x80
	quietConn   = 0x1000
	quietHelo   = 0x2000
	quietMail   = 0x4000
	quietRcpt   = 0x8000
	quietData   = 0x10000
	quietEOH    = 0x40000
	quietBody   = 0x80000
	noConn      = 0x1
	noHelo      = 0x2
	noMail      = 0x4
	noRcpt      = 0x8
	noBody      = 0x10
	noHeaders   = 0x20
	noEOH       = 0x40
	noData      = 0x200
	leadSpace   = 0x100000
)

func dial(network, addr string, ip string) (*client, error) {
	conn, err := net.Dial(network, addr)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, in: bufio.NewReader(conn)}
	offer := binary.BigEndian.AppendUint32(nil, 6)
	offer = binary.BigEndian.AppendUint32(offer, 0x1ff)
	offer = binary.BigEndian.AppendUint32(offer, 0x1fffff)
	c.packet('O', string(offer))
	code, data, err := c.reply()
	if err != nil || code != 'O' || len(data) < 12 {
		conn.Close()
		return nil, fmt.Errorf("negotiation: %q, %v", code, err)
	}
	c.flags = binary.BigEndian.Uint32(data[8:])
	if err := c.step('C', "mail.shop.example\x004\x00\x19"+ip+"\x00", noConn, quietConn); err != nil {
		return nil, err
	}
	return c, c.step('H', "mail.shop.example\x00", noHelo, quietHelo)
}

func (c *client) close() {
	c.packet('Q', "")
	_ = c.flush()
	c.conn.Close()
}

func (c *client) packet(cmd byte, data string) {
	c.out = binary.BigEndian.AppendUint32(c.out, uint32(len(data)+1))
	c.out = append(append(c.out, cmd), data...)
}

func (c *client) flush() error {
	c.conn.SetDeadline(time.Now().Add(30 * time.Second))
	_, err := c.conn.Write(c.out)
	c.out = c.out[:0]
	return err
}

func (c *client) reply() (code byte, data []byte, err error) {
	if len(c.out) > 0 {
		if err := c.flush(); err != nil {
			return 0, nil, err
		}
	}
	var head [5]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return 0, nil, err
	}
	n := int(binary.BigEndian.Uint32(head[:])) - 1
	if cap(c.scratch) < n {
		c.scratch = make([]byte, n)
	}
	_, err = io.ReadFull(c.in, c.scratch[:n])
	return head[4], c.scratch[:n], err
}

func (c *client) step(cmd byte, data string, without, quiet uint32) error {
	if c.flags&without != 0 {
		return nil
	}
	c.packet(cmd, data)
	if c.flags&quiet != 0 {
		return nil
	}
	code, data2, err := c.reply()
	if err == nil && code != 'c' {
		err = fmt.Errorf("%q was answered %q %q", cmd, code, data2)
	}
	return err
}

// letter is a message cut for the protocol.
type letter struct {
	from   string
	fields [][2]string // name, value with its leading space
	body   []string
}

func cutLetter(raw []byte, from string) letter {
	l := letter{from: from}
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if n := len(l.fields); line[0] == ' ' || line[0] == '\t' {
			l.fields[n-1][1] += "\n" + line
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		l.fields = append(l.fields, [2]string{name, value})
	}
	for len(body) > 0 {
		n := min(len(body), 65535)
		l.body = append(l.body, string(body[:n]))
		body = body[n:]
	}
	return l
}

// pass sends one message and gives all that was inserted or added.
func (c *client) pass(l letter) (added string, err error) {
	must := func(e error) {
		if err == nil {
			err = e
		}
	}
	c.packet('D', "Mi\x00QUEUEID\x00")
	must(c.step('M', "<"+l.from+">\x00", noMail, quietMail))
	must(c.step('R', "<a@b.example>\x00", noRcpt, quietRcpt))
	must(c.step('T', "", noData, quietData))
	for _, f := range l.fields {
		value := f[1]
		if c.flags&leadSpace == 0 {
			value = strings.TrimPrefix(value, " ")
		}
		must(c.step('L', f[0]+"\x00"+value+"\x00", noHeaders, quietHeader))
	}
	must(c.step('N', "", noEOH, quietEOH))
	for _, b := range l.body {
		must(c.step('B', b, noBody, quietBody))
	}
	if err != nil {
		return "", err
	}
	c.packet('E', "")
	for {
		code, data, err := c.reply()
		switch {
		case err != nil:
			return "", err
		case code == 'h' || code == 'i':
			added += string(data) + "\n"
		case code == 'a' || code == 'c':
			return added, nil
		case strings.IndexByte("mbp", code) < 0:
			return "", fmt.Errorf("the message was answered %q %q", code, data)
		}
	}
}
