package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
)

// shareLives are how long a link may show something.
var shareLives = map[string]time.Duration{"1": 24 * time.Hour, "7": 7 * 24 * time.Hour, "30": 30 * 24 * time.Hour}

// sharePage shows a new link.
type sharePage struct {
	frame
	Back, Action string // the page that is shared, and where its form goes
	Name, Link   string
	Until        time.Time
	Once, Redact bool
	Message      bool
	Ended        bool
}

// share makes a link that shows a run, or ends all: POST /d/ID/share.
func (s *server) share(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r, smallForm) {
		return
	}
	run, err := s.store.Run(r.Context(), r.PathValue("id"))
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	s.shareAs(w, r, store.Share{Kind: store.SharedRun, Of: run.ID}, sharePage{Back: runPath(run.ID), Name: run.Label}, s.runDeletedAt(run))
}

// shareMessage is the same for the verdict of a message: POST /r/ID/share.
func (s *server) shareMessage(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r, smallForm) {
		return
	}
	s.withMessage(w, r, r.PathValue("id"), s.work, func(w http.ResponseWriter, m *store.Message) {
		x := store.Share{Kind: store.SharedMessage, Of: m.ID, Redact: r.PostForm.Get("redact") == "1"}
		s.shareAs(w, r, x, sharePage{Back: reportPath(m.ID), Message: true}, s.deletedAt(m.Received))
	})
}

// shareAs makes the link, which promises no more than until what it shows is deleted, or ends all.
func (s *server) shareAs(w http.ResponseWriter, r *http.Request, x store.Share, p sharePage, deleted time.Time) {
	p.frame = s.frame(r, p.Back, i18n.T(i18n.FromRequest(r), "share.title"))
	p.Action, p.OtherURL, p.Form = p.Back+"/share", "", true
	if r.PostForm.Get("days") == "0" {
		if err := s.store.EndShares(r.Context(), x.Kind, x.Of); err != nil {
			s.storeError(w, r, err)
			return
		}
		p.Ended = true
		s.show(w, r, http.StatusOK, "share", p)
		return
	}
	life := shareLives[r.PostForm.Get("days")]
	if life == 0 {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	x.Expires, x.Once = s.Now().Add(life).UTC(), r.PostForm.Get("once") == "1"
	if !deleted.IsZero() && deleted.Before(x.Expires) {
		x.Expires = deleted.UTC()
	}
	x, err := s.store.AddShare(r.Context(), x)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	p.Link, p.Until, p.Once, p.Redact = s.siteOf(r)+"/share/"+x.Token, x.Expires, x.Once, x.Redact
	s.show(w, r, http.StatusOK, "share", p)
}

// siteOf is what the visitor calls the pages by.
func (s *server) siteOf(r *http.Request) string {
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// sharedBy is how a page is shown by a link.
type sharedBy struct {
	Until  time.Time
	Once   bool
	Redact bool
	// open uses the link up, where it shows once, just before the page is sent. It answers
	// itself where somebody was quicker.
	open func(http.ResponseWriter) bool
}

// oncePage stands before what a link shows once: programs that look at links to preview them
// send no forms.
type oncePage struct {
	frame
	Until time.Time
}

// shared shows what a link is to, to whoever has it: GET /share/TOKEN, and POST for a link
// that shows once.
func (s *server) shared(w http.ResponseWriter, r *http.Request) {
	x, err := s.store.Share(r.Context(), r.PathValue("token"))
	if err != nil {
		s.noShare(w, r, err)
		return
	}
	posted := r.Method == http.MethodPost
	switch {
	case x.Once && !x.Opened.IsZero():
		s.fail(w, r, http.StatusGone, "error.opened", "Time", stamp(x.Opened))
	case x.Once && !posted:
		p := oncePage{frame: s.frame(r, "", i18n.T(i18n.FromRequest(r), "once.title")), Until: x.Expires}
		p.Form = true
		s.show(w, r, http.StatusOK, "once", p)
	case posted && !x.Once:
		http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
	default:
		s.showShared(w, r, x)
	}
}

func (s *server) showShared(w http.ResponseWriter, r *http.Request, x store.Share) {
	by := &sharedBy{Until: x.Expires, Once: x.Once, Redact: x.Redact, open: func(w http.ResponseWriter) bool {
		if !x.Once {
			return true
		}
		err := s.store.OpenShare(r.Context(), x.Token, s.Now())
		if errors.Is(err, store.ErrNotFound) { // somebody was quicker, or the link ended meanwhile
			if now, gone := s.store.Share(r.Context(), x.Token); gone == nil && !now.Opened.IsZero() {
				s.fail(w, r, http.StatusGone, "error.opened", "Time", stamp(now.Opened))
				return false
			}
		}
		if err != nil {
			s.noShare(w, r, err)
		}
		return err == nil
	}}
	if x.Kind == store.SharedMessage {
		s.sharedMessage(w, r, x.Of, by)
		return
	}
	run, err := s.store.Run(r.Context(), x.Of)
	if err == nil && run.State != store.Done {
		err = store.ErrNotFound
	}
	if err != nil {
		s.noShare(w, r, err)
		return
	}
	s.withReport(w, r, run, func(w http.ResponseWriter, rep *check.Report, _ *check.Evidence) { s.showRun(w, r, run, rep, by) })
}

// noShare answers for a link that shows nothing.
func (s *server) noShare(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, store.ErrNotFound) {
		s.fail(w, r, http.StatusNotFound, "error.no-share")
		return
	}
	s.storeError(w, r, err)
}
