// Package inbox receives mail over SMTP for one-time addresses and keeps
// everything observed of the session. A 250 after DATA means the message is durable.
package inbox

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
)

// The declarations below are the package's contract; bodies come from its owner.

// Config of a receiver.
type Config struct {
	Hostname      string   // in the banner and EHLO reply
	Domains       []string // the domains of one-time addresses
	TLS           *tls.Config
	MaxSize       int64         // octets; 0 means 50 MiB
	MaxRecipients int           // 0 means 10
	MaxSessions   int           // concurrent; 0 means 1000
	MaxPerIP      int           // concurrent of one client; 0 means 100
	ReadTimeout   time.Duration // 0 means 5 minutes (RFC 5321 section 4.5.3.2)
	// Trusted lists clients that may tell the real client with XCLIENT; for the demo and tests (loopback), empty by default.
	TrustXCLIENT []netip.Prefix
	Store        *store.Store
	Hub          *live.Hub
	// Received is called (not blocking) after a message became durable, with its id.
	Received func(id string)
	Log      *slog.Logger
	Now      func() time.Time
}

// Server is the receiver.
type Server struct{ _ int }

// New checks the configuration.
func New(c Config) (*Server, error) { panic("todo") }

// Serve accepts until ctx ends, then lets running transactions finish, at most
// for the grace period, and closes the rest.
func (s *Server) Serve(ctx context.Context, l net.Listener, grace time.Duration) error { panic("todo") }
