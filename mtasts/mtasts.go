// Package mtasts reads SMTP MTA Strict Transport Security (RFC 8461): how a domain
// says that mail to it must come over TLS, to hosts whose certificates are valid.
//
// Two things have to be published. A TXT record at _mta-sts.DOMAIN says that there is
// a policy, and its id, which changes whenever the policy does. The policy itself is a
// text file at https://mta-sts.DOMAIN/.well-known/mta-sts.txt: the MX hosts that are
// right, and whether a sender must refuse others (enforce), only report them (testing),
// or forget an older policy (none).
//
//	v := mtasts.Lookup(ctx, resolver, client, "example.com")
//	if v.Result == mtasts.Valid { pattern, ok := v.Policy.Match("mx1.example.com") }
//
// A sender that finds a fault in either treats the domain as if it had no policy: the
// protection is silently gone. So a [Verdict] says precisely which fault it was.
package mtasts

import (
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire/https"
)

// Mode of a policy (RFC 8461 section 5).
type Mode string

const (
	// Enforce: mail is not delivered to hosts that fail.
	Enforce Mode = "enforce"
	// Testing: failures are reported (RFC 8460), mail is delivered.
	Testing Mode = "testing"
	// NoMode, "none": there is no active policy; used to withdraw one.
	NoMode Mode = "none"
)

// Problem of a record or a policy, as data.
type Problem struct {
	// ID is one of the constants of this package.
	ID string `json:"id"`
	// Name and Value are the field that is meant, as written.
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
	// Line of a policy file, from 1; 0 where none is meant or in a record.
	Line int `json:"line,omitempty"`
}

// The IDs of problems. Those that are not Fatal leave the record or policy valid.
const (
	Syntax         = "syntax"          // Value is no field by the ABNF
	MissingID      = "missing-id"      // a record without id
	InvalidID      = "invalid-id"      // not 1 to 32 letters and digits
	TooManyFields  = "too-many-fields" // more than wire.MaxFields, or policy lines
	DuplicateField = "duplicate-field" // only the first counts (section 3.2); not Fatal
	UnknownField   = "unknown-field"   // ignored (section 3.2); not Fatal
	FieldCase      = "field-case"      // a known field in other letters' case: it is unknown; not Fatal
	MissingVersion = "missing-version"
	InvalidVersion = "invalid-version" // not STSv1
	MissingMode    = "missing-mode"
	InvalidMode    = "invalid-mode"
	MissingMX      = "missing-mx" // mode enforce or testing without any mx
	InvalidMX      = "invalid-mx" // not a host name, or a wildcard elsewhere than as the leftmost label
	MissingMaxAge  = "missing-max-age"
	InvalidMaxAge  = "invalid-max-age"   // not 1 to 10 digits
	MaxAgeTooLarge = "max-age-too-large" // over MaxMaxAge
	ByteOrderMark  = "byte-order-mark"   // before the first field
	BareCR         = "bare-cr"           // lines end in LF or CRLF
	BlankLine      = "blank-line"        // not in the ABNF; senders skip it; not Fatal
)

// Fatal reports whether the problem makes the whole record or policy invalid.
func (p Problem) Fatal() bool {
	switch p.ID {
	case DuplicateField, UnknownField, FieldCase, BlankLine:
		return false
	}
	return true
}

func valid(problems []Problem) bool {
	for _, p := range problems {
		if p.Fatal() {
			return false
		}
	}
	return true
}

// Result is what a look-up came to.
type Result string

const (
	// None: the domain has no MTA-STS record.
	None Result = "none"
	// Valid: a record and a policy, both valid. The policy may be of mode none.
	Valid Result = "valid"
	// Invalid: something is published, and senders will ignore it.
	Invalid Result = "invalid"
	// TempError: it could not be looked at now.
	TempError Result = "temperror"
)

// The values of Verdict.Problem that are not those of a [Response].
const (
	NoRecord        = "no-record"        // no TXT record begins with "v=STSv1;"
	NearRecord      = "near-record"      // one was meant to; see Verdict.Others
	MultipleRecords = "multiple-records" // section 3.1: then there is no policy
	InvalidRecord   = "invalid-record"   // see Record.Problems
	DNSFailed       = "record-dns-failed"
	InvalidPolicy   = "invalid-policy" // see Policy.Problems
	NotPlainText    = "content-type"   // section 3.3: the policy is not served as text/plain
)

// Response is what the policy host answered. Its Problem is one of the Fetch constants.
type Response = https.Document

// Doer sends one HTTP request and follows no redirects; an [net/http.Client] that
// follows them is seen through, but has made the second request by then.
type Doer = https.Doer

// The values of Response.Problem, and of Verdict.Problem where the policy did not come.
const (
	FetchBadURL      = https.FetchBadURL
	FetchDNS         = https.FetchDNS
	FetchNoAddress   = https.FetchNoAddress
	FetchRefusedAddr = https.FetchRefusedAddr
	FetchConnect     = https.FetchConnect
	FetchTimeout     = https.FetchTimeout
	FetchTLS         = https.FetchTLS
	FetchCertExpired = https.FetchCertExpired
	FetchCertName    = https.FetchCertName
	FetchCertUnknown = https.FetchCertUnknown
	FetchCertBad     = https.FetchCertBad
	FetchRedirect    = https.FetchRedirect
	FetchStatus      = https.FetchStatus
	FetchTooLarge    = https.FetchTooLarge
	FetchFailed      = https.FetchFailed
)

// Verdict is what [Lookup] found, with all that it was derived from.
type Verdict struct {
	Domain string `json:"domain"`
	Result Result `json:"result"`
	// Problem is why Result is not Valid, "" where it is. Reason says it in English.
	Problem string `json:"problem,omitempty"`
	Reason  string `json:"reason"`
	// DNS is the answer to the TXT question at _mta-sts.Domain.
	DNS dns.Answer `json:"dns"`
	// Records are the TXT records that begin with "v=STSv1;", Others the rest that
	// was meant to be one.
	Records []string `json:"records"`
	Others  []string `json:"others"`
	// Record is the parsed one where there is just one, else nil.
	Record *Record `json:"record"`
	// Response is nil where there was no reason to fetch the policy, and Policy nil
	// where none came.
	Response *Response `json:"response"`
	Policy   *Policy   `json:"policy"`
}
