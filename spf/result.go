package spf

import (
	"net/netip"
	"time"
)

// Identity is the identity that was checked (RFC 7208 section 2.3, 2.4).
type Identity string

// The identities of RFC 7208 section 2.3 and 2.4.
const (
	// MailFrom is the MAIL FROM address.
	MailFrom Identity = "mailfrom"
	// HELO is the HELO name: checked where the reverse-path is null.
	HELO Identity = "helo"
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
	// Now is the time for the macro %{t}; the zero time expands to 0.
	Now time.Time
}

// Verdict is the outcome with all it was derived from.
type Verdict struct {
	Result   Result
	Identity Identity
	// Domain is the domain whose record was evaluated, lower case A-labels as given.
	Domain string
	// Explanation is the text of exp= on fail (section 6.2), "" otherwise. It was
	// written by a third party; it is US-ASCII without control characters and has at
	// most 1,024 octets.
	Explanation string
	// Mechanism is the term of the first record that decided ("include:x" names
	// itself); "default" when nothing matched; "" when there was no record.
	Mechanism string
	// Record is the first record, exactly as served.
	Record string
	// Lookups and VoidLookups are those of section 4.6.4. Lookups is 11 where an
	// eleventh term was refused; VoidLookups is 3 where the third ended the evaluation.
	Lookups, VoidLookups int
	// Reason says in one English sentence why, for every result but pass.
	Reason string
	// Problem is one of the Problem constants for a permerror, temperror or none; ""
	// for the other results.
	Problem string
	// ProblemDomain and ProblemTerm say where the problem is: the owner of the record,
	// and the term in it ("" where the whole record or its absence is the problem).
	ProblemDomain, ProblemTerm string
	// Trace has one step per record fetched and term evaluated, in order.
	Trace []Step
}

// The stable words of [Verdict.Problem].
const (
	// ProblemBadDomain: the domain to check is malformed or has one label (section 4.3).
	ProblemBadDomain = "bad-domain"
	// ProblemBadAddress: the request has no valid client address.
	ProblemBadAddress = "bad-address"
	// ProblemNoRecord: the domain to check publishes no SPF record (section 4.5).
	ProblemNoRecord = "no-record"
	// ProblemMultipleRecords: more than one SPF record at one name (section 4.5).
	ProblemMultipleRecords = "multiple-records"
	// ProblemSyntax: a record does not parse (section 4.6).
	ProblemSyntax = "syntax"
	// ProblemMacro: a record does not parse because of a macro (section 7).
	ProblemMacro = "macro"
	// ProblemTooManyLookups: an eleventh term that needs the DNS (section 4.6.4).
	ProblemTooManyLookups = "too-many-lookups"
	// ProblemTooManyVoidLookups: a third term whose look-up found nothing (section 4.6.4).
	ProblemTooManyVoidLookups = "too-many-void-lookups"
	// ProblemTooManyMX: an mx term with more than 10 mail exchangers (section 4.6.4).
	ProblemTooManyMX = "too-many-mx"
	// ProblemTooManyQueries: the evaluation would need more than 40 DNS questions.
	ProblemTooManyQueries = "too-many-queries"
	// ProblemIncludeNone: an include: of a name without a record (section 5.2).
	ProblemIncludeNone = "include-none"
	// ProblemRedirectNone: a redirect= to a name without a record (section 6.1).
	ProblemRedirectNone = "redirect-none"
	// ProblemLoop: an include: or redirect= to a record that is being evaluated.
	ProblemLoop = "loop"
	// ProblemDNSTimeout: no answer in time (section 4.4, 5).
	ProblemDNSTimeout = "dns-timeout"
	// ProblemDNSServFail: the server answered SERVFAIL (section 4.4, 5).
	ProblemDNSServFail = "dns-servfail"
	// ProblemDNSRefused: the server answered REFUSED (section 4.4, 5).
	ProblemDNSRefused = "dns-refused"
	// ProblemDNSError: the look-up failed in another way (section 4.4, 5).
	ProblemDNSError = "dns-error"
)
