package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrLimited: so much mail of this kind was sent lately that no more is queued.
var ErrLimited = errors.New("too much mail was sent lately")

// OutboundState of a mail that this program sends.
type OutboundState string

// The states of outbound mail.
const (
	OutboundWaiting   OutboundState = "waiting"   // to be delivered
	OutboundDelivered OutboundState = "delivered" // a server took it
	OutboundFailed    OutboundState = "failed"    // given up
)

// Outbound is one mail to one recipient that this program sends.
type Outbound struct {
	ID string
	// Reason is what the mail is about; a second one of the same reason is not queued.
	Reason string
	// Kind is what the limits count: "reply", "confirmation".
	Kind string
	// Recipient is the address in the envelope. The envelope sender is the null path.
	Recipient string
	// Domain is the registered domain of the recipient and Client the address of who
	// caused the mail, for the limits.
	Domain, Client string
	// Message is what is sent, with CRLF line ends; nil once it is over.
	Message []byte
	Created time.Time
	// NextTry is when it is tried next; after Expires it is given up.
	NextTry, Expires time.Time
	Attempts         int
	State            OutboundState
	// Answer is the last reply of a server, or what went wrong.
	Answer   string
	Finished time.Time // zero: not yet
}

// OutboundLimit bounds how much mail is sent.
type OutboundLimit struct {
	// By says what is counted: the mail to the same "recipient", to the same "domain",
	// caused by the same "client", or "" for all.
	By    string
	Since time.Time
	// Max is how many there may be since then, the new one included.
	Max int
}

// ReplyAddress is an address that somebody wants reports sent to. They are sent once its
// owner gave back the token.
type ReplyAddress struct {
	Address string // any case
	// TokenHash is the SHA-256 of the token, in hexadecimal; Expires is when it is of no use any more.
	TokenHash string
	Expires   time.Time
	// Stop is the token by which the owner ends it, as it is: an address keeps its first one.
	Stop string
}

// reportReason begins the Reason of a report, which quotes the message whose id follows.
const reportReason = "reply:"

// AddOutbound queues a mail durably, if no limit is reached. An empty ID and a zero
// Created and NextTry are filled in. ask, where not nil, is kept with it. ErrExists: a
// mail of that reason is or was queued. ErrNotFound: it is a report on a message whose body
// is gone. ErrLimited, ErrFull.
func (s *Store) AddOutbound(ctx context.Context, o *Outbound, limits []OutboundLimit, ask *ReplyAddress) error {
	if o.ID == "" {
		o.ID = NewID()
	}
	if o.Created.IsZero() {
		o.Created = s.now()
	}
	if o.NextTry.IsZero() {
		o.NextTry = o.Created
	}
	o.State = OutboundWaiting
	if err := s.reserve(ctx, int64(len(o.Message))); err != nil {
		return fmt.Errorf("queueing mail: %w", err)
	}
	var refused error // not the transaction's: others share it
	err := s.committer.do(ctx, len(o.Message), func(ctx context.Context, q querier) (err error) {
		if refused, err = s.refusesOutbound(ctx, q, o, limits); refused != nil || err != nil {
			return err
		}
		if err := insertOutbound(ctx, q, o); err != nil || ask == nil {
			return err
		}
		return askReplyAddress(ctx, q, ask)
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return fmt.Errorf("queueing mail: %w", err)
	}
	return nil
}

func (s *Store) refusesOutbound(ctx context.Context, q querier, o *Outbound, limits []OutboundLimit) (refused, err error) {
	var n int
	if err := q.queryRow(ctx, `SELECT count(*) FROM outbound WHERE reason = $1`, text(o.Reason)).Scan(&n); err != nil {
		return nil, err
	}
	if n > 0 {
		return ErrExists, nil
	}
	if id, ok := strings.CutPrefix(o.Reason, reportReason); ok {
		if err := q.queryRow(ctx, `SELECT count(*) FROM messages WHERE id = $1 AND dropped <> 0`, text(id)).Scan(&n); err != nil {
			return nil, err
		}
		if n > 0 {
			return ErrNotFound, nil
		}
	}
	for _, l := range limits {
		condition, key := "$3 = ''", ""
		switch l.By {
		case "recipient":
			condition, key = "recipient_key = $3", strings.ToLower(o.Recipient)
		case "domain":
			condition, key = "domain = $3", o.Domain
		case "client":
			condition, key = "client = $3", o.Client
		}
		if err := q.queryRow(ctx, `SELECT count(*) FROM outbound WHERE kind = $1 AND created > $2 AND `+condition,
			text(o.Kind), millis(l.Since), text(key)).Scan(&n); err != nil {
			return nil, err
		}
		if n >= l.Max {
			return ErrLimited, nil
		}
	}
	return nil, nil
}

func insertOutbound(ctx context.Context, q querier, o *Outbound) error {
	_, err := q.exec(ctx, `INSERT INTO outbound (id, reason, kind, recipient, recipient_key, domain, client, message,
			created, next_try, expires, attempts, owner, lease, state, answer, finished)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, '', 0, $12, '', 0)`,
		o.ID, text(o.Reason), text(o.Kind), text(o.Recipient), text(strings.ToLower(o.Recipient)), text(o.Domain), text(o.Client), o.Message,
		millis(o.Created), millis(o.NextTry), millis(o.Expires), string(OutboundWaiting))
	return err
}

func askReplyAddress(ctx context.Context, q querier, a *ReplyAddress) error {
	_, err := q.exec(ctx, `INSERT INTO reply_addresses (address, token, expires, confirmed, stop) VALUES ($1, $2, $3, 0, $4)
		ON CONFLICT (address) DO UPDATE SET token = $2, expires = $3`,
		text(strings.ToLower(a.Address)), text(a.TokenHash), millis(a.Expires), text(a.Stop))
	return err
}

// outboundColumns are those of [scanOutbound].
const outboundColumns = `id, reason, kind, recipient, domain, client, message, created, next_try, expires, attempts, state, answer, finished`

func scanOutbound(r row) (o Outbound, err error) {
	var created, next, expires, finished int64
	err = r.Scan(&o.ID, &o.Reason, &o.Kind, &o.Recipient, &o.Domain, &o.Client, &o.Message, &created, &next, &expires,
		&o.Attempts, &o.State, &o.Answer, &finished)
	o.Created, o.NextTry, o.Expires, o.Finished = fromMillis(created), fromMillis(next), fromMillis(expires), fromMillis(finished)
	if len(o.Message) == 0 {
		o.Message = nil
	}
	return o, err
}

// ClaimOutbound takes mail that is due, oldest first, for an owner, until the lease
// ends: nobody else gets it before, on whatever machine. What an owner who died had is
// claimed again after the lease. Attempts counts the claim.
func (s *Store) ClaimOutbound(ctx context.Context, owner string, now, lease time.Time, limit int) ([]Outbound, error) {
	var claimed []Outbound
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) (err error) {
		// The conditions stand twice: where two nodes choose the same row, the second one to
		// get at it looks again.
		claimed, err = collect(ctx, q, scanOutbound, `UPDATE outbound SET owner = $1, lease = $3, attempts = attempts + 1
			WHERE state = 'waiting' AND lease <= $2 AND seq IN (
				SELECT seq FROM outbound WHERE state = 'waiting' AND next_try <= $2 AND lease <= $2 ORDER BY next_try, seq LIMIT $4)
			RETURNING `+outboundColumns, text(owner), millis(now), millis(lease), atLeast0(limit))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for mail to send: %w", err)
	}
	return claimed, nil
}

// SettleOutbound ends a claim with the State, Answer and NextTry of o, and what is over
// with its message too. ErrNotFound: the claim is no longer the owner's, whose outcome then counts for nothing.
func (s *Store) SettleOutbound(ctx context.Context, owner string, o *Outbound, now time.Time) error {
	finished := int64(0)
	keep := ""
	if o.State != OutboundWaiting {
		finished, keep = millis(now), ", message = $7"
	}
	args := []any{o.ID, text(owner), string(o.State), text(o.Answer), millis(o.NextTry), finished}
	if keep != "" {
		args = append(args, []byte{})
	}
	var n int64
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) (err error) {
		n, err = q.exec(ctx, `UPDATE outbound SET owner = '', lease = 0, state = $3, answer = $4, next_try = $5, finished = $6`+keep+
			` WHERE id = $1 AND owner = $2 AND state = 'waiting'`, args...)
		return err
	})
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("keeping what became of mail: %w", err)
	}
	return nil
}

// ReturnOutbound gives a claim back as if it had not been: the owner ends.
func (s *Store) ReturnOutbound(ctx context.Context, owner string, id string) error {
	err := s.committer.do(ctx, 0, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `UPDATE outbound SET owner = '', lease = 0, attempts = attempts - 1
			WHERE id = $1 AND owner = $2 AND state = 'waiting'`, id, text(owner))
		return err
	})
	if err != nil {
		return fmt.Errorf("giving mail back: %w", err)
	}
	return nil
}

// OutboundFor finds the mail of a reason. ErrNotFound.
func (s *Store) OutboundFor(ctx context.Context, reason string) (Outbound, error) {
	o, err := scanOutbound(s.db.reader().queryRow(ctx, `SELECT `+outboundColumns+` FROM outbound WHERE reason = $1`, text(reason)))
	if err != nil {
		return Outbound{}, fmt.Errorf("outbound mail: %w", s.db.translate(err))
	}
	return o, nil
}

// LastOutbound finds the newest mail of a kind to an address, in any case. ErrNotFound.
func (s *Store) LastOutbound(ctx context.Context, kind, recipient string) (Outbound, error) {
	o, err := scanOutbound(s.db.reader().queryRow(ctx, `SELECT `+outboundColumns+` FROM outbound WHERE kind = $1 AND recipient_key = $2 ORDER BY created DESC, seq DESC LIMIT 1`,
		text(kind), text(strings.ToLower(recipient))))
	if err != nil {
		return Outbound{}, fmt.Errorf("outbound mail: %w", s.db.translate(err))
	}
	return o, nil
}

// ConfirmReplyAddress takes the token of an address back, and has reports sent there until
// a time. It gives the address. ErrNotFound: no such token, or it expired.
func (s *Store) ConfirmReplyAddress(ctx context.Context, tokenHash string, now, until time.Time) (string, error) {
	return s.changeReplyAddress(ctx, `UPDATE reply_addresses SET confirmed = $3 WHERE token = $1 AND expires > $2 RETURNING address`,
		text(tokenHash), millis(now), millis(until))
}

// StopReplyAddress has no more reports sent to an address, by its token for that. ErrNotFound.
func (s *Store) StopReplyAddress(ctx context.Context, stop string) (string, error) {
	return s.changeReplyAddress(ctx, `UPDATE reply_addresses SET confirmed = 0 WHERE stop = $1 RETURNING address`, text(stop))
}

func (s *Store) changeReplyAddress(ctx context.Context, query string, args ...any) (address string, err error) {
	var found []string
	err = s.committer.do(ctx, 0, func(ctx context.Context, q querier) (err error) {
		found, err = collect(ctx, q, func(r row) (a string, err error) { return a, r.Scan(&a) }, query, args...)
		return err
	})
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("the address of a report: %w", err)
	}
	return found[0], nil
}

// ConfirmedReplyAddress gives the token by which the owner of an address ends what he agreed
// to. ErrNotFound: no reports may be sent to it.
func (s *Store) ConfirmedReplyAddress(ctx context.Context, address string, now time.Time) (stop string, err error) {
	err = s.db.reader().queryRow(ctx, `SELECT stop FROM reply_addresses WHERE address = $1 AND confirmed > $2`,
		text(strings.ToLower(address)), millis(now)).Scan(&stop)
	if err != nil {
		return "", fmt.Errorf("the address of a report: %w", s.db.translate(err))
	}
	return stop, nil
}

// keepOutbound is how long it is remembered what became of mail: longer than any limit looks back.
const keepOutbound = 7 * 24 * time.Hour

func pruneOutbound(now time.Time) func(context.Context, querier) (int64, error) {
	return func(ctx context.Context, q querier) (int64, error) {
		return q.exec(ctx, `DELETE FROM outbound WHERE seq IN
			(SELECT seq FROM outbound WHERE finished > 0 AND finished <= $1 LIMIT $2)`, millis(now.Add(-keepOutbound)), pruneRows)
	}
}

func pruneReplyAddresses(now time.Time) func(context.Context, querier) (int64, error) {
	return func(ctx context.Context, q querier) (int64, error) {
		return q.exec(ctx, `DELETE FROM reply_addresses WHERE address IN
			(SELECT address FROM reply_addresses WHERE expires <= $1 AND confirmed <= $1 LIMIT $2)`, millis(now), pruneRows)
	}
}
