package service

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/verify"
)

// MessageSummary is a message without its verdict.
type MessageSummary struct {
	ID         string    `json:"id"`
	Received   time.Time `json:"received"`
	State      string    `json:"state" enum:"received,verified"`
	Status     *string   `json:"status" doc:"pass, fail, warn or unknown; null before the verdict"`
	FromDomain *string   `json:"from_domain" doc:"of the From field; what the sender wrote"`
	Subject    *string   `json:"subject" doc:"what the sender wrote"`
	Size       int       `json:"size" doc:"octets"`
	// BodyDropped is when the body was removed; what is left is the verdict of before.
	BodyDropped *time.Time  `json:"body_dropped" doc:"when the body was removed: the verdict is that of before, raw and bundle are gone; null while it is there"`
	URLs        MessageURLs `json:"urls"`
}

// MessageURLs are where a message is.
type MessageURLs struct {
	Page    string `json:"page" doc:"for people"`
	Verdict string `json:"verdict"`
	Raw     string `json:"raw"`
	Bundle  string `json:"bundle" doc:"message, session and every DNS answer: evidence that gives the same verdict again"`
}

func summaries(list []store.Message, base string) []MessageSummary {
	out := make([]MessageSummary, 0, len(list))
	for i := range list {
		out = append(out, summary(&list[i], base))
	}
	return out
}

func summary(m *store.Message, base string) MessageSummary {
	known := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	o := MessageSummary{
		ID: m.ID, Received: m.Received, State: StateReceived, FromDomain: known(m.FromDomain), Subject: known(m.Subject), Size: m.Size,
		URLs: MessageURLs{
			Page: base + "/r/" + m.ID, Verdict: base + "/api/v1/messages/" + m.ID,
			Raw: base + "/api/v1/messages/" + m.ID + "/raw", Bundle: base + "/api/v1/messages/" + m.ID + "/bundle",
		},
	}
	if !m.Dropped.IsZero() {
		o.BodyDropped = &m.Dropped
	}
	if m.State == store.Verified {
		o.State, o.Status = StateVerified, known(m.Status)
	}
	return o
}

// MessageRequest asks for the verdict of a message.
type MessageRequest struct {
	ID string
	// WhatIf are records that are judged as if they had been published.
	WhatIf []string
	Lang   string
}

// Message gives the verdict of a message, made from its evidence. Nothing is looked up.
func (s *Service) Message(ctx context.Context, q MessageRequest) (*render.VerifyObject, error) {
	changes, err := whatIf(q.WhatIf)
	if err != nil {
		return nil, err
	}
	var over func(dns.Resolver) dns.Resolver
	if len(changes) > 0 {
		over = func(r dns.Resolver) dns.Resolver { return dns.Overlay(r, changes...) }
	}
	m, leave, err := s.message(ctx, q.ID)
	if err != nil {
		return nil, err
	}
	defer leave()
	if m.State != store.Verified {
		return nil, &Problem{Word: NotYet, RetryAfter: 3 * time.Second}
	}
	if !m.Dropped.IsZero() {
		return keptVerdict(m, changes, q.Lang)
	}
	o := render.Verify(verify.Replay(ctx, &m.Evidence, m.ID, over), knownLang(q.Lang))
	return &o, nil
}

// keptVerdict is the verdict that was given before the body was dropped.
func keptVerdict(m *store.Message, changes []dns.Change, lang string) (*render.VerifyObject, error) {
	if len(changes) > 0 {
		return nil, &Problem{Word: Dropped}
	}
	k, err := render.DecodeKept(m.Kept)
	if err != nil {
		return nil, err
	}
	o := k.Object(m.ID, knownLang(lang))
	return &o, nil
}

// message reads a message when it is its turn.
func (s *Service) message(ctx context.Context, id string) (m *store.Message, leave func(), err error) {
	if err := s.needStore(); err != nil {
		return nil, nil, err
	}
	size, err := s.Store.MessageSize(ctx, id)
	if err != nil {
		return nil, nil, problemOf(ctx, err)
	}
	queue := s.reports
	if size >= largeMessage {
		queue = s.largeReports
	}
	if leave, err = queue.take(ctx); err != nil {
		return nil, nil, err
	}
	if m, err = s.Store.Message(ctx, id); err != nil {
		leave()
		return nil, nil, problemOf(ctx, err)
	}
	return m, leave, nil
}

// Raw gives the octets of a message, as they came.
func (s *Service) Raw(ctx context.Context, id string) ([]byte, error) {
	m, leave, err := s.message(ctx, id)
	if err != nil {
		return nil, err
	}
	defer leave()
	if !m.Dropped.IsZero() {
		return nil, &Problem{Word: Dropped}
	}
	return m.Evidence.Message, nil
}

// Bundle gives the evidence of a message, as `todoku verify --replay` reads it.
func (s *Service) Bundle(ctx context.Context, id string) ([]byte, error) {
	m, leave, err := s.message(ctx, id)
	if err != nil {
		return nil, err
	}
	defer leave()
	if m.State != store.Verified {
		return nil, &Problem{Word: NotYet, RetryAfter: 3 * time.Second}
	}
	if !m.Dropped.IsZero() {
		return nil, &Problem{Word: Dropped}
	}
	var b bytes.Buffer
	if err := evidence.Encode(&b, &m.Evidence); err != nil {
		return nil, fmt.Errorf("writing the bundle: %w", err)
	}
	return b.Bytes(), nil
}

// MessageList are messages of everybody.
type MessageList struct {
	Messages []MessageSummary `json:"messages" doc:"newest first"`
}

// Recent lists the newest messages of everybody.
func (s *Service) Recent(ctx context.Context, limit int, base string) (*MessageList, error) {
	if err := s.needStore(); err != nil {
		return nil, err
	}
	list, err := s.Store.Recent(ctx, min(max(limit, 1), 500))
	if err != nil {
		return nil, problemOf(ctx, err)
	}
	return &MessageList{Messages: summaries(list, base)}, nil
}
