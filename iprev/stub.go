// Package iprev checks forward-confirmed reverse DNS: the iprev method of RFC 8601 section 3.
package iprev

import (
	"context"
	"net/netip"

	"github.com/todoku/todoku/dns"
)

// The declarations below are the package's contract; bodies come from its owner.

// Result is an iprev result (RFC 8601 section 2.7.3).
type Result string

const (
	None      Result = "none" // no address given
	Pass      Result = "pass"
	Fail      Result = "fail"
	TempError Result = "temperror"
	PermError Result = "permerror" // no PTR record
)

// Verdict is the outcome.
type Verdict struct {
	Result Result
	IP     netip.Addr
	// Names are the PTR names (at most 10 are looked at), Confirmed those that lead back.
	Names, Confirmed []string
	Reason           string
	Problem          string // no-ptr, not-confirmed, bad-name, dns-timeout, dns-servfail
}

// Lookup resolves PTR, then A or AAAA of each name.
func Lookup(ctx context.Context, r dns.Resolver, ip netip.Addr) Verdict { panic("todo") }
