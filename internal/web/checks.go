package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/i18n"
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

// progressView is how far a check is.
type progressView struct {
	Asked int
	Last  string
	done  survey.Area
}

// step is one area as the page shows it.
type step struct {
	Key  string
	Text string
	Done bool
}

var stepKeys = []struct {
	area survey.Area
	key  string
}{
	{survey.AreaZone, "checking.zone"}, {survey.AreaMX, "checking.mx"}, {survey.AreaSPF, "checking.spf"}, {survey.AreaDKIM, "checking.dkim"},
	{survey.AreaDMARC, "checking.dmarc"}, {survey.AreaHosts, "checking.hosts"}, {survey.AreaTransport, "checking.transport"},
	{survey.AreaBIMI, "checking.bimi"}, {survey.AreaBlocklists, "checking.blocklists"},
}

// Steps are the areas in the order in which the page lists them.
func (p progressView) Steps(lang string) []step {
	var out []step
	for _, k := range stepKeys {
		out = append(out, step{Key: k.key, Text: i18n.T(lang, k.key), Done: p.done&k.area != 0})
	}
	return out
}

// checkingPage waits for a run.
type checkingPage struct {
	frame
	ID, Target string
	Progress   progressView
	Steps      []step
}

// checking shows a run that is not done.
func (s *server) showChecking(w http.ResponseWriter, r *http.Request, run *store.Run) {
	lang := i18n.FromRequest(r)
	j := s.jobs.of(run.ID)
	if run.State == store.Stopped || j == nil && s.Now().Sub(run.At) > checkWithin+10*time.Second {
		s.showStopped(w, r, run)
		return
	}
	p := checkingPage{frame: s.frame(r, "", i18n.T(lang, "checking.title", "Target", visible(run.Label))), ID: run.ID, Target: run.Label}
	if j != nil {
		time.AfterFunc(s.hold, j.hold())
		p.Progress, _ = j.progress()
	}
	p.Steps = p.Progress.Steps(lang)
	p.NoscriptRefresh = 2
	s.show(w, r, http.StatusOK, "checking", p)
}

// stoppedPage says that a check came to no end.
type stoppedPage struct {
	frame
	Target string
}

func (s *server) showStopped(w http.ResponseWriter, r *http.Request, run *store.Run) {
	lang := i18n.FromRequest(r)
	p := stoppedPage{frame: s.frame(r, "", i18n.T(lang, "stopped.title")), Target: run.Label}
	p.Form = true
	s.show(w, r, http.StatusOK, "stopped", p)
}

// progressEvent is what the page's script reads.
type progressEvent struct {
	Asked int      `json:"asked"`
	Text  string   `json:"text"`
	Done  []string `json:"done"`
	Go    string   `json:"go,omitempty"`
}

// checkEvents streams the progress of a run until it is over.
func (s *server) checkEvents(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		return
	}
	release, ok := s.streams.take(clientAddr(r))
	if !ok {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	defer release()
	id := r.PathValue("id")
	st := newStream(w, r)
	j := s.jobs.of(id)
	if j == nil {
		run, err := s.store.Run(r.Context(), id)
		if err != nil {
			w.WriteHeader(http.StatusNoContent) // do not come again
			return
		}
		if st.begin() != nil {
			return
		}
		if run.State == store.Running { // on another node: the page looks for itself
			_ = st.write("retry: 2000\n\n")
			return
		}
		_ = st.event(progressEvent{Go: runPath(id)})
		return
	}
	defer j.hold()()
	if st.begin() != nil {
		return
	}
	s.followCheck(r.Context(), st, j)
}

func (s *server) followCheck(ctx context.Context, st *stream, j *job) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		p, changed := j.progress()
		e := progressEvent{Asked: p.Asked, Text: i18n.T(st.lang, "checking.asked", "Count", p.Asked), Done: []string{}}
		for _, k := range stepKeys {
			if p.done&k.area != 0 {
				e.Done = append(e.Done, k.key)
			}
		}
		if st.event(e) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-j.over:
			_ = st.event(progressEvent{Asked: p.Asked, Done: e.Done, Go: runPath(j.id)})
			return
		case <-changed:
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-j.over:
		}
	}
}

// event writes one event of a kind of its own.
func (st *stream) event(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("an event: %w", err)
	}
	st.id++
	return st.write(fmt.Sprintf("id: %d\ndata: %s\n\n", st.id, data))
}

func runPath(id string) string { return pathTo("/d/", id) }
