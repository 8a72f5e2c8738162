// Package blocklist asks many DNS-based lists about one address or domain, each
// only when it has proved that it is alive and answers us.
package blocklist

import (
	"cmp"
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/provider"
)

// Config configures a Checker; zero values take the defaults.
type Config struct {
	// Resolver asks for the test entries, for all sweeps together, and everything of
	// lists with a key: it must not keep a record that others can read.
	Resolver dns.Resolver
	// Lists are those to sweep, provider.Choice{}.Choose() by default. Dead lists and
	// such as cannot be swept are left out.
	Lists []provider.Blocklist
	// Keep is how long a proof holds, an hour by default. One that failed (no answer)
	// holds KeepFailure, a minute by default.
	Keep, KeepFailure time.Duration
	// ProofTime bounds one proof, 5 s by default. Timeout bounds a sweep, 10 s by default.
	ProofTime, Timeout time.Duration
	// Concurrency is how many lists are asked at one time in one sweep, 16 by default.
	Concurrency int
	// Rate is how many questions a second one list gets, 10 by default, in bursts of
	// twice as many; a list that asks for more spacing gets it.
	Rate float64
	// Now is the clock, time.Now by default.
	Now func() time.Time
}

// Checker sweeps lists and remembers which of them are alive. Safe for concurrent use.
// It keeps one proof for each list and family, no more.
type Checker struct {
	cfg   Config
	gates map[string]*rate.Limiter

	mu     sync.Mutex
	proofs map[proofKey]*proof
}

type proofKey struct {
	zone   string
	family dnsbl.Family
}

// proof is one proof, or one under way.
type proof struct {
	done  chan struct{} // closed when result and until are set
	until time.Time
	dnsbl.Proof
}

// New gives a checker.
func New(cfg Config) *Checker {
	if cfg.Lists == nil {
		cfg.Lists = provider.Choice{}.Choose()
	}
	cfg.Keep = cmp.Or(cfg.Keep, time.Hour)
	cfg.KeepFailure = cmp.Or(cfg.KeepFailure, time.Minute)
	cfg.ProofTime = cmp.Or(cfg.ProofTime, 5*time.Second)
	cfg.Timeout = cmp.Or(cfg.Timeout, 10*time.Second)
	cfg.Concurrency = cmp.Or(cfg.Concurrency, 16)
	cfg.Rate = cmp.Or(cfg.Rate, 10)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Checker{cfg: cfg, gates: make(map[string]*rate.Limiter), proofs: make(map[proofKey]*proof)}
	c.cfg.Lists = nil
	for _, b := range cfg.Lists {
		if _, dead := provider.DeadBlocklistOf(b.Zone); dead || !b.Sweepable() || c.gates[b.Zone] != nil {
			continue
		}
		c.cfg.Lists = append(c.cfg.Lists, b)
		c.gates[b.Zone] = gate(b, cfg.Rate)
	}
	return c
}

func gate(b provider.Blocklist, perSecond float64) *rate.Limiter {
	if b.Spacing > 0 {
		return rate.NewLimiter(rate.Every(b.Spacing), 1)
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(4, int(2*perSecond)))
}

// Lists are those that are swept.
func (c *Checker) Lists() []provider.Blocklist { return c.cfg.Lists }

// prove gives the proof of a list, from the last hour or a new one. All who want the
// same wait for one proof, which goes on for the others when one gives up.
func (c *Checker) prove(ctx context.Context, b provider.Blocklist, f dnsbl.Family) dnsbl.Proof {
	key := proofKey{b.Zone, f}
	c.mu.Lock()
	p := c.proofs[key]
	if p == nil || p.over(c.cfg.Now()) {
		p = &proof{done: make(chan struct{})}
		c.proofs[key] = p
		go c.run(context.WithoutCancel(ctx), p, b, f)
	}
	c.mu.Unlock()
	select {
	case <-p.done:
		return p.Proof
	case <-ctx.Done():
		return dnsbl.Proof{List: b.ID, Family: f, Health: dnsbl.Unproved, Reason: "no time was left to prove the list"}
	}
}

func (c *Checker) run(ctx context.Context, p *proof, b provider.Blocklist, f dnsbl.Family) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.ProofTime)
	defer cancel()
	defer close(p.done)
	p.Proof = dnsbl.Prove(ctx, &gated{c.cfg.Resolver, c.gates[b.Zone]}, b.List, f)
	keep := c.cfg.Keep
	if p.Health == dnsbl.Unproved {
		keep = c.cfg.KeepFailure
	}
	p.until = c.cfg.Now().Add(keep)
}

// over reports whether a proof no longer holds. One under way does.
func (p *proof) over(now time.Time) bool {
	select {
	case <-p.done:
		return !now.Before(p.until)
	default:
		return false
	}
}

// gated asks a list no faster than it likes.
type gated struct {
	next dns.Resolver
	gate *rate.Limiter
}

// Resolve waits its turn, and does not ask where that would come too late.
func (g *gated) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if err := g.gate.Wait(ctx); err != nil {
		return dns.Answer{Question: q, Status: dns.Timeout, Detail: "the list was asked too often lately"}
	}
	return g.next.Resolve(ctx, q)
}
