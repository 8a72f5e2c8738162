package mailauth_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
)

// benchMessage is 10 KB with two RSA-2048 signatures and one ARC set, and its DNS.
func benchMessage(b *testing.B) ([]byte, *dns.Memory, *rsa.PrivateKey) {
	b.Helper()
	key, err := dkim.GenerateKey("rsa", 2048)
	if err != nil {
		b.Fatal(err)
	}
	rec, err := dkim.RecordFor(key.Public())
	if err != nil {
		b.Fatal(err)
	}
	raw := strings.TrimSuffix(plain, "Hello.\r\n") + strings.Repeat("The quick brown fox jumps over the lazy dog, and on it goes.\r\n", 160)
	for _, d := range []string{"shop.example", "esp.example"} {
		f, err := dkim.Sign(strings.NewReader(raw), dkim.SignOptions{
			Domain: d, Selector: "s", Key: key, Header: wire.Relaxed, Body: wire.Relaxed, Timestamp: now,
		})
		if err != nil {
			b.Fatal(err)
		}
		raw = string(f) + raw
	}
	set, err := arc.Seal(message.Parse([]byte(raw)), arc.SealOptions{
		Domain: "list.example", Selector: "s", Key: key, AuthServID: "mail.list.example",
		Results: "dkim=pass header.d=shop.example", Header: wire.Relaxed, Body: wire.Relaxed,
		Timestamp: now, Chain: arc.Verdict{Result: arc.None},
	})
	if err != nil {
		b.Fatal(err)
	}
	return append(set, raw...), dns.MustMemory(dns.Zone{
		"shop.example":              {"TXT v=spf1 ip4:192.0.2.1 -all"},
		"mail.shop.example":         {"A 192.0.2.1"},
		"1.2.0.192.in-addr.arpa":    {"PTR mail.shop.example"},
		"_dmarc.shop.example":       {"TXT v=DMARC1; p=reject"},
		"s._domainkey.shop.example": {"TXT " + rec},
		"s._domainkey.esp.example":  {"TXT " + rec},
		"s._domainkey.list.example": {"TXT " + rec},
	}), key.(*rsa.PrivateKey)
}

func BenchmarkAuthenticate(b *testing.B) {
	raw, zone, _ := benchMessage(b)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		r := mailauth.Authenticate(context.Background(), zone, message.Parse(raw), direct, now)
		if r.DMARC.Result != dmarc.Pass || r.ARC.Result != arc.Pass {
			b.Fatalf("dmarc %q, arc %q %s", r.DMARC.Result, r.ARC.Result, r.ARC.Reason)
		}
	}
}

// The floor is the sum of the cryptography, in one goroutine: the body hashed once,
// what each of the four signatures signs of the header hashed at its real size, and
// four RSA verifications. The three keys are made of their octets for each message,
// as nobody can avoid who gets them from the DNS; crypto/rsa keeps nothing of a
// public key between two verifications.
func BenchmarkAuthenticateFloor(b *testing.B) {
	raw, _, key := benchMessage(b)
	m := message.Parse(raw)
	signed := signedHeaders(b, m)
	digest := sha256.Sum256([]byte("signed"))
	sig, err := key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	modulus := key.N.Bytes()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		sha256.Sum256(m.Body)
		var pub *rsa.PublicKey
		for i, s := range signed {
			sha256.Sum256(s)
			if i < 3 { // the last two are of one signer
				pub = &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: key.E}
			}
			if err := rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest[:], sig); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// signedHeaders gives as many octets as the DKIM-Signatures, the
// ARC-Message-Signature and the ARC-Seal of the message sign of its header.
func signedHeaders(b *testing.B, m *message.Message) [][]byte {
	var signed [][]byte
	whole := func(name string) (octets []byte) {
		for _, f := range m.All(name) {
			octets = wire.AppendHeader(octets, wire.Relaxed, f.Raw)
		}
		return octets
	}
	value := base64.StdEncoding.EncodedLen(256) // of b=, which does not sign itself
	for _, name := range []string{"DKIM-Signature", "ARC-Message-Signature"} {
		for _, f := range m.All(name) {
			own := wire.AppendHeader(nil, wire.Relaxed, f.Raw)
			octets := own[:len(own)-value]
			tags, err := wire.ParseTags(string(f.Value()))
			if err != nil {
				b.Fatal(err)
			}
			for _, t := range tags {
				if t.Name == "h" {
					seen := map[string]bool{}
					for name := range strings.SplitSeq(strings.ToLower(wire.StripFWS(t.Value)), ":") {
						if !seen[name] {
							octets = append(octets, whole(name)...)
						}
						seen[name] = true
					}
				}
			}
			signed = append(signed, octets)
		}
	}
	seal := append(append(whole("ARC-Authentication-Results"), whole("ARC-Message-Signature")...), whole("ARC-Seal")...)
	return append(signed, seal[:len(seal)-value])
}
