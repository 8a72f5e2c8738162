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

// dropDue drops what is due, and gives how many bodies went. One that cannot be dropped keeps no
// other one from it; the error is that of the first.
func dropDue(ctx context.Context, st *store.Store, log *slog.Logger, now time.Time) (n int, err error) {
	for more := true; more && err == nil; {
		ids, listing := st.BodiesDue(ctx, now, droppedAtOnce)
		if listing != nil {
			return n, listing
		}
		more = false
		for _, id := range ids {
			went, failed := dropOne(ctx, st, log, id, now)
			switch {
			case failed != nil && err == nil:
				err = fmt.Errorf("message %s: %w", id, failed)
			case went:
				n++
				more = len(ids) == droppedAtOnce // where nothing goes, to look again finds the same
			}
		}
	}
	if n > 0 {
		err = errors.Join(err, st.Scrub(ctx))
	}
	return n, err
}

// dropOne keeps the verdict in the place of the body, and reports whether that went. One that another node dropped is no
// error. One that cannot be had any longer loses its body without a verdict: nobody reads it before it is pruned.
func dropOne(ctx context.Context, st *store.Store, log *slog.Logger, id string, now time.Time) (went bool, err error) {
	var header, kept []byte
	m, err := st.Message(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		kept, err = (&render.Kept{}).Encode()
	case err == nil:
		header = headerOf(m.Evidence.Message)
		kept, err = keep(ctx, log, id, func() *render.Report { return verify.Replay(ctx, &m.Evidence, m.ID, nil) })
	}
	if err == nil {
		err = st.DropBody(ctx, id, header, kept, now)
	}
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
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
