package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/evidence"
)

// State of a message.
type State string

// The states of a message.
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
	// Size of the raw message in octets, also where its body is gone.
	Size int
	// DropAt is when its body is due to go, zero for never; Dropped when it went. Then
	// Evidence.Message is its header alone, nothing can be judged anew, and Kept is the
	// verdict as package render wrote it; not in lists.
	DropAt, Dropped time.Time
	Kept            []byte
}

// AddMessage makes a message durable: when it returns nil the message survives
// kill -9 and power loss. Concurrent calls share one commit (group commit).
// An empty ID, State and Evidence.Format and a zero Received and Evidence.Version
// are filled in, and Size is set. Times are kept to the millisecond.
//
// After an error the message is not stored, unless the database failed in the
// commit itself, where nobody knows. ErrFull, ErrExists (the ID is taken).
func (s *Store) AddMessage(ctx context.Context, m *Message) error { return s.AddMessages(ctx, m) }

// AddMessages is AddMessage for several, all of which are stored or none.
func (s *Store) AddMessages(ctx context.Context, messages ...*Message) error {
	inserts := make([]insertion, len(messages))
	size := 0
	for i, m := range messages {
		in, err := s.newInsertion(m)
		if err != nil {
			return fmt.Errorf("storing a message: %w", err)
		}
		inserts[i] = in
		size += len(in.raw) + len(in.session) + len(in.answers) + len(in.opinions)
	}
	err := s.insert(ctx, inserts, size)
	if full := errors.Is(err, ErrFull); full || err == nil {
		s.full.set(full, s.now())
	}
	if err != nil {
		return fmt.Errorf("storing a message: %w", err)
	}
	return nil
}

// insert stores all or none, within the quota.
func (s *Store) insert(ctx context.Context, inserts []insertion, size int) error {
	var octets int64
	for i := range inserts {
		octets += int64(len(inserts[i].raw))
	}
	if err := s.reserve(ctx, octets); err != nil {
		return err
	}
	return s.committer.do(ctx, size, func(ctx context.Context, q querier) error {
		for i := range inserts {
			if err := inserts[i].run(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
}

// insertion is a message in its stored form.
type insertion struct {
	*Message
	session, answers, opinions string
	raw                        []byte
}

func (s *Store) newInsertion(m *Message) (insertion, error) {
	s.fillIn(m)
	if !validName(m.ID) || (m.Token != "" && !validName(m.Token)) {
		return insertion{}, fmt.Errorf("id %q or token %q is not made of letters, digits, - and _", m.ID, m.Token)
	}
	session, answers, err := evidenceJSON(&m.Evidence)
	raw := m.Evidence.Message
	if raw == nil {
		raw = []byte{} // an empty message is not NULL
	}
	if err != nil {
		return insertion{}, err
	}
	opinions, err := opinionsJSON(m.Evidence.Opinions)
	return insertion{m, session, answers, opinions, raw}, err
}

func (in *insertion) run(ctx context.Context, q querier) error {
	e := &in.Evidence
	var seq int64
	if err := q.queryRow(ctx, `INSERT INTO messages (id, token, received, state, status, from_domain, subject, size,
			source, format, version, evidence_time, session, dns, line_ends_converted, opinions, drop_after)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
			coalesce((SELECT drop_after FROM mailboxes WHERE token = $2), 0)) RETURNING seq`,
		in.ID, in.Token, millis(in.Received), string(in.State), text(in.Status), text(in.FromDomain), text(in.Subject), in.Size,
		text(e.Source), text(e.Format), e.Version, millis(e.Time), in.session, in.answers, number(e.LineEndsConverted), in.opinions,
	).Scan(&seq); err != nil {
		return err
	}
	_, err := q.exec(ctx, `INSERT INTO raws (seq, message) VALUES ($1, $2)`, seq, in.raw)
	return err
}

// number is the stored form of a truth value, the same in both engines.
func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (s *Store) fillIn(m *Message) {
	if m.ID == "" {
		m.ID = NewID()
	}
	if m.State == "" {
		m.State = Received
	}
	if m.Received.IsZero() {
		m.Received = s.now()
	}
	if m.Evidence.Format == "" {
		m.Evidence.Format = "todoku-evidence"
	}
	if m.Evidence.Version == 0 {
		m.Evidence.Version = evidence.BundleVersion
	}
	m.Token = strings.ToLower(m.Token)
	m.Size = len(m.Evidence.Message)
}

// SetVerified stores the evidence's DNS answers, opinions and time, the state Verified and
// the summary. The message, its session and its mailbox never change. ErrNotFound if
// it is not (or no longer) there.
func (s *Store) SetVerified(ctx context.Context, m *Message) error {
	_, answers, err := evidenceJSON(&m.Evidence)
	if err != nil {
		return fmt.Errorf("storing a verdict: %w", err)
	}
	opinions, err := opinionsJSON(m.Evidence.Opinions)
	if err != nil {
		return fmt.Errorf("storing a verdict: %w", err)
	}
	var due int64
	err = s.committer.do(ctx, len(answers)+len(opinions), func(ctx context.Context, q querier) error {
		return q.queryRow(ctx, `UPDATE messages SET state = $2, status = $3, from_domain = $4, subject = $5, evidence_time = $6, dns = $7, opinions = $10,
			drop_at = `+setDropAt("$8", "$9")+` WHERE id = $1 AND dropped = 0 RETURNING drop_at`,
			text(m.ID), string(Verified), text(m.Status), text(m.FromDomain), text(m.Subject), millis(m.Evidence.Time), answers, s.dropAfter.Load(), millis(s.now()), opinions).Scan(&due)
	})
	if err != nil {
		return fmt.Errorf("storing a verdict: %w", s.db.translate(err))
	}
	m.State, m.DropAt = Verified, fromMillis(due)
	return nil
}

// Message finds one with its evidence. ErrNotFound.
func (s *Store) Message(ctx context.Context, id string) (*Message, error) {
	if !validName(id) {
		return nil, fmt.Errorf("message: %w", ErrNotFound)
	}
	m := &Message{Evidence: evidence.Bundle{}}
	e := &m.Evidence
	var received, evidenceTime, converted, dropAt, dropped int64
	var session, answers, opinions string
	err := s.db.reader().queryRow(ctx, `SELECT id, token, received, state, status, from_domain, subject, size,
			source, format, version, evidence_time, session, dns, line_ends_converted, drop_at, dropped, opinions, message
		FROM messages JOIN raws USING (seq) WHERE id = $1`, id).
		Scan(&m.ID, &m.Token, &received, &m.State, &m.Status, &m.FromDomain, &m.Subject, &m.Size,
			&e.Source, &e.Format, &e.Version, &evidenceTime, &session, &answers, &converted, &dropAt, &dropped, &opinions, &e.Message)
	if err != nil {
		return nil, fmt.Errorf("message: %w", s.db.translate(err))
	}
	if s.messageGone(fromMillis(received)) {
		return nil, fmt.Errorf("message: %w", ErrNotFound)
	}
	m.Received, e.Time, m.DropAt, m.Dropped = fromMillis(received), fromMillis(evidenceTime), fromMillis(dropAt), fromMillis(dropped)
	if dropped != 0 {
		if m.Kept, err = s.keptVerdict(ctx, id); err != nil {
			return nil, fmt.Errorf("message: %w", s.db.translate(err))
		}
	}
	e.LineEndsConverted = converted != 0
	if err := readEvidence(e, session, answers, opinions); err != nil {
		return nil, fmt.Errorf("message %s: %w", id, err)
	}
	return m, nil
}

// MessageSize gives the octets of a message without reading it. ErrNotFound.
func (s *Store) MessageSize(ctx context.Context, id string) (int, error) {
	if !validName(id) {
		return 0, fmt.Errorf("message: %w", ErrNotFound)
	}
	var size int
	var received int64
	if err := s.db.reader().queryRow(ctx, `SELECT size, received FROM messages WHERE id = $1`, id).Scan(&size, &received); err != nil {
		return 0, fmt.Errorf("message: %w", s.db.translate(err))
	}
	if s.messageGone(fromMillis(received)) {
		return 0, fmt.Errorf("message: %w", ErrNotFound)
	}
	return size, nil
}

// ServiceRecipient gives the one recipient of a message that came by SMTP or LMTP to no mailbox,
// without reading the message. ErrNotFound where it is another one.
func (s *Store) ServiceRecipient(ctx context.Context, id string) (string, error) {
	if !validName(id) {
		return "", fmt.Errorf("message: %w", ErrNotFound)
	}
	var received int64
	var stored string
	err := s.db.reader().queryRow(ctx, `SELECT received, session FROM messages WHERE id = $1 AND token = '' AND source IN ('smtp', 'lmtp')`, id).Scan(&received, &stored)
	if err != nil {
		return "", fmt.Errorf("message: %w", s.db.translate(err))
	}
	var session evidence.Session
	if err := json.Unmarshal([]byte(stored), &session); err != nil {
		return "", fmt.Errorf("message %s: reading its session: %w", id, err)
	}
	if s.messageGone(fromMillis(received)) || len(session.Recipients) != 1 {
		return "", fmt.Errorf("message: %w", ErrNotFound)
	}
	return session.Recipients[0], nil
}

// listed are the columns of a list: all but the evidence.
const listed = `SELECT id, token, received, state, status, from_domain, subject, size, drop_at, dropped FROM messages `

// MessagesFor lists the messages of a mailbox, newest first, without evidence.
func (s *Store) MessagesFor(ctx context.Context, token string, limit int) ([]Message, error) {
	if !validName(token) {
		return nil, nil
	}
	return s.list(ctx, listed+`WHERE token = $1 ORDER BY received DESC, seq DESC LIMIT $2`, strings.ToLower(token), atLeast0(limit))
}

// Recent lists all messages newest first, without evidence (operator).
func (s *Store) Recent(ctx context.Context, limit int) ([]Message, error) {
	return s.list(ctx, listed+`ORDER BY received DESC, seq DESC LIMIT $1`, atLeast0(limit))
}

func (s *Store) list(ctx context.Context, query string, args ...any) ([]Message, error) {
	list, err := collect(ctx, s.db.reader(), func(r row) (m Message, err error) {
		var received, dropAt, dropped int64
		err = r.Scan(&m.ID, &m.Token, &received, &m.State, &m.Status, &m.FromDomain, &m.Subject, &m.Size, &dropAt, &dropped)
		m.Received, m.DropAt, m.Dropped = fromMillis(received), fromMillis(dropAt), fromMillis(dropped)
		return m, err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("listing messages: %w", s.db.translate(err))
	}
	return slices.DeleteFunc(list, func(m Message) bool { return s.messageGone(m.Received) }), nil
}

// Unverified lists ids of messages still to verify, oldest first.
func (s *Store) Unverified(ctx context.Context, limit int) ([]string, error) {
	ids, err := collect(ctx, s.db.reader(), func(r row) (id string, err error) {
		return id, r.Scan(&id)
	}, `SELECT id FROM messages WHERE state = 'received' ORDER BY seq LIMIT $1`, atLeast0(limit))
	if err != nil {
		return nil, fmt.Errorf("listing messages to verify: %w", s.db.translate(err))
	}
	return ids, nil
}
