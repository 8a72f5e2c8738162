package ses

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// batch is how many events are handed over at a time.
const batch = 500

// ErrTooLong: an event is longer than MaxEvent.
var ErrTooLong = fmt.Errorf("an event has more than %d octets", MaxEvent)

// Read reads events one after the other (JSON Lines, as Amazon Data Firehose writes them, or with any white space between) or in arrays, and
// hands them over in batches of at most 500. What is JSON and no event of SES is counted in others. After an error what
// came before it has been handed over.
func Read(r io.Reader, each func([]Event) error) (others int, err error) {
	in := &guard{from: r}
	in.dec = json.NewDecoder(in)
	var list []Event
	for n := 1; ; n++ {
		var raw json.RawMessage
		if raw, err = in.next(); err != nil {
			err = in.explain(err, n)
			break
		}
		e, bad := Parse(raw)
		if bad != nil {
			others++
			continue
		}
		if list = append(list, e); len(list) == batch {
			if err := each(list); err != nil {
				return others, err
			}
			list = nil
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if len(list) > 0 {
		err = errors.Join(each(list), err)
	}
	return others, err
}

// next gives the next value, of an array or by itself; io.EOF after the last one.
func (g *guard) next() (raw json.RawMessage, err error) {
	for {
		more := g.dec.More()
		switch {
		case g.inside && more:
			if err = g.dec.Decode(&raw); errors.Is(err, io.EOF) { // a comma was the last
				err = io.ErrUnexpectedEOF
			}
			return raw, err
		case g.inside:
			if _, err := g.dec.Token(); errors.Is(err, io.EOF) {
				return nil, io.ErrUnexpectedEOF
			} else if err != nil {
				return nil, err
			}
			g.inside = false
		case more && g.first() == '[':
			if _, err := g.dec.Token(); err != nil {
				return nil, err
			}
			g.inside = true
		default:
			err = g.dec.Decode(&raw)
			return raw, err
		}
	}
}

// first is the octet that a value begins with which is there.
func (g *guard) first() byte {
	var b [1]byte
	_, _ = g.dec.Buffered().Read(b[:]) // what is there is in memory
	return b[0]
}

// guard bounds one value: a decoder holds it whole.
type guard struct {
	from io.Reader
	dec  *json.Decoder
	read int64
	// inside: of an array.
	inside bool
}

func (g *guard) Read(p []byte) (int, error) {
	if g.read-g.dec.InputOffset() > 2*MaxEvent {
		return 0, ErrTooLong
	}
	n, err := g.from.Read(p[:min(len(p), 32<<10)])
	g.read += int64(n)
	return n, err
}

// explain says where it went wrong.
func (g *guard) explain(err error, n int) error {
	if errors.Is(err, io.EOF) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the file ends in the middle of it")
	}
	return fmt.Errorf("reading events: number %d, at octet %d: %w", n, g.dec.InputOffset(), err)
}
