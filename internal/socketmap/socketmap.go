// Package socketmap is a server of tables by Postfix's and Sendmail's socketmap protocol (socketmap_table(5)): a request is
// a netstring of a table's name, a space and a key; the answer one of a word and, after "OK", the value.
package socketmap

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits of a server.
const (
	maxRequest = 4096             // octets: an address has 254
	maxConns   = 1000             // at one time; more are closed at once
	idle       = 10 * time.Minute // Postfix closes idle connections after 100 s
	writeTime  = 10 * time.Second
)

// Lookup gives the value of a key in a table; ok is false where there is none. It must not block.
type Lookup func(table, key string) (value string, ok bool)

// Server answers from one look-up.
type Server struct {
	Lookup Lookup
	Log    *slog.Logger
}

// Serve answers at a listener until ctx ends, then closes it and all connections: whoever asks connects again, or
// says "temporary failure".
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	slots := make(chan struct{}, maxConns)
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			var temporary interface{ Temporary() bool }
			if errors.As(err, &temporary) && temporary.Temporary() { // out of descriptors
				select {
				case <-ctx.Done():
				case <-time.After(50 * time.Millisecond):
				}
				continue
			}
			return err
		}
		select {
		case slots <- struct{}{}:
		default:
			_ = c.Close()
			continue
		}
		wg.Go(func() {
			defer func() { <-slots }()
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			defer stop()
			defer c.Close()
			if err := s.talk(c); err != nil && ctx.Err() == nil && s.Log != nil {
				s.Log.Warn("a client of the table of rewritten addresses was cut off", "error", err)
			}
		})
	}
}

func (s *Server) talk(c net.Conn) error {
	r := bufio.NewReaderSize(c, maxRequest+16)
	for {
		_ = c.SetReadDeadline(time.Now().Add(idle))
		request, err := readNetstring(r)
		if err != nil {
			var late net.Error
			if errors.Is(err, io.EOF) || errors.As(err, &late) && late.Timeout() {
				return nil
			}
			return err
		}
		_ = c.SetWriteDeadline(time.Now().Add(writeTime))
		if _, err := io.WriteString(c, netstring(s.answer(request))); err != nil {
			return err
		}
	}
}

func (s *Server) answer(request string) string {
	table, key, ok := strings.Cut(request, " ")
	if !ok {
		return "PERM no table or no key"
	}
	value, ok := s.Lookup(table, key)
	if !ok || strings.ContainsAny(value, "\x00\r\n") {
		return "NOTFOUND "
	}
	return "OK " + value
}

func netstring(s string) string { return strconv.Itoa(len(s)) + ":" + s + "," }

var errRequest = errors.New("socketmap: this is no request")

// readNetstring fails with io.EOF only before its first octet.
func readNetstring(r *bufio.Reader) (string, error) {
	n, digits := 0, 0
	for ; ; digits++ {
		b, err := r.ReadByte()
		if err != nil {
			if digits > 0 && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
		if b == ':' && digits > 0 {
			break
		}
		if b < '0' || b > '9' || digits > 4 {
			return "", errRequest
		}
		n = n*10 + int(b-'0')
	}
	if n > maxRequest {
		return "", fmt.Errorf("%w: %d octets", errRequest, n)
	}
	buf := make([]byte, n+1)
	if _, err := io.ReadFull(r, buf); err != nil {
		return "", io.ErrUnexpectedEOF
	}
	if buf[n] != ',' {
		return "", errRequest
	}
	return string(buf[:n]), nil
}
