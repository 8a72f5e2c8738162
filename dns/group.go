package dns

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Group runs several look-ups, or checks that look up, to be waited for together.
// Those that have to wait for answers run at the same time. Where the resolver
// answers from memory (a replay, a zone) there is nothing to wait for, and starting
// and waking goroutines would cost more than the look-ups: they run at once, one
// after the other, in the caller's goroutine.
type Group struct {
	resolver Resolver
	inline   bool
	wg       *running // nil until something has to be waited for
}

// running are the goroutines of a group. A panic in one ends that one; [Group.Wait] has it
// again, in the goroutine of who waits, where a server keeps it to the one message or domain.
type running struct {
	sync.WaitGroup
	panicked atomic.Pointer[string] // the first, with its stack
}

func (r *running) run(f func()) {
	defer func() {
		if p := recover(); p != nil {
			text := fmt.Sprintf("%v\n\n%s", p, debug.Stack())
			r.panicked.CompareAndSwap(nil, &text)
		}
	}()
	f()
}

// NewGroup gives a group for look-ups by r.
func NewGroup(r Resolver) Group { return Group{resolver: r, inline: Immediate(r)} }

// Go runs f, now or at the same time as what follows.
func (g *Group) Go(f func()) {
	if g.inline {
		f()
		return
	}
	if g.wg == nil {
		g.wg = new(running)
	}
	wg := g.wg
	wg.Go(func() {
		growStack()
		wg.run(f)
	})
}

// Try runs f, which looks up by the resolver that it is given and by no other. Where a [Cache] remembers all that f asks
// for, f runs at once; where anything is missing, f runs once more from its beginning as [Group.Go]
// does, and the second run counts.
func (g *Group) Try(f func(Resolver)) {
	if c, ok := g.resolver.(*Cache); ok {
		m := memory{cache: c}
		if f(&m); !m.missed {
			return
		}
	}
	g.Go(func() { f(g.resolver) })
}

// memory answers what a cache remembers, and is of no use any more once something is missing.
type memory struct {
	cache  *Cache
	missed bool
}

func (m *memory) Resolve(_ context.Context, q Question) Answer {
	if !m.missed {
		if a, ok := m.cache.remembered(q); ok {
			return a
		}
		m.missed = true
	}
	return Answer{Question: q, Status: Timeout, Detail: "not remembered"}
}

func (m *memory) immediate() bool { return true }

// Wait returns when all that was given to Go is done. It panics where one of them did.
func (g *Group) Wait() {
	if g.wg == nil {
		return
	}
	g.wg.Wait()
	if p := g.wg.panicked.Load(); p != nil {
		panic(*p)
	}
}

// Immediate reports whether r answers from memory, without waiting for anybody:
// there is nothing to overlap and nothing to time out.
func Immediate(r Resolver) bool {
	i, ok := r.(interface{ immediate() bool })
	return ok && i.immediate()
}

func (m *Memory) immediate() bool   { return true }
func (r *Replayer) immediate() bool { return true }
func (r *Recorder) immediate() bool { return Immediate(r.next) }
func (o *overlay) immediate() bool  { return Immediate(o.next) }
func (c *Counter) immediate() bool  { return Immediate(c.next) }
func (b *Budget) immediate() bool   { return Immediate(b.rec) }

// A goroutine begins with a stack of 2 KB, and these, which hand answers from frame
// to frame, need up to 8. Left alone the stack is copied two or three times, a
// deeper one each time, and that costs more than the check itself; so it grows at
// once, while it is empty.
//
//go:noinline
func growStack() { touch(new([6 << 10]byte)) }

//go:noinline
func touch(room *[6 << 10]byte) { room[0] = 1 }
