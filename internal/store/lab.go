package store

import (
	"context"
	"fmt"
	"time"
)

// LabRun is one run of the outbound lab: the token in its addresses.
type LabRun struct {
	Token            string
	Created, Expires time.Time
	ClientIP         string // of the browser that asked
}

// LabAttempt is what a mail server did at a virtual receiver, once.
type LabAttempt struct {
	// Token is the run, "" where the client named no recipient; Receiver the name of the
	// virtual receiver, "" where it cannot be told.
	Token, Receiver string
	// Network is that of the client: an IPv4 address or an IPv6 /64.
	Network string
	At      time.Time
	// Seen is what was seen, JSON of package lab.
	Seen []byte
}

// How much is kept of one receiver in one run, and of one network without a recipient.
const (
	maxLabAttempts = 200
	maxLabStrange  = 1000
)

// AddLabRun keeps a run; an empty Token and a zero Created are filled in. ErrExists.
func (s *Store) AddLabRun(ctx context.Context, r LabRun) (LabRun, error) {
	if r.Token == "" {
		r.Token = newToken()
	}
	if r.Created.IsZero() {
		r.Created = s.now()
	}
	r.Created, r.Expires = fromMillis(millis(r.Created)), fromMillis(millis(r.Expires))
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `INSERT INTO lab_runs (token, created, expires, client_ip) VALUES ($1, $2, $3, $4)`,
			text(r.Token), millis(r.Created), millis(r.Expires), text(r.ClientIP))
		return err
	})
	if err != nil {
		return LabRun{}, fmt.Errorf("beginning a run of the lab: %w", err)
	}
	return r, nil
}

// LabRun finds one. ErrNotFound also when it expired.
func (s *Store) LabRun(ctx context.Context, token string) (LabRun, error) {
	if !validName(token) {
		return LabRun{}, fmt.Errorf("run of the lab: %w", ErrNotFound)
	}
	r := LabRun{Token: token}
	var created, expires int64
	err := s.db.reader().queryRow(ctx, `SELECT created, expires, client_ip FROM lab_runs WHERE token = $1 AND expires > $2`,
		token, s.now().UnixMilli()).Scan(&created, &expires, &r.ClientIP)
	if err != nil {
		return LabRun{}, fmt.Errorf("run of the lab: %w", s.db.translate(err))
	}
	r.Created, r.Expires = fromMillis(created), fromMillis(expires)
	return r, nil
}

// AddLabAttempt keeps an attempt, unless as many as are kept are there already.
func (s *Store) AddLabAttempt(ctx context.Context, a *LabAttempt) error {
	condition, key, most := `token = $1 AND receiver = $2 AND $3 <> ''`, a.Token, maxLabAttempts
	if a.Token == "" {
		condition, most = `token = $1 AND $2 = $2 AND network = $3`, maxLabStrange
	}
	err := s.committer.do(ctx, len(a.Seen), func(ctx context.Context, q querier) error {
		var n int
		if err := q.queryRow(ctx, `SELECT count(*) FROM lab_attempts WHERE `+condition, text(key), text(a.Receiver), text(a.Network)).Scan(&n); err != nil || n >= most {
			return err
		}
		_, err := q.exec(ctx, `INSERT INTO lab_attempts (token, receiver, network, at, seen) VALUES ($1, $2, $3, $4, $5)`,
			text(a.Token), text(a.Receiver), text(a.Network), millis(a.At), text(string(a.Seen)))
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping an attempt at the lab: %w", err)
	}
	return nil
}

// LabHistory tells how often a receiver was tried in a run, and when first; the zero time
// where it was not.
func (s *Store) LabHistory(ctx context.Context, token, receiver string) (n int, first time.Time, err error) {
	var at int64
	err = s.db.reader().queryRow(ctx, `SELECT count(*), coalesce(min(at), 0) FROM lab_attempts WHERE token = $1 AND receiver = $2`,
		text(token), text(receiver)).Scan(&n, &at)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("looking up attempts at the lab: %w", s.db.translate(err))
	}
	return n, fromMillis(at), nil
}

// LabAttempts lists those of a run, oldest first.
func (s *Store) LabAttempts(ctx context.Context, token string, limit int) ([]LabAttempt, error) {
	return s.labAttempts(ctx, `token = $1 AND token <> '' ORDER BY at, seq LIMIT $2`, text(token), atLeast0(limit))
}

// LabStrangers lists the attempts of a network since a time that named no recipient,
// oldest first.
func (s *Store) LabStrangers(ctx context.Context, network string, since time.Time, limit int) ([]LabAttempt, error) {
	return s.labAttempts(ctx, `token = '' AND network = $1 AND at >= $3 ORDER BY at, seq LIMIT $2`, text(network), atLeast0(limit), millis(since))
}

func (s *Store) labAttempts(ctx context.Context, condition string, args ...any) ([]LabAttempt, error) {
	list, err := collect(ctx, s.db.reader(), func(r row) (a LabAttempt, err error) {
		var at int64
		var seen string
		err = r.Scan(&a.Token, &a.Receiver, &a.Network, &at, &seen)
		a.At, a.Seen = fromMillis(at), []byte(seen)
		return a, err
	}, `SELECT token, receiver, network, at, seen FROM lab_attempts WHERE `+condition, args...)
	if err != nil {
		return nil, fmt.Errorf("listing attempts at the lab: %w", s.db.translate(err))
	}
	return list, nil
}

// labStrangersFor is how long attempts without a recipient are kept.
const labStrangersFor = 3 * 24 * time.Hour

// pruneLab deletes runs that expired, and the attempts that no run is left for.
func pruneLab(now time.Time) []func(context.Context, querier) (int64, error) {
	return []func(context.Context, querier) (int64, error){
		func(ctx context.Context, q querier) (int64, error) {
			return q.exec(ctx, `DELETE FROM lab_attempts WHERE seq IN (SELECT a.seq FROM lab_attempts a JOIN lab_runs r ON r.token = a.token
				WHERE r.expires <= $1 LIMIT $2)`, millis(now), pruneRows)
		},
		func(ctx context.Context, q querier) (int64, error) {
			return q.exec(ctx, `DELETE FROM lab_runs WHERE token IN (SELECT token FROM lab_runs WHERE expires <= $1
				AND NOT EXISTS (SELECT 1 FROM lab_attempts a WHERE a.token = lab_runs.token) LIMIT $2)`, millis(now), pruneRows)
		},
		func(ctx context.Context, q querier) (int64, error) {
			return q.exec(ctx, `DELETE FROM lab_attempts WHERE seq IN (SELECT seq FROM lab_attempts WHERE token = '' AND at <= $1 LIMIT $2)`,
				millis(now.Add(-labStrangersFor)), pruneRows)
		},
	}
}
