package mailauth_test

import (
	"context"
	"sync/atomic"

	"github.com/todoku/todoku/dns"
)

// counter counts questions.
type counter struct {
	dns.Resolver
	n atomic.Int64
}

func (c *counter) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	c.n.Add(1)
	return c.Resolver.Resolve(ctx, q)
}

func (c *counter) count() int64 { return c.n.Load() }
