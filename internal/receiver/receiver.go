// Package receiver tells which provider takes the mail of a domain: by the domain's name where a provider gives it to consumers, else by
// its mail exchangers. What is not known is looked up beside the mail flow, which waits for it no longer than it says.
package receiver

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/provider"
)

// Other is any provider that is not known.
const Other = "*"

const (
	// mostKnown bounds the domains that are remembered, mostWaiting those that are looked up or wait for it; atOnce are looked up at one time.
	mostKnown, mostWaiting, atOnce = 20_000, 500, 16
	// lookTime bounds one look-up.
	lookTime = 5 * time.Second
	// An answer is kept for its TTL, but within these; a failure for keepFailure.
	keepLeast, keepMost, keepFailure = 10 * time.Minute, 24 * time.Hour, time.Minute
)

// Finder finds providers, and remembers them. Safe for concurrent use.
type Finder struct {
	resolver dns.Resolver
	now      func() time.Time
	turns    chan struct{}

	mu      sync.Mutex
	known   map[string]*entry
	waiting int
}

// entry is what is known of a domain.
type entry struct {
	id    string        // Other until something else is known
	until time.Time     // how long it holds; zero: it was never known
	done  chan struct{} // of the look-up under way, nil: there is none
}

// New gives a finder; now nil is the clock.
func New(r dns.Resolver, now func() time.Time) *Finder {
	if now == nil {
		now = time.Now
	}
	return &Finder{resolver: r, now: now, turns: make(chan struct{}, atOnce), known: map[string]*entry{}}
}

// Want has a domain looked up that is not known, so that it is known soon. It does not wait.
func (f *Finder) Want(domain string) { f.find(dns.CanonicalName(domain)) }

// Find gives the provider of a domain, Other where it is not known when ctx ends. What was known before is used while it is looked up anew.
func (f *Finder) Find(ctx context.Context, domain string) string {
	id, done := f.find(dns.CanonicalName(domain))
	if done == nil {
		return id
	}
	select {
	case <-done:
		id, _ = f.find(dns.CanonicalName(domain))
	case <-ctx.Done():
	}
	return id
}

// find gives what is known now; where that is nothing, and it is looked up, done is closed when it is known.
func (f *Finder) find(domain string) (id string, done <-chan struct{}) {
	if id := provider.ReceiverOf(domain); id != "" {
		return id, nil
	}
	if !strings.Contains(domain, ".") || len(domain) > 253 || !dns.ValidName(domain) {
		return Other, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.known[domain]
	if e == nil {
		if f.waiting >= mostWaiting {
			return Other, nil // asked for again by the next message
		}
		f.room()
		e = &entry{id: Other}
		f.known[domain] = e
	}
	if e.done == nil && !f.now().Before(e.until) && f.waiting < mostWaiting {
		f.waiting++
		e.done = make(chan struct{})
		go f.look(domain, e)
	}
	if e.until.IsZero() && e.done != nil {
		return e.id, e.done
	}
	return e.id, nil
}

// room forgets some domains where there are too many: any, but not those that are looked up.
func (f *Finder) room() {
	if len(f.known) < mostKnown {
		return
	}
	gone := 0
	for domain, e := range f.known {
		if e.done == nil {
			delete(f.known, domain)
			if gone++; gone >= mostKnown/8 {
				return
			}
		}
	}
}

// look asks for the exchangers of a domain.
func (f *Finder) look(domain string, e *entry) {
	f.turns <- struct{}{}
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	a := f.resolver.Resolve(ctx, dns.Question{Name: domain, Type: dns.TypeMX})
	cancel()
	<-f.turns
	f.mu.Lock()
	defer f.mu.Unlock()
	keep := keepFailure
	if !a.Status.Failed() {
		keep = min(max(time.Duration(a.TTL)*time.Second, keepLeast), keepMost)
		if e.id = provider.ReceiverByMX(a.Records); e.id == "" {
			e.id = Other
		}
	}
	e.until = f.now().Add(keep)
	f.waiting--
	close(e.done)
	e.done = nil
}
