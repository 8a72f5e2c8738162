package ses

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// batch is how many events are handed over at a time.
const batch = 500

// ErrTooLong: an event is longer than MaxEvent.
var ErrTooLong = fmt.Errorf("an event has more than %d octets", MaxEvent)

// Read reads events one after the other (JSON Lines, as Amazon Data Firehose writes them, or with any white space between) or in one array,
// and hands them over in batches of at most 500. What is JSON and no event of SES is counted in others. After an error what
// came before it has been handed over.
func Read(r io.Reader, each func([]Event) error) (others int, err error) {
	in := &guard{from: r}
	buffered := bufio.NewReader(in)
	in.dec = json.NewDecoder(buffered)
	first, err := firstByte(buffered)
	if err != nil {
		return 0, err
	}
	if first == '[' {
		if _, err := in.dec.Token(); err != nil {
			return 0, fmt.Errorf("reading events: %w", err)
		}
	}
	var list []Event
	for n := 1; first != '[' || in.dec.More(); n++ {
		var raw json.RawMessage
		if err = in.dec.Decode(&raw); err != nil {
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
	if err == nil && first == '[' {
		if _, end := in.dec.Token(); end != nil {
			err = in.explain(end, len(list))
		}
	}
	if len(list) > 0 {
		err = errors.Join(each(list), err)
	}
	return others, err
}

// firstByte looks at the first octet that is no white space.
func firstByte(r *bufio.Reader) (byte, error) {
	for range MaxEvent {
		b, err := r.ReadByte()
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("reading events: %w", err)
		}
		switch b {
		case ' ', '\t', '\r', '\n':
			continue
		}
		return b, r.UnreadByte()
	}
	return 0, ErrTooLong
}

// guard bounds one value: a decoder holds it whole.
type guard struct {
	from io.Reader
	dec  *json.Decoder
	read int64
}

func (g *guard) Read(p []byte) (int, error) {
	// 64 KiB more for what the readers in between hold already.
	if g.dec != nil && g.read-g.dec.InputOffset() > 2*MaxEvent {
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
