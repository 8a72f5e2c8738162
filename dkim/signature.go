package dkim

import (
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/wire"
)

// Signature is a parsed DKIM-Signature field (RFC 6376 section 3.5).
type Signature struct {
	Version       string
	Algorithm     string // a=, lower case
	Domain        string // d=, lower case A-labels
	Selector      string // s=, as written, in A-labels
	Identity      string // i=, decoded, its domain in lower case A-labels; "@domain" where absent
	Header, Body  wire.Canonicalization
	Headers       []string  // h=, as written
	BodyHash      []byte    // bh=
	Value         []byte    // b=
	Length        int64     // l=, -1 where absent
	Timestamp     time.Time // t=, zero where absent
	Expires       time.Time // x=, zero where absent
	QueryMethods  []string  // q=, nil where absent
	CopiedHeaders string    // z=, still encoded
}

// The values of a= that are known.
const (
	algorithmRSASHA1   = "rsa-sha1"
	algorithmRSA       = "rsa-sha256"
	algorithmEd25519   = "ed25519-sha256"
	maxHeaderNames     = 1000             // of h=
	maxSignatureOctets = (MaxRSABits / 8) // of b=
	maxNumberDigits    = 18               // of l=: what fits an int64
	maxTimeDigits      = 12               // of t= and x=, by their grammar
	dnsTXT             = "dns/txt"        // the only query method there is
	fromField          = "from"
	signatureField     = "DKIM-Signature"
)

// Canonicalization gives both halves, "relaxed/simple".
func (s *Signature) Canonicalization() string {
	return canonicalizations[s.Header&1][s.Body&1]
}

var canonicalizations = [2][2]string{{"simple/simple", "simple/relaxed"}, {"relaxed/simple", "relaxed/relaxed"}}

// The kinds of error of ParseSignature.
var (
	ErrSyntax           = errors.New("dkim: the signature is malformed")
	ErrDuplicateTag     = errors.New("dkim: a tag occurs twice")
	ErrMissingTag       = errors.New("dkim: a required tag is missing")
	ErrUnknownAlgorithm = errors.New("dkim: the signature algorithm is unknown")
	ErrDomainMismatch   = errors.New("dkim: i= is not within d=")
	ErrUnsignedFrom     = errors.New("dkim: the From field is not signed")
)

// Error is an error of a kind, one of the Err values, with a sentence for people.
type Error struct {
	Kind   error
	Reason string
}

// Error gives the sentence.
func (e *Error) Error() string { return e.Reason }

// Unwrap gives the kind.
func (e *Error) Unwrap() error { return e.Kind }

func failure(kind error, format string, args ...any) error {
	return &Error{kind, fmt.Sprintf(format, args...)}
}

// problems gives the word of each kind of error.
var problems = map[error]string{
	ErrSyntax: ProblemSyntax, ErrDuplicateTag: ProblemDuplicateTag, ErrMissingTag: ProblemMissingTag,
	ErrUnknownAlgorithm: ProblemUnknownAlgorithm, ErrDomainMismatch: ProblemDomainMismatch, ErrUnsignedFrom: ProblemUnsignedFrom,
	ErrKeySyntax: ProblemKeySyntax, ErrKeyType: ProblemKeyTypeMismatch, errMultipleKeys: ProblemMultipleKeys,
}

// problemOf gives the word and the sentence of an error of this package.
func problemOf(err error) (problem, reason string) {
	var e *Error
	if errors.As(err, &e) {
		return problems[e.Kind], e.Reason
	}
	return ProblemSyntax, err.Error()
}

// ParseSignature parses the value of a DKIM-Signature field and applies RFC 6376
// section 6.1.1. The error wraps one of the package's Err values. Beside an error
// the signature holds what could be read, and is nil when not even d= could.
func ParseSignature(value []byte) (*Signature, error) {
	p := parseSignature(value)
	if p.err != nil && p.sig.Domain == "" {
		return nil, p.err
	}
	return &p.sig.Signature, p.err
}

// stored is a signature in one piece with its hash.
type stored struct {
	Signature
	bodyHash [sha256.Size]byte // room for BodyHash
}

// parsed is a signature, and where the value of b= stands in the field's value.
type parsed struct {
	sig         *stored
	identity    string // i= as written
	seen        uint8  // which of requiredTags
	bFrom, bEnd int
	cut         []byte // the value of b= where the tags were read without it
	err         error  // the first one
}

func (p *parsed) fail(kind error, format string, args ...any) {
	if p.err == nil {
		p.err = failure(kind, format, args...)
	}
}

// requiredTags: RFC 6376 section 3.5.
var requiredTags = [...]string{"v", "a", "d", "s", "h", "bh", "b"}

// parseSignature parses the value of a field. Half of it is the base64 of b=, of
// which nobody needs a copy: the tags are read without it. When anything is wrong
// they are read once more, with it, to say what and where.
func parseSignature(value []byte) parsed {
	from, to := wire.CutTag(value, "b")
	if from < to && to-from <= 2*maxSignatureOctets && len(value) <= wire.MaxTagListLen {
		p := parsed{cut: value[from:to]}
		if p.parse(wire.Without(value, from, to)); p.err == nil {
			return p
		}
	}
	var p parsed
	p.parse(string(value))
	return p
}

func (p *parsed) parse(value string) {
	p.sig = &stored{Signature: Signature{Length: -1}}
	var room [16]wire.Tag
	tags, err := wire.AppendTags(room[:0], value)
	if err != nil {
		kind := ErrSyntax
		if errors.Is(err, wire.ErrDuplicateTag) {
			kind = ErrDuplicateTag
		}
		p.fail(kind, "the DKIM-Signature cannot be parsed: %v", err)
		return
	}
	for i := range tags {
		p.tag(&tags[i])
	}
	for i, name := range requiredTags {
		if p.seen&(1<<i) == 0 {
			p.fail(ErrMissingTag, "the DKIM-Signature lacks the required tag %s=", name)
		}
	}
	p.readIdentity()
	p.check()
}

// readIdentity reads i=, which needs d=: "[local-part]@domain" in
// dkim-quoted-printable, the domain at or below d= (RFC 6376 section 6.1.1).
func (p *parsed) readIdentity() {
	s := &p.sig.Signature
	if s.Domain == "" {
		return
	}
	if p.identity == "" {
		s.Identity = "@" + s.Domain
		return
	}
	at := strings.LastIndexByte(p.identity, '@')
	if at < 0 {
		p.fail(ErrSyntax, "i=%s has no @", quote(p.identity))
		return
	}
	local, ok := decodeQP(p.identity[:at])
	domain, _ := domainName(p.identity[at+1:], 2)
	if !ok || domain == "" {
		p.fail(ErrSyntax, "i=%s is not an address", quote(p.identity))
		return
	}
	s.Identity = local + "@" + domain
	if !within(domain, s.Domain) {
		p.fail(ErrDomainMismatch, "the identity i= is of %s, which is not within the signing domain d=%s", domain, s.Domain)
	}
}

// check holds the tags against each other.
func (p *parsed) check() {
	s := &p.sig.Signature
	if !s.Expires.IsZero() && !s.Timestamp.IsZero() && !s.Expires.After(s.Timestamp) {
		p.fail(ErrSyntax, "the signature expires (x=%d) no later than it was made (t=%d)", s.Expires.Unix(), s.Timestamp.Unix())
	}
	want := sha256.Size
	if s.Algorithm == algorithmRSASHA1 {
		want = sha1.Size
	}
	if s.BodyHash != nil && s.Algorithm != "" && len(s.BodyHash) != want {
		p.fail(ErrSyntax, "bh= has %d octets, but the hash of a=%s has %d", len(s.BodyHash), s.Algorithm, want)
	}
	if s.Domain != "" && s.Selector != "" && len(s.Selector)+len(keyLabel)+len(s.Domain) > maxName {
		p.fail(ErrSyntax, "s= and d= make a name longer than %d octets", maxName)
	}
}
