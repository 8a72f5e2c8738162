package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/verify"
)

// target is one file to read, which may hold one message or, as mbox, many.
type target struct {
	name string
	size int64 // -1 where not known
	err  error // it could not be listed
}

// item is one message of a target.
type item struct {
	name string
	raw  []byte
	err  error
	// octets of input that it stands for, for the progress bar.
	octets int64
	// alone: it is all there is, and worth a whole page.
	alone bool
}

// maxDepth bounds how deep folders are followed; links are not followed at all.
const maxDepth = 32

// expand lists the files behind the arguments in order. A Maildir gives what is in
// cur and new; any other folder gives the files in it and below.
func (a *app) expand(args []string) []target {
	var out []target
	for _, arg := range args {
		if arg == "-" {
			out = append(out, target{name: arg, size: -1})
			continue
		}
		info, err := os.Stat(arg)
		switch {
		case err != nil:
			out = append(out, target{name: arg, err: a.fileError(arg, err)})
		case info.IsDir():
			before := len(out)
			if out = a.folder(out, arg); len(out) == before {
				out = append(out, target{name: arg, err: errors.New(a.say(msgEmptyFolder, "file", arg))})
			}
		default:
			out = append(out, target{name: arg, size: sizeOf(info)})
		}
	}
	return out
}

// sizeOf is -1 for what has no size before it is read: pipes, devices.
func sizeOf(info fs.FileInfo) int64 {
	if info.Mode().IsRegular() {
		return info.Size()
	}
	return -1
}

// folder appends the files of a folder, sorted by name.
func (a *app) folder(out []target, root string) []target {
	walk := func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			out = append(out, target{name: path, err: a.fileError(path, err)})
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir():
			if skipFolder(root, path, d.Name()) {
				return fs.SkipDir
			}
		case d.Type().IsRegular() && !strings.HasPrefix(d.Name(), ".") && !inMaildirTop(path):
			size := int64(-1)
			if info, err := d.Info(); err == nil {
				size = info.Size()
			}
			out = append(out, target{name: path, size: size})
		}
		return nil
	}
	// A root that is a link is what the user asked for: the separator follows it.
	root = strings.TrimRight(root, string(filepath.Separator)) + string(filepath.Separator)
	_ = filepath.WalkDir(root, walk) // walk keeps every error with its file
	return out
}

// skipFolder leaves out what is still being delivered to a Maildir, and what is too
// deep or hidden. The folders of a Maildir++ begin with a dot, and are wanted.
func skipFolder(root, path, name string) bool {
	rel, err := filepath.Rel(root, path)
	if err != nil || rel == "." {
		return false
	}
	if strings.Count(rel, string(filepath.Separator)) >= maxDepth {
		return true
	}
	if name == "tmp" && isMaildir(filepath.Dir(path)) {
		return true
	}
	return strings.HasPrefix(name, ".") && !isMaildir(path)
}

// isMaildir reports whether a folder is one: it has cur and new.
func isMaildir(path string) bool {
	for _, sub := range []string{"cur", "new"} {
		if info, err := os.Stat(filepath.Join(path, sub)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

// inMaildirTop reports whether a file lies directly in a Maildir: indexes and
// lists of its server, no messages.
func inMaildirTop(path string) bool { return isMaildir(filepath.Dir(path)) }

// each gives every message of the targets in order, until yield or ctx says stop.
func (a *app) each(ctx context.Context, targets []target, yield func(item) bool) {
	for _, t := range targets {
		if ctx.Err() != nil || !a.messages(ctx, t, len(targets) == 1, yield) {
			return
		}
	}
}

// messages gives the messages of one target; false means stop.
func (a *app) messages(ctx context.Context, t target, alone bool, yield func(item) bool) bool {
	fail := func(err error) bool {
		return yield(item{name: t.name, err: err, octets: max(t.size, 0)})
	}
	if t.err != nil {
		return fail(t.err)
	}
	in := a.In
	if t.name != "-" {
		f, err := os.Open(t.name)
		if err != nil {
			return fail(a.fileError(t.name, err))
		}
		defer f.Close()
		in = f
	}
	r := bufio.NewReaderSize(in, 64<<10)
	if isMbox(r) {
		return a.mbox(ctx, t, r, yield)
	}
	if t.size > verify.MaxMessage {
		return fail(a.fileError(t.name, errTooLarge))
	}
	raw, err := readLimited(r)
	if err != nil {
		return fail(a.fileError(t.name, err))
	}
	return yield(item{name: t.name, raw: raw, octets: int64(len(raw)), alone: alone})
}

func (a *app) mbox(ctx context.Context, t target, r *bufio.Reader, yield func(item) bool) bool {
	m := newMboxReader(r)
	for n := 1; ; n++ {
		if ctx.Err() != nil {
			return false
		}
		before := m.consumed
		raw, err := m.Next()
		if errors.Is(err, io.EOF) {
			return true
		}
		it := item{name: fmt.Sprintf("%s#%d", t.name, n), raw: slices.Clip(raw), octets: m.consumed - before}
		if err != nil {
			it.err = a.fileError(it.name, err)
		}
		if !yield(it) {
			return false
		}
		if err != nil && !errors.Is(err, errTooLarge) {
			return true // the file itself cannot be read on
		}
	}
}
