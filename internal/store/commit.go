package store

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// One transaction takes at most so many writes and octets: the bound of the
	// memory that the engine needs for it and of the time that a caller waits.
	batchWrites = 256
	batchBytes  = 32 << 20
	// batchTimeout ends a transaction that hangs (a database server that no longer
	// answers, say).
	batchTimeout = time.Minute
)

// write is one piece of work for the committer.
type write struct {
	ctx  context.Context
	size int // octets, about
	run  func(context.Context, querier) error
	// taken is set by whoever comes first: the committer, which then always reports
	// to done, or the caller, who gave up.
	taken atomic.Bool
	done  chan error // buffered
}

// committer runs all writes, in one goroutine.
type committer struct {
	db    database
	queue chan *write
	// work is the context of every transaction; abort ends it.
	work  context.Context
	abort context.CancelFunc

	mu     sync.RWMutex // guards closed; held for reading while sending to queue
	closed bool
	ended  chan struct{}
}

func startCommitter(db database) *committer {
	c := &committer{db: db, queue: make(chan *write, batchWrites), ended: make(chan struct{})}
	c.work, c.abort = context.WithCancel(context.Background())
	go c.loop()
	return c
}

// stop takes no more work, waits for what is queued, and reports whether this call
// was the first.
func (c *committer) stop() bool {
	c.mu.Lock()
	first := !c.closed
	if first {
		c.closed = true
		close(c.queue)
	}
	c.mu.Unlock()
	<-c.ended
	c.abort()
	return first
}

// do runs f in a transaction that it may share with others and returns after the
// commit. An error of ctx means that nothing was written: once the transaction
// has begun its outcome is awaited.
func (c *committer) do(ctx context.Context, size int, f func(context.Context, querier) error) error {
	if err := ctx.Err(); err != nil { // else it would be chance whether it is begun
		return err
	}
	w := &write{ctx: ctx, size: size, run: f, done: make(chan error, 1)}
	if err := c.enqueue(w); err != nil {
		return err
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		if w.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return <-w.done
	}
}

func (c *committer) enqueue(w *write) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return ErrClosed
	}
	select {
	case c.queue <- w:
		return nil
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
}

func (c *committer) loop() {
	defer close(c.ended)
	for first := range c.queue {
		c.commit(c.collect(first))
	}
}

// collect takes first and everything else that waits, up to the bounds. It does
// not wait for more: while one transaction runs, the next batch gathers by itself.
func (c *committer) collect(first *write) []*write {
	var batch []*write
	bytes := 0
	take := func(w *write) {
		if w.taken.CompareAndSwap(false, true) {
			batch = append(batch, w)
			bytes += w.size
		}
	}
	take(first)
	for len(batch) < batchWrites && bytes < batchBytes {
		select {
		case w, open := <-c.queue:
			if !open {
				return batch
			}
			take(w)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch in one transaction and tells everyone. When a statement of
// one write fails, each is tried alone, so that one bad message harms no other.
// When the commit itself fails the outcome is unknown: nothing is tried again and
// all are told.
func (c *committer) commit(batch []*write) {
	if len(batch) == 0 {
		return
	}
	committing, err := c.transact(batch)
	if err == nil || committing || len(batch) == 1 {
		for _, w := range batch {
			w.done <- err
		}
		return
	}
	for _, w := range batch {
		_, err := c.transact([]*write{w})
		w.done <- err
	}
}

func (c *committer) transact(batch []*write) (committing bool, err error) {
	// Not the callers' contexts: a caller who leaves must not undo the others' work.
	ctx, cancel := context.WithTimeout(c.work, batchTimeout)
	defer cancel()
	committing, err = c.db.inTx(ctx, func(q querier) error {
		for _, w := range batch {
			if err := w.run(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	return committing, c.db.translate(err)
}
