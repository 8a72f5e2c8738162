package dns

import "context"

// Fresh gives a resolver that asks past the cache, and puts what it learns into it.
func (c *Cache) Fresh() Resolver { return fresh{c} }

type fresh struct{ c *Cache }

func (f fresh) Resolve(ctx context.Context, q Question) Answer {
	if !ValidName(q.Name) {
		return badName(q)
	}
	a := f.c.next.Resolve(ctx, q)
	if a.Status.Failed() {
		return a // what the cache has is worth more to others
	}
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	key := keyOf(q)
	if e := f.c.entries[key]; e != nil {
		f.c.remove(e)
	}
	f.c.put(key, a)
	return again(a, q)
}
