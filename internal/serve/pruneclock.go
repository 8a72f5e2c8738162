package serve

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/todoku/todoku/internal/steady"
	"github.com/todoku/todoku/internal/store"
)

// pruneAfter is for how long a clock that jumped must go on without another jump until what is old by it is deleted: so long has
// whoever set it wrong to set it right, and nothing is lost meanwhile.
const pruneAfter = 24 * time.Hour

// pruneClock says whether what is old by the clock may be deleted. The watch is that of this run.
type pruneClock struct {
	store *store.Store
	log   *slog.Logger
	name  string // of the work, of which nodes share the clock
	watch steady.Watch
}

// may looks at the clock at each run of the work.
func (p *pruneClock) may(ctx context.Context, at time.Time) (bool, error) {
	was, err := p.store.Clock(ctx, p.name)
	if err != nil {
		return false, err
	}
	now := store.Clock{At: at, Since: was.Since}
	if by := p.watch.Jump(was.At, at); by != 0 {
		now.Since = at
		p.log.Warn("the clock jumped, or the program did not run for long: nothing old is deleted until the clock has gone on for a day", "by", by.String(), "last", was.At, "now", at)
	}
	if err := p.store.SetClock(ctx, p.name, was, now); errors.Is(err, store.ErrConflict) {
		return false, nil // another node looked in the same moment, and it will do
	} else if err != nil {
		return false, err
	}
	return now.Since.IsZero() || at.Sub(now.Since) >= pruneAfter, nil
}
