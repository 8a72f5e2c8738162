//go:build unix

package cli

import (
	"os"
	"syscall"
)

// statusSignal has the milter say in its log how it is.
func statusSignal() []os.Signal { return []os.Signal{syscall.SIGUSR1} }
