package spamfilter

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/pattern"
)

// SpamAssassin asks a spamd by its own protocol, version 1.5 over TCP (the file
// spamd/PROTOCOL of SpamAssassin). Safe for concurrent use.
type SpamAssassin struct{ address string }

// NewSpamAssassin gives a client for the spamd at address, HOST:PORT (its port is 783).
func NewSpamAssassin(address string) (*SpamAssassin, error) {
	address = strings.TrimSpace(address)
	host, port, err := net.SplitHostPort(address)
	n, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || host == "" || n == 0 {
		return nil, errors.New("not of the form HOST:PORT")
	}
	return &SpamAssassin{address}, nil
}

// Name is what the filter is called.
func (s *SpamAssassin) Name() string { return "SpamAssassin" }

// Address is the host and port that is asked.
func (s *SpamAssassin) Address() string { return s.address }

// Ask gives the filter's opinion. An error means that there is none.
func (s *SpamAssassin) Ask(ctx context.Context, q Query) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	r, err := s.command(ctx, "REPORT", q)
	if err != nil {
		return Answer{}, failure(ctx, "asking "+s.address, err)
	}
	a, err := r.verdict()
	if err != nil {
		return Answer{}, err
	}
	if a.Symbols = reportSymbols(r.body); len(a.Symbols) == 0 {
		// A report of the administrator's own making: the names alone, then. Without
		// them the verdict stands all the same.
		if r, err := s.command(ctx, "SYMBOLS", q); err == nil {
			a.Symbols = namedSymbols(r.body)
		}
	}
	return a, nil
}

// trace is what a receiver would have put before the message: spamd knows the envelope
// from the header alone. Nothing where the client's address is not known.
func trace(q Query) []byte {
	ip := q.Session.RemoteIP
	if !ip.IsValid() {
		return nil
	}
	ip = ip.Unmap().WithZone("")
	literal := ip.String()
	if ip.Is6() {
		literal = "IPv6:" + literal
	}
	word := func(s, otherwise string) string {
		if s = plain(s, 255); s == "" || strings.ContainsAny(s, " ()[]<>;,") {
			return otherwise
		}
		return s
	}
	var b bytes.Buffer
	if q.Session.HasMailFrom {
		fmt.Fprintf(&b, "Return-Path: <%s>\r\n", strings.Trim(plain(q.Session.MailFrom, 320), "<>"))
	}
	fmt.Fprintf(&b, "Received: from %s (unknown [%s])\r\n\tby %s with ESMTP id todoku;\r\n\t%s\r\n",
		word(q.Session.HELO, "["+literal+"]"), literal, word(q.Session.Receiver, "localhost"), q.Time.UTC().Format(time.RFC1123Z))
	return b.Bytes()
}

// reply is what spamd answered to one command.
type reply struct {
	spam string // the value of its Spam field
	body string
}

// command sends one command on a connection of its own, as the protocol has it.
func (s *SpamAssassin) command(ctx context.Context, verb string, q Query) (reply, error) {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return reply{}, err
	}
	defer conn.Close()
	// Closing is what ends a read or a write when ctx ends, for whatever reason.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	sent := make(chan error, 1)
	go func() {
		before := trace(q)
		head := fmt.Sprintf("%s SPAMC/1.5\r\nContent-length: %d\r\n\r\n", verb, len(before)+len(q.Raw))
		_, err := (&net.Buffers{[]byte(head), before, q.Raw}).WriteTo(conn)
		if c, ok := conn.(*net.TCPConn); ok && err == nil {
			err = c.CloseWrite()
		}
		sent <- err
	}()
	// spamd may refuse before it has read everything, so that its answer counts, not
	// whether all was sent.
	r, err := readReply(conn)
	conn.Close()
	if sendErr := <-sent; err != nil && sendErr != nil && errors.Is(err, io.EOF) {
		err = sendErr
	}
	return r, err
}

var (
	statusLine = pattern.New(`^SPAMD/[0-9]+\.[0-9]+ +([0-9]+) +(.*)$`)
	spamField  = pattern.New(`(?i)^(true|yes|false|no) *; *(-?[0-9]+(?:\.[0-9]+)?) */ *(-?[0-9]+(?:\.[0-9]+)?)$`)
)

func readReply(conn io.Reader) (reply, error) {
	limited := &io.LimitedReader{R: conn, N: maxAnswer + 1}
	in := textproto.NewReader(bufio.NewReader(limited))
	line, err := in.ReadLine()
	if err != nil {
		return reply{}, bounded(limited, err)
	}
	m := statusLine.FindStringSubmatch(line)
	if m == nil {
		return reply{}, errors.New("the answer is not spamd's")
	}
	if m[1] != "0" {
		return reply{}, fmt.Errorf("it reports an error: %s %s", plain(m[1], maxName), plain(m[2], maxDetail))
	}
	fields, err := in.ReadMIMEHeader()
	if err != nil {
		return reply{}, bounded(limited, err)
	}
	body, err := io.ReadAll(in.R)
	if err != nil || limited.N <= 0 {
		return reply{}, bounded(limited, err)
	}
	if n, err := strconv.Atoi(fields.Get("Content-length")); err == nil && n > len(body) {
		return reply{}, errors.New("the answer is cut short")
	}
	return reply{spam: fields.Get("Spam"), body: string(body)}, nil
}

// bounded says that the answer was too large where that is why it could not be read.
func bounded(r *io.LimitedReader, err error) error {
	if r.N <= 0 {
		return errTooLarge
	}
	return err
}

// verdict reads "True ; 15.5 / 5.0".
func (r reply) verdict() (Answer, error) {
	m := spamField.FindStringSubmatch(strings.TrimSpace(r.spam))
	if m == nil {
		return Answer{}, errors.New("the answer lacks its verdict (Spam:)")
	}
	score, err1 := strconv.ParseFloat(m[2], 64)
	required, err2 := strconv.ParseFloat(m[3], 64)
	if err1 != nil || err2 != nil || !finite(score, required) {
		return Answer{}, errors.New("the score of the answer is not a number")
	}
	word := strings.ToLower(m[1])
	return Answer{Spam: word == "true" || word == "yes", Score: score, Required: required}, nil
}

var (
	reportRule = pattern.New(`(?m)^ *---- -{10,}[ -]*\r?$`)
	reportRow  = pattern.New(`(?m)^ {0,3}(-?[0-9]+(?:\.[0-9]+)?) ([A-Z][A-Z0-9_]*)(?: |\r?$)`)
)

// reportSymbols reads the table of a report: points, rule, description. What stands before
// the last line of dashes may quote the message and is not looked at.
func reportSymbols(report string) []Symbol {
	dashes := reportRule.FindAllStringIndex(report, -1)
	if len(dashes) == 0 {
		return nil
	}
	var all []Symbol
	for _, m := range reportRow.FindAllStringSubmatch(report[dashes[len(dashes)-1][1]:], -1) {
		score, err := strconv.ParseFloat(m[1], 64)
		if err == nil && finite(score) {
			all = append(all, Symbol{Name: plain(m[2], maxName), Score: score})
		}
	}
	return heaviest(all)
}

// namedSymbols reads "RULE,RULE", with line ends where spamd likes.
func namedSymbols(body string) []Symbol {
	var all []Symbol
	for name := range strings.FieldsFuncSeq(body, func(r rune) bool { return r == ',' || r == '\r' || r == '\n' || r == ' ' }) {
		all = append(all, Symbol{Name: plain(name, maxName), Score: math.NaN()})
	}
	return heaviest(all)
}
