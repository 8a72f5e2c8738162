// Package service is what the doors for programs (the REST API, MCP) can do, without
// HTTP and without MCP. It decides nothing about mail: it asks check, verify and explain,
// and gives the objects of the contract that render makes.
package service

import (
	"context"
	"log/slog"
	"time"

	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/traffic"
	"github.com/todoku/todoku/internal/warmup"
)

// The scopes of tokens.
const (
	ScopeRead   = "read"   // findings, tests, verdicts and messages of which the id is known
	ScopeCheck  = "check"  // checks, proposals, what-if, explanations
	ScopeSubmit = "submit" // test addresses, messages
	ScopeAdmin  = "admin"  // lists of what is of others
	// ScopeDomains sees and changes the domains of the panel.
	ScopeDomains = "domains"
	// ScopeFlow sees what goes through the mail server, and changes warm-up plans.
	ScopeFlow = "flow"
)

// Scopes are all of them.
var Scopes = []string{ScopeRead, ScopeCheck, ScopeSubmit, ScopeAdmin, ScopeDomains, ScopeFlow}

// Storage is what is needed of the store.
type Storage interface {
	NewMailbox(ctx context.Context, m store.Mailbox) (store.Mailbox, error)
	Mailbox(ctx context.Context, token string) (store.Mailbox, error)
	AddMessage(ctx context.Context, m *store.Message) error
	Message(ctx context.Context, id string) (*store.Message, error)
	MessageSize(ctx context.Context, id string) (int, error)
	MessagesFor(ctx context.Context, token string, limit int) ([]store.Message, error)
	Recent(ctx context.Context, limit int) ([]store.Message, error)
	Sessions(ctx context.Context, limit int) ([]store.FailedSession, error)
}

// Config of a service.
type Config struct {
	Checker *check.Checker
	// Store keeps tests and messages; nil: neither can be had (NoServer). With it go Hub,
	// MailDomain, SMTPAddr and Verify.
	Store Storage
	Hub   *live.Hub
	// MailDomain is the domain of test addresses, SMTPAddr where the inbox listens.
	MailDomain, SMTPAddr string
	// Verify judges a stored message for the first time and keeps the verdict.
	Verify func(ctx context.Context, m *store.Message) (*render.Report, error)
	// Lab is the outbound lab; nil: there is none.
	Lab OutboundLab
	// Panel has the domains that this server sends for; nil: there is none, as no keys are kept.
	Panel *panel.Panel
	// Book has the warm-up plans; nil: there are none.
	Book *warmup.Book
	// Traffic has what became of mail, and how much there was; nil: nothing is kept.
	Traffic *traffic.Reader
	// Version is that of this program.
	Version string
	Now     func() time.Time
	Log     *slog.Logger
}

const (
	// checksAtOnce bounds the checks that run, each of which waits for the DNS.
	checksAtOnce = 16
	// reportsAtOnce bounds the reports in the making, each of which holds its message.
	reportsAtOnce = 4
	// largeMessage and above, one is read at a time.
	largeMessage = 8 << 20
	// waitForTurn is how long one waits for one's turn.
	waitForTurn = 10 * time.Second
	// MaxMessage is the largest message that can be submitted, in octets.
	MaxMessage = 25 << 20
	// MaxExplain is the largest text to explain, in octets.
	MaxExplain = 1 << 20
)

// Service does it. Safe for concurrent use.
type Service struct {
	Config
	checks, reports, largeReports turns
	pollEvery                     time.Duration
}

// New gives a service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{
		Config: c, checks: make(turns, checksAtOnce), reports: make(turns, reportsAtOnce), largeReports: make(turns, 1),
		pollEvery: 5 * time.Second,
	}
}

// Health is whether the program can do its work.
type Health struct {
	Status   string `json:"status" enum:"ok" doc:"always ok: anything else is a problem" example:"ok"`
	Version  string `json:"version" doc:"version of the program" example:"0.4.0"`
	Database bool   `json:"database" doc:"true where tests and messages can be had" example:"true"`
}

// Health asks the database.
func (s *Service) Health(ctx context.Context) (*Health, error) {
	h := &Health{Status: "ok", Version: s.Version, Database: s.Store != nil}
	if s.Store == nil {
		return h, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := s.Store.Recent(ctx, 1); err != nil {
		s.Log.Error("the database does not answer", "error", err)
		return nil, &Problem{Word: Unavailable, RetryAfter: busyFor, cause: err}
	}
	return h, nil
}

// turns bounds how much goes on at a time.
type turns chan struct{}

// take waits for a turn; the function gives it back.
func (t turns) take(ctx context.Context) (leave func(), err error) {
	timer := time.NewTimer(waitForTurn)
	defer timer.Stop()
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, &Problem{Word: Busy, RetryAfter: busyFor}
	}
}

// knownLang is "ja", or "en" for anything else.
func knownLang(lang string) string {
	if lang == "ja" {
		return "ja"
	}
	return "en"
}
