package probe

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// Bounds of what a host says. RFC 5321 section 4.5.3.1.5 has reply lines of 512 octets.
const (
	maxLine  = 2048
	maxLines = 100
)

// Reply is one SMTP reply (RFC 5321 section 4.2).
type Reply struct {
	Code int `json:"code"`
	// Lines are the texts behind the codes, as they came, cut to valid UTF-8.
	Lines []string `json:"lines"`
	// BareLF: a line ended in LF alone.
	BareLF bool `json:"bare_lf,omitempty"`
	// CodesDiffer: the lines have different codes; Code is the last.
	CodesDiffer bool `json:"codes_differ,omitempty"`
}

// Text is the whole reply on one line.
func (r *Reply) Text() string { return strings.Join(r.Lines, " ") }

// Enhanced is the enhanced status code (RFC 3463) at the head of the first line, "" for none.
func (r *Reply) Enhanced() string {
	word, _, _ := strings.Cut(r.Lines[0], " ")
	f := strings.Split(word, ".")
	if len(f) != 3 || len(f[0]) != 1 || !digits(f[0]) || !digits(f[1]) || !digits(f[2]) {
		return ""
	}
	return word
}

func (r *Reply) class() int { return r.Code / 100 }

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) <= 3
}

var (
	errNotSMTP = errors.New("the host does not speak SMTP")
	errEndless = errors.New("the host's reply has no end")
)

// readReply reads one reply; saw is given each line.
func readReply(r *bufio.Reader, saw func(string)) (*Reply, error) {
	reply := &Reply{}
	for range maxLines {
		line, bareLF, err := readLine(r)
		if err != nil {
			return nil, err
		}
		saw(line)
		code, text, more, ok := parseLine(line)
		if !ok {
			return nil, errNotSMTP
		}
		reply.CodesDiffer = reply.CodesDiffer || len(reply.Lines) > 0 && reply.Code != code
		reply.Code, reply.BareLF = code, reply.BareLF || bareLF
		reply.Lines = append(reply.Lines, text)
		if !more {
			return reply, nil
		}
	}
	return nil, errEndless
}

// readLine reads at most maxLine octets, of a reader whose buffer is at least that long.
func readLine(r *bufio.Reader) (line string, bareLF bool, err error) {
	b, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull) || len(b) > maxLine:
		return "", false, errEndless
	case err == io.EOF && len(b) > 0:
		return "", false, io.ErrUnexpectedEOF
	case err != nil:
		return "", false, err
	}
	text := string(b[:len(b)-1])
	text, crlf := strings.CutSuffix(text, "\r")
	return strings.ToValidUTF8(text, "?"), !crlf, nil
}

// parseLine: three digits, then a hyphen where more follows, or a space and text, or nothing.
func parseLine(line string) (code int, text string, more, ok bool) {
	if len(line) < 3 || !digits(line[:3]) || line[0] < '2' || line[0] > '5' {
		return 0, "", false, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 {
		return code, "", false, true
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, "", false, false
	}
	return code, line[4:], line[3] == '-', true
}
