package srs

import (
	"bytes"
	"errors"
)

// ParseSecrets reads the file of secrets that postsrsd has: one a line, the first signs. Empty lines are passed over; a CR
// at the end of a line is no part of it.
func ParseSecrets(file []byte) ([][]byte, error) {
	if len(file) > 64<<10 {
		return nil, errors.New("srs: the file of secrets is longer than 64 KiB")
	}
	var out [][]byte
	for line := range bytes.SplitSeq(file, []byte("\n")) {
		if line = bytes.TrimSuffix(line, []byte("\r")); len(line) > 0 {
			out = append(out, bytes.Clone(line))
		}
	}
	if len(out) == 0 {
		return nil, errors.New("srs: the file holds no secret: write one a line, such as 24 random characters")
	}
	return out, nil
}
