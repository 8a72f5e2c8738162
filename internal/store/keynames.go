package store

import (
	"context"
	"fmt"
	"time"
)

// DKIMName is a selector that a series of keys has for good, beside others: they alternate.
type DKIMName struct {
	Series, Selector string
	// Target is where the record of a key of that name is, where the name is an alias; "" for none.
	Target string
	// Position orders them.
	Position int
}

// AddNamedKey is AddKey for the first key of a series whose selectors alternate. Their Series is filled in.
func (s *Store) AddNamedKey(ctx context.Context, k *DKIMKey, names []DKIMName, patterns ...DKIMPattern) error {
	return s.addKey(ctx, k, names, patterns)
}

func insertName(ctx context.Context, q querier, n DKIMName) error {
	_, err := q.exec(ctx, `INSERT INTO dkim_names (series, selector, target, position) VALUES ($1, $2, $3, $4)`, text(n.Series), text(n.Selector), text(n.Target), n.Position)
	return err
}

// KeyNames lists the alternating selectors of a series, "" for all, by series and position.
func (s *Store) KeyNames(ctx context.Context, series string) ([]DKIMName, error) {
	scan := func(r row) (n DKIMName, err error) {
		return n, r.Scan(&n.Series, &n.Selector, &n.Target, &n.Position)
	}
	list, err := collect(ctx, s.db.reader(), scan, `SELECT series, selector, target, position FROM dkim_names WHERE $1 = '' OR series = $1 ORDER BY series, position`, text(series))
	if err != nil {
		return nil, fmt.Errorf("listing selectors: %w", s.db.translate(err))
	}
	return list, nil
}

// Clock is what is known of the clock by which a piece of work goes. The zero value: nothing.
type Clock struct {
	// At is when the work was last done, by that clock; Since is when the clock last jumped, by itself after the jump; zero: never.
	At, Since time.Time
}

// Clock gives that of a piece of work.
func (s *Store) Clock(ctx context.Context, name string) (c Clock, err error) {
	scan := func(r row) (c Clock, err error) {
		var at, since int64
		err = r.Scan(&at, &since)
		return Clock{fromMillis(at), fromMillis(since)}, err
	}
	list, err := collect(ctx, s.db.reader(), scan, `SELECT at, since FROM clocks WHERE name = $1`, text(name))
	if err != nil {
		return c, fmt.Errorf("looking at the clock of %s: %w", name, s.db.translate(err))
	}
	if len(list) > 0 {
		c = list[0]
	}
	return c, nil
}

// SetClock keeps it. ErrConflict: it is not was any more.
func (s *Store) SetClock(ctx context.Context, name string, was, now Clock) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error { return setClock(ctx, q, name, was, now) })
	if err != nil {
		return fmt.Errorf("keeping the clock of %s: %w", name, err)
	}
	return nil
}

func setClock(ctx context.Context, q querier, name string, was, now Clock) error {
	n, err := int64(0), error(nil)
	if was.At.IsZero() {
		n, err = q.exec(ctx, `INSERT INTO clocks (name, at, since) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING`, text(name), millis(now.At), millis(now.Since))
	} else {
		n, err = q.exec(ctx, `UPDATE clocks SET at = $2, since = $3 WHERE name = $1 AND at = $4`, text(name), millis(now.At), millis(now.Since), millis(was.At))
	}
	if err == nil && n == 0 {
		err = ErrConflict
	}
	return err
}

// ShiftKeys moves the times of keys along with a clock that jumped by so much, and keeps the clock, all in one: what is left to wait for stays what it was,
// and so does the age of those that sign. A key that waits for caches begins its wait anew. ErrConflict: the clock is not was any more.
func (s *Store) ShiftKeys(ctx context.Context, name string, was, now Clock, by time.Duration) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		if err := setClock(ctx, q, name, was, now); err != nil {
			return err
		}
		for _, change := range []string{
			`UPDATE dkim_keys SET due = due + $1, version = version + 1 WHERE due > 0 AND (state = 'retiring' OR state = 'removed')`,
			`UPDATE dkim_keys SET signing = signing + $1, version = version + 1 WHERE signing > 0 AND state = 'signing'`,
		} {
			if _, err := q.exec(ctx, change, by.Milliseconds()); err != nil {
				return err
			}
		}
		if _, err := q.exec(ctx, `UPDATE dkim_keys SET state = 'prepared', seen = 0, due = 0, version = version + 1 WHERE state = 'published'`); err != nil {
			return err
		}
		return countKeys(ctx, q)
	})
	if err != nil {
		return fmt.Errorf("moving the times of keys along with the clock: %w", err)
	}
	return nil
}
