package dkim

import (
	"bytes"
	"crypto/rsa"
	"math/big"
)

// explainBody says what a wrong body hash means.
func explainBody(j *job, headerOK bool) string {
	if headerOK {
		return "the body hash does not match: the body was changed after signing (the signed header fields were not)"
	}
	return "the body hash does not match: the body was changed after signing, and so were signed header fields, or the signature is not of this message"
}

// explainSignature says what a wrong signature beside a good body hash means. An
// RSA signature tells whether this key made it at all.
func explainSignature(j *job) string {
	const start = "the signature does not match: "
	pub, ok := j.Key.Public.(*rsa.PublicKey)
	switch {
	case !ok && len(j.Signature.Value) != 64:
		return sprintf("%sit has %d octets, an Ed25519 signature has 64", start, len(j.Signature.Value))
	case !ok:
		return start + "a signed header field was changed, added or removed after signing, or the key in the DNS is not the one that signed"
	case len(j.Signature.Value) != pub.Size():
		return sprintf("%sit has %d bits and the key in the DNS %d: another key signed", start, 8*len(j.Signature.Value), j.KeyBits)
	case madeWith(pub, j.Signature.Value):
		return start + "a signed header field was changed, added or removed after signing (the body was not changed, and the key is the one that signed)"
	}
	return start + "the key in the DNS is not the one that signed"
}

// sha256Prefix is the DigestInfo of SHA-256 in front of the hash (RFC 8017 section 9.2).
var sha256Prefix = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

// madeWith reports whether the private half of pub made this signature, of whatever hash:
// then it opens to the padding of RFC 8017 section 9.2. It judges nothing, it explains.
func madeWith(pub *rsa.PublicKey, signature []byte) bool {
	c := new(big.Int).SetBytes(signature)
	if c.Cmp(pub.N) >= 0 {
		return false
	}
	m := c.Exp(c, big.NewInt(int64(pub.E)), pub.N).FillBytes(make([]byte, pub.Size()))
	pad := len(m) - 3 - len(sha256Prefix) - 32
	if pad < 8 || m[0] != 0 || m[1] != 1 || m[2+pad] != 0 {
		return false
	}
	for _, b := range m[2 : 2+pad] {
		if b != 0xff {
			return false
		}
	}
	return bytes.HasPrefix(m[3+pad:], sha256Prefix)
}
