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
