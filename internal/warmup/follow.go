package warmup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// mostBatches bounds what one Poll reads.
const mostBatches = 50

// Follower reads a mail log as it grows, also when it is rotated (renamed, or copied and cut), and notes what became of deliveries. It is
// for one goroutine.
type Follower struct {
	store        *store.Store
	source, name string
	file         *os.File // nil: not open
	head         string
	position     int64
	pending      map[string]Outcome // what is not noted yet
	read         int                // deliveries in pending
}

// NewFollower makes a follower for the log of a source address.
func NewFollower(st *store.Store, source, name string) *Follower {
	return &Follower{store: st, source: source, name: name, pending: map[string]Outcome{}}
}

// Poll takes in what is new. It gives how many deliveries were noted. After an error it goes on where it was, and nothing is noted twice.
// A log that was never read before is read from its present end: what is old says nothing of today.
func (f *Follower) Poll(ctx context.Context, now time.Time) (deliveries int, err error) {
	if err := f.flush(ctx, now); err != nil { // of the last time
		return 0, err
	}
	if f.file == nil {
		if err := f.open(ctx); err != nil || f.file == nil {
			return 0, err
		}
	}
	for range mostBatches {
		n, err := f.batch()
		if err != nil {
			return deliveries, err
		}
		deliveries += f.read
		if err := f.flush(ctx, now); err != nil {
			return deliveries, err
		}
		if n > 0 {
			continue
		}
		if again, err := f.turn(); !again || err != nil {
			return deliveries, err
		}
	}
	return deliveries, nil
}

// Close closes the log.
func (f *Follower) Close() {
	if f.file != nil {
		_ = f.file.Close()
		f.file = nil
	}
}

// open opens the log where it was left: in the file before it, where it was rotated meanwhile.
func (f *Follower) open(ctx context.Context) error {
	was, err := f.store.LogHead(ctx, f.name)
	if err != nil {
		return err
	}
	file, head, err := openLog(f.name)
	if err != nil || file == nil {
		return err
	}
	var position int64
	switch {
	case was == "": // never read
		if position, err = file.Seek(0, io.SeekEnd); err != nil {
			_ = file.Close()
			return fmt.Errorf("reading a log: %w", err)
		}
	case was == head:
		if position, err = f.store.LogPosition(ctx, f.name, head); err != nil {
			_ = file.Close()
			return err
		}
	default:
		before, headBefore, err := openLog(f.name + ".1")
		switch {
		case err == nil && before != nil && headBefore == was:
			_ = file.Close()
			file, head = before, headBefore
			if position, err = f.store.LogPosition(ctx, f.name, head); err != nil {
				_ = file.Close()
				return err
			}
		case before != nil:
			_ = before.Close()
		}
	}
	f.file, f.head, f.position = file, head, position
	return f.store.SetLogPosition(ctx, f.name, head, position)
}

// openLog opens a log and knows it by its first line; nil where it has none yet, or is not there.
func openLog(name string) (*os.File, string, error) {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil // between two files
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading a log: %w", err)
	}
	head, err := headOf(file)
	if err != nil || head == "" {
		_ = file.Close()
		return nil, "", err
	}
	return file, head, nil
}

// batch reads some lines into pending. It gives how many octets were new.
func (f *Follower) batch() (int, error) {
	info, err := f.file.Stat()
	if err != nil {
		return 0, fmt.Errorf("reading a log: %w", err)
	}
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("reading a log: %w", err)
	}
	head, err := headOf(f.file)
	if err != nil || head == "" {
		return 0, err
	}
	if info.Size() < f.position || head != f.head { // cut, and perhaps longer than before by now
		f.head, f.position = head, 0
	}
	if _, err := f.file.Seek(f.position, io.SeekStart); err != nil {
		return 0, fmt.Errorf("reading a log: %w", err)
	}
	lines, n, err := nextLines(bufio.NewReaderSize(f.file, maxLine))
	if err != nil {
		return 0, fmt.Errorf("reading a log: %w", err)
	}
	for provider, o := range Outcomes(lines) {
		f.read += o.Delivered + o.Deferred + o.Refused
		was := f.pending[provider]
		f.pending[provider] = Outcome{was.Delivered + o.Delivered, was.Deferred + o.Deferred, was.Refused + o.Refused, max(was.Silence, o.Silence)}
	}
	f.position += int64(n)
	return n, nil
}

// flush notes what is pending, and how far the log was read.
func (f *Follower) flush(ctx context.Context, now time.Time) error {
	if f.file == nil {
		return nil
	}
	for provider, o := range f.pending {
		if err := Note(ctx, f.store, f.source, provider, o, now); err != nil {
			return err
		}
		delete(f.pending, provider)
	}
	f.read = 0
	return f.store.SetLogPosition(ctx, f.name, f.head, f.position)
}

// turn goes to the next file, where the log was renamed and its successor has begun. What is read to its end is left.
func (f *Follower) turn() (again bool, err error) {
	here, err := f.file.Stat()
	if err != nil {
		return false, fmt.Errorf("reading a log: %w", err)
	}
	there, err := os.Stat(f.name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && os.SameFile(here, there) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading a log: %w", err)
	}
	file, head, err := openLog(f.name)
	if err != nil || file == nil {
		return false, err
	}
	f.Close()
	f.file, f.head, f.position = file, head, 0
	return true, nil
}
