package warmup

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// Take asks for one message from a source address to a provider (an id of package provider). goesFirst is for mail that somebody waits for,
// or that goes to the most engaged. An error is that the database cannot be asked; nothing is counted then.
func (g *Gate) Take(ctx context.Context, source, provider string, goesFirst bool) (Decision, error) {
	d, _, err := g.TakeAll(ctx, source, map[string]int{provider: 1}, goesFirst)
	return d, err
}

// TakeAll asks for a message that has so many recipients at each provider: all may go, or none goes and nothing is counted. refusing is
// the provider of a plan that says no.
func (g *Gate) TakeAll(ctx context.Context, source string, rcpts map[string]int, goesFirst bool) (d Decision, refusing string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if g.plans == nil || now.Sub(g.known) >= keep || now.Before(g.known) {
		if err := g.read(ctx, now); err != nil {
			return Decision{}, "", err
		}
	}
	need := map[string]int{}
	for provider, n := range rcpts {
		if plan := g.planOf(source, provider); plan != "" && n > 0 {
			need[plan] += n
		}
	}
	out := Decision{Allowed: true, At: now}
	var taken []*part
	var counts []int
	for _, provider := range slices.Sorted(maps.Keys(need)) {
		n := need[provider]
		p, d, err := g.take(ctx, partKey{source, provider, goesFirst}, n, now)
		if err != nil || !d.Allowed {
			for i, t := range taken {
				if t.left += counts[i]; t.left > t.size { // what is taken for a message that waits is there for others
					_ = g.giveBack(ctx, t.key) // where it cannot be, it is lost for the day; the answer stands
				}
			}
			return d, provider, err
		}
		if p == nil { // the plan ended meanwhile
			continue
		}
		taken, counts = append(taken, p), append(counts, n)
		out.Planned = true
		if d.Connections != 0 && (out.Connections == 0 || d.Connections < out.Connections) {
			out.Connections = d.Connections
		}
	}
	return out, "", nil
}

// planOf is whose plan counts for a provider: its own, that of everybody, or "" where there is none.
func (g *Gate) planOf(source, provider string) string {
	for _, p := range []string{provider, Everybody} {
		if g.plans[source+" "+p] {
			return p
		}
	}
	return ""
}

// take takes n from the part of a plan, or from a new one.
func (g *Gate) take(ctx context.Context, key partKey, n int, now time.Time) (*part, Decision, error) {
	p := g.parts[key]
	if p == nil || !now.Before(p.until) || p.date != date(now) || p.hour != now.UTC().Hour() || p.left < n && (p.refused.Why == "" || n <= p.room) {
		if err := g.giveBack(ctx, key); err != nil {
			return nil, Decision{}, err
		}
		var err error
		if p, err = g.grant(ctx, key, n, now); errors.Is(err, ErrUnknown) {
			g.plans = nil // ended meanwhile
			return nil, Decision{Allowed: true}, nil
		} else if err != nil {
			return nil, Decision{}, err
		}
		g.parts[key] = p
	}
	if p.left < n {
		d := Decision{Planned: true, Refusal: p.refused, Connections: p.open}
		if n > p.most {
			d.Why = TooMany
		}
		return p, d, nil
	}
	p.left -= n
	return p, Decision{Allowed: true, Planned: true, Connections: p.open}, nil
}

// grant takes the next part of the share, of n at least where there are so many.
func (g *Gate) grant(ctx context.Context, key partKey, n int, now time.Time) (*part, error) {
	p := &part{key: key, date: date(now), hour: now.UTC().Hour(), until: now.Add(keep)}
	owed, sum := g.debt.of(key.source, date(now), func(provider string) bool { return g.planOf(key.source, provider) == key.provider })
	err := change(ctx, g.store, key.source, key.provider, func(s *State) {
		s.Turn(now)
		s.Today.Granted += sum
		if p.size = largest; !s.Over() {
			p.size = min(max(s.allowed().Day/chunks, 1), largest)
		}
		want := max(p.size, n)
		p.left, p.refused = s.Grant(now, want, key.goesFirst)
		if p.room = 0; p.left < want { // all that there was
			_, p.refused = s.Grant(now, 1, key.goesFirst)
		}
		if more := p.left - p.size; p.left < n && more > 0 { // it does not go, and what there was is there for others
			p.room, p.left = p.left, p.size
			s.Today.Granted -= more
			s.Today.InHour -= more
		}
		p.open, p.most = s.Open(now), s.most(key.goesFirst)
	})
	if err != nil {
		return nil, err
	}
	g.debt.paid(date(now), owed)
	if p.refused.Why != "" && p.refused.Until.Before(p.until) {
		p.until = p.refused.Until
	}
	return p, nil
}

// most is how many recipients a message may have at most, to go some time today.
func (s *State) most(goesFirst bool) int {
	if s.Over() {
		return int(^uint(0) >> 1)
	}
	n := s.allowed().Day
	if h := s.allowed().Hour; h > 0 {
		n = min(n, h)
	}
	if !goesFirst {
		n -= n / 5
	}
	return n
}

// Return says that a message that was let through at a time, that of the decision, does not go after all. What was let through in another
// hour than mail goes now is lost for its day: it adds nothing to this one.
func (g *Gate) Return(source string, rcpts map[string]int, goesFirst bool, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for provider, n := range rcpts {
		p := g.parts[partKey{source, g.planOf(source, provider), goesFirst}]
		if p != nil && p.date == date(at) && p.hour == at.UTC().Hour() {
			p.left += n
		}
	}
}

// owe says that a message went though nobody could be asked. It is counted as soon as the plan can be changed, if that is today.
func (g *Gate) owe(source string, rcpts map[string]int) { g.debt.add(source, date(g.now()), rcpts) }

// mostDebts bounds the pairs of source and provider of which is known what went uncounted.
const mostDebts = 1000

// debts are what went without being counted, today. Safe for concurrent use.
type debts struct {
	mu   sync.Mutex
	date string
	n    map[[2]string]int // by source and provider
}

func (d *debts) add(source, day string, rcpts map[string]int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.date != day || d.n == nil {
		d.date, d.n = day, map[[2]string]int{}
	}
	for provider, n := range rcpts {
		key := [2]string{source, provider}
		if _, ok := d.n[key]; ok || len(d.n) < mostDebts {
			d.n[key] += n
		}
	}
}

// counted takes away what was added of a day and is counted after all.
func (d *debts) counted(source, day string, rcpts map[string]int) {
	paid := make(map[[2]string]int, len(rcpts))
	for provider, n := range rcpts {
		paid[[2]string{source, provider}] = n
	}
	d.paid(day, paid)
}

// pairs gives the sources and providers of which something is owed of a day.
func (d *debts) pairs(day string) [][2]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.date != day {
		return nil
	}
	return slices.Collect(maps.Keys(d.n))
}

// of gives what is owed of a source and a day to the providers that are meant, and its sum.
func (d *debts) of(source, day string, mine func(provider string) bool) (owed map[[2]string]int, sum int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, n := range d.n {
		if d.date == day && key[0] == source && mine(key[1]) {
			if owed == nil {
				owed = map[[2]string]int{}
			}
			owed[key] = n
			sum += n
		}
	}
	return owed, sum
}

// paid takes away what is owed no more; what came to it meanwhile stays.
func (d *debts) paid(day string, paid map[[2]string]int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.date != day {
		return
	}
	for key, n := range paid {
		if d.n[key] -= n; d.n[key] <= 0 {
			delete(d.n, key)
		}
	}
}

// settle counts what went while nobody could be asked, also where no more mail comes. What no plan bounds is owed to none.
func (g *Gate) settle(ctx context.Context) error {
	now := g.now()
	pairs := g.debt.pairs(date(now))
	if len(pairs) == 0 {
		return nil
	}
	if err := g.read(ctx, now); err != nil {
		return err
	}
	for _, pair := range pairs {
		source, plan := pair[0], g.planOf(pair[0], pair[1])
		owed, sum := g.debt.of(source, date(now), func(provider string) bool { return g.planOf(source, provider) == plan })
		if plan != "" && sum > 0 {
			err := change(ctx, g.store, source, plan, func(s *State) {
				s.Turn(now)
				s.Today.Granted += sum
			})
			if err != nil && !errors.Is(err, ErrUnknown) {
				return err
			}
		}
		g.debt.paid(date(now), owed)
	}
	return nil
}
