package dkim

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
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

// The bits of parsed.seen, in the order of requiredTags.
const (
	seenV = 1 << iota
	seenA
	seenD
	seenS
	seenH
	seenBH
	seenB
)

// tag reads one tag. Unknown ones are ignored (RFC 6376 section 6.1.1).
func (p *parsed) tag(t *wire.Tag) {
	s := &p.sig.Signature
	switch t.Name {
	case "v":
		p.seen |= seenV
		if s.Version = t.Value; t.Value != "1" {
			p.fail(ErrSyntax, "the signature version is v=%s, not v=1", quote(t.Value))
		}
	case "a":
		p.seen |= seenA
		p.algorithm(t.Value)
	case "d":
		p.seen |= seenD
		if s.Domain, _ = domainName(t.Value, 2); s.Domain == "" {
			p.fail(ErrSyntax, "the signing domain d=%s is not a domain name", quote(t.Value))
		}
	case "s":
		p.seen |= seenS
		if _, s.Selector = domainName(t.Value, 1); s.Selector == "" {
			p.fail(ErrSyntax, "the selector s=%s is not a domain name", quote(t.Value))
		}
	case "c":
		p.canonicalization(t.Value)
	case "h":
		p.seen |= seenH
		p.headers(t.Value)
	case "bh":
		p.seen |= seenBH
		s.BodyHash = p.base64(t, sha256.Size, p.sig.bodyHash[:0])
	case "b":
		p.seen |= seenB
		p.signature(t)
	case "i":
		p.identity = t.Value
		if p.identity == "" {
			p.fail(ErrSyntax, "the tag i= is empty")
		}
	case "l":
		s.Length = p.number(t, maxNumberDigits)
	case "t":
		s.Timestamp = p.time(t)
	case "x":
		s.Expires = p.time(t)
	case "q":
		p.queryMethods(t.Value)
	case "z":
		s.CopiedHeaders = t.Value
	}
}

func (p *parsed) algorithm(v string) {
	switch v = lower(v); v {
	case algorithmRSA, algorithmEd25519, algorithmRSASHA1:
		p.sig.Algorithm = v
		return
	}
	key, hash, ok := strings.Cut(v, "-")
	if !ok || !isWord(key) || !isWord(hash) {
		p.fail(ErrSyntax, "the algorithm a=%s is malformed", quote(v))
		return
	}
	p.sig.Algorithm = v
	p.fail(ErrUnknownAlgorithm, "the algorithm a=%s is not known: rsa-sha256 and ed25519-sha256 are", quote(v))
}

func (p *parsed) canonicalization(v string) {
	header, body, both := strings.Cut(v, "/")
	var ok bool
	if p.sig.Header, ok = canonicalizationOf(header); ok && both {
		p.sig.Body, ok = canonicalizationOf(body)
	}
	if !ok {
		p.fail(ErrSyntax, "the canonicalization c=%s is not known", quote(v))
	}
}

func canonicalizationOf(v string) (wire.Canonicalization, bool) {
	switch lower(v) {
	case "simple":
		return wire.Simple, true
	case "relaxed":
		return wire.Relaxed, true
	}
	return wire.Simple, false
}

// headers reads h=: names of fields, separated by colons, white space around them.
func (p *parsed) headers(v string) {
	n := 1 + strings.Count(v, ":")
	if n > maxHeaderNames {
		p.fail(ErrSyntax, "h= lists %d fields, more than %d", n, maxHeaderNames)
		return
	}
	names := make([]string, 0, n)
	signsFrom := false
	for rest, more := v, true; more; {
		var name string
		name, rest, more = strings.Cut(rest, ":")
		name = wire.TrimFWS(name)
		if !isFieldName(name) {
			p.fail(ErrSyntax, "h= lists %s, which is no field name", quote(name))
			return
		}
		signsFrom = signsFrom || equalFold(name, fromField)
		names = append(names, name)
	}
	p.sig.Headers = names
	if !signsFrom {
		p.fail(ErrUnsignedFrom, "h= does not list From: the signature says nothing of the author (RFC 6376 section 6.1.1)")
	}
}

// base64 decodes a value in which white space means nothing, into room if there is enough.
func (p *parsed) base64(t *wire.Tag, most int, room []byte) []byte {
	if tooLong := func(n int) bool { return base64.StdEncoding.DecodedLen(n)-2 > most }; tooLong(len(t.Value)) {
		if n := len(wire.StripFWS(t.Value)); tooLong(n) {
			p.fail(ErrSyntax, "%s= is too long: %d octets of base64", t.Name, n)
			return nil
		}
	}
	out, err := wire.AppendBase64(room, t.Value)
	if err != nil || len(out) == 0 {
		p.fail(ErrSyntax, "%s= is not base64", t.Name)
		return nil
	}
	return out
}

// signature reads b=.
func (p *parsed) signature(t *wire.Tag) {
	p.bFrom, p.bEnd = t.Start, t.End
	if p.cut == nil {
		p.sig.Value = p.base64(t, maxSignatureOctets, nil)
		return
	}
	p.bEnd += len(p.cut)
	value, err := wire.AppendBase64(nil, p.cut)
	if err != nil || len(value) == 0 || len(value) > maxSignatureOctets {
		p.fail(ErrSyntax, "b= cannot be read alone")
	}
	p.sig.Value = value
}

func (p *parsed) number(t *wire.Tag, digits int) int64 {
	if !isNumber(t.Value) {
		p.fail(ErrSyntax, "%s=%s is not a number", t.Name, quote(t.Value))
		return -1
	}
	if len(t.Value) > digits {
		p.fail(ErrSyntax, "%s= has %d digits, more than %d", t.Name, len(t.Value), digits)
		return math.MaxInt64
	}
	n, err := strconv.ParseInt(t.Value, 10, 64)
	if err != nil {
		p.fail(ErrSyntax, "%s=%s is not a number", t.Name, quote(t.Value))
	}
	return n
}

func (p *parsed) time(t *wire.Tag) time.Time {
	n := p.number(t, maxTimeDigits)
	if n < 0 || n == math.MaxInt64 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// queryMethods: what is not known is ignored, but something known must be there.
func (p *parsed) queryMethods(v string) {
	known := false
	for m := range strings.SplitSeq(v, ":") {
		if len(p.sig.QueryMethods) == maxListed {
			p.fail(ErrSyntax, "q= lists more than %d methods", maxListed)
			return
		}
		m = strings.Trim(m, " \t\r\n")
		known = known || equalFold(m, dnsTXT)
		p.sig.QueryMethods = append(p.sig.QueryMethods, m)
	}
	if !known {
		p.fail(ErrSyntax, "q=%s does not list dns/txt, the only way there is to fetch a key", quote(v))
	}
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
