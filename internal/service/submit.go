package service

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/message"
)

// SubmitRequest is a message with the envelope that it is said to have come with.
type SubmitRequest struct {
	Raw                []byte
	IP, HELO, MailFrom string
	// NullPath: the envelope sender is <>, which is not the same as none.
	NullPath bool
	Lang     string
	Base     string
}

// session reads the envelope.
func (q SubmitRequest) session() (evidence.Session, error) {
	var s evidence.Session
	odd := func(text string) bool {
		return strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f })
	}
	if q.IP != "" {
		ip, err := netip.ParseAddr(strings.Trim(q.IP, "[]"))
		if err != nil || ip.Zone() != "" {
			return s, invalid("ip", "This is not an IP address.", "IP アドレスではありません。")
		}
		s.RemoteIP = ip.Unmap()
	}
	if len(q.HELO) > 255 || odd(q.HELO) {
		return s, invalid("helo", "This is not the name of a host.", "ホスト名ではありません。")
	}
	path := strings.TrimSuffix(strings.TrimPrefix(q.MailFrom, "<"), ">")
	switch {
	case q.NullPath && path != "":
		return s, invalid("null_path", "Give mail_from or null_path, not both.", "mail_from と null_path は同時に指定できません。")
	case path != "" && (len(path) > 320 || !strings.Contains(path, "@") || odd(path)):
		return s, invalid("mail_from", "This is not a mail address.", "メールアドレスではありません。")
	}
	s.HELO, s.MailFrom = q.HELO, path
	s.HasMailFrom = q.NullPath || q.MailFrom == "<>" || path != ""
	return s, nil
}

// Submit keeps a message and judges it. One that could not be judged in time is kept all
// the same; its state says so.
func (s *Service) Submit(ctx context.Context, q SubmitRequest) (*Verdict, error) {
	if err := s.needStore(); err != nil {
		return nil, err
	}
	session, err := q.session()
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(q.Raw[:min(len(q.Raw), 4096)])) == 0 {
		return nil, invalid("body", "There is no message in the request.", "リクエストにメールがありません。")
	}
	if len(q.Raw) > MaxMessage {
		return nil, &Problem{Word: TooLarge}
	}
	now := s.Now().UTC()
	raw, converted := message.NormalizeFile(q.Raw)
	m := &store.Message{Received: now, Evidence: evidence.Bundle{
		Format: evidence.Format, Version: evidence.BundleVersion, Time: now, Source: "paste",
		LineEndsConverted: converted, Session: session, Message: raw,
	}}
	if err := s.Store.AddMessage(ctx, m); err != nil {
		return nil, problemOf(ctx, err)
	}
	within, cancel := context.WithTimeout(ctx, verifyWithin)
	defer cancel()
	rep, err := s.Verify(within, m)
	sum := summary(m, q.Base)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, store.ErrFull):
		return nil, problemOf(ctx, err)
	case err != nil:
		s.Log.Warn("a submitted message has no verdict yet", "message", m.ID, "error", err)
		return &Verdict{State: StateReceived, Message: &sum}, nil
	}
	o := render.Verify(rep, knownLang(q.Lang))
	return &Verdict{State: sum.State, Message: &sum, Verdict: &o}, nil
}
