package dkim

import (
	"crypto/rsa"
	"errors"
	"math/big"
	"math/bits"
)

// A key record holds an RSA key as SubjectPublicKeyInfo, as everybody publishes
// it, or as the bare RSAPublicKey that RFC 6376 section 3.6.1 speaks of. Both are
// a few lines of DER, read here so that a size is known before a number is made.

var (
	errDER      = errors.New("its ASN.1 is malformed")
	errNotRSA   = errors.New("it is a key of another kind")
	errModulus  = errors.New("its modulus is even, negative or zero")
	errExponent = errors.New("its exponent is even, or not from 3 to 2^31-1")
)

const (
	tagInteger   = 0x02
	tagBitString = 0x03
	tagSequence  = 0x30
)

// rsaAlgorithm is the AlgorithmIdentifier rsaEncryption with NULL (RFC 3279 section 2.3.1).
const rsaAlgorithm = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"

// parseRSA reads either form. The key is nil when it has more than MaxRSABits.
func parseRSA(der []byte) (*rsa.PublicKey, int, error) {
	body, rest, ok := readDER(der, tagSequence)
	if !ok || len(rest) > 0 {
		return nil, 0, errDER
	}
	if algorithm, tail, ok := readDER(body, tagSequence); ok {
		if string(algorithm) != rsaAlgorithm {
			return nil, 0, errNotRSA
		}
		inner, rest, ok := readDER(tail, tagBitString)
		if !ok || len(rest) > 0 || len(inner) == 0 || inner[0] != 0 {
			return nil, 0, errDER
		}
		if body, rest, ok = readDER(inner[1:], tagSequence); !ok || len(rest) > 0 {
			return nil, 0, errDER
		}
	}
	n, rest, ok := readDER(body, tagInteger)
	if !ok {
		return nil, 0, errDER
	}
	e, rest, ok := readDER(rest, tagInteger)
	if !ok || len(rest) > 0 {
		return nil, 0, errDER
	}
	return makeRSA(n, e)
}

// makeRSA checks the numbers before it makes them.
func makeRSA(n, e []byte) (*rsa.PublicKey, int, error) {
	n, ok := positive(n)
	if !ok || n[len(n)-1]&1 == 0 {
		return nil, 0, errModulus
	}
	e, ok = positive(e)
	if !ok || len(e) > 4 {
		return nil, 0, errExponent
	}
	exponent := 0
	for _, b := range e {
		exponent = exponent<<8 | int(b)
	}
	if exponent < 3 || exponent&1 == 0 || exponent > 1<<31-1 {
		return nil, 0, errExponent
	}
	size := (len(n)-1)*8 + bits.Len8(n[0])
	if size > MaxRSABits {
		return nil, size, nil
	}
	k := new(struct { // in one piece
		rsa.PublicKey
		n big.Int
	})
	k.N, k.E = k.n.SetBytes(n), exponent
	return &k.PublicKey, size, nil
}

// positive strips the sign octet of a DER integer.
func positive(n []byte) ([]byte, bool) {
	if len(n) == 0 || n[0] >= 0x80 {
		return nil, false
	}
	if n[0] == 0 {
		n = n[1:]
		if len(n) == 0 || n[0] < 0x80 { // zero, or not the shortest form
			return nil, false
		}
	}
	return n, true
}

// readDER reads one element with this tag from the front of b: lengths definite
// and in their shortest form, up to 65,535 octets.
func readDER(b []byte, tag byte) (content, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != tag {
		return nil, nil, false
	}
	n, head := int(b[1]), 2
	switch {
	case n < 0x80:
	case n == 0x81 && len(b) >= 3 && b[2] >= 0x80:
		n, head = int(b[2]), 3
	case n == 0x82 && len(b) >= 4 && b[2] != 0:
		n, head = int(b[2])<<8|int(b[3]), 4
	default:
		return nil, nil, false
	}
	if len(b)-head < n {
		return nil, nil, false
	}
	return b[head : head+n], b[head+n:], true
}
