// Package store keeps durably what must last: mailboxes, messages, the DNS answers
// that their verdicts rest on, sessions, and what other packages keep (checks, keys,
// tokens, people, mail to send ...), in SQLite (embedded) or PostgreSQL, with one plain
// SQL text for both.
//
// All writing goes through one committer, which puts everything that waits into
// one transaction (group commit): many senders share the cost of one fsync, and
// each hears "done" only after it.
package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

var (
	// ErrNotFound: no such mailbox, message or session.
	ErrNotFound = errors.New("not found")
	// ErrFull: the disk or the quota is exhausted; SMTP answers 452 4.3.1.
	ErrFull = errors.New("storage full")
	// ErrExists: a mailbox or message of this name is there already.
	ErrExists = errors.New("exists already")
	// ErrClosed: the store was closed before the work began.
	ErrClosed = errors.New("the store is closed")
)

// Store is the database. Safe for concurrent use.
type Store struct {
	db        database
	committer *committer
	quota     quota
	full      fullness
	dropAfter atomic.Int64 // milliseconds, see SetDropAfter
	retention atomic.Pointer[Retention]
	now       func() time.Time // for the expiry of mailboxes
}

// database is what differs between SQLite and PostgreSQL.
type database interface {
	// reader runs statements that only read, each by itself.
	reader() querier
	// inTx runs f in one transaction and commits it durably; one caller at a time. committing tells
	// whether a failure came from the commit itself, where the outcome is unknown.
	inTx(ctx context.Context, f func(querier) error) (committing bool, err error)
	// translate gives the package's own errors for the engine's: ErrFull, ErrExists,
	// ErrNotFound. Others stay.
	translate(error) error
	// reclaim gives back to the file system a little of the space that deletions freed.
	reclaim(ctx context.Context) error
	// scrub makes the files forget what was deleted.
	scrub(ctx context.Context) error
	close() error
}

// Open opens a database and brings its schema up to date. database is a file name
// (or "file:NAME") for SQLite, whose file is created with mode 0600, or a
// "postgres://..." URL.
func Open(ctx context.Context, database string) (*Store, error) {
	return openWith(ctx, database, cacheKB)
}

// OpenSparing is Open with small caches, for a program that keeps little in the database and shares its machine with
// a mail server.
func OpenSparing(ctx context.Context, database string) (*Store, error) {
	return openWith(ctx, database, sparingCacheKB)
}

func openWith(ctx context.Context, name string, cache int) (*Store, error) {
	var db database
	var err error
	if isPostgres(name) {
		db, err = openPostgres(ctx, name)
	} else {
		db, err = openSQLite(ctx, name, cache, 10*time.Second)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	return &Store{db: db, committer: startCommitter(db), now: time.Now}, nil
}

func isPostgres(database string) bool {
	return strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
}

// Abort ends the transactions of a database server that no longer answers, so that
// callers and Close need not wait for it; of what was being committed nobody
// knows the outcome. SQLite's transactions, which cannot hang, go on.
func (s *Store) Abort() { s.committer.abort() }

// Close finishes the writes that wait and closes the database. Later calls of other
// methods give an error.
func (s *Store) Close() error {
	if !s.committer.stop() {
		return nil
	}
	return s.db.close()
}

// millis is the stored form of a time: milliseconds since 1970, 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// fromMillis is the inverse of millis, in UTC.
func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// text makes a string storable in both engines: PostgreSQL takes neither NUL nor
// invalid UTF-8 in text.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
