package tokens

import (
	"sync"
	"time"

	"github.com/todoku/todoku/internal/caller"
	"github.com/todoku/todoku/internal/service"
)

const (
	// localPlaces is how much more may last at a time of a program at this machine.
	localPlaces = 4
	busyFor     = 10 * time.Second
)

// quota bounds how much of something lasts at a time, in all and for each client.
type quota struct {
	mu          sync.Mutex
	total, most int
	each        int
	clients     map[string]int
}

func newQuota(most, each int) *quota {
	return &quota{most: most, each: each, clients: make(map[string]int)}
}

// Wait takes the place of a call that waits. It gives a function that gives it back, or why there is none.
func (g *Guard) Wait(c Caller) (release func(), p *service.Problem) { return g.waits.take(c) }

// Upload takes the place of a call that sends a file or a message, as Wait does.
func (g *Guard) Upload(c Caller) (release func(), p *service.Problem) { return g.uploads.take(c) }

// clients is whose places a call takes: those of its address, and those of its customer or, of a server's token, of the token.
func (c Caller) clients() []string {
	keys := []string{caller.Network(c.IP).String()}
	switch {
	case c.who.Person != "": // who can make as many tokens as they like
		keys = append(keys, "person "+c.who.Person)
	case c.token != "":
		keys = append(keys, "token "+c.token)
	}
	return keys
}

func (q *quota) take(c Caller) (release func(), p *service.Problem) {
	keys, each := c.clients(), q.each
	if c.Local {
		each *= localPlaces
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	full := q.total >= q.most
	for _, key := range keys {
		full = full || q.clients[key] >= each
	}
	if full {
		return nil, &service.Problem{Word: service.Busy, RetryAfter: busyFor}
	}
	q.add(keys, 1)
	return sync.OnceFunc(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.add(keys, -1)
	}), nil
}

// add counts n more of each client, under the lock.
func (q *quota) add(keys []string, n int) {
	q.total += n
	for _, key := range keys {
		if q.clients[key] += n; q.clients[key] == 0 {
			delete(q.clients, key)
		}
	}
}
