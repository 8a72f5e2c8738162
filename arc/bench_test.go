package arc_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/message"
)

// benchMessage has 10 KB and a dozen fields.
func benchMessage() string {
	return strings.Repeat("Received: from a.example.com by b.example.com with ESMTPS id 12345; Mon, 5 Oct 2026 10:00:00 +0000\r\n", 4) +
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nList-Id: <list.lists.example.org>\r\n" +
		plainMessage + strings.Repeat("The quick brown fox jumps over the lazy dog, and back again to its den.\r\n", 128)
}

// BenchmarkVerify verifies one ARC set: one AMS and one AS.
func BenchmarkVerify(b *testing.B) {
	r := dns.MustMemory(zone())
	raw := []byte(seal(b, benchMessage(), options("lists.example.org", rsa2048(), none)))
	m := message.Parse(raw)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if v := arc.Verify(b.Context(), r, m, arc.Options{}); v.Result != arc.Pass {
			b.Fatal(v.Reason)
		}
	}
}

// BenchmarkVerifyFloor hashes the same octets and does two RSA verifications.
func BenchmarkVerifyFloor(b *testing.B) {
	raw := []byte(seal(b, benchMessage(), options("lists.example.org", rsa2048(), none)))
	m := message.Parse(raw)
	header := raw[:len(raw)-len(m.Body)]
	sum := sha256.Sum256(raw)
	sig, err := rsa.SignPKCS1v15(rand.Reader, rsa2048(), crypto.SHA256, sum[:])
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		for _, part := range [][]byte{m.Body, header, header} {
			sha256.Sum256(part)
		}
		for range 2 {
			if err := rsa.VerifyPKCS1v15(&rsa2048().PublicKey, crypto.SHA256, sum[:], sig); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkSeal adds one ARC set: two RSA signatures.
func BenchmarkSeal(b *testing.B) {
	m := message.Parse([]byte(benchMessage()))
	o := options("lists.example.org", rsa2048(), none)
	b.SetBytes(int64(len(m.Raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := arc.Seal(m, o); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSealFloor hashes the same octets and makes two RSA signatures.
func BenchmarkSealFloor(b *testing.B) {
	raw := []byte(benchMessage())
	m := message.Parse(raw)
	header := raw[:len(raw)-len(m.Body)]
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		var sum [32]byte
		for _, part := range [][]byte{m.Body, header, header} {
			sum = sha256.Sum256(part)
		}
		for range 2 {
			if _, err := rsa.SignPKCS1v15(rand.Reader, rsa2048(), crypto.SHA256, sum[:]); err != nil {
				b.Fatal(err)
			}
		}
	}
}
