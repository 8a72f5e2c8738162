package tokens

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/caller"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/store"
)

// Caller is a program that was let in.
type Caller struct {
	IP netip.Addr
	// Local: at this machine, where the pages are this machine's alone.
	Local  bool
	token  string // its id, "" for a local one without
	scopes []string
	who    panel.Who
}

// Who says whose domains the caller sees: all of them with a token of the server, those of a customer with theirs.
func (c Caller) Who() panel.Who { return c.who }

// May reports whether the caller may do what needs a scope.
func (c Caller) May(scope string) bool { return slices.Contains(c.scopes, scope) }

// Cost is what a request costs.
type Cost int

// The costs.
const (
	Cheap Cost = iota // looks into the database or the catalogue
	Dear              // asks the DNS, stores something, or holds a message
)

// Config of a guard.
type Config struct {
	Store Store
	// Open lets programs at this machine in without a token.
	Open bool
	Now  func() time.Time
	Log  *slog.Logger
}

// Guard lets programs in. Safe for concurrent use.
type Guard struct {
	Config
	buckets map[Cost]*buckets
	guesses *buckets // tokens that are none, by address
	// waits and uploads are under way at a time.
	waits, uploads *quota

	mu      sync.Mutex
	touched map[string]time.Time
}

// NewGuard gives a guard.
func NewGuard(c Config) *Guard {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Guard{
		Config: c,
		buckets: map[Cost]*buckets{
			Cheap: newBuckets(120, 100*time.Millisecond),
			Dear:  newBuckets(30, 2*time.Second),
		},
		guesses: newBuckets(20, 6*time.Second), touched: make(map[string]time.Time),
		waits: newQuota(512, 16), uploads: newQuota(8, 2),
	}
}

// localShare is how much more a program at this machine may do: it is the machine's owner's.
const localShare = 20

// touchEvery is how exactly the last use of a token is kept.
const touchEvery = time.Minute

// Admit says who sends a request, or why it is not let in.
func (g *Guard) Admit(r *http.Request) (Caller, *service.Problem) {
	c := Caller{IP: caller.Address(r), Local: g.Open && caller.Local(r)}
	secret, given := bearer(r)
	switch {
	case given:
		return g.byToken(r.Context(), c, secret)
	case c.Local:
		c.scopes, c.who = service.Scopes, panel.Who{Admin: true}
		return c, nil
	}
	return c, &service.Problem{Word: service.Unauthorized}
}

// bearer gives the token of a request (RFC 6750 section 2.1).
func bearer(r *http.Request) (secret string, given bool) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return "", false
	}
	scheme, secret, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	return strings.TrimSpace(secret), true
}

// byToken looks a token up, for so long as its address has not guessed too often.
func (g *Guard) byToken(ctx context.Context, c Caller, secret string) (Caller, *service.Problem) {
	from, now := caller.Network(c.IP).String(), g.Now()
	if wait := g.guesses.peek(from, now); wait > 0 {
		return c, &service.Problem{Word: service.RateLimited, RetryAfter: wait}
	}
	t, err := g.lookUp(ctx, secret, &c)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		g.Log.Error("a token cannot be looked up", "error", err)
		return c, &service.Problem{Word: service.Unavailable, RetryAfter: 10 * time.Second}
	}
	if err != nil {
		g.guesses.take(from, now, 1)
		return c, &service.Problem{Word: service.Unauthorized, Text: catalogue.Text{
			EN: "This token is unknown, revoked or expired.", JA: "このトークンは存在しないか、取り消されたか、期限が切れています。",
		}}
	}
	c.token = t.ID
	g.touch(ctx, t, now)
	return c, nil
}

// lookUp finds a token, and fills in what it lets its caller do. store.ErrNotFound also where it is of somebody who is no customer by now.
func (g *Guard) lookUp(ctx context.Context, secret string, c *Caller) (store.Token, error) {
	if !wellFormed(secret) {
		return store.Token{}, store.ErrNotFound
	}
	t, err := g.Store.TokenByHash(ctx, hash(secret))
	if err != nil {
		return t, err
	}
	if t.Person == "" {
		c.scopes, c.who = t.Scopes, panel.Who{Admin: true}
		return t, nil
	}
	p, err := g.Store.Person(ctx, t.Person)
	if err != nil {
		return t, err
	}
	if p.Disabled || p.Role != access.Customer {
		return t, store.ErrNotFound
	}
	c.who = panel.Who{Person: p.ID}
	for _, s := range t.Scopes {
		if slices.Contains(CustomerScopes, s) {
			c.scopes = append(c.scopes, s)
		}
	}
	return t, nil
}

// touch notes the use of a token, now and then.
func (g *Guard) touch(ctx context.Context, t store.Token, now time.Time) {
	g.mu.Lock()
	last := g.touched[t.ID]
	due := now.Sub(last) >= touchEvery && now.Sub(t.Used) >= touchEvery
	if due {
		if len(g.touched) >= maxBuckets {
			clear(g.touched)
		}
		g.touched[t.ID] = now
	}
	g.mu.Unlock()
	if !due {
		return
	}
	if err := g.Store.TouchToken(ctx, t.ID, now); err != nil && ctx.Err() == nil {
		g.Log.Warn("the use of a token cannot be noted", "token", t.ID, "error", err)
	}
}

// Spend takes the cost of a request from what the caller's token and address may use.
func (g *Guard) Spend(c Caller, scope string, cost Cost) *service.Problem {
	if scope != "" && !c.May(scope) {
		return &service.Problem{Word: service.Forbidden, Text: catalogue.Text{
			EN: "It needs the scope \"" + scope + "\".", JA: "スコープ「" + scope + "」が必要です。",
		}}
	}
	share := 1
	if c.Local {
		share = localShare
	}
	b, now := g.buckets[cost], g.Now()
	wait := b.take(caller.Network(c.IP).String(), now, share)
	if wait == 0 && c.token != "" {
		wait = b.take("token "+c.token, now, share)
	}
	if wait > 0 {
		return &service.Problem{Word: service.RateLimited, RetryAfter: wait}
	}
	return nil
}

type callerKey struct{}

// WithCaller keeps who was let in.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf gives who was let in; the zero Caller may do nothing.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
