// Package iprev checks forward-confirmed reverse DNS: the "iprev" method of
// RFC 8601 section 3.
//
// The address of an SMTP client is turned into names by PTR records, and each name
// back into addresses by A or AAAA records. Where one of those is the client's, the
// owner of the address and the owner of the name agree. Receivers refuse or
// distrust clients that fail this.
package iprev

import (
	"context"
	"net/netip"

	"github.com/todoku/todoku/dns"
)

// Result is an iprev result (RFC 8601 section 2.7.3).
type Result string

const (
	// None: no address was given, so nothing was looked up.
	None Result = "none"
	// Pass: a PTR name leads back to the address.
	Pass Result = "pass"
	// Fail: there are PTR names, none leads back.
	Fail Result = "fail"
	// TempError: a look-up failed, and no other name confirms the address.
	TempError Result = "temperror"
	// PermError: there is no PTR record, so there is nothing to confirm.
	PermError Result = "permerror"
)

// The values of Verdict.Problem.
const (
	NoPTR        = "no-ptr"        // no PTR record
	NotConfirmed = "not-confirmed" // no name leads back
	BadName      = "bad-name"      // none leads back, and a name is no host name
	DNSTimeout   = "dns-timeout"   // a look-up had no answer in time
	DNSServFail  = "dns-servfail"  // a look-up failed in another way
)

// MaxNames is how many PTR names are looked at (RFC 8601 section 3 asks for a
// limit and points at the 10 of RFC 7208 section 4.6.4).
const MaxNames = 10

// Verdict is the outcome.
type Verdict struct {
	Result Result
	// IP is the address that was checked; an IPv4-mapped one as IPv4.
	IP netip.Addr
	// Names are the PTR names (at most 10 are looked at), Confirmed those that lead
	// back. Without final dot, in lower case, each once, in the order of the answer.
	// They are what the owner of the address wrote: any octet may be in them.
	Names, Confirmed []string
	// BadNames are those of Names that are no valid host names (RFC 1123 section 2.1).
	BadNames []string
	// Ignored counts the PTR names beyond the limit.
	Ignored int
	// Reason is a short English sentence, "" for None.
	Reason string
	// Problem is "" for None and Pass, else one of NoPTR, NotConfirmed, BadName,
	// DNSTimeout, DNSServFail.
	Problem string
}

// Lookup resolves PTR, then A or AAAA of each name, all names at once. It asks at
// most 11 questions. Every address that is valid is looked up, documentation and
// private ones too: whether one can be public is not for this check to say.
func Lookup(ctx context.Context, r dns.Resolver, ip netip.Addr) Verdict {
	if !ip.IsValid() {
		return Verdict{Result: None}
	}
	v := Verdict{IP: ip.Unmap().WithZone("")}
	ptr := r.Resolve(ctx, dns.Question{Name: dns.ReverseName(v.IP), Type: dns.TypePTR})
	switch {
	case ptr.Status.Failed():
		return v.temporary(ptr)
	case !ptr.Status.Found():
		v.Result, v.Problem, v.Reason = PermError, NoPTR, "the address has no PTR record"
		return v
	}
	v.takeNames(ptr.Records)
	t := dns.TypeAAAA
	if v.IP.Is4() {
		t = dns.TypeA
	}
	if len(v.Names) == 1 { // mostly
		return v.confirm([]dns.Answer{lookAt(ctx, r, dns.Question{Name: v.Names[0], Type: t})})
	}
	return v.confirm(forward(ctx, r, v.Names, t))
}
