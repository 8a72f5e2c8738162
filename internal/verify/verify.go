// Package verify is the way of one message through the product: evidence in,
// report out. The command line, the inbox and the web all go through here.
package verify

import (
	"context"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/render"
)

// Request is one message to verify.
type Request struct {
	Name    string // file name or report id
	Source  string // smtp, paste, file, demo
	Raw     []byte
	Session evidence.Session
	Now     time.Time
	// LineEndsNormalized: NormalizeFile changed Raw.
	LineEndsNormalized bool
}

// Message authenticates and judges; every DNS answer used is in the report's bundle.
func Message(ctx context.Context, r dns.Resolver, q Request) *render.Report { panic("todo") }

// Replay gives the verdict of a bundle again, offline: only recorded answers are used.
func Replay(ctx context.Context, b *evidence.Bundle, name string) *render.Report { panic("todo") }
