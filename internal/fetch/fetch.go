// Package fetch is the one way by which this program talks HTTP and SMTP to hosts that
// a message or a domain names. It resolves names through the given resolver, refuses
// addresses that are nobody's business ([Refused]), connects to the very address that
// it checked, and bounds time, size and redirects. It uses no proxy, no cookie and no
// connection twice.
package fetch

import (
	"fmt"
	"net/netip"

	"github.com/todoku/todoku/internal/wire/https"
)

// Error is why something could not be fetched, or a host not be reached.
type Error struct {
	// Problem is one of the Fetch constants of internal/wire/https.
	Problem string
	// Host and Port are what was asked for; Addr is valid where it got that far.
	Host string
	Port uint16
	Addr netip.AddrPort
	// Detail is a short English explanation.
	Detail string
	// Err is the cause, nil where there is none.
	Err error
}

// Error names host, port and address, and what went wrong.
func (e *Error) Error() string {
	to := fmt.Sprintf("%s port %d", e.Host, e.Port)
	if e.Addr.IsValid() {
		to += " (" + e.Addr.Addr().String() + ")"
	}
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", to, e.Detail, e.Err)
	}
	return to + ": " + e.Detail
}

// Unwrap gives the cause, nil where there is none.
func (e *Error) Unwrap() error { return e.Err }

// FetchProblem gives Problem, for packages that do not know this one.
func (e *Error) FetchProblem() string { return e.Problem }

// Problem says in one word why err, which is not nil, happened: one of the Fetch
// constants of internal/wire/https.
func Problem(err error) string { return https.FetchProblem(err) }
