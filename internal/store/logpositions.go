package store

import (
	"context"
	"fmt"
)

// A log has a name of whoever reads it, and is known by its beginning (head): under one name several files may be read, those before a
// rotation, and those of several nodes.

func logKey(name, head string) string { return text(name + "\n" + head) }

// LogPosition tells how far a log was read. ErrNotFound: it never was.
func (s *Store) LogPosition(ctx context.Context, name, head string) (position int64, err error) {
	err = s.db.reader().queryRow(ctx, `SELECT position FROM log_positions WHERE name = $1`, logKey(name, head)).Scan(&position)
	if err != nil {
		return 0, fmt.Errorf("how far a log was read: %w", s.db.translate(err))
	}
	return position, nil
}

// LogRead reports whether any log of a name was read.
func (s *Store) LogRead(ctx context.Context, name string) (bool, error) {
	var n int64
	start := text(name + "\n")
	err := s.db.reader().queryRow(ctx, `SELECT count(*) FROM log_positions WHERE substr(name, 1, CAST($2 AS INTEGER)) = $1`, start, len([]rune(start))).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("whether a log was read: %w", s.db.translate(err))
	}
	return n > 0, nil
}
