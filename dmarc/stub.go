// Package dmarc evaluates DMARC: RFC 9989, with the answer of RFC 7489 beside it.
package dmarc

import (
	"context"

	"github.com/todoku/todoku/dns"
)

// The declarations below are the package's contract; bodies come from its owner.

// Result is a DMARC result of RFC 8601 section 2.7.1 with RFC 9989.
type Result string

const (
	None      Result = "none"
	Pass      Result = "pass"
	Fail      Result = "fail"
	TempError Result = "temperror"
	PermError Result = "permerror"
)

// Policy is p=, sp= or np=.
type Policy string

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
	// SPF is the MAIL FROM identity's result, nil when there was no envelope.
	SPF  *Identifier
	DKIM []Identifier
}

// Verdict is the outcome with all it was derived from.
type Verdict struct {
	Result       Result
	Reason       string
	Problem      string  // stable word: no-record, multiple-records, not-aligned, author, dns-timeout, dns-servfail, invalid-policy ...
	FromDomain   string  // "" with permerror
	OrgDomain    string  // by the full walk
	PolicyDomain string  // "" when no record
	Record       *Record // that of PolicyDomain, nil when none
	Policy       Policy  // that applies after sp/np, before t=; "" when no record
	Disposition  Policy  // after t=; none on pass
	SPFChecked   bool
	SPFAligned   bool // aligned and pass
	DKIMAligned  bool // at least one aligned and pass
	// AlignedDKIM is the domain of the first aligned passing signature.
	AlignedDKIM string
	// Identifiers shows the alignment of each input identifier.
	Identifiers []Alignment
	// Discovery has one walk per distinct starting domain.
	Discovery []Walk
	RFC7489   RFC7489
}

// Alignment of one identifier.
type Alignment struct {
	Method    string // spf or dkim
	Domain    string
	Result    string
	OrgDomain string
	Mode      string // relaxed or strict
	Aligned   bool   // by name, whatever the result
}

// Walk is one DNS tree walk (RFC 9989 section 4.10).
type Walk struct {
	Domain    string
	OrgDomain string
	Queries   []WalkQuery
}

// WalkQuery is one question of a walk.
type WalkQuery struct {
	Name    string // _dmarc.example.com
	Outcome string // record, psd=y, psd=n, no-record, nxdomain, no-data, multiple, invalid, timeout, servfail
	Record  string // as served
}

// RFC7489 is the answer of the obsolete standard with the public suffix list.
type RFC7489 struct {
	OrgDomain, PolicyDomain string
	Policy                  Policy
	Result                  Result
}

// Record is a parsed DMARC record (RFC 9989 section 4.7).
type Record struct {
	Raw         string
	P, SP, NP   Policy // "" where absent or invalid
	ADKIM, ASPF string // "r" or "s", default "r"
	FO          []string
	RUA, RUF    []string
	PSD         string // y, n, u
	Testing     bool   // t=y
	Tags        []Tag  // all, in order, as written
	// Problems found while parsing, as data: invalid-p, invalid-sp, unknown-tag, removed-tag, duplicate-tag ...
	Problems []Problem
}

// Tag as written.
type Tag struct{ Name, Value string }

// Problem of a record.
type Problem struct{ ID, Tag, Value string }

// Parse parses one TXT datum. ok is false when it is no DMARC record (v= is not first or not DMARC1).
func Parse(txt string) (rec *Record, ok bool) { panic("todo") }

// Evaluate discovers the policy and the alignment (RFC 9989 sections 4.4, 4.10, 5.3).
func Evaluate(ctx context.Context, r dns.Resolver, in Input) Verdict { panic("todo") }
