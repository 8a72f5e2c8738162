package warmup

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// errNoFile: a folder, a pipe or a device is no log.
var errNoFile = errors.New("not a regular file")

// errPacked: a log was compressed after it was rotated.
var errPacked = errors.New("it is compressed: read its text, as zcat or xzcat writes it into a file")

// packedMagic are the first octets of gzip, zstd, xz and bzip2.
var packedMagic = []string{"\x1f\x8b", "\x28\xb5\x2f\xfd", "\xfd7zXZ", "BZh"}

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

// headOf is a hash of the first line of a file, "" where it has none yet: the line of the same file stays.
func headOf(f io.Reader) (string, error) {
	line, err := bufio.NewReaderSize(io.LimitReader(f, maxLine), headSize).ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		if errors.Is(err, io.EOF) {
			return "", nil
		}
		return "", fmt.Errorf("reading a log: %w", err)
	}
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:]), nil
}
