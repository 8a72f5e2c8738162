package keys

import (
	"context"
	"time"
)

// StepEvery is how often a running program looks at the keys.
const StepEvery = time.Minute

// Run takes the steps of all keys until ctx ends. Problems are logged, and tried again.
func (k *Keeper) Run(ctx context.Context) error {
	if k.cfg.Master != nil {
		n, err := k.Reseal(ctx)
		if n > 0 {
			k.cfg.Log.Info("private keys were encrypted with the new master key", "keys", n)
		}
		if err != nil && ctx.Err() == nil {
			k.cfg.Log.Error("private keys could not be encrypted with the new master key", "error", err)
		}
	}
	t := time.NewTicker(StepEvery)
	defer t.Stop()
	last := ""
	for {
		err := k.Step(ctx)
		if ctx.Err() != nil {
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			_ = k.Release(end) // else it ends by itself
			cancel()
			return nil
		}
		if text := errorText(err); text != last {
			if last = text; text != "" {
				k.cfg.Log.Error("a step in the life of a key failed; it is tried again", "error", text)
			}
		}
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
