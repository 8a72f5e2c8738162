package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// SetDropAfter has the body of every message go so long after its verdict, 0 for never. A
// mailbox may ask for sooner. ScheduleDrops does so for messages that have theirs already.
func (s *Store) SetDropAfter(d time.Duration) { s.dropAfter.Store(d.Milliseconds()) }

// DropAfter is what SetDropAfter set.
func (s *Store) DropAfter() time.Duration {
	return time.Duration(s.dropAfter.Load()) * time.Millisecond
}

// dropAt is when the body of a message that gets its verdict now is due to go: $A is what
// the server asks for, $B now, both in milliseconds.
const dropAt = `CASE WHEN drop_after > 0 AND (CAST($A AS BIGINT) = 0 OR drop_after < CAST($A AS BIGINT)) THEN CAST($B AS BIGINT) + drop_after
	WHEN CAST($A AS BIGINT) > 0 THEN CAST($B AS BIGINT) + CAST($A AS BIGINT) ELSE 0 END`

// setDropAt is dropAt with the numbers of its parameters.
func setDropAt(after, now string) string {
	return strings.NewReplacer("$A", after, "$B", now).Replace(dropAt)
}

// SetMailboxDrop has the bodies of messages that come to a mailbox from now on go so long
// after their verdict, 0 for what the server does. ErrNotFound.
func (s *Store) SetMailboxDrop(ctx context.Context, token string, d time.Duration) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `UPDATE mailboxes SET drop_after = $2 WHERE token = $1`, text(strings.ToLower(token)), max(d.Milliseconds(), 0))
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("changing a mailbox: %w", err)
	}
	return nil
}

// ScheduleDrops has the bodies of messages go that got their verdicts before the server
// was told to drop any. It works in small steps.
func (s *Store) ScheduleDrops(ctx context.Context) error {
	after := s.dropAfter.Load()
	if after <= 0 {
		return nil
	}
	_, err := s.pruneAll(ctx, func(ctx context.Context, q querier) (int64, error) {
		return q.exec(ctx, `UPDATE messages SET drop_at = `+setDropAt("$1", "evidence_time")+` WHERE seq IN
			(SELECT seq FROM messages WHERE drop_at = 0 AND dropped = 0 AND state = 'verified' LIMIT $2)`, after, pruneRows)
	})
	if err != nil {
		return fmt.Errorf("looking for bodies to drop: %w", s.db.translate(err))
	}
	return nil
}

// BodiesDue lists the ids of messages whose bodies are due to go, the first first.
func (s *Store) BodiesDue(ctx context.Context, now time.Time, limit int) ([]string, error) {
	ids, err := collect(ctx, s.db.reader(), func(r row) (id string, err error) {
		return id, r.Scan(&id)
	}, `SELECT id FROM messages WHERE drop_at > 0 AND drop_at <= $1 ORDER BY drop_at, seq LIMIT $2`, millis(now), atLeast0(limit))
	if err != nil {
		return nil, fmt.Errorf("listing bodies to drop: %w", s.db.translate(err))
	}
	return ids, nil
}

// DropBody puts the header of a message, and the verdict that was given, in the place of
// the message, and ends a report by mail that was not delivered yet. ErrNotFound where it is gone, or its body is.
func (s *Store) DropBody(ctx context.Context, id string, header, verdict []byte, at time.Time) error {
	err := s.committer.do(ctx, len(header)+len(verdict), func(ctx context.Context, q querier) error {
		var seq int64
		if err := q.queryRow(ctx, `UPDATE messages SET dropped = $2, drop_at = 0, kept = $3 WHERE id = $1 AND dropped = 0 AND state = 'verified' RETURNING seq`,
			text(id), millis(at), len(header)+len(verdict)).Scan(&seq); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `UPDATE raws SET message = $2 WHERE seq = $1`, seq, notNil(header)); err != nil {
			return err
		}
		// A report that waits to be delivered quotes the body.
		if _, err := q.exec(ctx, `UPDATE outbound SET state = 'failed', message = $2, answer = $3, finished = $4, owner = '', lease = 0
			WHERE reason = $1 AND state = 'waiting'`, text(reportReason+id), []byte{}, "the body of the message was removed before the report on it was delivered", millis(at)); err != nil {
			return err
		}
		_, err := q.exec(ctx, `INSERT INTO verdicts (seq, verdict) VALUES ($1, $2)`, seq, notNil(verdict))
		return err
	})
	if err != nil {
		return fmt.Errorf("dropping a body: %w", s.db.translate(err))
	}
	return nil
}

// Scrub makes the files of the database forget what was deleted, as far as the engine
// does: SQLite overwrites it and empties its log; PostgreSQL forgets at its next vacuum.
func (s *Store) Scrub(ctx context.Context) error {
	if err := s.db.scrub(ctx); err != nil {
		return fmt.Errorf("emptying the log of the database: %w", err)
	}
	return nil
}

// keptVerdict reads what took the place of a body.
func (s *Store) keptVerdict(ctx context.Context, id string) (verdict []byte, err error) {
	err = s.db.reader().queryRow(ctx, `SELECT verdict FROM verdicts JOIN messages USING (seq) WHERE id = $1`, text(id)).Scan(&verdict)
	return verdict, err
}
