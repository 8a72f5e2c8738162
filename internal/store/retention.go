package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Retention is how long what is stored can be had; 0 is for ever.
type Retention struct {
	// Messages are also sessions that delivered nothing; Checks those of people and of
	// nobody in particular.
	Messages, Checks time.Duration
	// VisitorChecks are those of visitors who did not sign in.
	VisitorChecks time.Duration
}

// VisitorOwner begins the Owner of a run of a visitor who did not sign in.
const VisitorOwner = "visitor:"

// SetRetention has what is older count as gone at once; PruneOlder deletes it.
func (s *Store) SetRetention(r Retention) { s.retention.Store(&r) }

// gone reports whether something of a time counts as deleted.
func (s *Store) gone(at time.Time, keep func(Retention) time.Duration) bool {
	r := s.retention.Load()
	if r == nil {
		return false
	}
	d := keep(*r)
	return d > 0 && !s.now().Before(at.Add(d))
}

func (s *Store) messageGone(received time.Time) bool {
	return s.gone(received, func(r Retention) time.Duration { return r.Messages })
}

func (s *Store) runGone(r *Run) bool {
	return s.gone(r.At, func(k Retention) time.Duration {
		if strings.HasPrefix(r.Owner, VisitorOwner) {
			return k.VisitorChecks
		}
		return k.Checks
	})
}

// Prune is PruneOlder with one time for everything.
func (s *Store) Prune(ctx context.Context, now time.Time, keep time.Duration) (int, error) {
	return s.PruneOlder(ctx, now, Retention{Messages: keep, Checks: keep, VisitorChecks: keep})
}

// PruneOlder deletes what expired before now: mailboxes, logins, shares, runs of the lab and outbound mail past their
// time, and messages, checks and failed sessions that are older. It works in small bounded steps, between which others
// write, until nothing is left to delete or ctx ends, and gives the number of rows deleted
// (also beside an error).
func (s *Store) PruneOlder(ctx context.Context, now time.Time, keep Retention) (int, error) {
	steps := []func(context.Context, querier) (int64, error){pruneMailboxes(now), pruneLogins(now), pruneOutbound(now), pruneReplyAddresses(now), pruneShares(now), pruneTakenEvents(now), pruneComplaints(now.UTC().AddDate(0, 0, -volumeDays).Format(time.DateOnly))}
	steps = append(steps, pruneLab(now)...)
	before := func(d time.Duration) int64 { return millis(now.Add(-d)) }
	if keep.Messages > 0 {
		steps = append(steps, pruneMessages(before(keep.Messages)), pruneSessions(before(keep.Messages)))
	}
	if keep.Checks > 0 {
		steps = append(steps, pruneRuns(before(keep.Checks), false))
	}
	if keep.VisitorChecks > 0 {
		steps = append(steps, pruneRuns(before(keep.VisitorChecks), true))
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
