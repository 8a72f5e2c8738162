package forensics

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"math/big"

	"github.com/todoku/todoku/dkim"
)

// opened is what a signature says of the header that was signed.
type opened struct {
	hash []byte // RSA: the hash that was signed; nil where it cannot be told
	// foreign: an RSA signature that the private half of this key did not make.
	foreign   bool
	public    ed25519.PublicKey
	signature []byte
}

// sha256Prefix is the DigestInfo of SHA-256 in front of the hash (RFC 8017 section 9.2).
var sha256Prefix = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

// openSignature raises an RSA signature to the public exponent, which gives the hash
// that was signed (RFC 8017 section 8.2.2): candidates then cost a hash each.
func openSignature(v dkim.Verdict) opened {
	switch pub := v.Key.Public.(type) {
	case ed25519.PublicKey:
		return opened{public: pub, signature: v.Signature.Value}
	case *rsa.PublicKey:
		return openRSA(pub, v.Signature.Value)
	}
	return opened{foreign: true}
}

func openRSA(pub *rsa.PublicKey, signature []byte) opened {
	c := new(big.Int).SetBytes(signature)
	if pub.N.Sign() <= 0 || pub.E < 3 || pub.N.BitLen() > dkim.MaxRSABits || len(signature) != pub.Size() || c.Cmp(pub.N) >= 0 {
		return opened{foreign: true}
	}
	m := c.Exp(c, big.NewInt(int64(pub.E)), pub.N).FillBytes(make([]byte, pub.Size()))
	pad := len(m) - 3 - len(sha256Prefix) - 32
	if pad < 8 || m[0] != 0 || m[1] != 1 || m[2+pad] != 0 ||
		!bytes.Equal(m[2:2+pad], bytes.Repeat([]byte{0xff}, pad)) || !bytes.HasPrefix(m[3+pad:], sha256Prefix) {
		return opened{foreign: true}
	}
	return opened{hash: m[len(m)-32:]}
}

// accepts reports whether a header of this hash is what was signed.
func (o opened) accepts(hash []byte) bool {
	if o.hash != nil {
		return bytes.Equal(o.hash, hash)
	}
	return len(o.public) == ed25519.PublicKeySize && ed25519.Verify(o.public, hash, o.signature)
}
