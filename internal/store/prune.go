package store

import (
	"context"
	"fmt"
	"time"
)

// One step of Prune deletes at most so many rows and octets, so that received mail
// never waits long for it.
const (
	pruneRows  = 200
	pruneBytes = 64 << 20
)

// Prune deletes what expired before now: mailboxes, logins, shares, runs of the lab and outbound mail past their time, and messages, checks
// and failed sessions older than keepMessages (0: these are kept for ever). It
// works in small bounded steps, between which others write, until nothing is left
// to delete or ctx ends, and gives the number of rows deleted (also beside an
// error).
func (s *Store) Prune(ctx context.Context, now time.Time, keepMessages time.Duration) (int, error) {
	steps := []func(context.Context, querier) (int64, error){pruneMailboxes(now), pruneLogins(now), pruneOutbound(now), pruneReplyAddresses(now), pruneShares(now)}
	steps = append(steps, pruneLab(now)...)
	if keepMessages > 0 {
		before := millis(now.Add(-keepMessages))
		steps = append(steps, pruneMessages(before), pruneSessions(before), pruneRuns(before))
	}
	total := 0
	for _, step := range steps {
		n, err := s.pruneAll(ctx, step)
		total += n
		if err != nil {
			return total, fmt.Errorf("deleting what expired: %w", s.db.translate(err))
		}
	}
	return total, nil
}

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
