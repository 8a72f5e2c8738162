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
	mark         string // by which the store knows that it is read
	fromStart    bool   // a log that was never read is read from its beginning
	file         *os.File
	head         string
	position     int64
	kept         int64    // the position that the store has, -1: none
	gone         []string // heads of logs that were cut
	next         []string // files to read before the log itself
	pending      *reading // what is not noted yet
}

// NewFollower makes a follower for the log of a source address.
func NewFollower(st *store.Store, source, name string) *Follower {
	return &Follower{store: st, source: source, name: name, mark: source + " " + name, pending: newReading()}
}

// Poll takes in what is new. After an error it goes on where it was, and nothing is noted twice, whoever else reads the same. A log that was
// never read before is read from its present end: what is old says nothing of today.
func (f *Follower) Poll(ctx context.Context, now time.Time) (all LogRead, err error) {
	_, err = f.poll(ctx, now, &all)
	return all, err
}

// poll reports whether there may be more, and adds to all what was noted.
func (f *Follower) poll(ctx context.Context, now time.Time, all *LogRead) (more bool, err error) {
	if err := f.flush(ctx, now, all); err != nil { // of the last time
		return false, err
	}
	if f.file == nil {
		if err := f.open(ctx); err != nil || f.file == nil {
			return errors.Is(err, store.ErrMoved), notMoved(err)
		}
	}
	for range mostBatches {
		n, err := f.batch(now)
		if err != nil {
			return false, err
		}
		if err := f.flush(ctx, now, all); err != nil || f.file == nil {
			return f.file == nil, err
		}
		if n > 0 {
			continue
		}
		again, err := f.turn(ctx, now)
		if errors.Is(err, store.ErrMoved) {
			f.Close()
			return true, nil
		}
		if !again || err != nil {
			return false, err
		}
	}
	return true, nil
}

// notMoved is an error, unless it is that somebody else read on.
func notMoved(err error) error {
	if errors.Is(err, store.ErrMoved) {
		return nil
	}
	return err
}

// Close closes the log.
func (f *Follower) Close() {
	if f.file != nil {
		_ = f.file.Close()
		f.file = nil
	}
}

// open opens the log where it was left: in a file before it, where it was rotated meanwhile.
func (f *Follower) open(ctx context.Context) error {
	file, head, err := openLog(f.name)
	if err != nil || file == nil {
		return err
	}
	position, known, err := f.left(ctx, head)
	if err == nil && !known {
		var before *os.File
		if before, head, position, err = f.before(ctx, head); before != nil {
			_ = file.Close()
			file, known = before, true
		}
	}
	ever := false
	if err == nil {
		ever, err = f.store.LogRead(ctx, f.mark)
	}
	if err == nil && !known && !f.fromStart && !ever {
		position, err = file.Seek(0, io.SeekEnd)
	}
	if err == nil && (!known || !ever) {
		err = f.store.NoteDeliveries(ctx, 0, func(ctx context.Context, d *store.Deliveries) error {
			err := d.NameLog(ctx, f.mark)
			if err == nil && !known {
				err = d.MoveLog(ctx, f.source, head, -1, position)
			}
			return err
		})
	}
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("reading a log: %w", err)
	}
	f.file, f.head, f.position, f.kept = file, head, position, position
	return nil
}

// left tells where a log was left.
func (f *Follower) left(ctx context.Context, head string) (position int64, known bool, err error) {
	position, err = f.store.LogPosition(ctx, f.source, head)
	if errors.Is(err, store.ErrNotFound) {
		return 0, false, nil
	}
	return position, err == nil, err
}

// before finds the file in which the log was left before it was rotated, nil where there is none, and notes which are to be read after it.
func (f *Follower) before(ctx context.Context, own string) (*os.File, string, int64, error) {
	var later []string
	for _, name := range rotated(f.name) { // the youngest first
		file, head, err := openLog(name)
		if err != nil || file == nil || head == own {
			if file != nil {
				_ = file.Close()
			}
			continue // one that may not be read is as good as not there
		}
		position, known, err := f.left(ctx, head)
		if err == nil && known {
			f.next = later
			return file, head, position, nil
		}
		_ = file.Close()
		if err != nil {
			return nil, own, 0, err
		}
		later = append([]string{name}, later...)
	}
	return nil, own, 0, nil
}

// batch reads some lines into pending. It gives how many octets were new.
func (f *Follower) batch(now time.Time) (int, error) {
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
		f.cut(head)
	}
	if _, err := f.file.Seek(f.position, io.SeekStart); err != nil {
		return 0, fmt.Errorf("reading a log: %w", err)
	}
	lines, n, err := nextLines(bufio.NewReaderSize(f.file, maxLine))
	if err != nil {
		return 0, fmt.Errorf("reading a log: %w", err)
	}
	f.pending.read(lines, now)
	f.position += int64(n)
	return n, nil
}

// cut goes on in the copy that was made before the log was cut, where there is one: its end may not have been read.
func (f *Follower) cut(head string) {
	for _, name := range rotated(f.name) {
		file, was, err := openLog(name)
		if err != nil || file == nil {
			continue
		}
		if was == f.head && was != head {
			f.Close()
			f.file = file
			return
		}
		_ = file.Close()
	}
	if f.position = 0; head != f.head {
		f.gone, f.head, f.kept = append(f.gone, f.head), head, -1
	}
}

// flush notes what is pending together with how far the log was read. Where somebody else read it meanwhile, what is pending is theirs, and the log
// is closed, to be opened where they are.
func (f *Follower) flush(ctx context.Context, now time.Time, all *LogRead) error {
	if f.file == nil || f.kept == f.position {
		return nil
	}
	err := together(ctx, f.store, 100*len(f.pending.late), func(ctx context.Context, d *store.Deliveries) error {
		if err := d.MoveLog(ctx, f.source, f.head, f.kept, f.position); err != nil {
			return err
		}
		for _, head := range f.gone {
			if err := d.LeaveLog(ctx, f.source, head, now); err != nil {
				return err
			}
		}
		return f.pending.note(ctx, d, f.source, now)
	})
	switch {
	case errors.Is(err, store.ErrMoved):
		f.Close()
	case err != nil:
		return err
	default:
		all.add(f.pending.LogRead)
		f.kept = f.position
	}
	f.pending, f.gone = newReading(), nil
	return nil
}

// turn goes to the next file, where the log was renamed and its successor has begun. What is read to its end is left.
func (f *Follower) turn(ctx context.Context, now time.Time) (again bool, err error) {
	here, err := f.file.Stat()
	if err != nil {
		return false, fmt.Errorf("reading a log: %w", err)
	}
	there, err := os.Stat(f.name)
	switch {
	case len(f.next) > 0:
	case errors.Is(err, fs.ErrNotExist) || err == nil && os.SameFile(here, there):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading a log: %w", err)
	default:
		f.next = between(f.name, here)
	}
	name := f.name
	if len(f.next) > 0 {
		name, f.next = f.next[0], f.next[1:]
	}
	file, head, err := openLog(name)
	switch {
	case name != f.name && (err != nil || file == nil || head == f.head): // removed or compressed meanwhile, or a copy
		if file != nil {
			_ = file.Close()
		}
		return true, nil
	case err != nil || file == nil:
		return false, err
	case head == f.head: // a copy in the place of the log
		f.Close()
		f.file = file
		return true, nil
	}
	err = f.store.NoteDeliveries(ctx, 0, func(ctx context.Context, d *store.Deliveries) error {
		if err := d.LeaveLog(ctx, f.source, f.head, now); err != nil {
			return err
		}
		return d.MoveLog(ctx, f.source, head, -1, 0)
	})
	if err != nil {
		_ = file.Close()
		return false, err
	}
	f.Close()
	f.file, f.head, f.position, f.kept = file, head, 0, 0
	return true, nil
}
