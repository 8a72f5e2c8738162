package dns

import "context"

// flight is one question on its way, with all who wait for it. It runs on a context
// of its own: a caller that gives up does not take the answer from the others, and
// when the last one has given up it is stopped.
type flight struct {
	done    chan struct{} // closed when answer is set
	answer  Answer
	stop    context.CancelFunc
	waiting int // guarded by Cache.mu
}

// join gives the flight of q, starting it where there is none. c.mu is held.
func (c *Cache) join(key asked, q Question) *flight {
	f := c.flights[key]
	if f == nil {
		ctx, stop := context.WithTimeout(context.Background(), c.cfg.FlightTime)
		f = &flight{done: make(chan struct{}), stop: stop}
		c.flights[key] = f
		go c.fly(ctx, f, key, q)
	}
	f.waiting++
	return f
}

func (c *Cache) fly(ctx context.Context, f *flight, key asked, q Question) {
	defer f.stop()
	a := c.next.Resolve(ctx, q)
	c.mu.Lock()
	defer c.mu.Unlock()
	// A failure because nobody waits any more says nothing about the name.
	if !a.Status.Failed() || ctx.Err() == nil {
		c.put(key, a)
	}
	c.leave(f, key)
	f.answer = a
	close(f.done)
}

// leave takes f out of the flights, unless another has taken its place. c.mu is held.
func (c *Cache) leave(f *flight, key asked) {
	if c.flights[key] == f {
		delete(c.flights, key)
	}
}

func (c *Cache) wait(ctx context.Context, f *flight, q Question) Answer {
	select {
	case <-f.done:
		return again(f.answer, q)
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-f.done: // both at once: an answer is worth more than giving up
		return again(f.answer, q)
	default:
	}
	if f.waiting--; f.waiting == 0 {
		// Who asks from now on gets a flight of its own, not this one's ruins.
		c.leave(f, keyOf(q))
		f.stop()
	}
	return ended(ctx, q)
}
