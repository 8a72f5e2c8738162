package api

import (
	"net/netip"
	"sync"

	"github.com/todoku/todoku/internal/caller"
	"github.com/todoku/todoku/internal/tokens"
)

// localShare is how much more a program at this machine may have.
const localShare = 4

// quota bounds how much of something lasts at a time, in all and for each client.
type quota struct {
	mu          sync.Mutex
	total, most int
	each        int
	clients     map[netip.Prefix]int
}

func newQuota(most, each int) *quota {
	return &quota{most: most, each: each, clients: make(map[netip.Prefix]int)}
}

// take gives a function that gives back, or false where nothing is left.
func (q *quota) take(c tokens.Caller) (release func(), ok bool) {
	key, each := caller.Network(c.IP), q.each
	if c.Local {
		each *= localShare
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.total >= q.most || q.clients[key] >= each {
		return nil, false
	}
	q.total++
	q.clients[key]++
	return sync.OnceFunc(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.total--
		if q.clients[key]--; q.clients[key] == 0 {
			delete(q.clients, key)
		}
	}), true
}
