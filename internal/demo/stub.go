// Package demo is serve on loopback against a private DNS with sample domains and mail.
package demo

import (
	"context"
	"log/slog"
	"net"
)

// Config of the demo.
type Config struct {
	HTTP, SMTP string // listen addresses, 127.0.0.1:8025 and 127.0.0.1:2525 by default
	Log        *slog.Logger
	Version    string
	// Ready is called once the pages answer; Populated once all sample mail has its verdict.
	Ready     func(smtp, http net.Addr)
	Populated func()
}

// Run serves the demo until ctx ends.
func Run(ctx context.Context, c Config) error { panic("todo") }
