// Package dkim signs and verifies DomainKeys Identified Mail: RFC 6376 with
// RFC 8301 (no SHA-1, no RSA keys below 1024 bits) and RFC 8463 (Ed25519).
package dkim

import (
	"context"
	"crypto"
	"io"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// The declarations below are the package's contract; bodies come from its owner.

// Result is a DKIM result word of RFC 8601 section 2.7.1.
type Result string

const (
	None      Result = "none"
	Pass      Result = "pass"
	Fail      Result = "fail"
	Policy    Result = "policy"
	Neutral   Result = "neutral"
	TempError Result = "temperror"
	PermError Result = "permerror"
)

// Verdict is the outcome for one DKIM-Signature field, with all it was derived from.
type Verdict struct {
	Result Result
	// Reason is one precise English sentence for every result but pass (and for a pass with a caveat).
	Reason string
	// Problem is a stable word: body-hash-mismatch, signature-mismatch, key-missing, key-revoked,
	// key-syntax, key-too-small, key-too-large, sha1, expired, dns-timeout, dns-servfail, syntax,
	// duplicate-tag, missing-tag, domain-mismatch, unsigned-from, body-truncated, length-tag,
	// not-email, hash-not-allowed, key-type-mismatch, multiple-keys, too-many-signatures, ...
	Problem string
	// Signature as parsed (nil when not parseable).
	Signature *Signature
	// Key as parsed, nil when none was fetched.
	Key *Key
	// KeyBits is the size of the public key (256 for Ed25519), 0 when unknown.
	KeyBits int
	// Testing: the key says t=y. StrictIdentity: t=s.
	Testing bool
	// BodyHash and HeaderHash are what was computed, for forensics.
	BodyHash, HeaderHash []byte
	// FieldIndex is the index of the DKIM-Signature in message.Fields.
	FieldIndex int
}

// Signature is a parsed DKIM-Signature field (RFC 6376 section 3.5).
type Signature struct {
	Version       string
	Algorithm     string // a=
	Domain        string // d=, lower case A-labels
	Selector      string // s=
	Identity      string // i=, "@domain" where absent
	Header, Body  wire.Canonicalization
	Headers       []string  // h=
	BodyHash      []byte    // bh=
	Value         []byte    // b=
	Length        int64     // l=, -1 where absent
	Timestamp     time.Time // t=, zero where absent
	Expires       time.Time // x=, zero where absent
	QueryMethods  []string  // q=
	CopiedHeaders string    // z=
}

// Canonicalization gives both halves, "relaxed/simple".
func (s *Signature) Canonicalization() string { panic("todo") }

// Key is a parsed key record (RFC 6376 section 3.6.1).
type Key struct {
	Record   string           // as served
	Type     string           // k=
	Public   crypto.PublicKey // nil when revoked
	Bits     int
	Revoked  bool
	Hashes   []string // h=, nil where absent
	Services []string // s=
	Flags    []string // t=
	Notes    string   // n=
}

// ParseKey parses a key record. The error wraps one of the package's Err values.
func ParseKey(record string) (*Key, error) { panic("todo") }

// ParseSignature parses the value of a DKIM-Signature field.
func ParseSignature(value []byte) (*Signature, error) { panic("todo") }

// LookupKey fetches and parses the key s._domainkey.d. problem is "" on success, else one of
// Verdict.Problem, with a reason; result is what a signature using it gets.
func LookupKey(ctx context.Context, r dns.Resolver, selector, domain string) (k *Key, result Result, problem, reason string) {
	panic("todo")
}

// Options of verification; the zero value is right.
type Options struct {
	// Now decides expiry; the zero time means "do not judge time".
	Now time.Time
	// MaxSignatures is how many signatures are looked at, top first; 0 means 10.
	MaxSignatures int
	// Bodies shares body hashes with other verifiers of the same message (mailauth). nil: own.
	Bodies *wire.Bodies
}

// Verify verifies every DKIM-Signature of a message, top first; none gives nil.
// Beyond MaxSignatures a verdict says so (policy, too-many-signatures), once.
func Verify(ctx context.Context, r dns.Resolver, m *message.Message, o Options) []Verdict {
	panic("todo")
}

// Verifier is Verify in two halves, for a body that is shared or streamed: NewVerifier
// parses and checks the signatures and registers in bodies the hashes they
// want; when the body has been written to bodies, Finish gives the verdicts.
type Verifier struct{ _ int }

// NewVerifier parses the signatures among fields and registers the hashes they want.
func NewVerifier(fields []message.Field, bodies *wire.Bodies, o Options) *Verifier { panic("todo") }

// Finish fetches keys (concurrently, each once) and verifies.
func (v *Verifier) Finish(ctx context.Context, r dns.Resolver) []Verdict { panic("todo") }

// SignOptions says how to sign.
type SignOptions struct {
	Domain, Selector string
	Identity         string        // i=, optional
	Key              crypto.Signer // *rsa.PrivateKey or ed25519.PrivateKey
	Header, Body     wire.Canonicalization
	// Headers to sign, in order; nil means the recommended set that is present,
	// with From, To, Subject, Date ... oversigned. A name listed more often than
	// it occurs is oversigned (RFC 6376 section 5.4.2).
	Headers []string
	// Timestamp of t=; zero omits it. Expires of x=; zero omits it.
	Timestamp, Expires time.Time
}

// Sign reads a message once and returns the DKIM-Signature field, folded, with
// its final CRLF, to be put before the message. Memory does not grow with the body.
func Sign(r io.Reader, o SignOptions) ([]byte, error) { panic("todo") }

// GenerateKey makes a key: "rsa" with bits 1024..4096, or "ed25519" (bits ignored).
func GenerateKey(algorithm string, bits int) (crypto.Signer, error) { panic("todo") }

// RecordFor gives the TXT data to publish for a public key.
func RecordFor(pub crypto.PublicKey) (string, error) { panic("todo") }

// ParsePrivateKey reads PEM (PKCS#1, PKCS#8) RSA or Ed25519.
func ParsePrivateKey(pem []byte) (crypto.Signer, error) { panic("todo") }

// MarshalPrivateKey writes PKCS#8 PEM.
func MarshalPrivateKey(key crypto.Signer) ([]byte, error) { panic("todo") }

// Bodies computes the body hashes that signatures want, once each.
type Bodies = wire.Bodies

// NewBodies gives an empty set.
func NewBodies() *Bodies { return wire.NewBodies() }
