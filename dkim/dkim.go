// Package dkim signs and verifies DomainKeys Identified Mail: RFC 6376 with
// RFC 8301 (no SHA-1, no RSA keys below 1024 bits), RFC 8463 (Ed25519) and RFC
// 8616 (internationalized names).
//
// A signer hashes the body and chosen header fields of a message and puts the
// signature of both in a DKIM-Signature field: "the domain d= answers for this".
// A verifier fetches the public key from the DNS, at selector._domainkey.domain,
// and does the same sums.
//
// Verdicts are pure: they depend on the message, the answers of the resolver
// and Options.Now, and on nothing else.
package dkim

import "time"

// Result is a DKIM result word of RFC 8601 section 2.7.1.
type Result string

// The results. RFC 6376 knows only success, PERMFAIL and TEMPFAIL; which word of
// RFC 8601 a PERMFAIL becomes is ours to say:
const (
	// None: the message is not signed. Verify gives no verdict then; for those who need a word.
	None Result = "none"
	// Pass: the signature verified.
	Pass Result = "pass"
	// Fail: the signature is well-formed and its key is good, but the sums do not agree;
	// or it uses SHA-1, which counts as failed (RFC 8301 section 3.1).
	Fail Result = "fail"
	// Policy: the signature may verify, but is not accepted: its RSA key is below 1024
	// bits (RFC 8301 section 3.2) or too large, content was appended beyond its l=
	// (RFC 6376 section 8.2), or it is one of too many.
	Policy Result = "policy"
	// Neutral: it cannot be told: a signed field is so long that mail servers cut it
	// on the way to a filter.
	Neutral Result = "neutral"
	// TempError: the key could not be fetched now.
	TempError Result = "temperror"
	// PermError: the signature or the key record is malformed, expired, revoked or
	// missing; trying again will not help.
	PermError Result = "permerror"
)

// The words of Verdict.Problem.
const (
	ProblemSyntax             = "syntax"
	ProblemDuplicateTag       = "duplicate-tag"
	ProblemMissingTag         = "missing-tag"
	ProblemUnknownAlgorithm   = "unknown-algorithm"
	ProblemDomainMismatch     = "domain-mismatch"
	ProblemUnsignedFrom       = "unsigned-from"
	ProblemExpired            = "expired"
	ProblemFutureTimestamp    = "future-timestamp"
	ProblemSHA1               = "sha1"
	ProblemTooManySignatures  = "too-many-signatures"
	ProblemKeyMissing         = "key-missing"
	ProblemKeyRevoked         = "key-revoked"
	ProblemKeySyntax          = "key-syntax"
	ProblemKeyTooSmall        = "key-too-small"
	ProblemKeyTooLarge        = "key-too-large"
	ProblemKeyTypeMismatch    = "key-type-mismatch"
	ProblemMultipleKeys       = "multiple-keys"
	ProblemNotEmail           = "not-email"
	ProblemHashNotAllowed     = "hash-not-allowed"
	ProblemDNSTimeout         = "dns-timeout"
	ProblemDNSServFail        = "dns-servfail"
	ProblemDNSRefused         = "dns-refused"
	ProblemDNSMalformed       = "dns-malformed"
	ProblemDNSFailure         = "dns-failure"
	ProblemBodyTruncated      = "body-truncated"
	ProblemBodyHashMismatch   = "body-hash-mismatch"
	ProblemSignatureMismatch  = "signature-mismatch"
	ProblemLengthTag          = "length-tag"
	ProblemHeaderTooLong      = "header-too-long"
	ProblemTooManyBodyLengths = "too-many-body-lengths"
)

// Limits of RSA keys in bits. RFC 8301 section 3.2: nobody may accept less than
// 1024, everybody must accept up to 4096; beyond 8192 the sums alone would be an attack.
const (
	MinRSABits = 1024
	MaxRSABits = 8192
)

// Verdict is the outcome for one DKIM-Signature field, with all it was derived from.
type Verdict struct {
	Result Result
	// Reason is one precise English sentence for every result but pass (and for a pass with a caveat).
	Reason string
	// Problem is a stable word, one of the Problem constants; "" for a pass without
	// a caveat. A pass with a caveat is ProblemLengthTag: an l= that covers all of the
	// body as it came, but would let anyone append to it.
	Problem string
	// Signature as parsed. After an error of syntax it holds what could be read, for
	// display; it is nil when not even d= could.
	Signature *Signature
	// Key as parsed, nil when none was fetched.
	Key *Key
	// KeyBits is the size of the public key (256 for Ed25519), 0 when unknown.
	KeyBits int
	// Testing: the key says t=y. RFC 6376 section 3.6.1 asks not to treat such mail
	// differently from unsigned mail; the result is what it is all the same.
	// StrictIdentity: t=s.
	Testing        bool
	StrictIdentity bool
	// BodyHash and HeaderHash are what was computed, for forensics; nil when not.
	BodyHash, HeaderHash []byte
	// FieldIndex is the index of the DKIM-Signature in message.Fields.
	FieldIndex int
}

func (v *Verdict) set(r Result, problem, reason string) {
	v.Result, v.Problem, v.Reason = r, problem, reason
}

// futureTolerance is how far in the future t= may lie: a clock that is set to the
// wrong time zone must not cost the mail.
const futureTolerance = 24 * time.Hour
