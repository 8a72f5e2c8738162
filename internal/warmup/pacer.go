package warmup

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// ErrAway: the plans cannot be asked now.
var ErrAway = errors.New("the plans cannot be asked now")

const (
	// patience is how long a message waits for the database, at most; after a failure nobody asks for the length of rest.
	patience = 2 * time.Second
	rest     = 10 * time.Second
)

// Pacer is a gate in the mail flow: it answers in two seconds, whatever the database does. While the database is away mail goes, and is
// counted when it is back; or it waits, if the pacer is closed. Safe for concurrent use.
type Pacer struct {
	gate *Gate
	// Closed has mail wait while the database is away.
	closed   bool
	patience time.Duration
	turn     chan struct{} // held by whoever asks the gate
	mu       sync.Mutex
	failed   time.Time // when the database failed last, zero: it did not
}

// NewPacer makes a pacer for the plans of a database; now nil is the clock.
func NewPacer(st *store.Store, closed bool, now func() time.Time) *Pacer {
	return &Pacer{gate: NewGate(st, now), closed: closed, patience: patience, turn: make(chan struct{}, 1)}
}

// answer is what the gate said.
type answer struct {
	Decision
	provider string
	err      error
}

// Take is as that of [Gate.TakeAll]. With an error, which says why nobody could be asked, the decision is what the rule says.
func (p *Pacer) Take(ctx context.Context, source string, rcpts map[string]int, goesFirst bool) (d Decision, refusing string, err error) {
	if p.resting() {
		return p.unasked(source, rcpts, ErrAway)
	}
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return p.unasked(source, rcpts, ErrAway)
	}
	if p.resting() { // somebody before us learnt it
		<-p.turn
		return p.unasked(source, rcpts, ErrAway)
	}
	var one sync.Mutex // of who settles it: the gate's answer, or the end of patience
	settled := false
	done := make(chan answer, 1)
	go func() {
		defer func() { <-p.turn }()
		var a answer
		a.Decision, a.provider, a.err = p.gate.TakeAll(ctx, source, rcpts, goesFirst)
		p.heard(a.err)
		one.Lock()
		defer one.Unlock()
		if !settled {
			settled = true
			done <- a
		} else if a.err == nil && a.Allowed { // nobody waited: what went uncounted was counted, or did not go
			if p.closed {
				p.gate.Return(source, rcpts, goesFirst, a.At)
			} else {
				p.gate.debt.counted(source, date(a.At), rcpts)
			}
		}
	}()
	select {
	case a := <-done:
		if a.err != nil {
			return p.unasked(source, rcpts, a.err)
		}
		return a.Decision, a.provider, nil
	case <-ctx.Done():
	}
	one.Lock()
	defer one.Unlock()
	if settled {
		if a := <-done; a.err == nil {
			return a.Decision, a.provider, nil
		}
	}
	settled = true
	p.heard(ctx.Err())
	return p.unasked(source, rcpts, ErrAway)
}

// unasked is the rule for when nobody can be asked.
func (p *Pacer) unasked(source string, rcpts map[string]int, err error) (Decision, string, error) {
	if p.closed {
		return Decision{Refusal: Refusal{Until: p.gate.now().Add(rest)}}, "", err
	}
	p.gate.owe(source, rcpts)
	return Decision{Allowed: true}, "", err
}

func (p *Pacer) heard(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed = (time.Time{}); err != nil {
		p.failed = time.Now() // of the machine: it never jumps
	}
}

func (p *Pacer) resting() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.failed.IsZero() && time.Since(p.failed) < rest
}

// Return is as that of [Gate.Return]; it does not wait.
func (p *Pacer) Return(source string, rcpts map[string]int, goesFirst bool, at time.Time) {
	select {
	case p.turn <- struct{}{}:
		p.gate.Return(source, rcpts, goesFirst, at)
		<-p.turn
	default: // somebody waits for the database: it is lost for the day
	}
}

// Sweep is as that of [Gate.Sweep]; it does not wait for others, nor when the database failed just now.
func (p *Pacer) Sweep(ctx context.Context) {
	if p.resting() {
		return
	}
	select {
	case p.turn <- struct{}{}:
	default:
		return
	}
	defer func() { <-p.turn }()
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	_ = p.gate.Sweep(ctx) // what cannot be given back is lost for the day
}

// Close gives back what was not used.
func (p *Pacer) Close(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return p.gate.Close(ctx)
}
