package service

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
)

const (
	// testLife is how long a test address takes mail.
	testLife = 24 * time.Hour
	// listed is how many messages of a test are listed, listedSessions how many sessions
	// that delivered nothing; scannedSessions are looked through for those.
	listed, listedSessions, scannedSessions = 50, 20, 100
	// mostDropMinutes is the longest time after which a mailbox may ask for the body to go.
	mostDropMinutes = 30 * 24 * 60
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
	// DropBodyMinutes is how long after its verdict the body of a message goes.
	DropBodyMinutes int `json:"drop_body_minutes,omitempty" minimum:"0" maximum:"43200" doc:"remove the body of each message so many minutes after its verdict, which stays; 0: as the server does"`
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
	if q.DropBodyMinutes < 0 || q.DropBodyMinutes > mostDropMinutes {
		return nil, invalid("drop_body_minutes", "Give 0 to 43200 minutes.", "0〜43200 分で指定してください。")
	}
	now := s.Now()
	box := store.Mailbox{Created: now, Expires: now.Add(testLife), Lang: knownLang(q.Lang), DropAfter: time.Duration(q.DropBodyMinutes) * time.Minute}
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
