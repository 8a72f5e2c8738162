package store

import (
	"context"
	"fmt"
)

// KeyMasters lists the names of the master keys that private keys are encrypted with, each once, sorted.
func (s *Store) KeyMasters(ctx context.Context) ([]string, error) {
	scan := func(r row) (name string, err error) { return name, r.Scan(&name) }
	list, err := collect(ctx, s.db.reader(), scan, `SELECT DISTINCT master FROM dkim_keys WHERE length(sealed) > 0 ORDER BY master`)
	if err != nil {
		return nil, fmt.Errorf("looking for master keys: %w", s.db.translate(err))
	}
	return list, nil
}
