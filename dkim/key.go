package dkim

import (
	"crypto"
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"

	"github.com/todoku/todoku/internal/wire"
)

// Key is a parsed key record (RFC 6376 section 3.6.1).
type Key struct {
	Record   string           // as served
	Type     string           // k=, "rsa" where absent
	Public   crypto.PublicKey // *rsa.PublicKey or ed25519.PublicKey; nil when revoked, of unknown type or above MaxRSABits
	Bits     int              // of the modulus; 256 for Ed25519; 0 when revoked
	Revoked  bool             // p= is empty
	Hashes   []string         // h=, nil where absent
	Services []string         // s=, nil where absent
	Flags    []string         // t=, nil where absent
	Notes    string           // n=, still encoded
}

// The kinds of error of ParseKey.
var (
	ErrKeySyntax = errors.New("dkim: the key record is malformed")
	ErrKeyType   = errors.New("dkim: the key type is unknown")
)

const (
	keyRSA     = "rsa"
	keyEd25519 = "ed25519"
	keyVersion = "DKIM1"
)

// ParseKey parses a key record. The error wraps ErrKeySyntax or ErrKeyType. A
// revoked key, and an RSA key of a size nobody accepts, are no errors: see
// Revoked and Bits.
func ParseKey(record string) (*Key, error) {
	var room [8]wire.Tag
	tags, err := wire.AppendTags(room[:0], record)
	if err != nil {
		return nil, failure(ErrKeySyntax, "the key record cannot be parsed: %v", err)
	}
	k := &Key{Record: record, Type: keyRSA}
	public, found := "", false
	for i, t := range tags {
		switch t.Name {
		case "v":
			if t.Value != keyVersion {
				return nil, failure(ErrKeySyntax, "the record begins with v=%s, not v=DKIM1: it is no DKIM key", quote(t.Value))
			}
			if i != 0 {
				return nil, failure(ErrKeySyntax, "v=DKIM1 is not the first tag of the key record (RFC 6376 section 3.6.1)")
			}
		case "k":
			k.Type = lower(t.Value)
		case "p":
			public, found = t.Value, true
		case "h":
			k.Hashes, err = keyList(t)
		case "s":
			k.Services, err = keyList(t)
		case "t":
			k.Flags, err = keyList(t)
		case "n":
			k.Notes = t.Value
		}
		if err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, failure(ErrKeySyntax, "the record has no p= tag: it is no DKIM key")
	}
	return k, k.readPublic(public)
}

// keyList reads words separated by colons, in lower case.
func keyList(t wire.Tag) ([]string, error) {
	if strings.Count(t.Value, ":") >= maxListed {
		return nil, failure(ErrKeySyntax, "%s= of the key record lists more than %d words", t.Name, maxListed)
	}
	words := strings.Split(lower(wire.StripFWS(t.Value)), ":")
	if slices.Contains(words, "") {
		return nil, failure(ErrKeySyntax, "%s= of the key record has an empty word", t.Name)
	}
	return words, nil
}

func (k *Key) readPublic(p string) error {
	if p == "" {
		k.Revoked = true
		return nil
	}
	var room [576]byte // holds a 4096-bit key
	raw, err := wire.AppendBase64(room[:0], p)
	if err != nil {
		return failure(ErrKeySyntax, "p= of the key record is not base64")
	}
	switch k.Type {
	case keyRSA:
		pub, bits, err := parseRSA(raw)
		if err != nil {
			return failure(ErrKeySyntax, "p= of the key record is no RSA public key: %v", err)
		}
		if k.Bits = bits; pub != nil {
			k.Public = pub
		}
	case keyEd25519:
		// RFC 8463 section 4.2: the 32 octets themselves.
		if len(raw) != ed25519.PublicKeySize {
			return failure(ErrKeySyntax, "p= of the Ed25519 key record has %d octets, not %d (RFC 8463 section 4.2: the bare key, no ASN.1)", len(raw), ed25519.PublicKeySize)
		}
		k.Public, k.Bits = ed25519.PublicKey(slices.Clone(raw)), 8*ed25519.PublicKeySize
	default:
		return failure(ErrKeyType, "the key type k=%s is not known: rsa and ed25519 are", quote(k.Type))
	}
	return nil
}

// Testing reports the flag t=y, StrictIdentity t=s.
func (k *Key) Testing() bool { return slices.Contains(k.Flags, "y") }

// StrictIdentity reports the flag t=s: the domain of i= must be d= itself.
func (k *Key) StrictIdentity() bool { return slices.Contains(k.Flags, "s") }

// usable says why a key serves nobody; "" if it does. The result is what a
// signature with this key gets.
func (k *Key) usable() (r Result, problem, reason string) {
	switch {
	case k.Revoked:
		return PermError, ProblemKeyRevoked, "the key is revoked: its record has an empty p="
	case k.Type == keyRSA && k.Bits < MinRSABits:
		return Policy, ProblemKeyTooSmall, sprintf("the RSA key has only %d bits: below %d no signature counts (RFC 8301 section 3.2)", k.Bits, MinRSABits)
	case k.Type == keyRSA && k.Bits > MaxRSABits:
		return Policy, ProblemKeyTooLarge, sprintf("the RSA key has %d bits, more than the %d that are accepted", k.Bits, MaxRSABits)
	}
	return "", "", ""
}

// allows says why a key may not verify this signature (RFC 6376 sections 3.6.1 and 6.1.2); "" if it may.
func (k *Key) allows(s *Signature) (problem, reason string) {
	switch {
	case k.Hashes != nil && !slices.Contains(k.Hashes, "sha256"):
		return ProblemHashNotAllowed, "the key record does not allow SHA-256: h=" + quote(strings.Join(k.Hashes, ":"))
	case k.Services != nil && !slices.Contains(k.Services, "*") && !slices.Contains(k.Services, "email"):
		return ProblemNotEmail, "the key record is not for e-mail: s=" + quote(strings.Join(k.Services, ":"))
	case (k.Type == keyRSA) != (s.Algorithm == algorithmRSA):
		return ProblemKeyTypeMismatch, sprintf("the signature is a=%s, but the key is k=%s", s.Algorithm, k.Type)
	case k.StrictIdentity() && s.Identity[strings.LastIndexByte(s.Identity, '@')+1:] != s.Domain:
		return ProblemDomainMismatch, sprintf("the key record says t=s: the domain of i=%s must be %s itself", quote(s.Identity), s.Domain)
	}
	return "", ""
}
