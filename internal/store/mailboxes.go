package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Mailbox is a one-time address: token@domain.
type Mailbox struct {
	Token    string // unguessable, at least 64 bits, lower-case letters and digits
	Created  time.Time
	Expires  time.Time // zero: never
	ClientIP string    // of the browser that asked
	Lang     string
	// DropAfter is how long after its verdict the body of a message to it goes, 0 for what
	// the server does (SetDropAfter).
	DropAfter time.Duration
}

// NewMailbox creates one. An empty Token is filled in (65 bits), a zero Created is
// now. ErrExists if the token is taken.
func (s *Store) NewMailbox(ctx context.Context, m Mailbox) (Mailbox, error) {
	if m.Token == "" {
		m.Token = newToken()
	}
	if !validName(m.Token) {
		return Mailbox{}, fmt.Errorf("mailbox token %q: want 1 to %d letters, digits, - or _", m.Token, maxName)
	}
	m.Token = strings.ToLower(m.Token)
	if m.Created.IsZero() {
		m.Created = s.now()
	}
	m.Created, m.Expires = fromMillis(millis(m.Created)), fromMillis(millis(m.Expires))
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `INSERT INTO mailboxes (token, created, expires, client_ip, lang, drop_after) VALUES ($1, $2, $3, $4, $5, $6)`,
			m.Token, millis(m.Created), millis(m.Expires), text(m.ClientIP), text(m.Lang), max(m.DropAfter.Milliseconds(), 0))
		return err
	})
	if err != nil {
		return Mailbox{}, fmt.Errorf("creating a mailbox: %w", err)
	}
	return m, nil
}

// Mailbox finds one by token (case-insensitive); ErrNotFound also when it expired.
func (s *Store) Mailbox(ctx context.Context, token string) (Mailbox, error) {
	if !validName(token) {
		return Mailbox{}, fmt.Errorf("mailbox: %w", ErrNotFound)
	}
	m := Mailbox{Token: strings.ToLower(token)}
	var created, expires, dropAfter int64
	err := s.db.reader().queryRow(ctx, `SELECT created, expires, client_ip, lang, drop_after FROM mailboxes
		WHERE token = $1 AND (expires = 0 OR expires > $2)`, m.Token, s.now().UnixMilli()).
		Scan(&created, &expires, &m.ClientIP, &m.Lang, &dropAfter)
	if err != nil {
		return Mailbox{}, fmt.Errorf("mailbox: %w", s.db.translate(err))
	}
	m.Created, m.Expires, m.DropAfter = fromMillis(created), fromMillis(expires), time.Duration(dropAfter)*time.Millisecond
	return m, nil
}
