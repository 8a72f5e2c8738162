// Package web is the pages: home with a one-time address, live session, report,
// paste, operator lists. Server-rendered; works without JavaScript where it can.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
)

// Config of the pages.
type Config struct {
	Store    *store.Store
	Hub      *live.Hub
	Resolver dns.Resolver
	// MailDomain is the domain of one-time addresses; SMTPAddr is where to send, shown on the home page ("127.0.0.1:2525").
	MailDomain, SMTPAddr string
	// Version is shown in the footer.
	Version string
	// Demo, when not nil, lists sample messages to show on the home page.
	Demo func(ctx context.Context) []DemoStory
	// Report verifies a stored message again from its evidence.
	Report func(ctx context.Context, m *store.Message) *render.Report
	Log    *slog.Logger
	Now    func() time.Time
	// Verify judges a stored message for the first time and keeps the verdict; nil does so with Resolver.
	Verify func(ctx context.Context, m *store.Message) (*render.Report, error)
	// Hosts are further host names that the pages answer to, beside the loopback ones and IP addresses.
	Hosts     []string
	MaxUpload int64 // octets of a pasted message; 0 means 25 MiB
}

// DemoStory is one sample on the demo's home page.
type DemoStory struct {
	ReportID    string
	Title, Text map[string]string // by language
	Status      string
}

// New gives the handler with all routes:
//
//	GET  /                    home: fresh one-time address, waiting page, paste form
//	GET  /m/{token}           the waiting page of an address (reload keeps it)
//	GET  /m/{token}/events    server-sent events
//	POST /paste               verify a pasted or dropped message with an assumed envelope
//	GET  /r/{id}              report; /r/{id}.json, /r/{id}.txt, /r/{id}.eml, /r/{id}.bundle.json
//	GET  /s/{id}              a failed session
//	GET  /operator            recent messages and failed sessions (loopback clients only)
//	GET  /healthz             200 when the database answers
//	GET  /assets/...          css, js, icon
func New(c Config) (http.Handler, error) { panic("todo") }
