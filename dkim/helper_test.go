package dkim

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"github.com/todoku/todoku/internal/wire"
)

func b64(p []byte) string { return base64.StdEncoding.EncodeToString(p) }

func appendUnsigned(dst []byte, c wire.Canonicalization, field []byte) []byte {
	return wire.AppendUnsigned(dst, c, field, len(field), len(field))
}

func signHash(t testing.TB, key crypto.Signer, data []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(data)
	opts := crypto.SHA256
	if _, ok := key.(ed25519.PrivateKey); ok {
		opts = 0
	}
	sig, err := key.Sign(rand.Reader, sum[:], opts)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}
