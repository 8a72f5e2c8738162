package dns

import (
	"context"
	"fmt"
	"sync/atomic"
)

// Counter counts the questions that pass through it and stops them at a limit:
// the question over the limit is not asked, its answer is Malformed ("exceeds a
// limit") with a Detail that says so.
type Counter struct {
	next  Resolver
	limit int64
	n     atomic.Int64
}

// NewCounter passes at most limit questions on to r; 0 is no limit.
func NewCounter(r Resolver, limit int) *Counter {
	return &Counter{next: r, limit: int64(limit)}
}

// Resolve counts first and asks then.
func (c *Counter) Resolve(ctx context.Context, q Question) Answer {
	if n := c.n.Add(1); c.limit > 0 && n > c.limit {
		return Answer{Question: q, Status: Malformed, Detail: fmt.Sprintf("not asked: over the limit of %d questions", c.limit)}
	}
	return c.next.Resolve(ctx, q)
}

// Count is how many questions came, those over the limit included.
func (c *Counter) Count() int { return int(c.n.Load()) }

// Exceeded reports whether a question was not asked for the limit's sake.
func (c *Counter) Exceeded() bool { return c.limit > 0 && c.n.Load() > c.limit }

// Budget passes at most a number of new questions on to a recorder. What the recorder
// knows costs nothing, and a refusal is recorded like an answer, so that a replay of
// the recording, which has no budget, sees what was seen. Safe for concurrent use.
type Budget struct {
	rec  *Recorder
	left atomic.Int64
}

// NewBudget lets limit questions pass.
func NewBudget(rec *Recorder, limit int) *Budget {
	b := &Budget{rec: rec}
	b.left.Store(int64(limit))
	return b
}

// Resolve asks, or says that the budget is spent: Malformed.
func (b *Budget) Resolve(ctx context.Context, q Question) Answer {
	if b.rec.asked(q) || b.left.Add(-1) >= 0 {
		return b.rec.Resolve(ctx, q)
	}
	refusal := Answer{Question: q, Status: Malformed, Detail: "not asked: there are too many questions"}
	if b.rec.keep(refusal) {
		return b.rec.Resolve(ctx, q) // another asker may have been faster
	}
	return refusal
}
