package warmup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// errNoFile: a folder, a pipe or a device is no log.
var errNoFile = errors.New("not a regular file")

// errPacked: a log was compressed after it was rotated.
var errPacked = errors.New("it is compressed: read its text, as zcat or xzcat writes it into a file")

// packedMagic are the first octets of gzip, zstd, xz and bzip2.
var packedMagic = []string{"\x1f\x8b", "\x28\xb5\x2f\xfd", "\xfd7zXZ", "BZh"}

// mostBatches bounds what one Poll reads.
const mostBatches = 50

// Follower reads a mail log as it grows, also when it is rotated (renamed, or copied and cut), and notes what became of deliveries. It is
// for one goroutine.
type Follower struct {
	store        *store.Store
	source, name string
	mark         string // by which the store knows how far it was read
	fromStart    bool   // a log that was never read is read from its beginning
	file         *os.File
	head         string
	position     int64
	kept         int64    // the position that the store has
	next         []string // files to read before the log itself
	pending      *reading // what is not noted yet
}

// NewFollower makes a follower for the log of a source address.
func NewFollower(st *store.Store, source, name string) *Follower {
	return &Follower{store: st, source: source, name: name, mark: source + " " + name, pending: newReading()}
}

// Poll takes in what is new. After an error it goes on where it was, and nothing is noted twice. A log that was never read before is read
// from its present end: what is old says nothing of today.
func (f *Follower) Poll(ctx context.Context, now time.Time) (LogRead, error) {
	read, _, err := f.poll(ctx, now)
	return read, err
}

// poll reports whether there may be more.
func (f *Follower) poll(ctx context.Context, now time.Time) (all LogRead, more bool, err error) {
	if err := f.flush(ctx, now); err != nil { // of the last time
		return all, false, err
	}
	if f.file == nil {
		if err := f.open(ctx); err != nil || f.file == nil {
			return all, false, err
		}
	}
	for range mostBatches {
		n, err := f.batch(now)
		if err != nil {
			return all, false, err
		}
		all.Deliveries += f.pending.Deliveries
		all.Old += f.pending.Old
		f.pending.LogRead = LogRead{}
		if err := f.flush(ctx, now); err != nil {
			return all, false, err
		}
		if n > 0 {
			continue
		}
		if again, err := f.turn(ctx); !again || err != nil {
			return all, false, err
		}
	}
	return all, true, nil
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
	if err == nil && !known && !f.fromStart {
		var ever bool
		if ever, err = f.store.LogRead(ctx, f.mark); err == nil && !ever {
			position, err = file.Seek(0, io.SeekEnd)
		}
	}
	if err == nil {
		err = f.store.SetLogPosition(ctx, f.mark, head, position)
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
	position, err = f.store.LogPosition(ctx, f.mark, head)
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

// openLog opens a log and knows it by its first line; nil where it has none yet, or is not there.
func openLog(name string) (*os.File, string, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() { // to open a pipe would wait for who writes it
		return nil, "", fmt.Errorf("reading a log: %w", &os.PathError{Op: "open", Path: name, Err: errNoFile})
	}
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil // between two files
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading a log: %w", err)
	}
	err = textual(file)
	var head string
	if err == nil {
		head, err = headOf(file)
	}
	if err != nil || head == "" {
		_ = file.Close()
		return nil, "", err
	}
	return file, head, nil
}

// textual refuses a file that holds no lines to read.
func textual(file *os.File) error {
	first := make([]byte, 5)
	n, err := file.ReadAt(first, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading a log: %w", err)
	}
	for _, magic := range packedMagic {
		if strings.HasPrefix(string(first[:n]), magic) {
			return fmt.Errorf("reading a log: %w", &os.PathError{Op: "read", Path: file.Name(), Err: errPacked})
		}
	}
	return nil
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
	f.head, f.position, f.kept = head, 0, -1
}

// flush notes what is pending, and how far the log was read.
func (f *Follower) flush(ctx context.Context, now time.Time) error {
	if err := f.pending.settle(ctx, f.store, f.source, now); err != nil {
		return err
	}
	for provider, o := range f.pending.outcomes {
		if err := Note(ctx, f.store, f.source, provider, o, now); err != nil {
			return err
		}
		delete(f.pending.outcomes, provider)
	}
	if f.file == nil || f.kept == f.position {
		return nil
	}
	if err := f.store.SetLogPosition(ctx, f.mark, f.head, f.position); err != nil {
		return err
	}
	f.kept = f.position
	return nil
}

// turn goes to the next file, where the log was renamed and its successor has begun. What is read to its end is left.
func (f *Follower) turn(ctx context.Context) (again bool, err error) {
	here, err := f.file.Stat()
	if err != nil {
		return false, fmt.Errorf("reading a log: %w", err)
	}
	name := f.name
	if len(f.next) > 0 {
		name = f.next[0]
	}
	there, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) && len(f.next) == 0 || err == nil && os.SameFile(here, there) {
		return false, nil
	}
	if err != nil && len(f.next) == 0 {
		return false, fmt.Errorf("reading a log: %w", err)
	}
	file, head, err := openLog(name)
	if len(f.next) > 0 {
		if f.next = f.next[1:]; err != nil || file == nil {
			return true, nil // removed or compressed meanwhile
		}
	}
	if err != nil || file == nil {
		return false, err
	}
	if head != f.head {
		if err := f.store.ForgetLog(ctx, f.mark, f.head); err != nil {
			_ = file.Close()
			return false, err
		}
	}
	f.Close()
	f.file, f.head, f.position, f.kept = file, head, 0, -1
	return true, nil
}
