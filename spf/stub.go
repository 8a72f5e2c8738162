package spf

import (
	"context"
	"net/netip"
	"time"

	"github.com/todoku/todoku/dns"
)

// The declarations below are the package's contract; bodies come from its owner.

// Identity is the identity that was checked (RFC 7208 section 2.3, 2.4).
type Identity string

const (
	MailFrom Identity = "mailfrom"
	HELO     Identity = "helo"
)

// Request is the input of one evaluation.
type Request struct {
	// IP is the address of the SMTP client. IPv4-mapped IPv6 is treated as IPv4.
	IP netip.Addr
	// HELO is the HELO or EHLO argument.
	HELO string
	// ReversePath is the MAIL FROM address without angle brackets; "" is the null
	// path, for which postmaster@HELO is checked (section 2.4).
	ReversePath string
	// Receiver is the name for the macro %{r}; "unknown" where empty.
	Receiver string
	// Now is the time for the macro %{t}.
	Now time.Time
}

// Verdict is the outcome with all it was derived from.
type Verdict struct {
	Result   Result
	Identity Identity
	// Domain is the domain whose record was evaluated, lower case A-labels as given.
	Domain string
	// Explanation is the text of exp= on fail (section 6.2), "" otherwise.
	Explanation string
	// Mechanism is the term of the first record that decided ("include:x" names
	// itself); "default" when nothing matched; "" when there was no record.
	Mechanism string
	// Record is the first record, exactly as served.
	Record string
	// Lookups and VoidLookups are those of section 4.6.4.
	Lookups, VoidLookups int
	// Reason says in one English sentence why, for every result but pass.
	Reason string
	// Problem is a stable word for a permerror/temperror/none: syntax, multiple-records,
	// too-many-lookups, too-many-void-lookups, include-none, redirect-none, loop, dns-timeout,
	// dns-servfail, no-record, bad-domain, macro, too-many-mx ...
	Problem string
	// ProblemDomain and ProblemTerm say where the problem is.
	ProblemDomain, ProblemTerm string
	// Trace has one step per record fetched and term evaluated, in order.
	Trace []Step
}

// Step is one step of an evaluation.
type Step struct {
	// Depth is 0 in the first record, 1 in what it includes or redirects to, ...
	Depth int
	// Domain owns the record that holds the term.
	Domain string
	// Path are the domains from the first record to this one.
	Path []string
	// Record is set, and Term empty, on the step that fetched a record.
	Record string
	// Term as written; Start and End its octet offsets in the record.
	Term       string
	Start, End int
	// Target is the expanded domain-spec, where the term has one.
	Target string
	// Outcome: match, no-match, fetched, error, skipped (after a decision, not emitted by default)
	Outcome string
	// Result is what the record or term gave (pass, fail ...), "" for no-match.
	Result Result
	// Lookups and Voids spent by this term alone, with all below it.
	Lookups, Voids int
	// Queries are the DNS questions asked by the term, "name TYPE status".
	Queries []string
	// Detail explains an error or a match (which address matched).
	Detail string
}

// Check evaluates check_host() (RFC 7208 section 4) for a request. Every
// failure is a result; it never returns a Go error.
func Check(ctx context.Context, r dns.Resolver, req Request) Verdict { panic("todo") }
