package store

import (
	"context"
	"fmt"
)

// A log is known by the address whose deliveries it tells of and by its beginning (head), whatever its name is: it may be read by several
// names, before and after it was rotated, and several nodes may have logs of one name. A row with no head says that one of that name was read.

func logKey(source, head string) string { return text(source + "\n" + head) }

// LogPosition tells how far a log was read. ErrNotFound: it never was.
func (s *Store) LogPosition(ctx context.Context, source, head string) (position int64, err error) {
	err = s.db.reader().queryRow(ctx, `SELECT position FROM log_positions WHERE name = $1`, logKey(source, head)).Scan(&position)
	if err != nil {
		return 0, fmt.Errorf("how far a log was read: %w", s.db.translate(err))
	}
	return position, nil
}

// LogRead reports whether any log of a name was read: see [Deliveries.NameLog].
func (s *Store) LogRead(ctx context.Context, name string) (bool, error) {
	var n int64
	start := text(name + "\n")
	err := s.db.reader().queryRow(ctx, `SELECT count(*) FROM log_positions WHERE substr(name, 1, CAST($2 AS INTEGER)) = $1`, start, len([]rune(start))).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("whether a log was read: %w", s.db.translate(err))
	}
	return n > 0, nil
}
