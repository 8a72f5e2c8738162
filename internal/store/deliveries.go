package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrMoved: somebody else read the same log on, or forgot it, meanwhile.
var ErrMoved = errors.New("the log was read on by somebody else")

// Deliveries notes what became of deliveries together with where that was learnt from: all of it, or nothing. It is for one call of do of
// [Store.NoteDeliveries].
type Deliveries struct {
	q  querier
	db database
}

// NoteDeliveries runs do in one transaction. do may run several times, of which one counts, and may change nothing but by the Deliveries
// that it is given; size is about how many octets it writes. An error of do undoes all; ErrMoved and ErrConflict may be among them.
func (s *Store) NoteDeliveries(ctx context.Context, size int, do func(ctx context.Context, d *Deliveries) error) error {
	err := s.committer.do(ctx, size, func(ctx context.Context, q querier) error { return do(ctx, &Deliveries{q, s.db}) })
	if err != nil {
		return fmt.Errorf("noting deliveries: %w", err)
	}
	return nil
}

// MoveLog keeps that a log was read from a position to another; from -1: it was not known before. ErrMoved: that is not where it was.
func (d *Deliveries) MoveLog(ctx context.Context, source, head string, from, to int64) error {
	query, args := `UPDATE log_positions SET position = $2 WHERE name = $1 AND position = $3`, []any{logKey(source, head), to, from}
	if from < 0 {
		query, args = `INSERT INTO log_positions (name, position, head) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING`, []any{logKey(source, head), to, text(head)}
	}
	n, err := d.q.exec(ctx, query, args...)
	if err == nil && n == 0 {
		return ErrMoved
	}
	return err
}

// NameLog keeps that a log of a name is read.
func (d *Deliveries) NameLog(ctx context.Context, name string) error {
	_, err := d.q.exec(ctx, `INSERT INTO log_positions (name, position, head) VALUES ($1, 0, '') ON CONFLICT (name) DO NOTHING`, logKey(name, ""))
	return err
}

// leftFor is for how many days it is known how far a log was read that is not written any more: by then it says nothing of today.
const leftFor = 3

// LeaveLog keeps that a log was read to its end and is not written any more. It is forgotten some days later; others are now.
func (d *Deliveries) LeaveLog(ctx context.Context, source, head string, now time.Time) error {
	_, err := d.q.exec(ctx, `DELETE FROM log_positions WHERE head IN (SELECT head FROM log_positions WHERE substr(name, 1, 5) = 'left ' AND substr(name, 6, 10) < $1)`,
		now.UTC().AddDate(0, 0, -leftFor).Format(time.DateOnly))
	if err == nil {
		_, err = d.q.exec(ctx, `INSERT INTO log_positions (name, position, head) VALUES ($1, 0, $2) ON CONFLICT (name) DO NOTHING`, text("left "+now.UTC().Format(time.DateOnly)+" "+logKey(source, head)), text(head))
	}
	return err
}

// TakeEvents says which of some events were not taken before, in their order, and that they are taken now, until a time after which they
// cannot come again. What is given twice is new once. Two nodes that take one at the same time: one of them has it.
func (d *Deliveries) TakeEvents(ctx context.Context, ids []string, expires time.Time) (fresh []string, err error) {
	return takeEvents(ctx, d.q, ids, expires)
}

// AddComplaints adds to what is counted.
func (d *Deliveries) AddComplaints(ctx context.Context, list []Complaint) error {
	return addComplaints(ctx, d.q, list, maxComplaintRows)
}

// AddVolume adds to what is counted.
func (d *Deliveries) AddVolume(ctx context.Context, list []Volume) error {
	return addVolume(ctx, d.q, list, maxVolumeRows)
}

// ChangeWarmup changes the state of one. ErrNotFound: there is none, and nothing is undone; ErrConflict: another node came between.
func (d *Deliveries) ChangeWarmup(ctx context.Context, source, provider string, change func(Warmup) (state string, err error)) error {
	w, err := scanWarmup(d.q.queryRow(ctx, `SELECT source, provider, state, version FROM warmups WHERE source = $1 AND provider = $2`, text(source), text(provider)))
	if err != nil {
		return d.db.translate(err)
	}
	state, err := change(w)
	if err != nil {
		return err
	}
	n, err := d.q.exec(ctx, `UPDATE warmups SET state = $3, version = version + 1 WHERE source = $1 AND provider = $2 AND version = $4`, text(source), text(provider), text(state), w.Version)
	if err == nil && n == 0 {
		return ErrConflict
	}
	return err
}
