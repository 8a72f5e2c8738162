package tokens

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxBuckets bounds the callers that are remembered. Beyond it all further ones share
// one allowance: forgetting would let an attacker with many addresses reset the limits.
const maxBuckets = 10_000

// buckets bound how often each caller may do something.
type buckets struct {
	mu    sync.Mutex
	by    map[string]*bucket
	rest  *rate.Limiter
	burst int
	every time.Duration
}

type bucket struct {
	*rate.Limiter
	last time.Time
}

// newBuckets: a caller may do burst at once and one more each time.
func newBuckets(burst int, every time.Duration) *buckets {
	return &buckets{by: make(map[string]*bucket), rest: rate.NewLimiter(rate.Every(every), burst), burst: burst, every: every}
}

// take takes one, with an allowance of share times the usual one. It gives 0, or how
// long to wait where there is nothing left.
func (b *buckets) take(key string, now time.Time, share int) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return reserve(b.limiter(key, now, share), now, true)
}

// peek gives how long to wait until something could be taken, without taking it.
func (b *buckets) peek(key string, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if one := b.by[key]; one != nil {
		return reserve(one.Limiter, now, false)
	}
	if len(b.by) >= maxBuckets {
		return reserve(b.rest, now, false)
	}
	return 0
}

func reserve(l *rate.Limiter, now time.Time, keep bool) time.Duration {
	r := l.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 || !keep {
		r.CancelAt(now)
	}
	return wait
}

func (b *buckets) limiter(key string, now time.Time, share int) *rate.Limiter {
	one := b.by[key]
	if one == nil {
		if len(b.by) >= maxBuckets {
			b.forgetIdle(now)
		}
		if len(b.by) >= maxBuckets {
			return b.rest
		}
		one = &bucket{Limiter: rate.NewLimiter(rate.Every(b.every/time.Duration(share)), b.burst*share)}
		b.by[key] = one
	}
	one.last = now
	return one.Limiter
}

// forgetIdle drops callers whose allowance is full again: they lose nothing.
func (b *buckets) forgetIdle(now time.Time) {
	full := time.Duration(b.burst) * b.every
	for key, one := range b.by {
		if now.Sub(one.last) > full {
			delete(b.by, key)
		}
	}
}
