package warmup

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/provider"
)

const (
	// keepListing is how long what the lists said of an address is used; where none answered, keepNothing.
	keepListing, keepNothing = 30 * time.Minute, 2 * time.Minute
	// mostListings bounds the addresses that are remembered; sweepsAtOnce how many are asked about at one time.
	mostListings, sweepsAtOnce = 1000, 4
	// listingTime bounds one sweep.
	listingTime = 15 * time.Second
)

// Listing is what blocklists say of an address.
type Listing struct {
	// Asked is how many lists proved to be alive and answered us; 0: nothing is known. Those that refuse us count for nothing.
	Asked int
	On    []Entry
}

// Entry is a list that has the address.
type Entry struct {
	Zone, Name string
	// Grave: many receivers refuse what is listed there, and the entry is a reproach.
	Grave bool
}

func (e Entry) name() string {
	if e.Name == "" {
		return e.Zone
	}
	return e.Name
}

// Listings asks blocklists about source addresses, and remembers what they said. Safe for concurrent use.
type Listings struct {
	lists *blocklist.Checker
	now   func() time.Time
	turns chan struct{}

	mu    sync.Mutex
	known map[netip.Addr]*listing
}

// listing is what is known, or asked just now.
type listing struct {
	done  chan struct{} // closed when the rest is set
	until time.Time
	Listing
}

// NewListings asks by a checker, nil for nobody; now nil is the clock.
func NewListings(lists *blocklist.Checker, now func() time.Time) *Listings {
	if now == nil {
		now = time.Now
	}
	return &Listings{lists: lists, now: now, turns: make(chan struct{}, sweepsAtOnce), known: map[netip.Addr]*listing{}}
}

// Of gives what lists say of an address: what they said within half an hour, or what they say now. When ctx ends before that,
// nothing is known yet; they are asked on, for whoever asks next. No list has entries for private addresses.
func (l *Listings) Of(ctx context.Context, source string) Listing {
	if l == nil || l.lists == nil {
		return Listing{}
	}
	ip, err := netip.ParseAddr(source)
	if err != nil || !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return Listing{}
	}
	one := l.one(ctx, ip.Unmap())
	if one == nil {
		return Listing{}
	}
	select {
	case <-one.done:
		return one.Listing
	case <-ctx.Done():
		return Listing{}
	}
}

// one gives what is known of an address, or has it asked; nil where too many are remembered.
func (l *Listings) one(ctx context.Context, ip netip.Addr) *listing {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one := l.known[ip]; one != nil && !one.over(l.now()) {
		return one
	}
	if len(l.known) >= mostListings {
		for a, one := range l.known {
			if one.over(l.now()) {
				delete(l.known, a)
			}
		}
		if len(l.known) >= mostListings {
			return nil
		}
	}
	one := &listing{done: make(chan struct{})}
	l.known[ip] = one
	go l.ask(context.WithoutCancel(ctx), ip, one)
	return one
}

func (one *listing) over(now time.Time) bool {
	select {
	case <-one.done:
		return !now.Before(one.until)
	default:
		return false
	}
}

func (l *Listings) ask(ctx context.Context, ip netip.Addr, one *listing) {
	defer close(one.done)
	l.turns <- struct{}{}
	defer func() { <-l.turns }()
	ctx, cancel := context.WithTimeout(ctx, listingTime)
	defer cancel()
	one.Listing = listingOf(l.lists.Sweep(ctx, nil, dnsbl.ForIP(ip)))
	one.until = l.now().Add(keepListing)
	if one.Asked == 0 {
		one.until = l.now().Add(keepNothing)
	}
}

// listingOf counts the lists that answered, and names those that have the address.
func listingOf(s blocklist.Sweep) Listing {
	out := Listing{Asked: s.Alive()}
	for _, seen := range s.Lists {
		if seen.Proof.Health != dnsbl.Alive || seen.Result.State != dnsbl.IsListed {
			continue
		}
		reproach := false
		for _, c := range seen.Result.Codes {
			reproach = reproach || c.Outcome == dnsbl.Listed && !seen.List.IsPolicy(c)
		}
		out.On = append(out.On, Entry{Zone: seen.List.Zone, Name: seen.List.Name, Grave: reproach && seen.List.Weight != provider.Low})
	}
	return out
}
