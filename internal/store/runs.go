package store

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// The states of a run.
const (
	Running = "running"
	Done    = "done"
	// Stopped: nobody waited for it any more, or more was seen than is kept.
	Stopped = "stopped"
)

// Run is one check of a domain, host or address.
type Run struct {
	ID string
	// Target is the name or address that was checked, Label what was written, Kind what
	// it is; words of package check.
	Target, Label, Kind string
	// Owner is who had it checked, "" for nobody in particular.
	Owner string
	// Parent is the run that this one looked at again, "" for none; Finding the ID of the
	// finding that it looked at again, "" for all.
	Parent, Finding string
	At              time.Time
	State           string
	// Status is the worst of its findings, Score 0-100 or -1 for none; of one that is done.
	Status string
	Score  int
	// Evidence is what was seen, encoded; nil in lists.
	Evidence []byte
}

// maxRunsOf is how many runs of one target are kept for one owner; the oldest go.
const maxRunsOf = 200

// AddRun keeps a run. An empty ID and a zero At are filled in.
func (s *Store) AddRun(ctx context.Context, r *Run) error {
	if r.ID == "" {
		r.ID = NewID()
	}
	if r.At.IsZero() {
		r.At = s.now()
	}
	err := s.committer.do(ctx, len(r.Evidence), func(ctx context.Context, q querier) error {
		if _, err := q.exec(ctx, `INSERT INTO runs (id, target, label, kind, owner, parent, finding, at, state, status, score, evidence)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			text(r.ID), text(r.Target), text(r.Label), text(r.Kind), text(r.Owner), text(r.Parent), text(r.Finding), millis(r.At), r.State, text(r.Status), r.Score, notNil(r.Evidence)); err != nil {
			return err
		}
		_, err := q.exec(ctx, `DELETE FROM runs WHERE target = $1 AND owner = $2 AND seq <= (
			SELECT seq FROM runs WHERE target = $1 AND owner = $2 ORDER BY seq DESC LIMIT 1 OFFSET $3)`, text(r.Target), text(r.Owner), maxRunsOf)
		return err
	})
	if err != nil {
		return fmt.Errorf("storing a check: %w", err)
	}
	return nil
}

// notNil: the column takes no NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// FinishRun keeps what became of a run: State, Status, Score, At and Evidence. ErrNotFound.
func (s *Store) FinishRun(ctx context.Context, r *Run) error {
	err := s.committer.do(ctx, len(r.Evidence), func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `UPDATE runs SET state = $2, status = $3, score = $4, at = $5, evidence = $6 WHERE id = $1`,
			text(r.ID), r.State, text(r.Status), r.Score, millis(r.At), notNil(r.Evidence))
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("storing the end of a check: %w", err)
	}
	return nil
}

const runColumns = `id, target, label, kind, owner, parent, finding, at, state, status, score`

// Run finds one, with its evidence. ErrNotFound.
func (s *Store) Run(ctx context.Context, id string) (*Run, error) {
	if !validName(id) {
		return nil, fmt.Errorf("check: %w", ErrNotFound)
	}
	r, err := scanWholeRun(s.db.reader().queryRow(ctx, `SELECT `+runColumns+`, evidence FROM runs WHERE id = $1`, id))
	if err != nil {
		return nil, fmt.Errorf("check: %w", s.db.translate(err))
	}
	if s.runGone(&r) {
		return nil, fmt.Errorf("check: %w", ErrNotFound)
	}
	return &r, nil
}

// Runs lists the runs of a target that are done, newest first, without their evidence:
// those of one owner, or with all those of everybody.
func (s *Store) Runs(ctx context.Context, target, owner string, all bool, limit int) ([]Run, error) {
	list, err := collect(ctx, s.db.reader(), scanRun, `SELECT `+runColumns+` FROM runs
		WHERE target = $1 AND state = $2 AND (owner = $3 OR $4 = 1) ORDER BY at DESC, seq DESC LIMIT $5`,
		text(target), Done, text(owner), number(all), atLeast0(limit))
	if err != nil {
		return nil, fmt.Errorf("listing checks: %w", s.db.translate(err))
	}
	return slices.DeleteFunc(list, func(r Run) bool { return s.runGone(&r) }), nil
}

func scanRun(r row) (x Run, err error) {
	var at int64
	err = r.Scan(&x.ID, &x.Target, &x.Label, &x.Kind, &x.Owner, &x.Parent, &x.Finding, &at, &x.State, &x.Status, &x.Score)
	x.At = fromMillis(at)
	return x, err
}

func scanWholeRun(r row) (x Run, err error) {
	var at int64
	err = r.Scan(&x.ID, &x.Target, &x.Label, &x.Kind, &x.Owner, &x.Parent, &x.Finding, &at, &x.State, &x.Status, &x.Score, &x.Evidence)
	x.At = fromMillis(at)
	return x, err
}

// pruneRuns deletes old runs: those of visitors who did not sign in, or all others.
func pruneRuns(before int64, visitors bool) func(context.Context, querier) (int64, error) {
	not := "NOT "
	if visitors {
		not = ""
	}
	return func(ctx context.Context, q querier) (int64, error) {
		return q.exec(ctx, `DELETE FROM runs WHERE seq IN (SELECT seq FROM runs WHERE at < $1 AND owner `+not+`LIKE '`+VisitorOwner+`%' ORDER BY at, seq LIMIT $2)`, before, pruneRows)
	}
}
