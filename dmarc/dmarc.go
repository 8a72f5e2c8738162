// Package dmarc evaluates DMARC (RFC 9989), with the answer of the obsolete RFC
// 7489 beside it.
//
// The owner of a domain says in a TXT record at _dmarc.<domain> what receivers
// should do with mail that uses the domain in its From field and that neither SPF
// nor DKIM vouches for. A result counts only when its domain is aligned with that
// of the author: when both have one Organizational Domain, which RFC 9989 finds by
// a walk up the DNS tree, and RFC 7489 found by the public suffix list.
//
// A policy that could not be looked up is never "none": it is a temperror.
package dmarc

// Result is a DMARC result of RFC 8601 section 2.7.1 with RFC 9989.
type Result string

// The results.
const (
	None      Result = "none"      // no policy record applies
	Pass      Result = "pass"      // an aligned identifier passes
	Fail      Result = "fail"      // none does
	TempError Result = "temperror" // the DNS did not answer what the result depends on
	PermError Result = "permerror" // the message has no single Author Domain
)

// Policy is a Domain Owner Assessment Policy: the value of p=, sp= or np=.
type Policy string

// The policies of RFC 9989 section 4.7.
const (
	PolicyNone       Policy = "none"
	PolicyQuarantine Policy = "quarantine"
	PolicyReject     Policy = "reject"
)

// Identifier is an authenticated identifier: a domain and its SPF or DKIM result word.
type Identifier struct {
	Domain string
	Result string // pass, fail, ...
}

// Input of one evaluation.
type Input struct {
	// AuthorDomain is the domain of the From field, A-labels. AuthorError, when not
	// nil, says why there is none: the result is permerror.
	AuthorDomain string
	AuthorError  error
	// SPF is the MAIL FROM identity's result, nil when there was no envelope. The
	// result of HELO has no place here (RFC 9989 section 4.4.2).
	SPF *Identifier
	// DKIM has one element for each signature, its result beside its own domain.
	DKIM []Identifier
	// RegisteredDomain gives the Organizational Domain of RFC 7489 section 3.2 by a
	// public suffix list; nil: by the list that is compiled in.
	RegisteredDomain func(domain string) string
}

// The words of Verdict.Problem. Beside these there are the words of DNS failures:
// dns-timeout, dns-servfail, dns-refused, dns-net-error, dns-malformed, dns-error.
const (
	ProblemAuthor           = "author"               // no single author domain
	ProblemNoRecord         = "no-record"            // no policy record applies
	ProblemMultipleRecords  = "multiple-records"     // none applies, because there are several
	ProblemInvalidPolicy    = "invalid-policy"       // RFC 9989 section 4.10.1: no usable policy and no rua
	ProblemNotAuthenticated = "not-authenticated"    // neither SPF nor DKIM passes for any domain
	ProblemNotAligned       = "not-aligned"          // what passes is not aligned
	ProblemIdentifier       = "identifier-temperror" // SPF or DKIM itself is temperror for an aligned domain
)

// Verdict is the outcome with all it was derived from.
type Verdict struct {
	Result Result
	// Reason is a short English explanation.
	Reason string
	// Problem is a stable word, "" with pass.
	Problem    string
	FromDomain string // "" with permerror
	// OrgDomain is the Organizational Domain of the author by the full walk, "" where
	// a DNS failure cut the walk short.
	OrgDomain    string
	PolicyDomain string  // "" when no record
	Record       *Record // that of PolicyDomain, nil when none
	// Policy is what applies after sp/np, before t=; "" when no record, or when np and
	// sp differ and whether the domain exists could not be looked up.
	Policy Policy
	// Disposition is after t=; none with pass and none, "" where the result is an error
	// and no policy can be applied (RFC 9989 section 5.3.6).
	Disposition Policy
	SPFChecked  bool
	SPFAligned  bool // aligned and pass
	DKIMAligned bool // at least one aligned and pass
	// AlignedDKIM is the domain of the first aligned passing signature.
	AlignedDKIM string
	// Identifiers shows the alignment of each input identifier, SPF first.
	Identifiers []Alignment
	// Discovery has one walk per distinct starting domain, the author's first.
	Discovery []Walk
	RFC7489   RFC7489
}

// Alignment of one identifier.
type Alignment struct {
	Method string // spf or dkim
	Domain string
	Result string
	// OrgDomain is "" where it was not looked for: in strict mode, without a policy,
	// and for a result other than pass that could not be aligned anyway.
	OrgDomain string
	Mode      string // relaxed or strict
	Aligned   bool   // by name, whatever the result
}

// Walk is one DNS tree walk (RFC 9989 section 4.10).
type Walk struct {
	Domain    string
	OrgDomain string // "" where a DNS failure ended the walk
	Queries   []WalkQuery
}

// WalkQuery is one question of a walk.
type WalkQuery struct {
	Name string // _dmarc.example.com
	// Outcome is record, psd=y, psd=n (a record with that tag: the walk ends), invalid (a
	// record of no use by section 4.10.1; with psd=y or psd=n it ends the walk too),
	// multiple (several: all discarded), no-record (TXT, but no DMARC record), nxdomain,
	// no-data, or a failure, which ends the walk: timeout, servfail, refused, net-error,
	// malformed, error.
	Outcome string
	Record  string // as served; of several one a line
}

// RFC7489 is the answer of the obsolete standard with the public suffix list. Its
// pct= is not drawn: Policy is what applies to mail that the sampling selects.
type RFC7489 struct {
	OrgDomain, PolicyDomain string
	Policy                  Policy
	Result                  Result
}
