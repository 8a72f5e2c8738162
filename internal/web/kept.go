package web

import (
	"bytes"
	"errors"
	"net/http"
	"time"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/redact"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/message"
)

// keptPage is a verdict without its message: what is left when the body was removed, and
// what a link to a message shows.
type keptPage struct {
	frame
	ID            string // "" where a link shows it
	Headline      render.Headline
	From, Subject string
	Time          time.Time
	Size          int
	Results       []render.KeptResult
	findingLists
	Cards   cardsView
	Session *sessionView // nil: masked
	Header  string
	Missing int // octets of the header that are not drawn
	DNS     *dnsTable
	Deleted time.Time // when it can be had no longer
	Dropped time.Time // when the body was removed; zero: it is there
	Share   *sharedBy
}

// errDropped: what is asked for needs the body of a message, which is gone.
var errDropped = errors.New("the body of the message was removed")

// keptOf is the verdict of a message as it is kept, or as it would be.
func (s *server) keptOf(r *http.Request, m *store.Message) (*render.Kept, error) {
	if !m.Dropped.IsZero() {
		return render.DecodeKept(m.Kept)
	}
	rep, err := s.judged(r, m)
	if err != nil {
		return nil, err
	}
	return render.Keep(rep), nil
}

func (s *server) keptPage(w http.ResponseWriter, r *http.Request, m *store.Message) {
	k, err := s.keptOf(r, m)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	p := s.keptView(r, m, k)
	p.ID, p.Form, p.Deleted = m.ID, true, s.deletedAt(m.Received)
	s.show(w, r, http.StatusOK, "kept", p)
}

// keptView has all but what depends on who sees it.
func (s *server) keptView(r *http.Request, m *store.Message, k *render.Kept) keptPage {
	lang := i18n.FromRequest(r)
	h := k.Headline(lang)
	if h.Title == "" {
		h = render.Headline{Status: "unknown", Title: i18n.T(lang, "dropped.lost")}
	}
	parsed := message.Parse(m.Evidence.Message)
	session, answers := viewSession(lang, m.Evidence.Session), viewDNS(m.Evidence.DNS)
	p := keptPage{
		frame: s.frame(r, "", h.Title), Headline: h, Time: m.Received, Size: m.Size, Results: k.Results(), findingLists: sortFindings(lang, k.Findings, ""),
		Cards: viewCards(lang, k.Cards, k.Score), Session: &session, DNS: &answers, Dropped: m.Dropped,
		From: headerText(parsed, "From"), Subject: headerText(parsed, "Subject"),
	}
	p.frame.Status = h.Status
	header := m.Evidence.Message[:len(m.Evidence.Message)-len(parsed.Body)]
	if len(header) > drawnHeader {
		p.Missing, header = len(header)-drawnHeader, header[:drawnHeader]
	}
	p.Header = visibleLines(string(header))
	return p
}

// drawnHeader bounds the header that is drawn, in octets.
const drawnHeader = 64 << 10

// sharedMessage shows the verdict of a message by a link.
func (s *server) sharedMessage(w http.ResponseWriter, r *http.Request, id string, by *sharedBy) {
	if _, err := s.store.MessageSize(r.Context(), id); err != nil {
		s.noShare(w, r, err)
		return
	}
	s.withMessage(w, r, id, s.work, func(w http.ResponseWriter, m *store.Message) {
		k, err := s.keptOf(r, m)
		if err == nil && by.Redact {
			k, err = redact.Of(message.Parse(m.Evidence.Message), m.Evidence.Session).Kept(k)
		}
		if err != nil {
			s.storeError(w, r, err)
			return
		}
		p := s.keptView(r, m, k)
		p.Share = by
		if by.Redact {
			p.From, p.Subject, p.Session, p.Header, p.DNS = redact.Mask, redact.Mask, nil, "", nil
			if m.FromDomain != "" {
				p.From = redact.Mask + "@" + m.FromDomain
			}
		}
		if by.Once {
			p.OtherURL = "" // it would ask for the page again
		}
		if by.open(w) {
			s.show(w, r, http.StatusOK, "kept", p)
		}
	})
}

// keptAs sends a kept verdict as a document: JSON or text.
func (s *server) keptAs(w http.ResponseWriter, r *http.Request, m *store.Message, form string) {
	k, err := s.keptOf(r, m)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	var buf bytes.Buffer
	lang, mime := i18n.FromRequest(r), "application/json"
	if form == "txt" {
		mime = "text/plain; charset=utf-8"
		err = render.KeptText(&buf, k, m.ID, m.Dropped, render.TextOptions{Lang: lang})
	} else {
		err = render.WriteJSON(&buf, k.Object(m.ID, lang))
	}
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	s.sendFile(w, r, mime, "", buf.Bytes())
}

// dropped serves what is left of a message whose body was removed; form is "" for the page.
func (s *server) dropped(w http.ResponseWriter, r *http.Request, m *store.Message, form string) {
	switch form {
	case "":
		s.keptPage(w, r, m)
	case "json", "txt":
		s.keptAs(w, r, m, form)
	default:
		s.storeError(w, r, errDropped)
	}
}
