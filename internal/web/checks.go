package web

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/survey"
)

const (
	// checkWithin bounds one check and its storing.
	checkWithin = 60 * time.Second
	// defaultDeserted is how long a check goes on that nobody waits for any more.
	defaultDeserted = 6 * time.Second
	// defaultHold is how long a client counts as waiting that looked without a stream.
	defaultHold = 10 * time.Second
	// progressEvery is the least time between two events of one stream.
	progressEvery = 150 * time.Millisecond
)

// job is one check under way on this node.
type job struct {
	id       string
	cancel   context.CancelFunc
	deserted time.Duration
	over     chan struct{} // closed when the run has been stored

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each progress
	asked   int
	last    string
	done    survey.Area
	waiting int
	seen    bool // somebody waited for it here
}

// asked notes an answer, did an area.
func (j *job) note(f func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f()
	close(j.changed)
	j.changed = make(chan struct{})
}

func (j *job) progress() (p progressView, changed chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return progressView{Asked: j.asked, Last: j.last, done: j.done}, j.changed
}

// hold counts somebody who waits, until leave is called. When the last one has left and
// nobody comes back soon the check is given up.
func (j *job) hold() (leave func()) {
	j.mu.Lock()
	j.waiting++
	j.seen = true
	j.mu.Unlock()
	return sync.OnceFunc(func() {
		j.mu.Lock()
		j.waiting--
		j.mu.Unlock()
		time.AfterFunc(j.deserted, func() {
			j.mu.Lock()
			alone := j.waiting == 0
			j.mu.Unlock()
			if alone {
				j.cancel()
			}
		})
	})
}

// jobs are the checks under way on this node.
type jobs struct {
	mu   sync.Mutex
	list map[string]*job
}

func (j *jobs) of(id string) *job {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.list[id]
}

func (j *jobs) add(x *job) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list[x.id] = x
}

func (j *jobs) remove(id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.list, id)
}

// errBusy: as many checks as may be are under way.
var errBusy = errors.New("too many checks at a time")

// look is what makes the report of a run.
type look func(ctx context.Context, w check.Watch) (*check.Report, *check.Evidence)

// startRun keeps the run and begins it. It goes on when the request is over, as long as
// somebody waits for it.
func (s *server) startRun(r *http.Request, run *store.Run, do look) error {
	release, ok := s.checking.take(clientAddr(r))
	if !ok {
		return errBusy
	}
	run.State, run.Score, run.At = store.Running, -1, s.Now().UTC()
	if err := s.store.AddRun(r.Context(), run); err != nil {
		release()
		return err
	}
	ctx, cancel := context.WithTimeout(s.life(), checkWithin)
	j := &job{id: run.ID, cancel: cancel, deserted: s.deserted, over: make(chan struct{}), changed: make(chan struct{})}
	s.jobs.add(j)
	leave := j.hold()
	time.AfterFunc(s.hold, leave)
	go func() {
		defer release()
		defer cancel()
		defer s.jobs.remove(run.ID)
		defer close(j.over)
		s.runCheck(ctx, run, do, check.Watch{
			Asked: func(a dns.Answer) {
				j.note(func() { j.asked++; j.last = a.Question.Name + " " + typeWord(a.Question.Type) })
			},
			Done: func(a survey.Area) { j.note(func() { j.done |= a }) },
		})
	}()
	return nil
}

// life is as long as the pages are served.
func (s *server) life() context.Context {
	if s.Context != nil {
		return s.Context
	}
	return context.Background()
}

// runCheck looks, and keeps what was seen. A panic, which only a defect of ours can
// cause, must not end the program.
func (s *server) runCheck(ctx context.Context, run *store.Run, do look, w check.Watch) {
	run.State = store.Stopped
	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("a check panicked", "target", run.Label, "panic", p)
		}
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if err := s.store.FinishRun(end, run); err != nil && !errors.Is(err, store.ErrClosed) {
			s.Log.Error("a check could not be kept", "target", run.Label, "error", err)
		}
	}()
	rep, e := do(ctx, w)
	if ctx.Err() != nil {
		return // nobody waits; half a check would say what is not so
	}
	b, err := e.Encode()
	if err != nil {
		s.Log.Warn("a check could not be kept", "target", run.Label, "error", err)
		return
	}
	run.Evidence, run.State, run.Status = b, store.Done, string(rep.Worst())
	if rep.Score != nil {
		run.Score = rep.Score.Value
	}
}

func runPath(id string) string { return pathTo("/d/", id) }
