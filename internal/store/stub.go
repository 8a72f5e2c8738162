// Package store keeps mailboxes, messages and their verdicts durably, in SQLite
// (embedded) or PostgreSQL, with one plain SQL text for both.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/todoku/todoku/internal/evidence"
)

// The declarations below are the package's contract; bodies come from its owner.

var (
	// ErrNotFound: no such mailbox, message or session.
	ErrNotFound = errors.New("not found")
	// ErrFull: the disk or the quota is exhausted; SMTP answers 452 4.3.1.
	ErrFull = errors.New("storage full")
)

// Store is the database. Safe for concurrent use.
type Store struct{ _ int }

// Open opens "sqlite path" (a file name, or "file:..." ) or "postgres://..." and
// migrates it. The SQLite file is created 0600.
func Open(ctx context.Context, database string) (*Store, error) { panic("todo") }

func (s *Store) Close() error { panic("todo") }

// Mailbox is a one-time address: token@domain.
type Mailbox struct {
	Token    string // unguessable, at least 64 bits, lower-case letters and digits
	Created  time.Time
	Expires  time.Time
	ClientIP string // of the browser that asked
	Lang     string
}

// NewMailbox creates one.
func (s *Store) NewMailbox(ctx context.Context, m Mailbox) (Mailbox, error) { panic("todo") }

// Mailbox finds one by token (case-insensitive); ErrNotFound also when it expired.
func (s *Store) Mailbox(ctx context.Context, token string) (Mailbox, error) { panic("todo") }

// State of a message.
type State string

const (
	Received State = "received" // durable, not yet verified
	Verified State = "verified"
)

// Message is one stored message. Evidence.DNS is empty until it is verified.
type Message struct {
	ID       string // the permalink's id: unguessable, URL-safe
	Token    string // the mailbox, "" for a pasted one
	Received time.Time
	State    State
	Evidence evidence.Bundle
	// Headline summary kept for lists: status word, From domain, subject.
	Status, FromDomain, Subject string
	Size                        int
}

// AddMessage makes a message durable: when it returns nil the message survives
// kill -9 and power loss. Concurrent calls share one commit (group commit).
// An empty ID is filled in.
func (s *Store) AddMessage(ctx context.Context, m *Message) error { panic("todo") }

// SetVerified stores the evidence's DNS answers and the summary.
func (s *Store) SetVerified(ctx context.Context, m *Message) error { panic("todo") }

// Message finds one with its evidence.
func (s *Store) Message(ctx context.Context, id string) (*Message, error) { panic("todo") }

// MessagesFor lists the messages of a mailbox, newest first, without evidence.
func (s *Store) MessagesFor(ctx context.Context, token string, limit int) ([]Message, error) {
	panic("todo")
}

// Recent lists all messages newest first, without evidence (operator).
func (s *Store) Recent(ctx context.Context, limit int) ([]Message, error) { panic("todo") }

// Unverified lists ids of messages still to verify, oldest first.
func (s *Store) Unverified(ctx context.Context, limit int) ([]string, error) { panic("todo") }

// FailedSession is a session that delivered nothing.
type FailedSession struct {
	ID      string
	Session evidence.Session
	Token   string // the mailbox it was meant for, "" if none is known
	At      time.Time
}

// AddSession keeps a failed session (bounded: old ones go).
func (s *Store) AddSession(ctx context.Context, f *FailedSession) error { panic("todo") }

// Sessions lists failed sessions, newest first (operator).
func (s *Store) Sessions(ctx context.Context, limit int) ([]FailedSession, error) { panic("todo") }

// Session finds one.
func (s *Store) Session(ctx context.Context, id string) (*FailedSession, error) { panic("todo") }

// Prune deletes what expired before now; it works in small bounded steps.
func (s *Store) Prune(ctx context.Context, now time.Time, keepMessages time.Duration) (int, error) {
	panic("todo")
}
