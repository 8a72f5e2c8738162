package cli

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/todoku/todoku/internal/verify"
)

// mboxReader gives the messages of an mbox file one by one (RFC 4155 appendix A,
// and what programs really write). It holds one message at a time.
type mboxReader struct {
	r *bufio.Reader
	// started: the From_ line of the next message was read.
	started bool
	// consumed counts the octets read so far.
	consumed int64
}

// isMbox reports whether the input begins with a From_ line. "From : a@b.example" is
// a header field with white space before its colon (RFC 5322 section 4.5.8): to drop it
// would hide an author.
// Where no line ends the first is the whole file, and no From_ line: lines that end in bare
// CR alone are judged as they are.
func isMbox(r *bufio.Reader) bool {
	const enough = 1000
	head, _ := r.Peek(enough)
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		return false
	}
	rest, ok := bytes.CutPrefix(head, []byte("From "))
	rest = bytes.TrimLeft(rest, " \t")
	return ok && !bytes.HasPrefix(rest, []byte(":")) && len(rest) > 0
}

func newMboxReader(r *bufio.Reader) *mboxReader { return &mboxReader{r: r} }

// Next gives one message, its >From quoting undone, or io.EOF. A message over the
// limit is errTooLarge; the next call goes on behind it.
func (m *mboxReader) Next() ([]byte, error) {
	var out []byte
	blank, tooLarge := false, false       // blank: the line before was empty
	whole := true                         // the piece before ended its line
	first, begun := !m.started, m.started // begun: its From_ line was read; what follows may be nothing
	m.started = false
	for {
		line, err := m.line()
		if len(line) > 0 {
			switch {
			case first && bytes.HasPrefix(line, []byte("From ")):
				first, begun = false, true
				continue
			case blank && fromLine(line):
				m.started = true
				return finish(out, tooLarge)
			}
			blank = whole && len(bytes.TrimRight(line, "\r\n")) == 0
			if whole {
				line = unquote(line)
			}
			whole = line[len(line)-1] == '\n'
			if tooLarge = tooLarge || len(out)+len(line) > verify.MaxMessage; tooLarge {
				out = nil
			} else {
				out = append(out, line...)
			}
		}
		switch {
		case errors.Is(err, io.EOF) && out == nil && !tooLarge && !begun:
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			return finish(out, tooLarge)
		case err != nil:
			return nil, err
		}
	}
}

// line reads one line, or the piece of a very long one that fits the buffer's
// bounds: a piece never begins a message, as it does not follow an empty line.
func (m *mboxReader) line() ([]byte, error) {
	line, err := m.r.ReadSlice('\n')
	m.consumed += int64(len(line))
	if errors.Is(err, bufio.ErrBufferFull) {
		err = nil
	}
	return line, err
}

// finish removes the empty line that the format puts behind each message.
func finish(out []byte, tooLarge bool) ([]byte, error) {
	if tooLarge {
		return nil, errTooLarge
	}
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if bytes.HasSuffix(out, []byte(end)) {
			return out[:len(out)-len(end)/2], nil
		}
	}
	if out == nil {
		out = []byte{}
	}
	return out, nil
}

// fromLine reports whether a line after an empty one begins a message. Text may
// begin with "From " as well ("From now on ..."), where a writer forgot to quote it:
// a From_ line has a time of day, or nothing but an address.
func fromLine(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("From "))
	if !ok {
		return false
	}
	words := strings.Fields(string(rest[:min(len(rest), 1000)]))
	for _, w := range words {
		if len(w) >= 5 && digit(w[0]) && digit(w[1]) && w[2] == ':' && digit(w[3]) && digit(w[4]) {
			return true
		}
	}
	return len(words) <= 1
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// unquote undoes one level of the quoting of mboxrd, and that of mboxo.
func unquote(line []byte) []byte {
	if rest := bytes.TrimLeft(line, ">"); len(rest) < len(line) && bytes.HasPrefix(rest, []byte("From ")) {
		return line[1:]
	}
	return line
}
