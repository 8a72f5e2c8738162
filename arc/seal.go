package arc

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// SealOptions says how to seal.
type SealOptions struct {
	// Domain and Selector are d= and s=: the key is published at
	// selector._domainkey.domain.
	Domain, Selector string
	// Key is an RSA key of 1024 to 8192 bits or an Ed25519 key.
	Key crypto.Signer
	// AuthServID selects which Authentication-Results of the message are folded into
	// the set, and names who made them; empty means Domain.
	AuthServID string
	// Results, when not empty, is used as the ARC-Authentication-Results body in place
	// of the message's own fields: "spf=pass smtp.mailfrom=...; dkim=...".
	Results string
	// Headers for the AMS, in order; nil means [RecommendedHeaders]. From must be among
	// them (RFC 6376 section 5.4). A name listed more often than it occurs is oversigned
	// (section 5.4.2).
	Headers []string
	// Header, Body canonicalization of the AMS. The seal is always relaxed.
	Header, Body wire.Canonicalization
	// Timestamp of t=; the zero time omits it.
	// Expires is x= of the ARC-Message-Signature, after Timestamp; zero omits it. An
	// ARC-Seal has no such tag (RFC 8617 section 4.1.3).
	Expires   time.Time
	Timestamp time.Time
	// Chain is the verdict on the message as it arrived; it decides cv=.
	Chain Verdict
	// Bodies has hashed the body, which the message then need not have: Body without a length limit must have been
	// wanted of it. nil: the body is that of the message.
	Bodies *wire.Bodies
}

// Errors of [Seal] that a caller may want to tell apart.
var (
	// ErrFailedChain: the newest seal says cv=fail already, and nothing can be added
	// (RFC 8617 section 5.1 step 2).
	ErrFailedChain = errors.New("arc: the chain is already sealed cv=fail")
	// ErrTooManySets: the message has 50 sets.
	ErrTooManySets = errors.New("arc: the message has 50 ARC sets already")
	// ErrChainChanged: Chain is not the verdict on this message.
	ErrChainChanged = errors.New("arc: the message does not have the chain that was verified")
)

// Seal returns the three header fields (ARC-Seal, ARC-Message-Signature,
// ARC-Authentication-Results), each folded and ending in CRLF, in the order to
// put before the message. A chain that failed is sealed cv=fail over its own set
// (RFC 8617 section 5.1.2); one with 50 sets, or already sealed cv=fail, is an error.
//
// Seal after every other change, a DKIM-Signature of one's own too (section 5.1).
func Seal(m *message.Message, o SealOptions) ([]byte, error) {
	s, err := newSealer(m, o)
	if err != nil {
		return nil, err
	}
	aar, err := s.results()
	if err != nil {
		return nil, err
	}
	ams, err := s.message()
	if err != nil {
		return nil, err
	}
	seal, err := s.seal(aar, ams)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(seal)+len(ams)+len(aar))
	out = append(out, seal...)
	out = append(out, ams...)
	return append(out, aar...), nil
}

type sealer struct {
	SealOptions
	m         *message.Message
	instance  int
	algorithm string
	existing  *chain // signed along; nil for a first set and for a failed chain
}

func newSealer(m *message.Message, o SealOptions) (*sealer, error) {
	s := &sealer{SealOptions: o, m: m}
	if len(m.Raw) > 0 && (m.Raw[0] == ' ' || m.Raw[0] == '\t') {
		return nil, errors.New("arc: the message starts with white space, which would become part of the field put before it")
	}
	if m.HeaderTruncated() {
		return nil, errors.New("arc: the header of the message is too large to seal")
	}
	var ok bool
	if s.Domain, ok = dnsName(o.Domain, 2); !ok {
		return nil, fmt.Errorf("arc: sealing domain %q is no domain name", o.Domain)
	}
	if s.Selector, ok = dnsName(o.Selector, 1); !ok {
		return nil, fmt.Errorf("arc: selector %q is no domain name", o.Selector)
	}
	if s.AuthServID == "" {
		s.AuthServID = s.Domain
	}
	if err := s.checkKey(); err != nil {
		return nil, err
	}
	if !o.Timestamp.IsZero() && (o.Timestamp.Unix() < 0 || o.Timestamp.Unix() >= 1e12) {
		return nil, fmt.Errorf("arc: timestamp %v does not fit t=", o.Timestamp)
	}
	if !o.Expires.IsZero() && (o.Expires.Unix() >= 1e12 || !o.Expires.After(o.Timestamp)) {
		return nil, fmt.Errorf("arc: expiry %s is not after the timestamp %s", o.Expires.UTC().Format(time.RFC3339), o.Timestamp.UTC().Format(time.RFC3339))
	}
	return s, s.continueChain()
}

func (s *sealer) checkKey() error {
	if s.Key == nil {
		return errors.New("arc: no key to seal with")
	}
	switch pub := s.Key.Public().(type) {
	case *rsa.PublicKey:
		if bits := pub.N.BitLen(); bits < minKeyBits || bits > maxKeyBits {
			return fmt.Errorf("arc: an RSA key of %d bits cannot seal: use %d to %d, best 2048", bits, minKeyBits, maxKeyBits)
		}
		s.algorithm = "rsa-sha256"
	case ed25519.PublicKey:
		s.algorithm = "ed25519-sha256"
	default:
		return fmt.Errorf("arc: a key of type %T cannot seal: use RSA or Ed25519", pub)
	}
	return nil
}

// continueChain settles the instance and cv= (RFC 8617 section 5.1 steps 2 and 3).
func (s *sealer) continueChain() error {
	c := collect(s.m.Fields)
	n := len(c.sets)
	switch {
	case c.problem == "too-many-sets" || n >= MaxSets:
		return ErrTooManySets
	case n > 0 && c.newest().seal != nil && c.newest().seal.cv == string(Fail):
		return ErrFailedChain
	}
	s.instance = n + 1
	switch s.Chain.Result {
	case None:
		if c.fields > 0 {
			return fmt.Errorf("%w: the verdict is none, the message has ARC fields", ErrChainChanged)
		}
	case Pass:
		if c.check(); c.problem != "" || n != s.Chain.Instances || n == 0 {
			return fmt.Errorf("%w: %d sets were verified, %d are here %s", ErrChainChanged, s.Chain.Instances, n, c.reason)
		}
		s.existing = c
	case Fail:
	default:
		return errors.New("arc: verify the chain before sealing: SealOptions.Chain has no result")
	}
	return nil
}

// message makes the ARC-Message-Signature. Tags are in alphabetical order and
// hold no white space, so that what is signed can be predicted.
func (s *sealer) message() ([]byte, error) {
	bodies := s.Bodies
	if bodies == nil {
		bodies = wire.NewBodies()
		bodies.Want(s.Body, -1)
		_, _ = bodies.Write(s.m.Body) // fails only after Sum
	}
	bodyHash, _, ok := bodies.Sum(s.Body, -1)
	if !ok {
		return nil, errors.New("arc: the body was not hashed")
	}
	names, err := s.signedNames()
	if err != nil {
		return nil, err
	}
	f := newTagField(messageName)
	f.tag("a", s.algorithm)
	f.signature()
	f.tag("bh", base64.StdEncoding.EncodeToString(bodyHash[:]))
	f.tag("c", s.Header.String()+"/"+s.Body.String())
	f.tag("d", s.Domain)
	f.list("h", names)
	f.tag("i", strconv.Itoa(s.instance))
	f.tag("s", s.Selector)
	s.timestamp(f)
	if !s.Expires.IsZero() {
		f.tag("x", strconv.FormatInt(s.Expires.Unix(), 10))
	}

	h := newHeaders(s.m.Fields)
	unsigned := f.bytes("")
	buf := h.appendSigned(nil, s.Header, names)
	buf = wire.AppendHeader(buf, s.Header, unsigned)
	value, err := s.sign(buf[:len(buf)-2])
	if err != nil {
		return nil, err
	}
	return f.bytes(value), nil
}

// seal makes the ARC-Seal over all sets, or over the new one alone when the
// chain failed (RFC 8617 sections 5.1.1 and 5.1.2).
func (s *sealer) seal(aar, ams []byte) ([]byte, error) {
	f := newTagField(sealName)
	f.tag("a", s.algorithm)
	f.signature()
	f.tag("cv", string(s.Chain.Result))
	f.tag("d", s.Domain)
	f.tag("i", strconv.Itoa(s.instance))
	f.tag("s", s.Selector)
	s.timestamp(f)

	var buf []byte
	if s.existing != nil {
		for _, set := range s.existing.sets {
			buf = wire.AppendHeader(buf, wire.Relaxed, set.results.raw)
			buf = wire.AppendHeader(buf, wire.Relaxed, set.message.raw)
			buf = wire.AppendHeader(buf, wire.Relaxed, set.seal.raw)
		}
	}
	buf = wire.AppendHeader(buf, wire.Relaxed, aar)
	buf = wire.AppendHeader(buf, wire.Relaxed, ams)
	buf = wire.AppendHeader(buf, wire.Relaxed, f.bytes(""))
	value, err := s.sign(buf[:len(buf)-2])
	if err != nil {
		return nil, err
	}
	return f.bytes(value), nil
}

func (s *sealer) timestamp(f *tagField) {
	if !s.Timestamp.IsZero() {
		f.tag("t", strconv.FormatInt(s.Timestamp.Unix(), 10))
	}
}

// sign gives the base64 of the signature over canonical octets.
func (s *sealer) sign(canonical []byte) (string, error) {
	sum := sha256.Sum256(canonical)
	hash := crypto.SHA256
	if s.algorithm == "ed25519-sha256" {
		hash = 0 // RFC 8463 section 3: the hash is the message that PureEdDSA signs
	}
	sig, err := s.Key.Sign(rand.Reader, sum[:], hash)
	if err != nil {
		return "", fmt.Errorf("arc: signing for %s: %w", s.Domain, err)
	}
	return base64.StdEncoding.EncodeToString(sig), nil
}
