package dkim

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"io"
	"testing"

	"github.com/todoku/todoku/message"
)

// Bodies as mail has them, each a line or a few to be repeated.
var benchBodies = []struct{ name, line string }{
	{"", "The quick brown fox jumps over the lazy dog, and then it sleeps a bit.\r\n"},
	{"Base64", "TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5IGhpcyByZWFzb24sIGJ1dCBieSB0aGlz\r\n"},
	{"QuotedPrintable", "Gr=C3=BC=C3=9Fe aus M=C3=BCnchen, und sch=C3=B6ne Tage =E2=80=93 bis bald. =\r\n"},
	{"HTML", "    <tr>\r\n      <td style=\"padding: 0 4px; color: #333\">\r\n        <a href=\"https://example.com/offers?campaign=42&amp;user=1234567\">See all offers of this week</a>\r\n      </td>\r\n    </tr>\r\n"},
}

const benchHeader = "Received: from mail.example.com (mail.example.com [192.0.2.1])\r\n" +
	"\tby mx.example.net (Postfix) with ESMTPS id 4X0000000\r\n" +
	"\tfor <user@example.net>; Mon, 1 Jan 2024 00:00:00 +0000 (UTC)\r\n" +
	"From: Hanako <hanako@example.com>\r\nTo: Taro <taro@example.net>\r\nSubject: The offers of this week\r\n" +
	"Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <1234567890@example.com>\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n" +
	"List-Unsubscribe: <https://example.com/u/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n"

// benchMessage has about size octets.
func benchMessage(line string, size int) []byte {
	n := (size - len(benchHeader)) / len(line)
	return append([]byte(benchHeader), bytes.Repeat([]byte(line), n)...)
}

var benchOptions = SignOptions{Domain: "example.com", Selector: "rsa", Header: Relaxed, Body: Relaxed}

func benchmarkVerify(b *testing.B, size int, key, line string) {
	o := benchOptions
	o.Selector, o.Key = key, testKeys[key]
	raw := benchMessage(line, size)
	field, err := Sign(bytes.NewReader(raw), o)
	if err != nil {
		b.Fatal(err)
	}
	m := message.Parse(append(field, raw...))
	r := testZone()
	b.SetBytes(int64(len(m.Raw)))
	b.ReportAllocs()
	for b.Loop() {
		if v := Verify(context.Background(), r, m, Options{}); v[0].Result != Pass {
			b.Fatal(v[0].Reason)
		}
	}
}

func benchmarkVerifyFloor(b *testing.B, size int) {
	key := testKeys["rsa"].(*rsa.PrivateKey)
	raw := benchMessage(benchBodies[0].line, size)
	sum := sha256.Sum256(raw)
	sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		sum := sha256.Sum256(raw)
		if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], sig); err != nil {
			b.Fatal(err)
		}
	}
}

// plainReader hides the type of a reader, as a network connection would.
type plainReader struct{ io.Reader }

func benchmarkSign(b *testing.B, size int, line string) {
	o := benchOptions
	o.Key = testKeys["rsa"]
	raw := benchMessage(line, size)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Sign(plainReader{bytes.NewReader(raw)}, o); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkSignFloor(b *testing.B, size int) {
	key := testKeys["rsa"].(*rsa.PrivateKey)
	raw := benchMessage(benchBodies[0].line, size)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		sum := sha256.Sum256(raw)
		if _, err := key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
			b.Fatal(err)
		}
	}
}

const (
	kb10 = 10 << 10
	mb1  = 1 << 20
)

// Each benchmark has its floor: the bare SHA-256 of the same octets and the bare
// RSA operation. What is asked: Verify10KB at most 1.5 times, Verify1MB 1.9 times,
// Sign10KB 1.08 times, Sign1MB 1.5 times.
func BenchmarkVerify10KB(b *testing.B)      { benchmarkVerify(b, kb10, "rsa", benchBodies[0].line) }
func BenchmarkVerify10KBFloor(b *testing.B) { benchmarkVerifyFloor(b, kb10) }
func BenchmarkVerify1MB(b *testing.B)       { benchmarkVerify(b, mb1, "rsa", benchBodies[0].line) }
func BenchmarkVerify1MBFloor(b *testing.B)  { benchmarkVerifyFloor(b, mb1) }
func BenchmarkSign10KB(b *testing.B)        { benchmarkSign(b, kb10, benchBodies[0].line) }
func BenchmarkSign10KBFloor(b *testing.B)   { benchmarkSignFloor(b, kb10) }
func BenchmarkSign1MB(b *testing.B)         { benchmarkSign(b, mb1, benchBodies[0].line) }
func BenchmarkSign1MBFloor(b *testing.B)    { benchmarkSignFloor(b, mb1) }

// BenchmarkVerifyKinds has other bodies and Ed25519; the floors are those above.
func BenchmarkVerifyKinds(b *testing.B) {
	for _, k := range benchBodies[1:] {
		b.Run(k.name+"10KB", func(b *testing.B) { benchmarkVerify(b, kb10, "rsa", k.line) })
		b.Run(k.name+"1MB", func(b *testing.B) { benchmarkVerify(b, mb1, "rsa", k.line) })
		b.Run(k.name+"Sign1MB", func(b *testing.B) { benchmarkSign(b, mb1, k.line) })
	}
	b.Run("Ed25519", func(b *testing.B) { benchmarkVerify(b, kb10, "ed25519", benchBodies[0].line) })
}

func BenchmarkParseKey(b *testing.B) {
	record, err := RecordFor(testKeys["rsa"].Public())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseKey(record); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseSignature(b *testing.B) {
	o := benchOptions
	o.Key = testKeys["rsa"]
	field, err := Sign(bytes.NewReader(benchMessage("x\r\n", kb10)), o)
	if err != nil {
		b.Fatal(err)
	}
	value := message.NewField(field).Value()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseSignature(value); err != nil {
			b.Fatal(err)
		}
	}
}
