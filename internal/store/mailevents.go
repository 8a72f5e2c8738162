package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/wire"
)

// MailEvent is what became of one message in the mail flow. It holds nothing of its body.
type MailEvent struct {
	ID        string    `json:"id"` // NewMailEventID gives one
	At        time.Time `json:"at"`
	Outgoing  bool      `json:"outgoing"`
	Queue     string    `json:"queue"`
	MessageID string    `json:"message_id"`
	Client    string    `json:"client"` // an IP address, "" for a local program
	HELO      string    `json:"helo"`
	User      string    `json:"user"`
	MailFrom  string    `json:"mail_from"`
	Rcpts     []string  `json:"rcpts"` // the first ones
	RcptCount int       `json:"rcpt_count"`
	Author    string    `json:"author"` // the domain of From
	Source    string    `json:"source"` // the address that it goes out from
	// Receivers count the recipients of an outgoing message by provider, "*" for any other.
	Receivers map[string]int `json:"receivers,omitempty"`
	Size      int64          `json:"size"`
	// Results is Authentication-Results of an incoming message; Auth the same to count by.
	Results string    `json:"results"`
	Auth    *MailAuth `json:"auth"`
	Signed  []string  `json:"signed"`
	Outcome string    `json:"outcome"`
	Action  string    `json:"action"` // accept, tag, quarantine, hold, defer, reject
	Reason  string    `json:"reason"`
	Paced   bool      `json:"paced"`
	// Override is why a DMARC failure did not count: a type of RFC 9990, and a comment.
	Override string      `json:"override"`
	Comment  string      `json:"comment"`
	Findings [][2]string `json:"findings"` // ID and a sentence
}

// MailAuth are results by which messages are counted.
type MailAuth struct {
	SPF         string      `json:"spf"`
	SPFDomain   string      `json:"spf_domain"`
	DKIM        [][3]string `json:"dkim"` // domain, selector, result
	ARC         string      `json:"arc"`
	DMARC       string      `json:"dmarc"`
	Disposition string      `json:"disposition"` // what the domain of From asks for
}

const (
	// maxMailEvent bounds the octets of one event, maxEventKeys by how many names it is found.
	maxMailEvent = 32 << 10
	maxEventKeys = 30
	// MaxMailEventRows bounds the events that are kept, however young.
	MaxMailEventRows = 1_000_000
)

// NewMailEventID gives an ID that sorts by time.
func NewMailEventID(at time.Time) string {
	return fmt.Sprintf("%012x", max(millis(at), 0)) + random(12)
}

// keys are the names by which an event is found.
func (e *MailEvent) keys() []string {
	seen := map[string]bool{"": true}
	var out []string
	for _, name := range append([]string{e.Queue, e.MessageID, e.MailFrom, e.Author, e.Client, e.User}, e.Rcpts...) {
		if name = eventKey(name); !seen[name] && len(out) < maxEventKeys {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out
}

// Named reports that an event is found by a name.
func (e *MailEvent) Named(name string) bool { return slices.Contains(e.keys(), eventKey(name)) }

// eventKey gives a name in the form in which it is looked for: a domain in Unicode (RFC 6531) is that in A-labels.
func eventKey(name string) string {
	name = strings.ToLower(strings.Trim(strings.TrimSpace(text(name)), "<>"))
	at := strings.LastIndexByte(name, '@') + 1
	if domain, ok := wire.ALabels(name[at:]); ok {
		name = name[:at] + domain
	}
	return strings.ToValidUTF8(name[:min(len(name), 500)], "") // no half of a character, which PostgreSQL would refuse
}

// encode gives the stored form. Of an event that is too large only what tells it from others is kept: it may not keep the others out.
func (e *MailEvent) encode() ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil || len(b) <= maxMailEvent {
		return b, err
	}
	short := MailEvent{ID: e.ID, At: e.At, Outgoing: e.Outgoing, Queue: start(e.Queue), MessageID: start(e.MessageID), Client: start(e.Client), MailFrom: start(e.MailFrom), Author: start(e.Author),
		RcptCount: e.RcptCount, Size: e.Size, Outcome: start(e.Outcome), Action: start(e.Action), Paced: e.Paced, Reason: start(e.Reason)}
	return json.Marshal(&short)
}

func start(s string) string { return s[:min(len(s), 500)] }

// AddMailEvents keeps events, all in one transaction; those that are there already change nothing.
func (s *Store) AddMailEvents(ctx context.Context, list []MailEvent) error {
	rows := make([]string, len(list))
	size := 0
	for i := range list {
		b, err := list[i].encode()
		if err != nil {
			return fmt.Errorf("encoding an event: %w", err)
		}
		rows[i] = text(string(b))
		size += 2 * len(b)
	}
	err := s.committer.do(ctx, size, func(ctx context.Context, q querier) error {
		for i := range list {
			e := &list[i]
			n, err := q.exec(ctx, `INSERT INTO mail_events (id, at, event) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`, text(e.ID), millis(e.At), rows[i])
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			for _, name := range e.keys() {
				if _, err := q.exec(ctx, `INSERT INTO mail_event_keys (name, event) VALUES ($1, $2) ON CONFLICT (name, event) DO NOTHING`, name, text(e.ID)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping events: %w", err)
	}
	return nil
}

// MailEvents finds events by a queue ID, a Message-ID, an address (of sender, recipient or client), the domain of From, or a user: the youngest first.
func (s *Store) MailEvents(ctx context.Context, name string, limit int) ([]MailEvent, error) {
	return s.MailEventsSince(ctx, name, time.Time{}, limit)
}

// MailEventsSince is MailEvents of what happened since a time.
func (s *Store) MailEventsSince(ctx context.Context, name string, since time.Time, limit int) ([]MailEvent, error) {
	list, err := collect(ctx, s.db.reader(), func(r row) (e MailEvent, err error) {
		var b string
		if err := r.Scan(&b); err != nil {
			return e, err
		}
		return e, json.Unmarshal([]byte(b), &e)
	}, `SELECT e.event FROM mail_event_keys k JOIN mail_events e ON e.id = k.event WHERE k.name = $1 AND k.event >= $3 ORDER BY k.event DESC LIMIT $2`, eventKey(name), limit, fmt.Sprintf("%012x", max(millis(since), 0)))
	if err != nil {
		return nil, fmt.Errorf("events: %w", s.db.translate(err))
	}
	return list, nil
}

// volumeDays is how long volume and complaints are kept.
const volumeDays = 400

// PruneFlow forgets events that are older than keep or beyond a number of rows, and volume and complaints of more than 400 days ago. It works in small
// steps, and gives the number of rows.
func (s *Store) PruneFlow(ctx context.Context, now time.Time, keep time.Duration, rows int64) (int, error) {
	var beyond string // the youngest that goes: it is far away, and no step need look for it anew
	err := s.db.reader().queryRow(ctx, `SELECT id FROM mail_events ORDER BY id DESC LIMIT 1 OFFSET $1`, rows).Scan(&beyond)
	if err = s.db.translate(err); err != nil && !errors.Is(err, ErrNotFound) {
		return 0, fmt.Errorf("deleting what expired: %w", err)
	}
	total := 0
	for _, step := range []func(context.Context, querier) (int64, error){
		pruneMailEvents(`SELECT id FROM mail_events WHERE at < $1 ORDER BY at, id LIMIT $2`, millis(now.Add(-keep))),
		pruneMailEvents(`SELECT id FROM mail_events WHERE id <= $1 ORDER BY id LIMIT $2`, beyond),
		pruneVolume(now.UTC().AddDate(0, 0, -volumeDays).Format(time.DateOnly)),
		pruneComplaints(now.UTC().AddDate(0, 0, -volumeDays).Format(time.DateOnly)), pruneTakenEvents(now),
	} {
		n, err := s.pruneAll(ctx, step)
		total += n
		if err != nil {
			return total, fmt.Errorf("deleting what expired: %w", s.db.translate(err))
		}
	}
	return total, nil
}

func pruneMailEvents(which string, arg any) func(context.Context, querier) (int64, error) {
	return func(ctx context.Context, q querier) (int64, error) {
		if _, err := q.exec(ctx, `DELETE FROM mail_event_keys WHERE event IN (`+which+`)`, arg, pruneRows); err != nil {
			return 0, err
		}
		return q.exec(ctx, `DELETE FROM mail_events WHERE id IN (`+which+`)`, arg, pruneRows)
	}
}
