package keys

import (
	"context"
	"errors"
	"time"

	"github.com/todoku/todoku/internal/store"
)

const clockName = "dkim-rotation"

// keepTime looks whether the clock jumped since the last step, of whatever node, and moves the times of all keys along with it where
// it did: what is left to wait for is waited for. See package steady for what counts as time that passed.
func (k *Keeper) keepTime(ctx context.Context) error {
	k.clock.Lock()
	defer k.clock.Unlock()
	was, err := k.cfg.Store.Clock(ctx, clockName)
	if err != nil {
		return err
	}
	at := k.cfg.Now()
	now := store.Clock{At: at, Since: was.Since}
	by := k.watch.Jump(was.At, at)
	if by == 0 {
		err = k.cfg.Store.SetClock(ctx, clockName, was, now)
	} else {
		now.Since = at
		if err = k.cfg.Store.ShiftKeys(ctx, clockName, was, now, by); err == nil {
			k.cfg.Log.Warn("the clock jumped, or nobody looked at the keys for long; what they wait for was moved along", "by", by.String(), "last look", was.At, "now", at)
		}
	}
	if errors.Is(err, store.ErrConflict) {
		return nil // another node looked in the same moment
	}
	return err
}

// begun is when a wait for caches began: by the calendar, as the database keeps it, and by how long this run had run.
type begun struct {
	seen    time.Time
	elapsed time.Duration
}

// begins notes that a wait for caches begins now.
func (k *Keeper) begins(e *store.DKIMKey) {
	if k.watch.Elapsed == nil {
		return
	}
	k.waits.Lock()
	defer k.waits.Unlock()
	k.began[e.ID] = begun{e.Seen, k.watch.Elapsed()}
}

// waited reports that a wait for caches whose end the calendar shows is over. Where this run saw it begin it must have run for so long: the calendar may be
// set by less than what counts as a jump (see [steady.Slack]), which caches are not.
func (k *Keeper) waited(e *store.DKIMKey) bool {
	k.waits.Lock()
	defer k.waits.Unlock()
	b, ok := k.began[e.ID]
	if !ok || b.seen.UnixMilli() != e.Seen.UnixMilli() { // it began in another run
		delete(k.began, e.ID)
		return true
	}
	if k.watch.Elapsed()-b.elapsed < forgotten(e.TTL) {
		return false
	}
	delete(k.began, e.ID)
	return true
}
