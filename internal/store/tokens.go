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
	// Person is the ID of the customer whose it is; "": it is of the server's own programs.
	Person string
	// Scopes are what it may be used for; words of package service.
	Scopes  []string
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // the last time, about to the minute; zero: never
}

// MaxTokens is how many one person may have.
const MaxTokens = 50

// AddToken keeps a token; an empty ID and a zero Created are filled in. ErrExists where
// the hash is there already; ErrNotFound, ErrTooMany: the person is not there, or has MaxTokens.
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
		_, err := q.exec(ctx, `INSERT INTO tokens (id, hash, name, scopes, created, expires, used, person) VALUES ($1, $2, $3, $4, $5, $6, 0, $7)`,
			text(t.ID), text(t.Hash), text(t.Name), text(string(scopes)), millis(t.Created), millis(t.Expires), text(t.Person))
		if err != nil || t.Person == "" {
			return err
		}
		if err := oneThere(ctx, q, `SELECT count(*) FROM people WHERE id = $1`, t.Person); err != nil {
			return err
		}
		return atMost(ctx, q, MaxTokens, `SELECT count(*) FROM tokens WHERE person = $1`, text(t.Person))
	})
	if err != nil {
		return Token{}, fmt.Errorf("keeping a token: %w", err)
	}
	return t, nil
}

const selectToken = `SELECT id, hash, name, scopes, created, expires, used, person FROM tokens `

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

// TokensOf lists those of a person, also those that expired, the newest first; there are at most MaxTokens.
func (s *Store) TokensOf(ctx context.Context, person string) ([]Token, error) {
	list, err := collect(ctx, s.db.reader(), scanToken, selectToken+`WHERE person = $1 ORDER BY created DESC, id`, text(person))
	if err != nil {
		return nil, fmt.Errorf("listing tokens: %w", s.db.translate(err))
	}
	return list, nil
}

// RemoveTokenOf revokes one of a person. ErrNotFound, also for one of somebody else.
func (s *Store) RemoveTokenOf(ctx context.Context, person, id string) error {
	return s.removeToken(ctx, `DELETE FROM tokens WHERE id = $1 AND person = $2`, text(id), text(person))
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
	return s.removeToken(ctx, `DELETE FROM tokens WHERE id = $1`, text(id))
}

func (s *Store) removeToken(ctx context.Context, query string, args ...any) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, query, args...)
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
	if err := r.Scan(&t.ID, &t.Hash, &t.Name, &scopes, &created, &expires, &used, &t.Person); err != nil {
		return t, err
	}
	t.Created, t.Expires, t.Used = fromMillis(created), fromMillis(expires), fromMillis(used)
	return t, json.Unmarshal([]byte(scopes), &t.Scopes)
}
