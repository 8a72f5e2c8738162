package milter

import (
	"strconv"
	"strings"
)

// Reply is what a filter answers. The zero value is Continue.
type Reply struct {
	code byte
	text string
}

// The replies without a text of their own.
var (
	// Continue: go on.
	Continue = Reply{code: 'c'}
	// Accept: take the message (at Connect and Helo: all of the session) without asking further.
	Accept = Reply{code: 'a'}
	// Reject and TempFail: refuse with the mail server's words, for good or for now.
	Reject   = Reply{code: 'r'}
	TempFail = Reply{code: 't'}
	// Discard: say yes, and throw the message away.
	Discard = Reply{code: 'd'}
	// Skip, to Body: the rest of the body is not needed. See Conn.Skips.
	Skip = Reply{code: 's'}
	// Shutdown: the mail server says 421 and ends its client's session.
	Shutdown = Reply{code: '4'}
)

const replyCode = 'y'

// maxReplyLine keeps within the 512 octets of RFC 5321 section 4.5.3.1.5; maxReplyLines bounds the whole.
const (
	maxReplyLine  = 480
	maxReplyLines = 16
)

// Say refuses with an SMTP reply of 4yz or 5yz, an enhanced status code ("5.7.1", or "") of the same class,
// and a text, each line of which becomes a line of the reply. A code of another class
// gives TempFail.
func Say(code int, enhanced, text string) Reply {
	if code < 400 || code > 599 {
		return TempFail
	}
	digits := strconv.Itoa(code)
	if enhanced != "" {
		if enhanced[0] != digits[0] {
			return TempFail
		}
		enhanced += " "
	}
	lines := replyLines(text, maxReplyLine-len(enhanced))
	var b strings.Builder
	for i, line := range lines {
		sep := "-"
		if i == len(lines)-1 {
			sep = " "
		}
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(digits + sep + enhanced + line)
	}
	return Reply{code: replyCode, text: b.String()}
}

// replyLines cuts a text at its line ends, and where lines are too long. What is not printable
// ASCII becomes "?", a "%" is doubled: mail servers undouble it.
func replyLines(text string, most int) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '?'
			}
			return r
		}, strings.TrimRight(line, "\r\n"))
		for len(line) > most {
			cut := strings.LastIndexByte(line[:most], ' ')
			if cut <= 0 {
				cut = most
			}
			lines, line = append(lines, line[:cut]), strings.TrimLeft(line[cut:], " ")
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		lines = []string{""}
	}
	lines = lines[:min(len(lines), maxReplyLines)]
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], "%", "%%")
	}
	return lines
}

// goesOn reports that nothing is decided.
func (r Reply) goesOn() bool { return r.code == 0 || r.code == 'c' || r.code == 's' }

// refusesOne reports a reply to RCPT that concerns the recipient only.
func (r Reply) refusesOne() bool { return r.code == 'r' || r.code == 't' || r.code == replyCode }

// String is for logs: "continue", "reject", "550 5.7.1 no".
func (r Reply) String() string {
	switch r.code {
	case 0, 'c':
		return "continue"
	case 'a':
		return "accept"
	case 'r':
		return "reject"
	case 't':
		return "tempfail"
	case 'd':
		return "discard"
	case 's':
		return "skip"
	case '4':
		return "shutdown"
	}
	return strings.ReplaceAll(r.text, "%%", "%")
}

// append appends the packet.
func (r Reply) append(dst []byte) []byte {
	code := r.code
	if code == 0 {
		code = Continue.code
	}
	if code != replyCode {
		return append(dst, 0, 0, 0, 1, code)
	}
	dst = beginPacket(dst, code, len(r.text)+1)
	return append(append(dst, r.text...), 0)
}
