package serve

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/receiver"
	"github.com/todoku/todoku/internal/steady"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/warmup"
)

// flow is what a milter does with a database: it paces, counts volume, and keeps what became of messages.
type flow struct {
	MilterConfig
	pacer    *warmup.Pacer
	volumes  *volumes
	recorder *recorder // nil: nothing is kept

	finding   sync.Once
	receivers *receiver.Finder // by the resolver of the first settings
}

// endFlow is how long each part of what is still to be written may take at the end.
const endFlow = time.Second

// withFlow gives a milter what its database lets it do; nil where it has none.
func withFlow(c *MilterConfig) *flow {
	if c.Store == nil {
		return nil
	}
	f := &flow{MilterConfig: *c, pacer: warmup.NewPacer(c.Store, c.PaceClosed, c.Now), volumes: newVolumes(c.Store, c.Log)}
	f.volumes.now = c.Now
	if c.KeepEvents > 0 {
		f.recorder = newRecorder(c.Store, c.Log)
	}
	c.Settings = func() (*filter.Settings, error) {
		s, err := f.Settings()
		if err == nil && s.Pacing != nil {
			f.finding.Do(func() { f.receivers = receiver.New(s.Resolver, nil) })
			s.Pacing.Pacer, s.Pacing.Receivers = pacer{f.pacer}, f.receivers
		}
		return s, err
	}
	c.Observe = f.observe
	return f
}

// now is the clock of plans.
func (f *flow) now() time.Time {
	if f.Now != nil {
		return f.Now()
	}
	return time.Now()
}

func (f *flow) observe(e *filter.Event) {
	f.volumes.observe(e)
	if f.recorder != nil {
		f.recorder.observe(e)
	}
	if f.Observe != nil {
		f.Observe(e)
	}
}

// run does what is to be done beside the mail flow, and ends once that has ended.
func (f *flow) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { f.volumes.run(ctx) })
	wg.Go(func() { f.prune(ctx) })
	wg.Go(func() { f.sweep(ctx) })
	if f.recorder != nil {
		wg.Go(func() { f.recorder.run(ctx) })
	}
	for _, l := range f.MailLogs {
		wg.Go(func() { f.follow(ctx, l) })
	}
	wg.Go(func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.Background(), endFlow)
		defer cancel()
		_ = f.pacer.Close(end) // what it cannot give back is lost for the day
	})
	wg.Wait()
}

// sweepEvery is how often what was granted and is not used is given back.
const sweepEvery = 20 * time.Second

// sweep gives it back until ctx ends.
func (f *flow) sweep(ctx context.Context) {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			f.pacer.Sweep(ctx)
		}
	}
}

// MailLog is a log of the mail server about mail that goes out from a source address.
type MailLog struct{ Source, Name string }

// logEvery is how often logs are read.
const logEvery = 5 * time.Second

// lateLines is how old what is new in a log may be by its times: less than a time zone.
const lateLines = 25 * time.Minute

// follow reads a log until ctx ends. What goes wrong is said once, until it goes well again.
func (f *flow) follow(ctx context.Context, l MailLog) {
	follower := warmup.NewFollower(f.Store, l.Source, l.Name)
	defer follower.Close()
	t := time.NewTicker(logEvery)
	defer t.Stop()
	if _, err := os.Stat(l.Name); errors.Is(err, fs.ErrNotExist) {
		f.Log.Warn("the mail log is not there; it is followed as soon as it is", "file", l.Name)
	}
	var behind zoneWatch
	failed := false
	for {
		read, err := follower.Poll(ctx, f.now())
		if behind.late(read, err != nil, f.now()) {
			f.Log.Warn("what the mail log says now is old by its times: is the time zone of Todoku (TZ) that of the log?", "file", l.Name)
		}
		if err != nil && !failed && ctx.Err() == nil {
			f.Log.Error("the mail log cannot be read now; what is in it is taken in later", "file", l.Name, "error", err)
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// zoneWatch finds out that the times of a log are those of another zone: what was written just now looks old, again and again.
type zoneWatch struct {
	current bool // all that was written before was read
	times   int
}

// late reports it, once.
func (z *zoneWatch) late(read warmup.LogRead, failed bool, now time.Time) bool {
	was := z.current
	z.current = !failed
	if !was || read.Last.IsZero() {
		return false
	}
	if now.Sub(read.Last) < lateLines {
		z.times = 0
		return false
	}
	z.times++
	return z.times == 3
}

// prune forgets what is older than it is to be kept.
func (f *flow) prune(ctx context.Context) {
	t := time.NewTicker(pruneEvery)
	defer t.Stop()
	clock := pruneClock{store: f.Store, log: f.Log, name: "prune-flow", watch: steady.Watch{Elapsed: steady.Elapsed()}}
	for {
		now := time.Now()
		may, err := clock.may(ctx, now)
		if may {
			_, err = f.Store.PruneFlow(ctx, now, f.KeepEvents, store.MaxMailEventRows)
		}
		if err != nil && ctx.Err() == nil {
			f.Log.Error("pruning what is kept of the mail flow failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// pacer has the filter ask the plans of the database.
type pacer struct{ *warmup.Pacer }

// Take asks the plans.
func (p pacer) Take(ctx context.Context, source string, rcpts map[string]int, goesFirst bool) filter.Pace {
	d, who, err := p.Pacer.Take(ctx, source, rcpts, goesFirst)
	return filter.Pace{Allowed: d.Allowed, Provider: who, Why: d.Why, Until: d.Until, At: d.At, Unasked: err}
}
