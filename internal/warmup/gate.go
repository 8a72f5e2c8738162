package warmup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/todoku/todoku/internal/store"
)

// Everybody is the provider of a plan for all who have none of their own.
const Everybody = "*"

// ErrUnknown: there is no plan of that source and provider.
var ErrUnknown = errors.New("there is no such warm-up")

const (
	// keep is how long a gate uses what it was granted, and so how soon it learns of a silence.
	keep = time.Minute
	// chunks is into how many parts a gate takes the share of a day, and largest how many messages one has at most.
	chunks  = 50
	largest = 200
	retries = 20
)

// Gate says of each message whether it may go now. Several gates, on several nodes, share one database: together they let no more
// through than a plan allows. Safe for concurrent use.
type Gate struct {
	store *store.Store
	now   func() time.Time

	mu    sync.Mutex
	parts map[partKey]*part
	plans map[string]bool // "source provider" of all plans
	known time.Time       // when plans was read

	debt debts
}

type partKey struct {
	source, provider string
	goesFirst        bool
}

// part is what was granted and not used yet, or why nothing was.
type part struct {
	key     partKey
	left    int
	size    int // what is granted at a time, where no message needs more
	date    string
	hour    int
	until   time.Time
	refused Refusal // why there are not more than left, and room
	room    int     // what there was beside, when a message wanted more
	open    int
	most    int // what a message may take of an unused share
}

// NewGate makes a gate; now nil is the clock.
func NewGate(st *store.Store, now func() time.Time) *Gate {
	if now == nil {
		now = time.Now
	}
	return &Gate{store: st, now: now, parts: map[partKey]*part{}}
}

// Decision is what a gate says.
type Decision struct {
	// Allowed: let it go. Planned: a plan said so, or said no; else there is none.
	Allowed, Planned bool
	// Refusal is why not, and until when.
	Refusal
	// Connections is how many may be open to the provider at one time; 0 for as many as one likes.
	Connections int
	// At is when it was let through, as the plan sees it.
	At time.Time
}

// read learns which plans there are.
func (g *Gate) read(ctx context.Context, now time.Time) error {
	list, err := g.store.Warmups(ctx)
	if err != nil {
		return err
	}
	g.plans, g.known = make(map[string]bool, len(list)), now
	for _, w := range list {
		g.plans[w.Source+" "+w.Provider] = true
	}
	return nil
}

// giveBack returns what was not used of the last part.
func (g *Gate) giveBack(ctx context.Context, key partKey) error {
	p := g.parts[key]
	if p == nil {
		return nil
	}
	delete(g.parts, key)
	if p.left == 0 {
		return nil
	}
	now := g.now()
	err := change(ctx, g.store, key.source, key.provider, func(s *State) { s.Return(now, p.date, p.hour, p.left) })
	if errors.Is(err, ErrUnknown) {
		return nil
	}
	return err
}

// Sweep gives back what was granted a while ago and not used since, so that others have it, and counts what went uncounted: counts are true
// where nothing goes.
func (g *Gate) Sweep(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	failed := []error{g.settle(ctx)}
	for key, p := range g.parts {
		if !g.now().Before(p.until) || p.date != date(g.now()) {
			failed = append(failed, g.giveBack(ctx, key))
		}
	}
	return errors.Join(failed...)
}

// Close gives back what was not used, and counts what went uncounted.
func (g *Gate) Close(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	failed := []error{g.settle(ctx)}
	for key := range g.parts {
		failed = append(failed, g.giveBack(ctx, key))
	}
	return errors.Join(failed...)
}

// change changes a state, again where another node came between. ErrUnknown.
func change(ctx context.Context, st *store.Store, source, provider string, do func(*State)) error {
	for range retries {
		w, err := st.Warmup(ctx, source, provider)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%s, %s: %w", source, provider, ErrUnknown)
		}
		if err != nil {
			return err
		}
		s, err := decode(w)
		if err != nil {
			return err
		}
		do(&s)
		if w.State, err = encode(s); err != nil {
			return err
		}
		if err := st.SetWarmup(ctx, &w); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("%s, %s: %w", source, provider, store.ErrConflict)
}

func decode(w store.Warmup) (s State, err error) {
	if err := json.Unmarshal([]byte(w.State), &s); err != nil {
		return s, fmt.Errorf("the warm-up of %s, %s: %w", w.Source, w.Provider, err)
	}
	return s, nil
}

func encode(s State) (string, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encoding a warm-up: %w", err)
	}
	return string(b), nil
}

// One is a warm-up as it stands.
type One struct {
	Source   string `json:"source"`
	Provider string `json:"provider"`
	State
}

// List gives all warm-ups, at a time.
func List(ctx context.Context, st *store.Store, now time.Time) ([]One, error) {
	list, err := st.Warmups(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]One, 0, len(list))
	for _, w := range list {
		s, err := decode(w)
		if err != nil {
			return nil, err
		}
		s.Turn(now)
		out = append(out, One{w.Source, w.Provider, s})
	}
	return out, nil
}

// Hold has a plan stay where it is, or go on. ErrUnknown.
func Hold(ctx context.Context, st *store.Store, source, provider string, hold bool, why string, now time.Time) error {
	return change(ctx, st, source, provider, func(s *State) {
		s.Turn(now)
		if s.Held, s.Why = hold, why; !hold {
			s.Why = ""
		}
	})
}

// Source reads a source address in its one form.
func Source(text string) (string, error) {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return "", fmt.Errorf("%q is not an IP address", text)
	}
	return a.Unmap().String(), nil
}
