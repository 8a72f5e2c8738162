package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/verify"
	"github.com/todoku/todoku/message"
)

const (
	// testLife is how long a test address takes mail.
	testLife = 24 * time.Hour
	// listed is how many messages of a test are listed, listedSessions how many sessions
	// that delivered nothing; scannedSessions are looked through for those.
	listed, listedSessions, scannedSessions = 50, 20, 100
	// MaxWait is the longest wait for a verdict.
	MaxWait = time.Minute
	// verifyWithin is how long a submitted message is waited for.
	verifyWithin = 40 * time.Second
)

// The states of a test and of a message.
const (
	StateWaiting  = "waiting"  // no message came yet
	StateReceived = "received" // a message came and has no verdict yet
	StateVerified = "verified"
)

// NewTestRequest asks for a test address.
type NewTestRequest struct {
	Lang string `json:"lang,omitempty" enum:"en,ja" doc:"language of the pages of the test"`
	// Client is who asks, Base what the pages are called by; the doors fill them in.
	Client netip.Addr `json:"-"`
	Base   string     `json:"-"`
}

// Test is a one-time address.
type Test struct {
	Token   string    `json:"token" example:"7f3k9m2q4w8xz" doc:"names the test; who knows it sees the test"`
	Address string    `json:"address" example:"7f3k9m2q4w8xz@inbox.example.com" doc:"send the test mail here"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires" doc:"mail is taken until then"`
	SMTP    SMTPEntry `json:"smtp"`
	URLs    TestURLs  `json:"urls"`
}

// SMTPEntry is where the inbox listens: for programs that send there directly. Others find
// it by the MX records of the address's domain.
type SMTPEntry struct {
	Host string `json:"host" example:"127.0.0.1"`
	Port int    `json:"port" example:"2525"`
}

// TestURLs are where to go on.
type TestURLs struct {
	Page    string `json:"page" doc:"for people"`
	State   string `json:"state"`
	Verdict string `json:"verdict"`
}

// TestState is a test and what came in.
type TestState struct {
	Test
	State    string           `json:"state" enum:"waiting,received,verified" doc:"of the newest message"`
	Messages []MessageSummary `json:"messages" doc:"newest first"`
	// Failed are sessions that reached the address and delivered nothing.
	Failed []FailedSession `json:"failed_sessions" doc:"sessions that named the address and delivered nothing"`
}

// FailedSession is one that delivered nothing.
type FailedSession struct {
	ID   string    `json:"id"`
	At   time.Time `json:"at"`
	Page string    `json:"page" doc:"for people"`
}

// MessageSummary is a message without its verdict.
type MessageSummary struct {
	ID         string      `json:"id"`
	Received   time.Time   `json:"received"`
	State      string      `json:"state" enum:"received,verified"`
	Status     *string     `json:"status" doc:"pass, fail, warn or unknown; null before the verdict"`
	FromDomain *string     `json:"from_domain" doc:"of the From field; what the sender wrote"`
	Subject    *string     `json:"subject" doc:"what the sender wrote"`
	Size       int         `json:"size" doc:"octets"`
	URLs       MessageURLs `json:"urls"`
}

// MessageURLs are where a message is.
type MessageURLs struct {
	Page    string `json:"page" doc:"for people"`
	Verdict string `json:"verdict"`
	Raw     string `json:"raw"`
	Bundle  string `json:"bundle" doc:"message, session and every DNS answer: evidence that gives the same verdict again"`
}

// Verdict is what a wait ends with.
type Verdict struct {
	State   string               `json:"state" enum:"waiting,received,verified"`
	Message *MessageSummary      `json:"message" doc:"null while none came"`
	Verdict *render.VerifyObject `json:"verdict" doc:"null before state is verified"`
}

func (s *Service) needStore() error {
	if s.Store == nil {
		return &Problem{Word: NoServer}
	}
	return nil
}

// NewTest makes a one-time address.
func (s *Service) NewTest(ctx context.Context, q NewTestRequest) (*Test, error) {
	if err := s.needStore(); err != nil {
		return nil, err
	}
	now := s.Now()
	box := store.Mailbox{Created: now, Expires: now.Add(testLife), Lang: knownLang(q.Lang)}
	if q.Client.IsValid() {
		box.ClientIP = q.Client.String()
	}
	m, err := s.Store.NewMailbox(ctx, box)
	if err != nil {
		return nil, problemOf(ctx, err)
	}
	t := s.test(m, q.Base)
	return &t, nil
}

func (s *Service) test(m store.Mailbox, base string) Test {
	host, port, _ := net.SplitHostPort(s.SMTPAddr)
	n, _ := strconv.Atoi(port)
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = s.MailDomain // it listens everywhere
	}
	return Test{
		Token: m.Token, Address: m.Token + "@" + s.MailDomain, Created: m.Created, Expires: m.Expires, SMTP: SMTPEntry{Host: host, Port: n},
		URLs: TestURLs{Page: base + "/m/" + m.Token, State: base + "/api/v1/tests/" + m.Token, Verdict: base + "/api/v1/tests/" + m.Token + "/verdict"},
	}
}

// Test gives a test and what came in.
func (s *Service) Test(ctx context.Context, token, base string) (*TestState, error) {
	if err := s.needStore(); err != nil {
		return nil, err
	}
	m, err := s.Store.Mailbox(ctx, token)
	if err != nil {
		return nil, problemOf(ctx, err)
	}
	messages, err := s.Store.MessagesFor(ctx, m.Token, listed)
	if err != nil {
		return nil, problemOf(ctx, err)
	}
	sessions, err := s.Store.Sessions(ctx, scannedSessions)
	if err != nil {
		return nil, problemOf(ctx, err)
	}
	out := &TestState{Test: s.test(m, base), State: StateWaiting, Messages: summaries(messages, base), Failed: []FailedSession{}}
	if len(messages) > 0 {
		out.State = out.Messages[0].State
	}
	for _, f := range sessions {
		if f.Token == m.Token && len(out.Failed) < listedSessions {
			out.Failed = append(out.Failed, FailedSession{ID: f.ID, At: f.At, Page: base + "/s/" + f.ID})
		}
	}
	return out, nil
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
	if m.State == store.Verified {
		o.State, o.Status = StateVerified, known(m.Status)
	}
	return o
}

// WaitRequest waits for the verdict of a test.
type WaitRequest struct {
	Token string
	// After is the id of a message that is known already: another one is waited for.
	After string
	// Wait is for how long; 0 looks once, more than MaxWait is MaxWait.
	Wait time.Duration
	Lang string
	Base string
}

// Wait gives the verdict of the newest message of a test as soon as it is there, or how
// far it has come when the wait is over.
func (s *Service) Wait(ctx context.Context, q WaitRequest) (*Verdict, error) {
	if err := s.needStore(); err != nil {
		return nil, err
	}
	m, err := s.Store.Mailbox(ctx, q.Token)
	if err != nil {
		return nil, problemOf(ctx, err)
	}
	// The subscription begins before the first look at the store, so that nothing falls between the two.
	events, cancel := s.Hub.Subscribe(m.Token, netip.Addr{})
	defer cancel()
	if q.Wait > 0 {
		err = s.wait(ctx, m.Token, q.After, min(q.Wait, MaxWait), events)
		if err != nil {
			return nil, problemOf(ctx, err)
		}
	}
	newest, err := s.newest(ctx, m.Token, q.After)
	if err != nil {
		return nil, problemOf(ctx, err)
	}
	if newest == nil {
		return &Verdict{State: StateWaiting}, nil
	}
	sum := summary(newest, q.Base)
	out := &Verdict{State: sum.State, Message: &sum}
	if sum.State != StateVerified {
		return out, nil
	}
	out.Verdict, err = s.Message(ctx, MessageRequest{ID: newest.ID, Lang: q.Lang})
	return out, err
}

// wait returns when the newest message has its verdict or the time is over.
func (s *Service) wait(ctx context.Context, token, after string, atMost time.Duration, events <-chan live.Event) error {
	over := time.NewTimer(atMost)
	defer over.Stop()
	poll := time.NewTicker(s.pollEvery) // events of another node do not come here
	defer poll.Stop()
	for {
		m, err := s.newest(ctx, token, after)
		if err != nil || m != nil && m.State == store.Verified {
			return err
		}
		if done, err := nextLook(ctx, over.C, poll.C, events); done || err != nil {
			return err
		}
	}
}

// nextLook returns when there is reason to look at the store again, or none to wait any longer.
func nextLook(ctx context.Context, over, poll <-chan time.Time, events <-chan live.Event) (done bool, err error) {
	for {
		select {
		case <-ctx.Done():
			return true, ctx.Err()
		case <-over:
			return true, nil
		case <-poll:
			return false, nil
		case e := <-events:
			if e.Kind == "verified" {
				return false, nil
			}
		}
	}
}

// newest is the newest message of a test, nil where there is none or it is the known one.
func (s *Service) newest(ctx context.Context, token, after string) (*store.Message, error) {
	list, err := s.Store.MessagesFor(ctx, token, 1)
	if err != nil || len(list) == 0 || list[0].ID == after {
		return nil, err
	}
	return &list[0], nil
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
	o := render.Verify(verify.Replay(ctx, &m.Evidence, m.ID, over), knownLang(q.Lang))
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
	var b bytes.Buffer
	if err := evidence.Encode(&b, &m.Evidence); err != nil {
		return nil, fmt.Errorf("writing the bundle: %w", err)
	}
	return b.Bytes(), nil
}

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
