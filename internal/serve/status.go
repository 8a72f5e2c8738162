package serve

import (
	"context"
	"runtime"
	"time"

	"github.com/todoku/todoku/internal/milter"
)

// status logs how the milter is, whenever Status asks. It collects garbage first, so that heap is what is in use: whoever
// compares two lines of one process sees a leak.
func (m *milterNode) status(ctx context.Context, server *milter.Server, began time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.Status:
		}
		runtime.GC()
		runtime.GC() // the first one leaves what pools hold
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		waiting := 0
		if m.flow != nil && m.flow.recorder != nil {
			waiting = len(m.flow.recorder.queue)
		}
		m.Log.Info("milter status", "connections", server.Connections(), "goroutines", runtime.NumGoroutine(), "heap", mem.HeapAlloc,
			"system", mem.Sys, "events_waiting", waiting, "up", time.Since(began).Round(time.Second))
	}
}
