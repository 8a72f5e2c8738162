package store

import (
	"context"
	"time"
)

// One step of Prune deletes at most so many rows and octets, so that received mail
// never waits long for it.
const (
	pruneRows  = 200
	pruneBytes = 64 << 20
)

// pruneAll repeats one kind of step until it deletes nothing.
func (s *Store) pruneAll(ctx context.Context, step func(context.Context, querier) (int64, error)) (int, error) {
	for total := 0; ; {
		var n int64
		err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) (err error) {
			n, err = step(ctx, q)
			return err
		})
		if err != nil {
			return total, err
		}
		if n == 0 {
			return total, nil
		}
		total += int(n)
		if err := s.db.reclaim(ctx); err != nil {
			return total, err
		}
	}
}

func pruneMailboxes(now time.Time) func(context.Context, querier) (int64, error) {
	return func(ctx context.Context, q querier) (int64, error) {
		return q.exec(ctx, `DELETE FROM mailboxes WHERE token IN
			(SELECT token FROM mailboxes WHERE expires > 0 AND expires <= $1 LIMIT $2)`, millis(now), pruneRows)
	}
}

// pruneMessages deletes the oldest ones, always at least one, until a step's octets
// are spent.
func pruneMessages(before int64) func(context.Context, querier) (int64, error) {
	return func(ctx context.Context, q querier) (int64, error) {
		return q.exec(ctx, `DELETE FROM messages WHERE seq IN (
			SELECT seq FROM (
				SELECT seq, sum(size) OVER (ORDER BY received, seq) - size AS earlier FROM (
					SELECT seq, received, size FROM messages WHERE received < $1 ORDER BY received, seq LIMIT $2
				) AS oldest
			) AS sums WHERE earlier < $3)`, before, pruneRows, pruneBytes)
	}
}

func pruneSessions(before int64) func(context.Context, querier) (int64, error) {
	return func(ctx context.Context, q querier) (int64, error) {
		return q.exec(ctx, `DELETE FROM sessions WHERE seq IN
			(SELECT seq FROM sessions WHERE at < $1 ORDER BY at LIMIT $2)`, before, pruneRows)
	}
}
