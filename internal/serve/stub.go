// Package serve puts the parts together: store, inbox, verification worker and web, in one process.
package serve

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/web"
)

// Config of a node.
type Config struct {
	Database   string
	SMTP, HTTP string // listen addresses
	// SMTPListener and HTTPListener, when not nil, are used in place of the addresses.
	SMTPListener, HTTPListener net.Listener
	Hostname                   string
	MailDomain                 string
	TLS                        *tls.Config // nil: self-signed
	Resolver                   dns.Resolver
	Retention                  time.Duration // how long messages are kept
	Log                        *slog.Logger
	Demo                       func(ctx context.Context) []web.DemoStory
	// Ready is called once both listeners accept.
	Ready      func(smtp, http net.Addr)
	Version    string
	Workers    int // verification workers, 0 means GOMAXPROCS
	AddressTTL time.Duration
	MaxMessage int64
}

// Run serves until ctx ends and then drains within 5 seconds.
func Run(ctx context.Context, c Config) error { panic("todo") }
