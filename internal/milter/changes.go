package milter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Errors of Changes.
var (
	// ErrNotNegotiated: the mail server did not offer this change, or the filter did not ask for it.
	ErrNotNegotiated = errors.New("milter: the mail server does not let this filter make this change")
	// ErrBadValue: a value with a NUL or a bare CR, a bad field name, or one too long for a packet.
	ErrBadValue = errors.New("milter: a value that the protocol cannot carry")
)

// maxChange is the longest packet sent: the limit of libmilter and Postfix.
const maxChange = 65535

// flushAt is how much output is kept for one write.
const flushAt = 1 << 20

// Changes are what becomes of a message that is accepted. They are sent with the verdict; where that
// refuses or discards the message, they are dropped.
type Changes struct{ c *conn }

// InsertHeader puts a field at an index among the fields, 0 before the first. value is all that is to stand behind the colon,
// so begins with a space; its lines may end in LF or CRLF.
func (m *Changes) InsertHeader(index int, name, value string) error {
	if index < 0 || index > 1<<20 {
		return fmt.Errorf("%w: index %d", ErrBadValue, index)
	}
	return m.header(AddHeaders, modInsert, index, name, value)
}

// AddHeader puts a field behind the others.
func (m *Changes) AddHeader(name, value string) error {
	return m.header(AddHeaders, modAddHeader, -1, name, value)
}

// ChangeHeader replaces the value of the n-th field of a name, counted from the top from 1.
func (m *Changes) ChangeHeader(name string, n int, value string) error {
	if strings.TrimSpace(value) == "" {
		return fmt.Errorf("%w: an empty value deletes: use DeleteHeader", ErrBadValue)
	}
	return m.header(ChangeHeaders, modHeader, n, name, value)
}

// DeleteHeader removes the n-th field of a name, counted from the top from 1. Later ones move up: delete the
// highest first.
func (m *Changes) DeleteHeader(name string, n int) error {
	return m.header(ChangeHeaders, modHeader, n, name, "")
}

// header writes a packet about a field, without an index where that is negative.
func (m *Changes) header(need Actions, code byte, index int, name, value string) error {
	value = strings.ReplaceAll(value, "\r\n", "\n")
	if !isFieldName(name) || strings.ContainsAny(value, "\x00\r") || badFold(value) {
		return fmt.Errorf("%w: field %.80q", ErrBadValue, name)
	}
	if !m.c.leadSpace {
		value = strings.TrimPrefix(value, " ") // the mail server adds one
	}
	size := len(name) + len(value) + 2
	if index >= 0 {
		size += 4
	}
	if err := m.begin(need, code, size); err != nil {
		return err
	}
	if index >= 0 {
		m.c.out = binary.BigEndian.AppendUint32(m.c.out, uint32(index))
	}
	m.c.out = append(append(append(append(m.c.out, name...), 0), value...), 0)
	return nil
}

// badFold reports a line end that white space does not follow: it would begin another field.
func badFold(value string) bool {
	for {
		i := strings.IndexByte(value, '\n')
		if i < 0 {
			return false
		}
		value = value[i+1:]
		if value == "" || value[0] != ' ' && value[0] != '\t' {
			return true
		}
	}
}

// ReplaceBody gives the new body, CRLF at line ends; further calls append to it.
func (m *Changes) ReplaceBody(part []byte) error {
	for first := true; first || len(part) > 0; first = false {
		n := min(len(part), maxChange)
		if err := m.begin(ChangeBody, modBody, n); err != nil {
			return err
		}
		m.c.out = append(m.c.out, part[:n]...)
		part = part[n:]
		if len(m.c.out) >= flushAt {
			if err := m.c.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// ChangeFrom replaces the reverse path, "" for the null path; args are ESMTP parameters.
func (m *Changes) ChangeFrom(address string, args ...string) error {
	return m.path(ChangeFrom, modFrom, address, args)
}

// AddRcpt adds a recipient; ESMTP parameters need the action AddRcptsWithArgs.
func (m *Changes) AddRcpt(address string, args ...string) error {
	if len(args) > 0 {
		return m.path(AddRcptsWithArgs, modAddRcptArgs, address, args)
	}
	return m.path(AddRcpts, modAddRcpt, address, nil)
}

// DeleteRcpt removes a recipient.
func (m *Changes) DeleteRcpt(address string) error {
	return m.path(DeleteRcpts, modDeleteRcpt, address, nil)
}

func (m *Changes) path(need Actions, code byte, address string, args []string) error {
	extra := strings.Join(args, " ")
	if strings.ContainsAny(address, "\x00\r\n<>") || strings.ContainsAny(extra, "\x00\r\n") {
		return fmt.Errorf("%w: address %.80q", ErrBadValue, address)
	}
	size := len(address) + 3
	if extra != "" {
		size += len(extra) + 1
	}
	if err := m.begin(need, code, size); err != nil {
		return err
	}
	out := append(append(append(m.c.out, '<'), address...), '>', 0)
	if extra != "" {
		out = append(append(out, extra...), 0)
	}
	m.c.out = out
	return nil
}

// Quarantine has the mail server hold the message; its operator sees the reason.
func (m *Changes) Quarantine(reason string) error {
	reason = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, reason)
	if err := m.begin(Quarantine, modQuarantine, len(reason)+1); err != nil {
		return err
	}
	m.c.out = append(append(m.c.out, reason...), 0)
	return nil
}

// Progress tells the mail server at once that the filter is still at work, so that it goes on waiting.
// No change can be made before it: all changes are sent together with the verdict.
func (m *Changes) Progress() error {
	if len(m.c.out) > 0 {
		return fmt.Errorf("%w: progress among changes", ErrBadValue)
	}
	m.c.out = append(m.c.out, 0, 0, 0, 1, modProgress)
	return m.c.flush()
}

func (m *Changes) begin(need Actions, code byte, size int) error {
	if m.c.Actions&need == 0 {
		return ErrNotNegotiated
	}
	if size > maxChange {
		return fmt.Errorf("%w: %d octets", ErrBadValue, size)
	}
	m.c.out = beginPacket(m.c.buffer(), code, size)
	return nil
}

// beginPacket appends the length and code of a packet with size octets of data.
func beginPacket(dst []byte, code byte, size int) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(size)+1), code)
}

func isFieldName(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == ':' {
			return false
		}
	}
	return s != ""
}
