// Package arc verifies and seals Authenticated Received Chains, RFC 8617.
package arc

import (
	"context"
	"crypto"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// The declarations below are the package's contract; bodies come from its owner.

// Result is a chain validation status (RFC 8617 section 4.4).
type Result string

const (
	None Result = "none"
	Pass Result = "pass"
	Fail Result = "fail"
)

// Verdict is the outcome for the whole chain.
type Verdict struct {
	Result  Result
	Reason  string // one precise English sentence unless pass or none
	Problem string // stable word: structure, cv-invalid, seal-mismatch, body-hash-mismatch, signature-mismatch, key-..., dns-..., too-many-sets
	// Instances is the number of sets (0 for none).
	Instances int
	// OldestPass is as RFC 8617 section 5.2 step 4 (0: every AMS passes); -1 for none or fail.
	OldestPass int
	Sets       []Set
}

// Set is one ARC set.
type Set struct {
	Instance int
	// SealDomain, SealSelector are d= and s= of the ARC-Seal; CV its cv=.
	SealDomain, SealSelector       string
	CV                             string
	MessageDomain, MessageSelector string
	// AuthServID and Results are from the ARC-Authentication-Results, as claimed.
	AuthServID string
	Results    string // the value, unfolded, without i=
	// AMS and AS say how their signatures came out: pass, fail or "" (not tried).
	AMS, AS Result
	Detail  string
}

// Options of verification; the zero value is right.
type Options struct {
	Now    time.Time
	Bodies *wire.Bodies
}

// Verify validates the chain (RFC 8617 section 5.2).
func Verify(ctx context.Context, r dns.Resolver, m *message.Message, o Options) Verdict {
	panic("todo")
}

// Verifier is Verify in two halves, as in package dkim.
type Verifier struct{ _ int }

func NewVerifier(fields []message.Field, bodies *wire.Bodies, o Options) *Verifier { panic("todo") }

func (v *Verifier) Finish(ctx context.Context, r dns.Resolver) Verdict { panic("todo") }

// SealOptions says how to seal.
type SealOptions struct {
	Domain, Selector string
	Key              crypto.Signer
	// AuthServID selects which Authentication-Results of the message are folded into the set.
	AuthServID string
	// Results, when not empty, is used as the ARC-Authentication-Results body in place
	// of the message's own fields: "spf=pass smtp.mailfrom=...; dkim=...".
	Results string
	Headers []string // for the AMS; nil means the recommended set
	// Header, Body canonicalization of the AMS.
	Header, Body wire.Canonicalization
	Timestamp    time.Time
	// Chain is the verdict on the message as it arrived; it decides cv=.
	Chain Verdict
}

// Seal returns the three header fields (ARC-Seal, ARC-Message-Signature,
// ARC-Authentication-Results), in the order to put before the message. A chain
// that failed is sealed cv=fail over its own set (section 5.1.2); one with 50
// sets, or already sealed cv=fail, is an error.
func Seal(m *message.Message, o SealOptions) ([]byte, error) { panic("todo") }
