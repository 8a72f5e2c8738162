package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
)

// comparePage compares a message with another one, or asks with which.
type comparePage struct {
	frame
	ID, Name string
	Typed    string // the report that was named in words
	Error    string
	Others   []otherMessage
	Two      *comparedView
}

// otherMessage is one that may be chosen.
type otherMessage struct {
	store.Message
	Chosen bool
}

// comparedView is two messages, the earlier one first.
type comparedView struct {
	A, B     comparedMessage
	Diff     diffView
	Verdicts []verdictChange
}

type comparedMessage struct {
	ID, Name string
	At       time.Time
	Headline render.Headline
}

// compare shows what changed from one message to another: GET /r/ID/compare, ?with=ID for
// one of the list, ?report= for one named by its id or address.
func (s *server) compare(w http.ResponseWriter, r *http.Request) {
	other, typed := r.URL.Query().Get("with"), strings.TrimSpace(clip(r.URL.Query().Get("report"), 300))
	if typed != "" {
		other = reportID(typed)
	}
	s.withWhole(w, r, r.PathValue("id"), s.work, func(w http.ResponseWriter, m *store.Message) {
		lang := i18n.FromRequest(r)
		p := comparePage{
			frame: s.frame(r, "", i18n.T(lang, "compare.title", "Subject", clip(visible(messageName(lang, m)), 80))),
			ID:    m.ID, Name: messageName(lang, m), Typed: clip(visible(typed), 200),
		}
		p.Form, p.OtherURL = true, withQuery(r, p.OtherLang)
		code := http.StatusOK
		if other != "" || typed != "" {
			err := p.compare(s, r, m, other)
			switch {
			case errors.Is(err, store.ErrNotFound):
				code, p.Error = http.StatusNotFound, i18n.T(lang, "compare.not-found")
			case errors.Is(err, errDropped):
				code, p.Error = http.StatusGone, i18n.T(lang, "compare.dropped")
			case errors.Is(err, errItself):
				code, p.Error = http.StatusBadRequest, i18n.T(lang, "compare.itself")
			case errors.Is(err, errBusy):
				s.busy(w, r)
				return
			case err != nil:
				s.storeError(w, r, err)
				return
			}
		}
		if err := p.list(s, r, m, other); err != nil {
			s.storeError(w, r, err)
			return
		}
		s.show(w, r, code, "compare", p)
	})
}

var errItself = errors.New("a message compared with itself")

// compare fills in the comparison with another message, which the visitor must be let to see.
func (p *comparePage) compare(s *server, r *http.Request, m *store.Message, id string) error {
	if id == m.ID {
		return errItself
	}
	if id == "" || !s.mayOpen(r, reportPath(id)) {
		return store.ErrNotFound
	}
	size, err := s.store.MessageSize(r.Context(), id)
	if err != nil {
		return err
	}
	if size >= largeMessage {
		leave, ok := s.secondLarge.enter(r.Context())
		if !ok {
			return errBusy
		}
		defer leave()
	}
	o, err := s.store.Message(r.Context(), id)
	if err != nil {
		return err
	}
	if o.State != store.Verified {
		return store.ErrNotFound
	}
	first, second := o, m
	if o.Received.After(m.Received) {
		first, second = m, o
	}
	a, err := s.judged(r, first)
	if err != nil {
		return err
	}
	b, err := s.judged(r, second)
	if err != nil {
		return err
	}
	p.Two = &comparedView{
		A: s.compared(p.Lang, first, a), B: s.compared(p.Lang, second, b),
		Diff: messageDiff(p.Lang, a, b), Verdicts: verdictChanges(p.Lang, a, b),
	}
	return nil
}

func (s *server) compared(lang string, m *store.Message, rep *render.Report) comparedMessage {
	return comparedMessage{ID: m.ID, Name: messageName(lang, m), At: m.Received, Headline: s.headline(rep, lang)}
}

// list fills in the messages that may be chosen: those of the same mailbox, for whoever may
// open the page of the mailbox, which lists them too.
func (p *comparePage) list(s *server, r *http.Request, m *store.Message, chosen string) error {
	if m.Token == "" || !s.mayOpen(r, pathTo("/m/", m.Token)) {
		return nil
	}
	all, err := s.store.MessagesFor(r.Context(), m.Token, listedMessages)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].ID != m.ID && all[i].State == store.Verified && all[i].Dropped.IsZero() {
			p.Others = append(p.Others, otherMessage{Message: all[i], Chosen: all[i].ID == chosen})
		}
	}
	if chosen == "" {
		p.choose(m.Received)
	}
	return nil
}

// choose proposes the last message that came before, else the newest.
func (p *comparePage) choose(before time.Time) {
	for i := range p.Others {
		if !p.Others[i].Received.After(before) {
			p.Others[i].Chosen = true
			return
		}
	}
	if len(p.Others) > 0 {
		p.Others[0].Chosen = true
	}
}

// reportID finds the id in what a person gives of a report: its id, or its address.
func reportID(typed string) string {
	if _, path, ok := strings.Cut(typed, "/r/"); ok {
		typed = path
	}
	if i := strings.IndexAny(typed, "/.?#"); i >= 0 {
		typed = typed[:i]
	}
	for _, c := range typed { // as the store makes them
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return ""
		}
	}
	return typed
}
