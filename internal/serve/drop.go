package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/verify"
	"github.com/todoku/todoku/message"
)

const (
	// dropEvery is how late a body may go, where no promise is shorter.
	dropEvery = 15 * time.Second
	// droppedAtOnce are read from the database at a time.
	droppedAtOnce = 100
)

// dropBodies drops the bodies of messages whose time has come.
func dropBodies(ctx context.Context, st *store.Store, log *slog.Logger) error {
	every := dropEvery
	if after := st.DropAfter(); after > 0 { // a promise of minutes is kept to the minute, one of seconds to the second
		every = min(every, max(after/4, time.Second))
	}
	t := time.NewTicker(every)
	defer t.Stop()
	if err := st.ScheduleDrops(ctx); err != nil && ctx.Err() == nil {
		log.Error("messages from before cannot be scheduled for the removal of their bodies", "error", err)
	}
	for {
		n, err := dropDue(ctx, st, log, time.Now())
		if err != nil && ctx.Err() == nil {
			log.Error("removing bodies failed; it will be tried again", "error", err)
		}
		if n > 0 {
			log.Info("removed bodies of messages", "count", n)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// dropDue drops what is due, and gives how many bodies went.
func dropDue(ctx context.Context, st *store.Store, log *slog.Logger, now time.Time) (n int, err error) {
	for {
		ids, err := st.BodiesDue(ctx, now, droppedAtOnce)
		if err != nil {
			return n, err
		}
		for _, id := range ids {
			if err := dropOne(ctx, st, log, id, now); err != nil {
				return n, fmt.Errorf("message %s: %w", id, err)
			}
			n++
		}
		if len(ids) < droppedAtOnce {
			break
		}
	}
	if n > 0 {
		err = st.Scrub(ctx)
	}
	return n, err
}

// dropOne keeps the verdict in the place of the body. One that another node dropped is no error.
func dropOne(ctx context.Context, st *store.Store, log *slog.Logger, id string, now time.Time) error {
	m, err := st.Message(ctx, id)
	if err == nil {
		var kept []byte
		judged := func() *render.Report { return verify.Replay(ctx, &m.Evidence, m.ID, nil) }
		if kept, err = keep(ctx, log, id, judged); err == nil {
			err = st.DropBody(ctx, id, headerOf(m.Evidence.Message), kept, now)
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// keep makes the verdict that stays. Where a defect of ours prevents it the body goes all
// the same: that is what was promised.
func keep(ctx context.Context, log *slog.Logger, id string, judged func() *render.Report) (kept []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("a verdict could not be kept; the body is removed without it", "message", id, "panic", p)
			kept, err = (&render.Kept{}).Encode()
		}
	}()
	rep := judged()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return render.Keep(rep).Encode()
}

// headerOf is the header with the empty line that ends it. What has no such line may be all
// body, and nothing of it stays.
func headerOf(raw []byte) []byte {
	m := message.Parse(raw)
	if m.Body == nil {
		return nil
	}
	return raw[:len(raw)-len(m.Body)]
}
