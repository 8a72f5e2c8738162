package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Token lets a program use the API. The token itself is not kept, only its hash.
type Token struct {
	ID string
	// Hash is the SHA-256 of the token, in hexadecimal digits.
	Hash string
	// Name is for people; it need not be unique.
	Name string
	// Scopes are what it may be used for; words of package service.
	Scopes  []string
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // the last time, about to the minute; zero: never
}

// AddToken keeps a token; an empty ID and a zero Created are filled in. ErrExists where
// the hash is there already.
func (s *Store) AddToken(ctx context.Context, t Token) (Token, error) {
	if t.ID == "" {
		t.ID = newToken()
	}
	if t.Created.IsZero() {
		t.Created = s.now()
	}
	if t.Scopes == nil {
		t.Scopes = []string{}
	}
	t.Created, t.Expires, t.Used = fromMillis(millis(t.Created)), fromMillis(millis(t.Expires)), time.Time{}
	scopes, err := json.Marshal(t.Scopes)
	if err != nil {
		return Token{}, fmt.Errorf("keeping a token: %w", err)
	}
	err = s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `INSERT INTO tokens (id, hash, name, scopes, created, expires, used) VALUES ($1, $2, $3, $4, $5, $6, 0)`,
			text(t.ID), text(t.Hash), text(t.Name), text(string(scopes)), millis(t.Created), millis(t.Expires))
		return err
	})
	if err != nil {
		return Token{}, fmt.Errorf("keeping a token: %w", err)
	}
	return t, nil
}

const selectToken = `SELECT id, hash, name, scopes, created, expires, used FROM tokens `

// TokenByHash finds one. ErrNotFound also when it expired.
func (s *Store) TokenByHash(ctx context.Context, hash string) (Token, error) {
	t, err := scanToken(s.db.reader().queryRow(ctx, selectToken+`WHERE hash = $1 AND (expires = 0 OR expires > $2)`, text(hash), s.now().UnixMilli()))
	if err != nil {
		return Token{}, fmt.Errorf("token: %w", s.db.translate(err))
	}
	return t, nil
}

// Tokens lists them, also those that expired, the newest first.
func (s *Store) Tokens(ctx context.Context, limit int) ([]Token, error) {
	list, err := collect(ctx, s.db.reader(), scanToken, selectToken+`ORDER BY created DESC, id LIMIT $1`, atLeast0(limit))
	if err != nil {
		return nil, fmt.Errorf("listing tokens: %w", s.db.translate(err))
	}
	return list, nil
}

// TouchToken notes that one was used. One that is gone is no error.
func (s *Store) TouchToken(ctx context.Context, id string, at time.Time) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `UPDATE tokens SET used = $2 WHERE id = $1 AND used < $2`, text(id), millis(at))
		return err
	})
	if err != nil {
		return fmt.Errorf("noting the use of a token: %w", err)
	}
	return nil
}

// RemoveToken revokes one. ErrNotFound.
func (s *Store) RemoveToken(ctx context.Context, id string) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `DELETE FROM tokens WHERE id = $1`, text(id))
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("revoking a token: %w", err)
	}
	return nil
}

func scanToken(r row) (t Token, err error) {
	var scopes string
	var created, expires, used int64
	if err := r.Scan(&t.ID, &t.Hash, &t.Name, &scopes, &created, &expires, &used); err != nil {
		return t, err
	}
	t.Created, t.Expires, t.Used = fromMillis(created), fromMillis(expires), fromMillis(used)
	return t, json.Unmarshal([]byte(scopes), &t.Scopes)
}
