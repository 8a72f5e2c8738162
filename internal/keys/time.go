package keys

import (
	"context"
	"errors"

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
