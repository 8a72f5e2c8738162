package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/verify"
	"github.com/todoku/todoku/message"
)

// pasteFields are the form as it was filled in, and what is wrong with it.
type pasteFields struct {
	Message, IP, HELO, MailFrom string
	NullPath                    bool
	// The texts beside the fields, "" where all is well.
	MessageError, IPError, HELOError, MailFromError string
	MaxUpload                                       string
}

func (f pasteFields) bad() bool {
	return f.MessageError != "" || f.IPError != "" || f.HELOError != "" || f.MailFromError != ""
}

type pastePage struct {
	frame
	Paste pasteFields
}

const (
	// formOverhead is room for the small fields and the multipart frame, in octets.
	formOverhead = 64 << 10
	maxField     = 1024
	// verifyWithin is how long a person waits for a verdict before the page that refreshes.
	verifyWithin = 40 * time.Second
	// redisplayed is the largest pasted text that is put back into a faulty form.
	redisplayed = 1 << 20
)

func (s *server) pasteForm(w http.ResponseWriter, r *http.Request) {
	s.showPaste(w, r, http.StatusOK, pasteFields{})
}

func (s *server) showPaste(w http.ResponseWriter, r *http.Request, code int, f pasteFields) {
	lang := i18n.FromRequest(r)
	f.MaxUpload = size(s.MaxUpload)
	p := pastePage{frame: s.frame(r, "/paste", i18n.T(lang, "paste.title")), Paste: f}
	p.Form = true
	if f.bad() {
		p.Title = i18n.T(lang, "paste.bad-title")
	}
	s.show(w, r, code, "paste", p)
}

func (s *server) paste(w http.ResponseWriter, r *http.Request) {
	if !s.pastes.allow(clientAddr(r), s.Now()) {
		w.Header().Set("Retry-After", "30")
		s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
		return
	}
	// Not the gate of the reports: this waits for the client and for DNS.
	release, ok := s.transfers.takeMany(clientAddr(r), s.uploadWeight(r))
	if !ok {
		s.busy(w, r)
		return
	}
	defer release()
	r.Body = http.MaxBytesReader(w, r.Body, s.MaxUpload+formOverhead)
	f, raw, err := readPaste(r, s.MaxUpload)
	if tooLarge(err) {
		s.fail(w, r, http.StatusRequestEntityTooLarge, "error.too-large", "Size", size(s.MaxUpload))
		return
	}
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	session := f.check(i18n.FromRequest(r), raw)
	if f.bad() {
		s.showPaste(w, r, http.StatusUnprocessableEntity, f)
		return
	}
	id, err := s.keepPaste(r.Context(), session, raw)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	http.Redirect(w, r, reportPath(id), http.StatusSeeOther)
}

// uploadWeight is what an upload counts for: what it says, or the largest there may be.
func (s *server) uploadWeight(r *http.Request) int {
	size := s.MaxUpload
	if r.ContentLength >= 0 {
		size = min(size, r.ContentLength)
	}
	return int(max(size, leastTransfer))
}

// keepPaste stores a message and judges it. One that could not be judged in time is
// kept all the same: the workers try again, and its page says so.
func (s *server) keepPaste(ctx context.Context, session evidence.Session, raw []byte) (id string, err error) {
	now := s.Now().UTC()
	raw, converted := message.NormalizeFile(raw)
	m := &store.Message{
		Received: now,
		Evidence: evidence.Bundle{
			Format: evidence.Format, Version: evidence.BundleVersion, Time: now, Source: "paste",
			LineEndsConverted: converted, Session: session, Message: raw,
		},
		FromDomain: fromDomain(raw), Subject: subjectOf(raw),
	}
	if err := s.store.AddMessage(ctx, m); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, verifyWithin)
	defer cancel()
	check := s.Verify
	if check == nil {
		check = s.verifyHere
	}
	if _, err := check(ctx, m); err != nil {
		s.Log.Warn("a pasted message has no verdict yet", "message", m.ID, "error", err)
	}
	return m.ID, nil
}

// verifyHere judges without a node's workers.
func (s *server) verifyHere(ctx context.Context, m *store.Message) (*render.Report, error) {
	if s.Resolver == nil {
		return nil, errors.New("there is no resolver to verify with")
	}
	rep := verify.Message(ctx, s.Resolver, verify.Request{
		Name: m.ID, Source: m.Evidence.Source, Raw: m.Evidence.Message, Session: m.Evidence.Session,
		Now: m.Received, LineEndsConverted: m.Evidence.LineEndsConverted,
		Inspector: new(verify.Inspector),
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.Evidence, m.State = rep.Bundle, store.Verified
	m.Status = s.headline(rep, i18n.Langs[0]).Status
	m.FromDomain = rep.Auth.DMARC.FromDomain
	return rep, s.store.SetVerified(ctx, m)
}

func fromDomain(raw []byte) string {
	domain, _, err := message.Parse(raw).AuthorDomain()
	if err != nil {
		return ""
	}
	return domain
}

func subjectOf(raw []byte) string {
	for _, f := range message.Parse(raw).All("Subject") {
		return clip(message.DecodeHeader(f.Unfolded()), 200)
	}
	return ""
}

var errTooLarge = errors.New("the message is too large")

func tooLarge(err error) bool {
	var limit *http.MaxBytesError
	return errors.Is(err, errTooLarge) || errors.As(err, &limit)
}

// readPaste reads the form in one pass, holding no more than limit octets of message.
func readPaste(r *http.Request, limit int64) (f pasteFields, raw []byte, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return readPlainPaste(r, limit)
	}
	var file, text []byte
	for range 20 { // the form has seven parts
		part, err := parts.NextPart()
		if err == io.EOF {
			return f, chooseRaw(file, text, &f), nil
		}
		if err != nil {
			return f, nil, fmt.Errorf("reading the form: %w", err)
		}
		if err := f.readPart(part, limit, &file, &text); err != nil {
			return f, nil, err
		}
	}
	return f, nil, errors.New("the form has too many parts")
}

func (f *pasteFields) readPart(part *multipart.Part, limit int64, file, text *[]byte) error {
	most := int64(maxField)
	name := part.FormName()
	if name == "file" || name == "message" {
		most = limit
	}
	b, err := io.ReadAll(io.LimitReader(part, most+1))
	if err != nil {
		return fmt.Errorf("reading the form: %w", err)
	}
	if int64(len(b)) > most {
		return errTooLarge
	}
	switch name {
	case "file":
		*file = b
	case "message":
		*text = b
	default:
		f.set(name, string(b))
	}
	return nil
}

// readPlainPaste reads the form of a client that sends no files.
func readPlainPaste(r *http.Request, limit int64) (f pasteFields, raw []byte, err error) {
	if err := r.ParseForm(); err != nil {
		return f, nil, fmt.Errorf("reading the form: %w", err)
	}
	for _, name := range []string{"ip", "helo", "mail_from", "null_path"} {
		f.set(name, r.PostForm.Get(name))
	}
	text := []byte(r.PostForm.Get("message"))
	if int64(len(text)) > limit {
		return f, nil, errTooLarge
	}
	return f, chooseRaw(nil, text, &f), nil
}

func (f *pasteFields) set(name, value string) {
	switch name {
	case "ip":
		f.IP = strings.TrimSpace(value)
	case "helo":
		f.HELO = strings.TrimSpace(value)
	case "mail_from":
		f.MailFrom = strings.TrimSpace(value)
	case "null_path":
		f.NullPath = value != ""
	}
}

// chooseRaw: a file wins over text. Text from a form begins with what was
// selected with it: empty lines above a header are never meant.
func chooseRaw(file, text []byte, f *pasteFields) []byte {
	if len(file) > 0 {
		return file
	}
	if len(text) <= redisplayed {
		f.Message = string(text)
	}
	return []byte(strings.TrimLeft(string(text), "\r\n"))
}

// check fills in the error texts and gives the assumed envelope.
func (f *pasteFields) check(lang string, raw []byte) evidence.Session {
	var s evidence.Session
	if strings.TrimSpace(string(raw[:min(len(raw), 4096)])) == "" {
		f.MessageError = i18n.T(lang, "paste.empty")
	}
	if f.IP != "" {
		ip, err := netip.ParseAddr(strings.Trim(f.IP, "[]"))
		if err != nil || ip.Zone() != "" {
			f.IPError = i18n.T(lang, "paste.bad-ip")
		}
		s.RemoteIP = ip.Unmap()
	}
	if len(f.HELO) > 255 || strings.ContainsFunc(f.HELO, notInName) {
		f.HELOError = i18n.T(lang, "paste.bad-helo")
	}
	path := strings.TrimSuffix(strings.TrimPrefix(f.MailFrom, "<"), ">")
	switch {
	case f.NullPath && path != "":
		f.MailFromError = i18n.T(lang, "paste.null-and-path")
	case path != "" && (len(path) > 320 || !strings.Contains(path, "@") || strings.ContainsFunc(path, notInName)):
		f.MailFromError = i18n.T(lang, "paste.bad-mail-from")
	}
	s.HELO, s.MailFrom = f.HELO, path
	s.HasMailFrom = f.NullPath || f.MailFrom == "<>" || path != ""
	return s
}

// notInName: neither a host name nor an address has white space or control characters in it.
func notInName(r rune) bool { return r <= ' ' || r == 0x7f }
