package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/survey"
)

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
