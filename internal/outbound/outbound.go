// Package outbound sends mail: a durable queue in the database, from which any number of
// nodes deliver, straight to the mail exchangers of the recipient's domain or by a smart
// host. Each mail has one recipient and the null envelope sender: nobody is told when it
// cannot be delivered, which the database remembers.
//
// A mail is tried again with growing pauses as long as the refusal is temporary. A node
// works under a lease, so what it had when it died is tried by another one: a mail may
// come twice if the node dies between the server's reply and writing it down, never not
// at all.
package outbound

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/store"
)

// Config of a queue. Zero durations take the defaults.
type Config struct {
	Store *store.Store
	// Hostname is our name in EHLO. Where it is among a domain's exchangers, those that are no better are not tried.
	Hostname string
	// Resolver and Dialer find and reach mail exchangers; not needed with Smart.
	Resolver dns.Resolver
	Dialer   *fetch.Dialer
	// Smart is the server that takes all mail; nil: it goes straight to the exchangers.
	Smart *SmartHost
	// Workers deliver at the same time; 0 for 4.
	Workers int
	// Command bounds one reply of a server (2 minutes); Delivery one try at one mail,
	// all hosts together (8 minutes). The lease is half as long again.
	Command, Delivery time.Duration
	// FirstPause is the pause after the first try (1 minute); it doubles, up to LongestPause (4 hours).
	FirstPause, LongestPause time.Duration
	// Poll is how often the database is asked for mail that is due (5 s).
	Poll time.Duration
	// Grace is how long a delivery under way may take once the end was asked for (2 s).
	Grace time.Duration
	Log   *slog.Logger     // nil: none
	Now   func() time.Time // nil: time.Now
	// Settled, where not nil, hears what became of a try; for tests.
	Settled func(o store.Outbound)
}

// SmartHost is a server that relays for us.
type SmartHost struct {
	// Address is host:port.
	Address string
	// TLS: "tls" from the first octet on; "starttls" or nothing is sent; "none" never;
	// "" is STARTTLS where it is offered, whoever answers. The first two want a certificate that fits.
	TLS string
	// Username and Password, where not empty, are given by AUTH PLAIN, over TLS alone.
	Username, Password string
	// Config is that of TLS; nil is the default, with the name of the host.
	Config *tls.Config
}

// Queue delivers what is in the database.
type Queue struct {
	c     Config
	owner string
	wake  chan struct{}
}

// New gives a queue. Run delivers.
func New(c Config) (*Queue, error) {
	switch {
	case c.Store == nil:
		return nil, errors.New("outbound: no store")
	case c.Smart == nil && (c.Resolver == nil || c.Dialer == nil):
		return nil, errors.New("outbound: neither a smart host, nor what finds and reaches mail exchangers")
	}
	if c.Smart != nil {
		if err := c.Smart.check(); err != nil {
			return nil, err
		}
	}
	c.Workers = cmp.Or(c.Workers, 4)
	c.Command = cmp.Or(c.Command, 2*time.Minute)
	c.Delivery = cmp.Or(c.Delivery, 8*time.Minute)
	c.FirstPause = cmp.Or(c.FirstPause, time.Minute)
	c.LongestPause = cmp.Or(c.LongestPause, 4*time.Hour)
	c.Poll = cmp.Or(c.Poll, 5*time.Second)
	c.Grace = cmp.Or(c.Grace, 2*time.Second)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Queue{c: c, owner: store.NewID(), wake: make(chan struct{}, 1)}, nil
}

// Wake has the queue look at once; it never blocks. To be called after mail was queued.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends, and then gives back what it could not finish within Grace.
func (q *Queue) Run(ctx context.Context) error {
	work, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(q.c.Grace, kill) })()
	free := make(chan struct{}, q.c.Workers)
	for range q.c.Workers {
		free <- struct{}{}
	}
	var running sync.WaitGroup
	defer running.Wait()
	tick := time.NewTicker(q.c.Poll)
	defer tick.Stop()
	for {
		more := q.claim(ctx, free, func(o store.Outbound) {
			running.Go(func() {
				defer func() { free <- struct{}{} }()
				q.one(work, o)
				q.Wake() // there may be more that waited for a free worker
			})
		})
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-q.wake:
		case <-tick.C:
		}
	}
}

// claim takes as much mail as there are free workers, and reports whether to look again at once.
func (q *Queue) claim(ctx context.Context, free chan struct{}, start func(store.Outbound)) bool {
	taken := 0
	for len(free) > 0 {
		<-free // only here: so len does not shrink in between
		taken++
	}
	give := func(n int) {
		for range n {
			free <- struct{}{}
		}
	}
	if taken == 0 || ctx.Err() != nil {
		give(taken)
		return false
	}
	now := q.c.Now()
	mail, err := q.c.Store.ClaimOutbound(ctx, q.owner, now, now.Add(q.c.Delivery*3/2), taken)
	if err != nil && ctx.Err() == nil {
		q.c.Log.Error("looking for mail to send failed", "error", err)
	}
	give(taken - len(mail))
	for _, o := range mail {
		start(o)
	}
	return len(mail) == taken
}

// one tries one mail and writes down what became of it.
func (q *Queue) one(work context.Context, o store.Outbound) {
	ctx, cancel := context.WithTimeout(work, q.c.Delivery)
	out := q.try(ctx, o)
	cancel()
	now := q.c.Now()
	keep, done := context.WithTimeout(context.WithoutCancel(work), 10*time.Second)
	defer done()
	if work.Err() != nil && out.class == temporary {
		if err := q.c.Store.ReturnOutbound(keep, q.owner, o.ID); err != nil {
			q.c.Log.Warn("a mail could not be given back; it is tried again when its lease ends", "id", o.ID, "error", err)
		}
		return
	}
	o.Answer = bounded(out.answer)
	o.State, o.NextTry = q.next(o, out.class, now)
	err := q.c.Store.SettleOutbound(keep, q.owner, &o, now)
	switch {
	case errors.Is(err, store.ErrNotFound) && q.ended(keep, o):
		return
	case err != nil:
		q.c.Log.Error("what became of a mail could not be kept; it may be sent again", "id", o.ID, "outcome", o.State, "error", err)
		return
	}
	q.tell(o)
}

// ended reports whether others ended a mail while it was under way, as they do with a report
// whose message loses its body: nobody sends it again.
func (q *Queue) ended(ctx context.Context, o store.Outbound) bool {
	is, err := q.c.Store.OutboundFor(ctx, o.Reason)
	if err != nil || is.ID != o.ID || is.State == store.OutboundWaiting {
		return false
	}
	q.c.Log.Info("a mail was ended while it was under way; it is not sent again", "id", o.ID, "outcome", o.State, "why", is.Answer)
	if q.c.Settled != nil {
		q.c.Settled(is)
	}
	return true
}

func (q *Queue) tell(o store.Outbound) {
	args := []any{"id", o.ID, "kind", o.Kind, "to", o.Recipient, "attempts", o.Attempts, "answer", o.Answer}
	switch o.State {
	case store.OutboundDelivered:
		q.c.Log.Info("mail was delivered", args...)
	case store.OutboundFailed:
		q.c.Log.Warn("mail could not be delivered and was given up", args...)
	default:
		q.c.Log.Info("mail could not be delivered yet", append(args, "next_try", o.NextTry)...)
	}
	if q.c.Settled != nil {
		q.c.Settled(o)
	}
}

// next says what is done with a mail after a try.
func (q *Queue) next(o store.Outbound, c class, now time.Time) (store.OutboundState, time.Time) {
	switch c {
	case delivered:
		return store.OutboundDelivered, o.NextTry
	case permanent:
		return store.OutboundFailed, o.NextTry
	}
	at := now.Add(pause(q.c.FirstPause, q.c.LongestPause, o.Attempts))
	if at.After(o.Expires) {
		return store.OutboundFailed, o.NextTry
	}
	return store.OutboundWaiting, at
}

// pause is the pause after a number of tries: it doubles each time, give or take an
// eighth, so that what failed together does not come back together.
func pause(first, longest time.Duration, tries int) time.Duration {
	p := first
	for i := 1; i < tries && p < longest; i++ {
		p *= 2
	}
	p = min(p, longest)
	return p - p/8 + rand.N(p/4+1)
}

// try gives the outcome of one try; a defect of ours is a temporary failure of one mail.
func (q *Queue) try(ctx context.Context, o store.Outbound) (out outcome) {
	defer func() {
		if p := recover(); p != nil {
			q.c.Log.Error("delivering a mail panicked", "id", o.ID, "panic", p)
			out = outcome{temporary, fmt.Sprintf("a defect of this program: %v", p)}
		}
	}()
	if q.c.Smart != nil {
		return q.bySmartHost(ctx, o)
	}
	return q.direct(ctx, o)
}
