package panel

import (
	"context"
	"log/slog"
	"time"
)

// poll refreshes until ctx ends. The first of several failures in a row is logged in the words of failed: what is known stays in use.
func poll(ctx context.Context, refresh func(context.Context) error, log *slog.Logger, failed string) error {
	t := time.NewTicker(pollEvery)
	defer t.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		err := refresh(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			log.Error(failed, "error", err)
		}
		failing = err != nil
	}
}
