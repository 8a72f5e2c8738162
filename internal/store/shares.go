package store

import (
	"context"
	"fmt"
	"time"
)

// The kinds of what a link shows.
const (
	SharedRun     = "run"     // a check
	SharedMessage = "message" // the verdict of a message
)

// Share is a link that shows a check or a verdict to whoever has it.
type Share struct {
	Token string
	// Kind is one of those above, Of the id of what it shows.
	Kind, Of string
	Expires  time.Time
	// Redact masks what identifies people; of messages.
	Redact bool
	// Once: it shows once. Opened is when it did, zero while it did not.
	Once   bool
	Opened time.Time
}

// sharable are what links can be made to, by kind.
var sharable = map[string]string{
	SharedRun:     `SELECT id FROM runs WHERE id = $1`,
	SharedMessage: `SELECT id FROM messages WHERE id = $1 AND state = 'verified'`,
}

// AddShare makes a link until Expires; the Token is filled in. ErrNotFound where there is nothing to show.
func (s *Store) AddShare(ctx context.Context, x Share) (Share, error) {
	x.Token, x.Opened = NewID(), time.Time{}
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		find := sharable[x.Kind]
		if find == "" {
			return ErrNotFound
		}
		var id string
		if err := q.queryRow(ctx, find, text(x.Of)).Scan(&id); err != nil {
			return err
		}
		_, err := q.exec(ctx, `INSERT INTO shares (token, run, expires, kind, redact, once) VALUES ($1, $2, $3, $4, $5, $6)`,
			x.Token, id, millis(x.Expires), x.Kind, number(x.Redact), number(x.Once))
		return err
	})
	if err != nil {
		return Share{}, fmt.Errorf("sharing: %w", s.db.translate(err))
	}
	return x, nil
}

// Share finds a link. ErrNotFound also when it expired.
func (s *Store) Share(ctx context.Context, token string) (Share, error) {
	if !validName(token) {
		return Share{}, fmt.Errorf("link: %w", ErrNotFound)
	}
	x := Share{Token: token}
	var expires, redact, once, opened int64
	err := s.db.reader().queryRow(ctx, `SELECT run, kind, expires, redact, once, opened FROM shares WHERE token = $1 AND expires > $2`, token, s.now().UnixMilli()).
		Scan(&x.Of, &x.Kind, &expires, &redact, &once, &opened)
	if err != nil {
		return Share{}, fmt.Errorf("link: %w", s.db.translate(err))
	}
	x.Expires, x.Redact, x.Once, x.Opened = fromMillis(expires), redact != 0, once != 0, fromMillis(opened)
	return x, nil
}

// OpenShare uses up a link that shows once. ErrNotFound where it was used up, or expired:
// of several that try at one time one gets through.
func (s *Store) OpenShare(ctx context.Context, token string, at time.Time) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `UPDATE shares SET opened = $2 WHERE token = $1 AND once = 1 AND opened = 0 AND expires > $2`, text(token), millis(at))
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("opening a link: %w", err)
	}
	return nil
}

// EndShares ends every link to one thing.
func (s *Store) EndShares(ctx context.Context, kind, of string) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `DELETE FROM shares WHERE kind = $1 AND run = $2`, text(kind), text(of))
		return err
	})
	if err != nil {
		return fmt.Errorf("ending links: %w", err)
	}
	return nil
}

func pruneShares(now time.Time) func(context.Context, querier) (int64, error) {
	return func(ctx context.Context, q querier) (int64, error) {
		return q.exec(ctx, `DELETE FROM shares WHERE token IN (SELECT token FROM shares WHERE expires <= $1 LIMIT $2)`, millis(now), pruneRows)
	}
}
