package dns

import (
	"cmp"
	"container/list"
	"context"
	"sync"
	"time"
)

// CacheConfig bounds a [Cache]; zero values take the defaults.
type CacheConfig struct {
	// Entries is how many answers are kept, 10,000 by default; Octets how many
	// octets they take in all, 64 MiB by default. The answer that was not used for
	// the longest time makes room.
	Entries, Octets int
	// MaxTTL bounds how long records are kept, whatever their TTL says; 1 day by default.
	MaxTTL time.Duration
	// MaxNegativeTTL does so for NXDomain and NoData; 15 minutes by default.
	MaxNegativeTTL time.Duration
	// FailureTTL is how long a failure is kept, so that a dead server is not asked
	// by every message of a burst (RFC 9520 section 3.2 asks for 1 s at least);
	// 1 s by default, negative for not at all.
	FailureTTL time.Duration
	// FlightTime bounds one question to the resolver behind, for all who wait for
	// it; 30 s by default.
	FlightTime time.Duration
	// Now is the clock, time.Now by default.
	Now func() time.Time
}

func (c CacheConfig) withDefaults() CacheConfig {
	c.Entries = cmp.Or(c.Entries, 10_000)
	c.Octets = cmp.Or(c.Octets, 64<<20)
	c.MaxTTL = cmp.Or(c.MaxTTL, 24*time.Hour)
	c.MaxNegativeTTL = cmp.Or(c.MaxNegativeTTL, 15*time.Minute)
	c.FailureTTL = cmp.Or(c.FailureTTL, time.Second)
	c.FlightTime = cmp.Or(c.FlightTime, 30*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Cache keeps answers as long as their TTL allows and asks a question that several
// callers have at one time just once. Safe for concurrent use.
type Cache struct {
	next Resolver
	cfg  CacheConfig

	mu      sync.Mutex
	entries map[asked]*list.Element // of *kept
	recent  *list.List              // most recently used first
	octets  int
	flights map[asked]*flight
}

// kept is one answer in the cache.
type kept struct {
	key     asked
	answer  Answer
	since   time.Time
	expires time.Time
	octets  int
}

// NewCache puts a cache before r.
func NewCache(r Resolver, cfg CacheConfig) *Cache {
	return &Cache{
		next: r, cfg: cfg.withDefaults(),
		entries: make(map[asked]*list.Element), recent: list.New(), flights: make(map[asked]*flight),
	}
}

// Resolve answers from the cache, with the TTLs that are left and Cached set, or
// asks. When ctx ends it returns Timeout; the question goes on for the others who
// wait for it.
func (c *Cache) Resolve(ctx context.Context, q Question) Answer {
	if !ValidName(q.Name) {
		return badName(q)
	}
	key := keyOf(q)
	c.mu.Lock()
	if a, ok := c.get(key); ok {
		c.mu.Unlock()
		return again(a, q)
	}
	if ctx.Err() != nil {
		c.mu.Unlock()
		return ended(ctx, q)
	}
	f := c.join(key, q)
	c.mu.Unlock()
	return c.wait(ctx, f, q)
}

// remembered is Resolve as far as that need not ask.
func (c *Cache) remembered(q Question) (Answer, bool) {
	if !ValidName(q.Name) {
		return badName(q), true
	}
	c.mu.Lock()
	a, ok := c.get(keyOf(q))
	c.mu.Unlock()
	if !ok {
		return Answer{}, false
	}
	return again(a, q), true
}

// Len is how many answers are kept.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}

// get gives a kept answer with what is left of its TTLs. c.mu is held.
func (c *Cache) get(key asked) (Answer, bool) {
	e := c.entries[key]
	if e == nil {
		return Answer{}, false
	}
	k := e.Value.(*kept)
	now := c.cfg.Now()
	if !now.Before(k.expires) || now.Before(k.since) {
		c.remove(e)
		return Answer{}, false
	}
	c.recent.MoveToFront(e)
	a := k.answer
	age := uint32(now.Sub(k.since) / time.Second)
	a.TTL = older(a.TTL, age)
	a.Records, a.Chain = aged(a.Records, age), aged(a.Chain, age)
	a.Cached, a.Elapsed = true, 0
	return a, true
}

// aged copies records with what is left of their TTLs.
func aged(records []Record, age uint32) []Record {
	if age == 0 || len(records) == 0 {
		return records
	}
	out := make([]Record, len(records))
	for i, rec := range records {
		rec.TTL = older(rec.TTL, age)
		out[i] = rec
	}
	return out
}

func older(ttl, age uint32) uint32 { return ttl - min(ttl, age) }

// put keeps an answer if its TTL allows. c.mu is held.
func (c *Cache) put(key asked, a Answer) {
	life := c.lifetime(a)
	size := sizeOf(a)
	if life <= 0 || size > c.cfg.Octets {
		return
	}
	if e := c.entries[key]; e != nil {
		c.remove(e)
	}
	now := c.cfg.Now()
	k := &kept{key: key, answer: a, since: now, expires: now.Add(life), octets: size}
	c.entries[key] = c.recent.PushFront(k)
	c.octets += size
	for len(c.entries) > c.cfg.Entries || c.octets > c.cfg.Octets {
		c.remove(c.recent.Back())
	}
}

func (c *Cache) remove(e *list.Element) {
	k := e.Value.(*kept)
	c.recent.Remove(e)
	delete(c.entries, k.key)
	c.octets -= k.octets
}

func (c *Cache) lifetime(a Answer) time.Duration {
	ttl := time.Duration(a.TTL) * time.Second
	switch {
	case a.Status.Found():
		return min(ttl, c.cfg.MaxTTL)
	case a.Status.Void():
		return min(ttl, c.cfg.MaxNegativeTTL)
	case a.Status.Failed():
		return c.cfg.FailureTTL
	}
	return 0
}

// sizeOf estimates the memory of an answer, in octets.
func sizeOf(a Answer) int {
	const answer, record = 512, 160
	n := answer + 2*len(a.Question.Name) + len(a.Detail)
	for _, set := range [][]Record{a.Records, a.Chain} {
		for _, rec := range set {
			n += record + len(rec.Name) + len(rec.Data)
			for _, s := range rec.Strings {
				n += 16 + len(s)
			}
		}
	}
	return n
}

// ended is the answer for a caller whose context has ended.
func ended(ctx context.Context, q Question) Answer {
	return Answer{Question: q, Status: Timeout, Detail: "stopped waiting: " + context.Cause(ctx).Error()}
}
