package arc

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
)

// keyName is where a key is published.
type keyName struct{ selector, domain string }

// keyring holds the outcome of each look-up.
type keyring []fetched

type fetched struct {
	keyName
	key             *dkim.Key
	problem, reason string
}

// fetchKeys looks up the keys of these signatures, each once and all at the same
// time: at most two for a set. There is nothing in room but room.
func fetchKeys(ctx context.Context, r dns.Resolver, sigs []*signature, room keyring) keyring {
	keys := slices.Grow(room, len(sigs)) // not to move
	for _, s := range sigs {
		if name := (keyName{s.selector, s.domain}); keys.find(name) == nil {
			keys = append(keys, fetched{keyName: name})
		}
	}
	fetch := func(r dns.Resolver, f *fetched) {
		f.key, _, f.problem, f.reason = dkim.LookupKey(ctx, r, f.selector, f.domain)
	}
	g := dns.NewGroup(r)
	for i := range keys {
		if i == len(keys)-1 {
			fetch(r, &keys[i]) // the last one, mostly the only one, needs no goroutine
		} else {
			g.Try(func(r dns.Resolver) { fetch(r, &keys[i]) })
		}
	}
	g.Wait()
	return keys
}

// find gives the outcome for a key, nil where it was not looked up.
func (k keyring) find(name keyName) *fetched {
	for i := range k {
		if k[i].keyName == name {
			return &k[i]
		}
	}
	return nil
}

// of gives the public key for a signature, or why there is none that it may use.
func (k keyring) of(s *signature) (pub crypto.PublicKey, problem, reason string) {
	f := k.find(keyName{s.selector, s.domain})
	switch {
	case f == nil:
		return nil, "key-missing", s.of("was not tried")
	case strings.HasPrefix(f.problem, "dns-"):
		// RFC 8617 section 5.2.1: permanent all the same, but let nobody blame the mail.
		return nil, f.problem, s.of("cannot be verified, the DNS and not the mail is at fault: %s", f.reason)
	case f.problem != "":
		return nil, f.problem, s.of("cannot be verified: %s", f.reason)
	}
	if problem, reason = s.fits(f.key); problem != "" {
		return nil, problem, s.of("by %s cannot be verified: %s", s.domain, reason)
	}
	return f.key.Public, "", ""
}

// fits checks the restrictions of the key record (RFC 6376 section 3.6.1) and
// the size of the key (RFC 8301 section 3.2).
func (s *signature) fits(k *dkim.Key) (problem, reason string) {
	algorithm, _, _ := strings.Cut(s.algorithm, "-")
	switch {
	case k.Revoked || k.Public == nil:
		return "key-revoked", "its key is revoked"
	case k.Hashes != nil && !slices.Contains(k.Hashes, "sha256"):
		return "hash-not-allowed", "its key does not allow SHA-256 (h=)"
	case len(k.Services) > 0 && !slices.Contains(k.Services, "*") && !slices.Contains(k.Services, "email"):
		return "not-email", "its key is not for mail (s=)"
	}
	switch pub := k.Public.(type) {
	case *rsa.PublicKey:
		switch bits := pub.N.BitLen(); {
		case algorithm != "rsa":
			return "key-type-mismatch", "its key is an RSA key"
		case bits < minKeyBits:
			return "key-too-small", fmt.Sprintf("its RSA key has %d bits, fewer than %d (RFC 8301 section 3.2)", bits, minKeyBits)
		case bits > maxKeyBits:
			return "key-too-large", fmt.Sprintf("its RSA key has %d bits, more than %d", bits, maxKeyBits)
		}
	case ed25519.PublicKey:
		if algorithm != "ed25519" {
			return "key-type-mismatch", "its key is an Ed25519 key"
		}
	default:
		return "key-type-mismatch", "its key is of an unknown kind"
	}
	return "", ""
}

// verifySum verifies a signature of a SHA-256 hash (RFC 6376 section 3.3.2, RFC 8463 section 3).
func verifySum(pub crypto.PublicKey, sum [32]byte, sig []byte) bool {
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(pub, crypto.SHA256, sum[:], sig) == nil
	case ed25519.PublicKey:
		return len(pub) == ed25519.PublicKeySize && ed25519.Verify(pub, sum[:], sig)
	}
	return false
}

// of makes a sentence about this signature.
func (s *signature) of(format string, args ...any) string {
	return fmt.Sprintf("the %s i=%d ", s.name, s.instance) + fmt.Sprintf(format, args...)
}
