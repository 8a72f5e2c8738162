package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/evidence"
)

// Failed sessions cost an attacker nothing, so their table is bounded in rows and
// in octets; the oldest go.
const (
	maxSessions     = 10_000
	maxSessionBytes = 64 << 20
	trimEvery       = 100 // rows; the table may exceed its bounds by so many
)

// FailedSession is a session that delivered nothing.
type FailedSession struct {
	ID      string
	Session evidence.Session
	Token   string // the mailbox it was meant for, "" if none is known
	At      time.Time
}

// AddSession keeps a failed session: the latest 10,000, and 64 MiB in all; older
// ones go. An empty ID and a zero At are filled in.
func (s *Store) AddSession(ctx context.Context, f *FailedSession) error {
	if f.ID == "" {
		f.ID = NewID()
	}
	if f.At.IsZero() {
		f.At = s.now()
	}
	f.Token = strings.ToLower(f.Token)
	b, err := json.Marshal(f.Session)
	if err != nil {
		return fmt.Errorf("storing a session: %w", err)
	}
	err = s.committer.do(ctx, len(b), func(ctx context.Context, q querier) error {
		var seq int64
		if err := q.queryRow(ctx, `INSERT INTO sessions (id, token, at, size, session) VALUES ($1, $2, $3, $4, $5) RETURNING seq`,
			text(f.ID), text(f.Token), millis(f.At), len(b), string(b)).Scan(&seq); err != nil {
			return err
		}
		if seq%trimEvery != 0 {
			return nil
		}
		return trimSessions(ctx, q, seq)
	})
	if err != nil {
		return fmt.Errorf("storing a session: %w", err)
	}
	return nil
}

// trimSessions keeps the table within its bounds; newest is its latest row.
func trimSessions(ctx context.Context, q querier, newest int64) error {
	if _, err := q.exec(ctx, `DELETE FROM sessions WHERE seq <= $1`, newest-maxSessions); err != nil {
		return err
	}
	_, err := q.exec(ctx, `DELETE FROM sessions WHERE seq <= (
		SELECT max(seq) FROM (SELECT seq, sum(size) OVER (ORDER BY seq DESC) AS total FROM sessions) AS sums WHERE total > $1)`,
		maxSessionBytes)
	return err
}

const selectSession = `SELECT id, token, at, session FROM sessions `

// Sessions lists failed sessions, newest first (operator).
func (s *Store) Sessions(ctx context.Context, limit int) ([]FailedSession, error) {
	list, err := collect(ctx, s.db.reader(), scanSession, selectSession+`ORDER BY at DESC, seq DESC LIMIT $1`, atLeast0(limit))
	if err != nil {
		return nil, fmt.Errorf("listing sessions: %w", s.db.translate(err))
	}
	return list, nil
}

// Session finds one. ErrNotFound.
func (s *Store) Session(ctx context.Context, id string) (*FailedSession, error) {
	if !validName(id) {
		return nil, fmt.Errorf("session: %w", ErrNotFound)
	}
	f, err := scanSession(s.db.reader().queryRow(ctx, selectSession+`WHERE id = $1`, id))
	if err != nil {
		return nil, fmt.Errorf("session: %w", s.db.translate(err))
	}
	return &f, nil
}

func scanSession(r row) (f FailedSession, err error) {
	var at int64
	var session string
	if err := r.Scan(&f.ID, &f.Token, &at, &session); err != nil {
		return f, err
	}
	f.At = fromMillis(at)
	return f, json.Unmarshal([]byte(session), &f.Session)
}
