package blocklist

import (
	"context"
	"sync"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/provider"
)

// Sweep is what the lists say of one subject.
type Sweep struct {
	// Subject is the address or domain name.
	Subject string
	// Lists are those with entries for such subjects, in the order of the checker's.
	Lists []Seen
}

// Seen is what was seen of one list.
type Seen struct {
	List  provider.Blocklist
	Proof dnsbl.Proof
	// Result is what the list says; only of a list that is alive. Else its State is
	// unknown and nothing was asked.
	Result dnsbl.Result
}

// Alive counts the lists that proved to be alive and answered.
func (s Sweep) Alive() int {
	n := 0
	for _, seen := range s.Lists {
		if seen.Proof.Health == dnsbl.Alive && seen.Result.State != dnsbl.IsUnknown {
			n++
		}
	}
	return n
}

// Sweep asks all lists about a subject, those that are alive. r answers for lists
// without a key, and may record; nil is the checker's own resolver. It asks at most
// four questions of each list and returns when ctx ends or the time for a sweep is
// over; what was not seen by then is unknown.
func (c *Checker) Sweep(ctx context.Context, r dns.Resolver, s dnsbl.Subject) Sweep {
	if r == nil {
		r = c.cfg.Resolver
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	sweep := Sweep{Subject: s.String()}
	for _, b := range c.cfg.Lists {
		if b.Serves(s.Family()) {
			sweep.Lists = append(sweep.Lists, Seen{List: b, Result: dnsbl.Result{List: b.ID, State: dnsbl.IsUnknown}})
		}
	}
	var wg sync.WaitGroup
	next := make(chan *Seen)
	for range min(c.cfg.Concurrency, len(sweep.Lists)) {
		wg.Go(func() {
			for seen := range next {
				c.look(ctx, r, s, seen)
			}
		})
	}
	for i := range sweep.Lists {
		next <- &sweep.Lists[i]
	}
	close(next)
	wg.Wait()
	for i := range sweep.Lists {
		sweep.Lists[i].List.Key = "" // it is not for anybody's eyes
	}
	return sweep
}

// Prove proves every list once, by IPv4 addresses where it has such and else by what it has: up to two questions each.
// It returns when ctx ends or the time for a sweep is over. Every Result is unknown.
func (c *Checker) Prove(ctx context.Context) []Seen {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	out := make([]Seen, len(c.cfg.Lists))
	var wg sync.WaitGroup
	turns := make(chan struct{}, c.cfg.Concurrency)
	for i, b := range c.cfg.Lists {
		family := dnsbl.IPv4
		switch {
		case b.Serves(dnsbl.Name):
			family = dnsbl.Name
		case !b.Serves(dnsbl.IPv4):
			family = dnsbl.IPv6
		}
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			out[i] = Seen{List: b, Proof: c.prove(ctx, b, family), Result: dnsbl.Result{List: b.ID, State: dnsbl.IsUnknown}}
			out[i].List.Key = "" // it is not for anybody's eyes
		})
	}
	wg.Wait()
	return out
}

func (c *Checker) look(ctx context.Context, r dns.Resolver, s dnsbl.Subject, seen *Seen) {
	b := seen.List
	seen.Proof = c.prove(ctx, b, s.Family())
	if seen.Proof.Health != dnsbl.Alive {
		return
	}
	if b.Key != "" {
		r = c.cfg.Resolver
	}
	seen.Result = dnsbl.Check(ctx, &gated{r, c.gates[b.Zone]}, b.List, s)
}
