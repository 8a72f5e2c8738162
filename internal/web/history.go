package web

import (
	"net/http"

	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
)

// listedRuns are the runs that a history shows.
const listedRuns = 100

// historyPage lists the runs of one target.
type historyPage struct {
	frame
	Target string
	Runs   []historyItem
}

// historyItem is one run.
type historyItem struct {
	store.Run
	Score string
	A, B  bool // chosen for comparing
}

// history lists what was checked of a target, of the visitor's own: GET /history?target=.
func (s *server) history(w http.ResponseWriter, r *http.Request) {
	lang := i18n.FromRequest(r)
	t, err := check.ParseTarget(clip(r.URL.Query().Get("target"), 300))
	if err != nil {
		s.notFound(w, r)
		return
	}
	owner, all := s.seenBy(r)
	list, err := s.store.Runs(r.Context(), targetKey(t), owner, all, listedRuns)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	p := historyPage{frame: s.frame(r, "", i18n.T(lang, "history.title", "Target", visible(targetKey(t)))), Target: targetKey(t)}
	p.OtherURL = withQuery(r, p.OtherLang)
	p.Form = true
	for i := range list {
		p.Runs = append(p.Runs, historyItem{Run: list[i], Score: scoreText(list[i].Score), A: i == min(1, len(list)-1), B: i == 0})
	}
	s.show(w, r, http.StatusOK, "history", p)
}

// withQuery is this page, whose query says what it shows, in another language.
func withQuery(r *http.Request, lang string) string {
	q := r.URL.Query()
	q.Set("lang", lang)
	return r.URL.Path + "?" + q.Encode()
}

// diffPage compares two runs.
type diffPage struct {
	frame
	Target string
	Diff   diffView
}

// diff compares two runs of one target: GET /diff?a=&b=.
func (s *server) diff(w http.ResponseWriter, r *http.Request) {
	lang := i18n.FromRequest(r)
	var runs [2]*store.Run
	var reports [2]*check.Report
	leave, ok := s.work.enter(r.Context())
	if !ok {
		s.busy(w, r)
		return
	}
	defer leave()
	for i, name := range []string{"a", "b"} {
		run, err := s.store.Run(r.Context(), r.URL.Query().Get(name))
		if err != nil {
			s.storeError(w, r, err)
			return
		}
		if runs[i] = run; run.State != store.Done || i == 1 && run.Target != runs[0].Target {
			s.fail(w, r, http.StatusBadRequest, "error.no-diff")
			return
		}
		if reports[i], _, err = s.replay(r.Context(), run); err != nil {
			s.storeError(w, r, err)
			return
		}
	}
	if runs[0].At.After(runs[1].At) {
		runs[0], runs[1], reports[0], reports[1] = runs[1], runs[0], reports[1], reports[0]
	}
	p := diffPage{
		frame: s.frame(r, "", i18n.T(lang, "diff.title", "Target", visible(runs[1].Label))), Target: runs[1].Target,
		Diff: viewDiff(lang, runs[0], runs[1], check.Compare(reports[0], reports[1])),
	}
	p.OtherURL = withQuery(r, p.OtherLang)
	s.show(leaving{w, leave}, r, http.StatusOK, "diff", p)
}
