package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// quota bounds the octets of all stored messages and of mail that waits to be sent. How many there are is counted in the
// database now and then (other nodes write too, and what is old is deleted) and added to
// in between.
type quota struct {
	mu      sync.Mutex
	most    int64 // 0: no bound
	used    int64
	counted time.Time
	took    time.Duration // the last count
}

// storedOctets counts what a quota bounds.
const storedOctets = `SELECT (SELECT coalesce(sum(CASE WHEN dropped = 0 THEN size ELSE kept END), 0) FROM messages) +
	(SELECT coalesce(sum(length(message)), 0) FROM outbound WHERE state = 'waiting')`

// countEvery is how often the stored octets are counted anew, at least countPause times as long as it takes; ten times as often while there is no room.
const (
	countEvery = 10 * time.Second
	countPause = 20
)

// SetQuota bounds the octets of all stored messages and of mail that waits to be sent, 0 for
// no bound. Beyond it AddMessages and AddOutbound give ErrFull.
func (s *Store) SetQuota(octets int64) {
	s.quota.mu.Lock()
	defer s.quota.mu.Unlock()
	s.quota.most, s.quota.counted = octets, time.Time{}
}

// reserve takes room for octets of messages, or gives ErrFull.
func (s *Store) reserve(ctx context.Context, octets int64) error {
	q := &s.quota
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.most <= 0 {
		return nil
	}
	began, every := s.now(), max(countEvery, countPause*q.took)
	if since := began.Sub(q.counted); since > every || q.used+octets > q.most && since > every/10 {
		if err := s.db.reader().queryRow(ctx, storedOctets).Scan(&q.used); err != nil {
			return s.db.translate(err)
		}
		q.counted = s.now()
		q.took = q.counted.Sub(began)
	}
	if q.used+octets > q.most {
		return fmt.Errorf("%w: the quota of %d octets is used up", ErrFull, q.most)
	}
	q.used += octets
	return nil
}

// fullness remembers whether the last writes found no room.
type fullness struct{ since atomic.Int64 } // milliseconds since 1970, 0: there is room

func (f *fullness) set(full bool, now time.Time) {
	switch {
	case !full:
		f.since.Store(0)
	case f.since.Load() == 0:
		f.since.Store(now.UnixMilli())
	}
}

// Full reports whether the last message found no room, and since when.
func (s *Store) Full() (since time.Time, full bool) {
	ms := s.full.since.Load()
	return fromMillis(ms), ms != 0
}
