package web

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/todoku/todoku/internal/caller"
)

// maxClients bounds the clients that a limiter remembers. Beyond it all further
// ones share one allowance: forgetting would let an attacker with many
// addresses reset the limits.
const maxClients = 10_000

// limiter bounds how often a client may do something.
type limiter struct {
	mu                   sync.Mutex
	clients              map[netip.Prefix]*allowance
	others               *rate.Limiter
	localBurst, farBurst int
	localEvery, farEvery time.Duration
}

type allowance struct {
	*rate.Limiter
	last time.Time
}

// newLimiter: a client on loopback may do localBurst at once and one more each
// localEvery; another one farBurst and farEvery.
func newLimiter(localBurst int, localEvery time.Duration, farBurst int, farEvery time.Duration) *limiter {
	return &limiter{
		clients:    map[netip.Prefix]*allowance{},
		others:     rate.NewLimiter(rate.Every(farEvery), farBurst),
		localBurst: localBurst, localEvery: localEvery, farBurst: farBurst, farEvery: farEvery,
	}
}

// network is what counts as one client.
func network(ip netip.Addr) netip.Prefix { return caller.Network(ip) }

// allow takes one from the client's allowance.
func (l *limiter) allow(ip netip.Addr, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := network(ip)
	a := l.clients[key]
	if a == nil {
		if len(l.clients) >= maxClients {
			l.forgetIdle(now)
		}
		if len(l.clients) >= maxClients {
			return l.others.AllowN(now, 1)
		}
		burst, every := l.farBurst, l.farEvery
		if ip.IsLoopback() {
			burst, every = l.localBurst, l.localEvery
		}
		a = &allowance{Limiter: rate.NewLimiter(rate.Every(every), burst)}
		l.clients[key] = a
	}
	a.last = now
	return a.AllowN(now, 1)
}

// forgetIdle drops clients whose allowance is full again: they lose nothing.
func (l *limiter) forgetIdle(now time.Time) {
	full := max(time.Duration(l.farBurst)*l.farEvery, time.Duration(l.localBurst)*l.localEvery)
	for k, a := range l.clients {
		if now.Sub(a.last) > full {
			delete(l.clients, k)
		}
	}
}

// quota bounds how much of something lasts at a time.
type quota struct {
	mu                  sync.Mutex
	total, most         int
	perClient, perLocal int
	clients             map[netip.Prefix]int
}

// newQuota: most in all, perClient for one client, perLocal for one on loopback.
func newQuota(most, perClient, perLocal int) *quota {
	return &quota{most: most, perClient: perClient, perLocal: perLocal, clients: map[netip.Prefix]int{}}
}

// take gives a function that gives back, or false when the quota is used up.
func (q *quota) take(ip netip.Addr) (release func(), ok bool) { return q.takeMany(ip, 1) }

// takeMany takes n, or all that one client may have when n is more than that.
func (q *quota) takeMany(ip netip.Addr, n int) (release func(), ok bool) {
	key, limit := network(ip), q.perClient
	if ip.IsLoopback() {
		limit = q.perLocal
	}
	n = min(n, limit)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.total+n > q.most || q.clients[key]+n > limit {
		return nil, false
	}
	q.total += n
	q.clients[key] += n
	return sync.OnceFunc(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.total -= n
		if q.clients[key] -= n; q.clients[key] == 0 {
			delete(q.clients, key)
		}
	}), true
}

// Messages on their way to or from a client are held in memory for as long as the
// client likes to take, so their octets are bounded, in all and for each client.
const (
	transferred      = 256 << 20
	transferredFar   = 64 << 20
	transferredLocal = 192 << 20
	// leastTransfer is what a small one counts for: it may wait for DNS too.
	leastTransfer = 8 << 20
	// smallTransfer is sent without being counted.
	smallTransfer = 1 << 20
)

// leaving leaves a gate as soon as the answer, which is whole by then, begins to be
// sent: how fast a client reads must not be the others' affair.
type leaving struct {
	http.ResponseWriter
	leave func()
}

func (l leaving) WriteHeader(code int) {
	l.leave()
	l.ResponseWriter.WriteHeader(code)
}

func (l leaving) Write(b []byte) (int, error) {
	l.leave()
	return l.ResponseWriter.Write(b)
}

// gate lets so many through at a time as its capacity.
type gate chan struct{}

// gateWait is how long one waits at a gate before giving up.
const gateWait = 10 * time.Second

// enter waits for a place; leave must be called when ok.
func (g gate) enter(ctx context.Context) (leave func(), ok bool) {
	ctx, cancel := context.WithTimeout(ctx, gateWait)
	defer cancel()
	select {
	case g <- struct{}{}:
		return sync.OnceFunc(func() { <-g }), true
	case <-ctx.Done():
		return nil, false
	}
}
