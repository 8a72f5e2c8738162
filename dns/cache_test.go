package dns

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fakeClock moves only when told.
type fakeClock struct{ ns atomic.Int64 }

func (c *fakeClock) Now() time.Time          { return time.Unix(1_000_000, c.ns.Load()) }
func (c *fakeClock) forward(d time.Duration) { c.ns.Add(int64(d)) }

// resolverFunc is a resolver made of a function.
type resolverFunc func(context.Context, Question) Answer

func (f resolverFunc) Resolve(ctx context.Context, q Question) Answer { return f(ctx, q) }

func newTestCache(z Zone, cfg CacheConfig) (*Cache, *Counter, *fakeClock) {
	clock := &fakeClock{}
	cfg.Now = clock.Now
	counter := NewCounter(MustMemory(z), 0)
	return NewCache(counter, cfg), counter, clock
}

func TestCacheTTL(t *testing.T) {
	c, asked, clock := newTestCache(Zone{"a.example": {"100 A 192.0.2.1", "50 TXT x"}, "b.example": {"30 CNAME a.example"}}, CacheConfig{})
	if a := ask(c, "a.example", TypeA); a.Cached || a.TTL != 100 {
		t.Errorf("first: %+v", a)
	}
	clock.forward(40*time.Second + 500*time.Millisecond)
	a := ask(c, "A.example.", TypeA)
	if !a.Cached || a.TTL != 60 || a.Records[0].TTL != 60 || a.Question.Name != "A.example." || a.Elapsed != 0 {
		t.Errorf("after 40 s: %+v", a)
	}
	clock.forward(59 * time.Second)
	if a := ask(c, "a.example", TypeA); !a.Cached || a.TTL != 1 {
		t.Errorf("just before the end: %+v", a)
	}
	clock.forward(500 * time.Millisecond)
	if a := ask(c, "a.example", TypeA); a.Cached || a.TTL != 100 || asked.Count() != 2 {
		t.Errorf("at the end: %+v after %d questions", a, asked.Count())
	}
	ask(c, "b.example", TypeA)
	clock.forward(10 * time.Second)
	if a := ask(c, "b.example", TypeA); !a.Cached || a.TTL != 20 || a.Chain[0].TTL != 20 || a.Records[0].TTL != 90 {
		t.Errorf("chain: %+v", a)
	}
	if a := ask(c, "a.example", TypeTXT); a.Cached {
		t.Errorf("another type: %+v", a)
	}
}

// RFC 2308 section 5: negative answers are kept for the SOA's negative TTL.
func TestCacheNegativeTTL(t *testing.T) {
	c, asked, clock := newTestCache(Zone{
		"example":      {"9000 SOA ns.example. h.example. 1 2 3 4 60", "TXT x"},
		"long.example": {"99999 SOA ns.example. h.example. 1 2 3 4 99999"},
	}, CacheConfig{})
	for range 2 {
		ask(c, "gone.example", TypeA)
		ask(c, "example", TypeA)
	}
	if asked.Count() != 2 {
		t.Errorf("%d questions", asked.Count())
	}
	clock.forward(time.Minute)
	if a := ask(c, "gone.example", TypeA); a.Cached {
		t.Errorf("after the negative TTL: %+v", a)
	}
	ask(c, "x.long.example", TypeA)
	clock.forward(15 * time.Minute)
	if a := ask(c, "x.long.example", TypeA); a.Cached {
		t.Errorf("negative answers are kept 15 minutes at most: %+v", a)
	}
}

func TestCacheCapsTTL(t *testing.T) {
	c, _, clock := newTestCache(Zone{"a.example": {"4000000 A 192.0.2.1"}, "z.example": {"0 A 192.0.2.1"}}, CacheConfig{})
	ask(c, "a.example", TypeA)
	clock.forward(24 * time.Hour)
	if a := ask(c, "a.example", TypeA); a.Cached {
		t.Error("kept for more than a day")
	}
	ask(c, "z.example", TypeA)
	if a := ask(c, "z.example", TypeA); a.Cached {
		t.Error("TTL 0 was kept")
	}
}

// A clock that goes back does not keep an answer for longer than its TTL.
func TestCacheClockGoesBack(t *testing.T) {
	c, _, clock := newTestCache(Zone{"a.example": {"A 192.0.2.1"}}, CacheConfig{})
	ask(c, "a.example", TypeA)
	clock.forward(-time.Hour)
	if a := ask(c, "a.example", TypeA); a.Cached {
		t.Errorf("got %+v", a)
	}
}

func TestCacheFailuresBriefly(t *testing.T) {
	for _, c := range []struct {
		cfg  time.Duration
		want int
	}{{0, 2}, {-1, 3}} {
		cache, asked, clock := newTestCache(Zone{"a.example": {"SERVFAIL"}}, CacheConfig{FailureTTL: c.cfg})
		ask(cache, "a.example", TypeA)
		if a := ask(cache, "a.example", TypeA); a.Status != ServFail || a.TTL != 0 {
			t.Errorf("got %+v", a)
		}
		clock.forward(time.Second)
		ask(cache, "a.example", TypeA)
		if asked.Count() != c.want {
			t.Errorf("FailureTTL %v: %d questions, want %d", c.cfg, asked.Count(), c.want)
		}
	}
}

func TestCacheBadNameAsksNothing(t *testing.T) {
	c, asked, _ := newTestCache(Zone{}, CacheConfig{})
	if a := ask(c, "a..b", TypeA); a.Status != BadName || asked.Count() != 0 || c.Len() != 0 {
		t.Errorf("got %+v", a)
	}
}

func TestCacheForgetsTheLeastRecentlyUsed(t *testing.T) {
	z := Zone{}
	for i := range 10 {
		z[fmt.Sprintf("n%d.example", i)] = []string{"A 192.0.2.1"}
	}
	c, _, _ := newTestCache(z, CacheConfig{Entries: 3})
	for _, i := range []int{0, 1, 2, 0, 3} { // 1 is the oldest when 3 comes
		ask(c, fmt.Sprintf("n%d.example", i), TypeA)
	}
	for i, want := range []bool{true, false} {
		if a := ask(c, fmt.Sprintf("n%d.example", i), TypeA); a.Cached != want {
			t.Errorf("n%d: cached %v", i, a.Cached)
		}
	}
	if c.Len() != 3 {
		t.Errorf("%d entries", c.Len())
	}
}

func TestCacheBoundsOctets(t *testing.T) {
	z := Zone{}
	for i := range 50 {
		z[fmt.Sprintf("n%d.example", i)] = []string{"TXT " + strings.Repeat("x", 10_000)}
	}
	z["huge.example"] = []string{"TXT " + strings.Repeat("x", 150_000)}
	c, _, _ := newTestCache(z, CacheConfig{Octets: 100_000})
	for i := range 50 {
		ask(c, fmt.Sprintf("n%d.example", i), TypeTXT)
	}
	ask(c, "huge.example", TypeTXT)
	if c.octets > 100_000 || c.Len() < 4 || c.Len() > 10 {
		t.Errorf("%d octets in %d entries", c.octets, c.Len())
	}
}

func TestCacheSingleFlight(t *testing.T) {
	var calls atomic.Int32
	begun, release := make(chan struct{}), make(chan struct{})
	c := NewCache(resolverFunc(func(_ context.Context, q Question) Answer {
		calls.Add(1)
		close(begun)
		<-release
		return Answer{Question: q, Status: Success, TTL: 60, Records: []Record{{Name: "a.example", Type: TypeTXT, Data: "x"}}}
	}), CacheConfig{})

	impatient, giveUp := context.WithCancel(ctx)
	gaveUp := make(chan Answer)
	go func() { gaveUp <- c.Resolve(impatient, Question{Name: "a.example", Type: TypeTXT}) }()
	<-begun
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if a := ask(c, "A.example", TypeTXT); a.Status != Success || a.Question.Name != "A.example" {
				t.Errorf("got %+v", a)
			}
		})
	}
	waitFor(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.flights[asked{name: "a.example", typ: TypeTXT}].waiting == 21
	})
	// The one who began it gives up: it gets its answer at once, the others theirs later.
	giveUp()
	if a := <-gaveUp; a.Status != Timeout {
		t.Errorf("gave up: %+v", a)
	}
	close(release)
	wg.Wait()
	if calls.Load() != 1 {
		t.Errorf("asked %d times", calls.Load())
	}
}

// waitFor yields until a condition that other goroutines bring about holds.
func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); {
		if time.Now().After(deadline) {
			t.Fatal("the condition did not come true")
		}
		time.Sleep(time.Millisecond)
	}
}

// When the last one gives up, the question is stopped, and the failure that comes of
// it is not kept for the next one who asks.
func TestCacheStopsWhatNobodyWaitsFor(t *testing.T) {
	begun, stopped := make(chan struct{}, 2), make(chan struct{})
	var n atomic.Int32
	c := NewCache(resolverFunc(func(ctx context.Context, q Question) Answer {
		if n.Add(1) > 1 {
			return Answer{Status: NXDomain, TTL: 5}
		}
		begun <- struct{}{}
		<-ctx.Done()
		close(stopped)
		return Answer{Status: Timeout}
	}), CacheConfig{})
	short, cancel := context.WithCancel(ctx)
	go func() { <-begun; cancel() }()
	if a := c.Resolve(short, Question{Name: "a.example", Type: TypeA}); a.Status != Timeout || a.Detail == "" {
		t.Errorf("got %+v", a)
	}
	<-stopped
	if a := ask(c, "a.example", TypeA); a.Status != NXDomain {
		t.Errorf("the next one got %+v", a)
	}
}

func TestCacheContextEndedBefore(t *testing.T) {
	c, asked, _ := newTestCache(Zone{"a.example": {"A 192.0.2.1"}}, CacheConfig{})
	done, cancel := context.WithCancel(ctx)
	cancel()
	q := Question{Name: "a.example", Type: TypeA}
	if a := c.Resolve(done, q); a.Status != Timeout || asked.Count() != 0 {
		t.Errorf("not kept: %+v", a)
	}
	ask(c, "a.example", TypeA)
	if a := c.Resolve(done, q); a.Status != Success {
		t.Errorf("kept: %+v", a) // what is known costs no time
	}
}

func TestCacheUnderLoad(t *testing.T) {
	z := Zone{}
	for i := range 40 {
		z[fmt.Sprintf("n%d.example", i)] = []string{"A 192.0.2.1"}
	}
	c, _, clock := newTestCache(z, CacheConfig{Entries: 10})
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 500 {
				if a := ask(c, fmt.Sprintf("n%d.example", (i*7+w)%40), TypeA); a.Status != Success {
					t.Errorf("got %+v", a)
				}
				clock.forward(time.Second)
			}
		})
	}
	wg.Wait()
	if c.Len() > 10 || len(c.flights) != 0 {
		t.Errorf("%d entries, %d flights", c.Len(), len(c.flights))
	}
}
