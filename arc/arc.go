// Package arc verifies and seals Authenticated Received Chains (RFC 8617).
//
// Whoever forwards a message and may break its signatures (a mailing list, an
// alias) adds an ARC set of three fields: what authentication said when the
// message came (ARC-Authentication-Results, AAR), a signature of the message as
// it leaves (ARC-Message-Signature, AMS), and a seal over all sets so far
// (ARC-Seal, AS), whose cv= tag says how the chain before it was found. A chain
// that passes proves who handled the message and what each of them claims to
// have seen. It proves nothing about the message itself: whether a claim counts
// is for the reader, who must know and trust the one who sealed it.
package arc

import (
	"time"

	"github.com/todoku/todoku/internal/wire"
)

// Result is a chain validation status (RFC 8617 section 4.4).
type Result string

const (
	// None: the message has no chain.
	None Result = "none"
	// Pass: the newest AMS and every seal are valid.
	Pass Result = "pass"
	// Fail: anything else, a key that could not be fetched too (section 5.2.1).
	Fail Result = "fail"
)

// Verdict is the outcome for the whole chain.
type Verdict struct {
	Result Result
	// Reason is one precise English sentence where the chain fails, else empty.
	Reason string
	// Problem is a stable word for Reason: structure (fields missing, repeated or
	// unreadable), too-many-sets, cv-invalid, body-hash-mismatch, signature-mismatch
	// (of the AMS), seal-mismatch, expired, length-tag, body-truncated, sha1,
	// key-missing and the other key problems of package dkim, and dns-... where the
	// DNS, not the mail, is at fault.
	Problem string
	// Instances is the number of sets (0 for none).
	Instances int
	// OldestPass is the lowest instance such that its AMS and all newer ones verify
	// (RFC 8617 section 5.2 step 5), 0 when every AMS verifies; -1 for none or fail.
	OldestPass int
	// Sets, oldest first.
	Sets []Set
}

// Set is one ARC set, as far as it can be read.
type Set struct {
	Instance int
	// SealDomain, SealSelector are d= and s= of the ARC-Seal.
	SealDomain, SealSelector string
	// CV is the cv= tag of the ARC-Seal: what the sealer found of the chain before.
	CV string
	// MessageDomain, MessageSelector are d= and s= of the ARC-Message-Signature.
	MessageDomain, MessageSelector string
	// FromUnsigned: the h= of the ARC-Message-Signature does not list From. Where it lists
	// nothing at all the chain may pass all the same, but says nothing of the author.
	FromUnsigned bool
	// AuthServID and Results are from the ARC-Authentication-Results: a claim of the
	// sealer. Results is the value unfolded, without i=, at most 16 KiB of it.
	AuthServID string
	Results    string
	// AMS and AS say how their signatures came out: pass, fail, or "" where they
	// were not tried because the outcome was certain without.
	AMS, AS Result
	// Detail says in English why AMS or AS is fail, "" when neither is.
	Detail string
}

// Options of verification; the zero value is right.
type Options struct {
	// Now decides expiry (x=); the zero time means "do not judge time".
	Now time.Time
	// Bodies shares body hashes with other verifiers of the same message. nil: own.
	Bodies *wire.Bodies
	// HeaderTruncated: fields are not all of the header. A chain then fails, for its
	// signatures may cover fields that are missing. Verify finds out for itself.
	HeaderTruncated bool
}

// The limits of verification. MaxSets is RFC 8617's (section 4.2.1).
const (
	MaxSets = 50
	// maxSignedNames bounds h=.
	maxSignedNames = 1000
	// maxResultsShown bounds what is kept of an AAR for display.
	maxResultsShown = 16 << 10
	// maxOlderHeaders bounds, in octets, the header fields canonicalized to find
	// OldestPass, which is optional: 50 signatures over 4 MiB of header are not worth it.
	maxOlderHeaders = 2 << 20
	// Sizes of RSA keys in bits: RFC 8301 section 3.2, and an upper bound on work.
	minKeyBits, maxKeyBits = 1024, 8192
)

// The field names.
const (
	sealName    = "ARC-Seal"
	messageName = "ARC-Message-Signature"
	resultsName = "ARC-Authentication-Results"
)
