package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
)

// pendingPage is a report that is not there yet.
type pendingPage struct {
	frame
	Message *store.Message
}

// pendingRefresh is how soon the page of a report to come looks again, in seconds.
const pendingRefresh = 3

// report serves /r/ID, /r/ID.json, .txt, .eml, .bundle.json and .preview.
func (s *server) report(w http.ResponseWriter, r *http.Request) {
	id, form, _ := strings.Cut(r.PathValue("id"), ".")
	serve := map[string]func(http.ResponseWriter, *http.Request, *store.Message){
		"": s.reportPage, "json": s.reportJSON, "txt": s.reportText, "eml": s.reportEML, "bundle.json": s.reportBundle, "preview": s.reportPreview,
	}[form]
	if serve == nil {
		s.notFound(w, r)
		return
	}
	s.withMessage(w, r, id, s.work, func(w http.ResponseWriter, m *store.Message) {
		if !m.Dropped.IsZero() {
			s.dropped(w, r, m, form)
			return
		}
		serve(w, r, m)
	})
}

// withMessage reads a message when it is its turn at a gate; large ones have a gate of their own.
func (s *server) withMessage(w http.ResponseWriter, r *http.Request, id string, work gate, f func(http.ResponseWriter, *store.Message)) {
	octets, err := s.store.MessageSize(r.Context(), id)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	if octets >= largeMessage {
		work = s.largeWork
	}
	leave, ok := work.enter(r.Context())
	if !ok {
		s.busy(w, r)
		return
	}
	defer leave()
	m, err := s.store.Message(r.Context(), id)
	if err != nil {
		s.storeError(leaving{w, leave}, r, err)
		return
	}
	f(leaving{w, leave}, m)
}

// withWhole is withMessage for pages that judge a message again: one that has no verdict yet is
// sent to where that will be, one without its body is refused.
func (s *server) withWhole(w http.ResponseWriter, r *http.Request, id string, work gate, f func(http.ResponseWriter, *store.Message)) {
	s.withMessage(w, r, id, work, func(w http.ResponseWriter, m *store.Message) {
		switch {
		case m.State != store.Verified:
			http.Redirect(w, r, reportPath(m.ID), http.StatusSeeOther)
		case !m.Dropped.IsZero():
			s.storeError(w, r, errDropped)
		default:
			f(w, m)
		}
	})
}

// busy answers when as much as may be is going on already.
func (s *server) busy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "10")
	s.fail(w, r, http.StatusServiceUnavailable, "error.busy")
}

func (s *server) reportPage(w http.ResponseWriter, r *http.Request, m *store.Message) {
	lang := i18n.FromRequest(r)
	if m.State != store.Verified {
		p := pendingPage{frame: s.frame(r, "", i18n.T(lang, "pending.title")), Message: m}
		p.NoscriptRefresh = pendingRefresh
		w.Header().Set("Retry-After", strconv.Itoa(pendingRefresh))
		s.show(w, r, http.StatusAccepted, "pending", p)
		return
	}
	rep, err := s.judged(r, m)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "report", s.reportView(r, m, rep))
}

var errNoReport = errors.New("the report could not be made from the evidence")

func (s *server) judged(r *http.Request, m *store.Message) (*render.Report, error) {
	if s.Report == nil {
		return nil, errNoReport
	}
	if !m.Dropped.IsZero() {
		return nil, errDropped
	}
	rep := s.Report(r.Context(), m)
	if rep == nil || rep.Message == nil {
		return nil, errNoReport
	}
	return rep, nil
}

// notYet answers for a download of a verdict that is not there yet.
func notYet(w http.ResponseWriter, r *http.Request, m *store.Message) bool {
	if m.State == store.Verified {
		return false
	}
	w.Header().Set("Retry-After", strconv.Itoa(pendingRefresh))
	lang := i18n.FromRequest(r)
	if wantsJSON(r) {
		writeProblem(w, r, http.StatusServiceUnavailable, i18n.T(lang, "pending.title"), i18n.T(lang, "pending.again", "Seconds", pendingRefresh))
		return true
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusServiceUnavailable)
	fmt.Fprintln(w, i18n.T(lang, "pending.title"))
	return true
}

func (s *server) reportJSON(w http.ResponseWriter, r *http.Request, m *store.Message) {
	s.reportAs(w, r, m, "application/json", func(buf *bytes.Buffer, rep *render.Report, lang string) error {
		return render.VerifyJSON(buf, rep, lang)
	})
}

func (s *server) reportText(w http.ResponseWriter, r *http.Request, m *store.Message) {
	s.reportAs(w, r, m, "text/plain; charset=utf-8", func(buf *bytes.Buffer, rep *render.Report, lang string) error {
		return render.VerifyText(buf, rep, render.TextOptions{Lang: lang, Verbose: true})
	})
}

func (s *server) reportAs(w http.ResponseWriter, r *http.Request, m *store.Message, mime string,
	write func(*bytes.Buffer, *render.Report, string) error) {
	if notYet(w, r, m) {
		return
	}
	rep, err := s.judged(r, m)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	var buf bytes.Buffer
	if err := write(&buf, rep, i18n.FromRequest(r)); err != nil {
		s.storeError(w, r, fmt.Errorf("writing the report: %w", err))
		return
	}
	s.sendFile(w, r, mime, "", buf.Bytes())
}

// reportEML is there before the verdict is: the message itself is not in doubt.
func (s *server) reportEML(w http.ResponseWriter, r *http.Request, m *store.Message) {
	s.sendFile(w, r, "message/rfc822", m.ID+".eml", m.Evidence.Message)
}

func (s *server) reportBundle(w http.ResponseWriter, r *http.Request, m *store.Message) {
	if notYet(w, r, m) {
		return
	}
	var buf bytes.Buffer
	if err := evidence.Encode(&buf, &m.Evidence); err != nil {
		s.storeError(w, r, err)
		return
	}
	s.sendFile(w, r, "application/json", m.ID+".bundle.json", buf.Bytes())
}

// sendFile sends data, as a download where it has a name. Message ids are made by
// the store of letters, digits, - and _, so they need no quoting here.
func (s *server) sendFile(w http.ResponseWriter, r *http.Request, mime, name string, data []byte) {
	if len(data) > smallTransfer && r.Method != http.MethodHead {
		release, ok := s.transfers.takeMany(clientAddr(r), max(len(data), leastTransfer))
		if !ok {
			s.busy(w, r)
			return
		}
		defer release()
	}
	h := w.Header()
	h.Set("Content-Type", mime)
	h.Set("Cache-Control", "private, no-store")
	h.Add("Vary", "Accept-Language, Cookie")
	if name != "" {
		h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(data) // the client left: nobody to tell
	}
}
