//go:build !unix

package cli

import "os"

// statusSignal is none: this system has no such signals.
func statusSignal() []os.Signal { return nil }
