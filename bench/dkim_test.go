// Package bench compares Todoku's libraries with their peers on the same work in
// one run. It is a module of its own, so that the peers are no dependency of the product.
package bench

import (
	"bytes"
	"context"
	"crypto"
	"strings"
	"testing"

	peer "github.com/emersion/go-msgauth/dkim"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/message"
)

const header = "From: Info <info@shop.example>\r\nTo: a@b.example\r\nSubject: hello\r\nDate: Sun, 01 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n\r\n"

// sample is a message of about size octets, the field that signs it, and its DNS.
type sample struct {
	raw  []byte // signed
	bare []byte
	key  crypto.Signer
	txt  string
	zone *dns.Memory
}

func newSample(b *testing.B, size int) sample {
	b.Helper()
	const text = "The quick brown fox jumps over the lazy dog, and on and on it goes.\r\n"
	s := sample{bare: []byte(header + strings.Repeat(text, size/len(text)))}
	var err error
	if s.key, err = dkim.GenerateKey("rsa", 2048); err != nil {
		b.Fatal(err)
	}
	if s.txt, err = dkim.RecordFor(s.key.Public()); err != nil {
		b.Fatal(err)
	}
	field, err := dkim.Sign(bytes.NewReader(s.bare), s.options())
	if err != nil {
		b.Fatal(err)
	}
	s.raw = append(field, s.bare...)
	s.zone = dns.MustMemory(dns.Zone{"s._domainkey.shop.example": {"TXT " + s.txt}})
	return s
}

func (s sample) options() dkim.SignOptions {
	return dkim.SignOptions{Domain: "shop.example", Selector: "s", Key: s.key, Header: dkim.Relaxed, Body: dkim.Relaxed}
}

func benchVerify(b *testing.B, size int) {
	s := newSample(b, size)
	b.SetBytes(int64(len(s.raw)))
	b.Run("todoku", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v := dkim.Verify(context.Background(), s.zone, message.Parse(s.raw), dkim.Options{})
			if len(v) != 1 || v[0].Result != dkim.Pass {
				b.Fatalf("%+v", v)
			}
		}
	})
	b.Run("go-msgauth", func(b *testing.B) {
		o := &peer.VerifyOptions{LookupTXT: func(string) ([]string, error) { return []string{s.txt}, nil }}
		b.ReportAllocs()
		for b.Loop() {
			v, err := peer.VerifyWithOptions(bytes.NewReader(s.raw), o)
			if err != nil || len(v) != 1 || v[0].Err != nil {
				b.Fatal(err, v)
			}
		}
	})
}

func BenchmarkDKIMVerify10KB(b *testing.B) { benchVerify(b, 10<<10) }
func BenchmarkDKIMVerify1MB(b *testing.B)  { benchVerify(b, 1<<20) }

func benchSign(b *testing.B, size int) {
	s := newSample(b, size)
	b.Run("todoku", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := dkim.Sign(bytes.NewReader(s.bare), s.options()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("go-msgauth", func(b *testing.B) {
		o := &peer.SignOptions{
			Domain: "shop.example", Selector: "s", Signer: s.key,
			HeaderCanonicalization: peer.CanonicalizationRelaxed, BodyCanonicalization: peer.CanonicalizationRelaxed,
		}
		var out bytes.Buffer
		b.ReportAllocs()
		for b.Loop() {
			out.Reset()
			if err := peer.Sign(&out, bytes.NewReader(s.bare), o); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDKIMSign10KB(b *testing.B) { benchSign(b, 10<<10) }
func BenchmarkDKIMSign1MB(b *testing.B)  { benchSign(b, 1<<20) }
