package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/todoku/todoku/internal/verify"
	"github.com/todoku/todoku/message"
)

// errTooLarge: a message over the limit of every door.
var errTooLarge = fmt.Errorf("the message is larger than %d MiB", verify.MaxMessage>>20)

// readLimited reads one whole message, never more than the limit.
func readLimited(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, verify.MaxMessage+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > verify.MaxMessage {
		return nil, errTooLarge
	}
	return raw, nil
}

// readMessage reads the one message of a filter: FILE, or stdin for "-" or nothing.
// A file whose lines all end in LF is read as CRLF, with a note.
func (a *app) readMessage(args []string) ([]byte, error) {
	if len(args) > 1 {
		return nil, usagef("%s", a.say(msgOneFile))
	}
	name := "-"
	if len(args) == 1 {
		name = args[0]
	}
	raw, err := a.readFile(name)
	if err != nil {
		return nil, lookError{err}
	}
	out, changed := message.NormalizeFile(raw)
	if changed {
		fmt.Fprintln(a.Err, a.say(msgConverted, "file", name))
	}
	return out, nil
}

func (a *app) readFile(name string) ([]byte, error) {
	if name == "-" {
		raw, err := readLimited(a.In)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.say(msgReadStdin), err)
		}
		return raw, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, a.fileError(name, err)
	}
	defer f.Close()
	raw, err := readLimited(f)
	if err != nil {
		return nil, a.fileError(name, err)
	}
	return raw, nil
}

// fileError says which file could not be read, and why, once.
func (a *app) fileError(name string, err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%s: %w", a.say(msgReadFile, "file", name), a.reason(err))
}

// writeError says that a file cannot be made or written, and why.
func (a *app) writeError(name string, err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	if errors.Is(err, os.ErrNotExist) { // of a new file that is said of its folder
		return errors.New(a.say(msgNoFolder, "file", name, "folder", filepath.Dir(name)))
	}
	return fmt.Errorf("%s: %w", a.say(msgWriteFile, "file", name), a.reason(err))
}
