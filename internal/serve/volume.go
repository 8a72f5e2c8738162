package serve

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/store"
)

const (
	// volumeEvery is how often what was counted is written; mostVolumes bounds what is counted apart in between.
	volumeEvery = 10 * time.Second
	mostVolumes = 10_000
)

type volumeKey struct{ day, source, provider, author string }

// volumeStore is the part of the store that counts.
type volumeStore interface {
	AddVolume(ctx context.Context, list []store.Volume) error
}

// volumes counts what goes out. What cannot be written stays counted, and is written later.
type volumes struct {
	store volumeStore
	log   *slog.Logger
	now   func() time.Time // the clock of plans, nil: the time of the message counts
	mu    sync.Mutex
	n     map[volumeKey]*store.Volume
}

func newVolumes(st volumeStore, log *slog.Logger) *volumes {
	return &volumes{store: st, log: log, n: map[volumeKey]*store.Volume{}}
}

// observe counts an outgoing message that went, or was paced.
func (v *volumes) observe(e *filter.Event) {
	if !e.Outgoing || e.Action >= filter.Defer && !e.Paced {
		return
	}
	at := e.Ended
	if v.now != nil { // plans and pages look for what was sent on their day
		at = v.now()
	}
	day := at.UTC().Format(time.DateOnly)
	v.mu.Lock()
	defer v.mu.Unlock()
	for provider, n := range e.Receivers() {
		one := v.at(volumeKey{day, e.Source, provider, e.Author})
		if e.Paced {
			one.Paced += int64(n)
		} else {
			one.Messages += int64(n)
		}
	}
}

// at gives the counter of a key; beyond the bound that of all authors together.
func (v *volumes) at(key volumeKey) *store.Volume {
	one := v.n[key]
	if one == nil && len(v.n) >= mostVolumes {
		key.author = "*"
		one = v.n[key]
	}
	if one == nil {
		one = &store.Volume{Day: key.day, Source: key.source, Provider: key.provider, Author: key.author}
		v.n[key] = one
	}
	return one
}

// flush writes what was counted.
func (v *volumes) flush(ctx context.Context) error {
	v.mu.Lock()
	was := v.n
	v.n = map[volumeKey]*store.Volume{}
	v.mu.Unlock()
	list := make([]store.Volume, 0, len(was))
	for _, one := range was {
		list = append(list, *one)
	}
	for len(list) > 0 {
		n := min(len(list), eventBatch)
		if err := v.store.AddVolume(ctx, list[:n]); err != nil {
			v.back(list)
			return err
		}
		list = list[n:]
	}
	return nil
}

// back takes in again what could not be written.
func (v *volumes) back(list []store.Volume) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, one := range list {
		c := v.at(volumeKey{one.Day, one.Source, one.Provider, one.Author})
		c.Messages += one.Messages
		c.Paced += one.Paced
	}
}

func (v *volumes) run(ctx context.Context) {
	t := time.NewTicker(volumeEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.Background(), endFlow)
			defer cancel()
			if err := v.flush(end); err != nil {
				v.log.Error("the last of the volume is not counted", "error", err)
			}
			return
		case <-t.C:
		}
		write, cancel := context.WithTimeout(ctx, eventWrite)
		if err := v.flush(write); err != nil && ctx.Err() == nil {
			v.log.Error("volume cannot be counted now, and will be later", "error", err)
		}
		cancel()
	}
}
