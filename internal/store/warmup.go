package store

import (
	"context"
	"fmt"
)

// Warmup is the state of a source address towards one provider.
type Warmup struct {
	Source, Provider string
	State            string // JSON of package warmup
	// Version counts changes: an update of another version is refused. 0: it is new.
	Version int64
}

// Warmups lists them by source and provider.
func (s *Store) Warmups(ctx context.Context) ([]Warmup, error) {
	list, err := collect(ctx, s.db.reader(), scanWarmup, `SELECT source, provider, state, version FROM warmups ORDER BY source, provider`)
	if err != nil {
		return nil, fmt.Errorf("listing warm-ups: %w", s.db.translate(err))
	}
	return list, nil
}

// Warmup gives one. ErrNotFound.
func (s *Store) Warmup(ctx context.Context, source, provider string) (Warmup, error) {
	w, err := scanWarmup(s.db.reader().queryRow(ctx, `SELECT source, provider, state, version FROM warmups WHERE source = $1 AND provider = $2`, text(source), text(provider)))
	if err != nil {
		return w, fmt.Errorf("warm-up: %w", s.db.translate(err))
	}
	return w, nil
}

func scanWarmup(r row) (w Warmup, err error) {
	return w, r.Scan(&w.Source, &w.Provider, &w.State, &w.Version)
}

// SetWarmup keeps one, and raises its Version. ErrConflict: somebody else changed it, or made or ended it, meanwhile.
func (s *Store) SetWarmup(ctx context.Context, w *Warmup) error {
	err := s.committer.do(ctx, len(w.State), func(ctx context.Context, q querier) error {
		query := `UPDATE warmups SET state = $3, version = version + 1 WHERE source = $1 AND provider = $2 AND version = $4`
		if w.Version == 0 {
			query = `INSERT INTO warmups (source, provider, state, version) VALUES ($1, $2, $3, $4 + 1) ON CONFLICT (source, provider) DO NOTHING`
		}
		n, err := q.exec(ctx, query, text(w.Source), text(w.Provider), text(w.State), w.Version)
		if err == nil && n == 0 {
			return ErrConflict
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping a warm-up: %w", err)
	}
	w.Version++
	return nil
}

// EndWarmup forgets one. ErrNotFound.
func (s *Store) EndWarmup(ctx context.Context, source, provider string) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `DELETE FROM warmups WHERE source = $1 AND provider = $2`, text(source), text(provider))
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("ending a warm-up: %w", err)
	}
	return nil
}
