package dkim

import (
	"crypto/rsa"
	"crypto/x509"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/message"
)

func FuzzParseSignature(f *testing.F) {
	bh := strings.Repeat("A", 43) + "="
	f.Add("v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=" + bh + "; b=AAAA; i=a=20b@x.example.com; l=1; t=1; x=2; q=dns/txt; c=relaxed")
	f.Add("v=1; d=例え.jp; s=s")
	f.Fuzz(func(t *testing.T, value string) {
		p := parseSignature([]byte(value))
		s := &p.sig.Signature
		var whole parsed
		whole.parse(value)
		if p.cut = nil; !reflect.DeepEqual(p, whole) {
			t.Fatalf("read without b=, %+v is not %+v", p, whole)
		}
		for _, name := range []string{s.Domain, s.Selector} {
			for i := range len(name) {
				if !isNameOctet(name[i]) && name[i] != '.' {
					t.Fatalf("%q in a name", name)
				}
			}
		}
		for i := range len(s.Identity) {
			if s.Identity[i] < ' ' {
				t.Fatalf("a control character in i=%q", s.Identity)
			}
		}
		if p.err != nil {
			if problem, reason := problemOf(p.err); problem == "" || reason == "" {
				t.Fatalf("%v has no word", p.err)
			}
			return
		}
		if s.Domain == "" || s.Selector == "" || len(s.BodyHash) == 0 || len(s.Value) == 0 || len(s.Headers) == 0 || s.Identity == "" {
			t.Fatalf("no error, and yet %+v", s)
		}
		if v := value[p.bFrom:p.bEnd]; strings.Contains(v, ";") {
			t.Fatalf("b= is %q", v)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	for selector := range testKeys {
		f.Add(recordOf(selector))
	}
	f.Add("v=DKIM1; k=rsa; t=y:s; h=sha256; s=*; n=x; p=")
	f.Fuzz(func(t *testing.T, record string) {
		k, err := ParseKey(record)
		if err != nil {
			if problem, _ := problemOf(err); problem == "" {
				t.Fatalf("%v has no word", err)
			}
			return
		}
		if pub, ok := k.Public.(*rsa.PublicKey); ok && (pub.N.BitLen() != k.Bits || k.Bits > MaxRSABits || pub.E < 3) {
			t.Fatalf("%d bits, really %d, exponent %d", k.Bits, pub.N.BitLen(), pub.E)
		}
		if k.Public == nil && !k.Revoked && k.Bits <= MaxRSABits {
			t.Fatalf("no key, and not revoked: %+v", k)
		}
	})
}

// FuzzParseRSA holds the reader of ASN.1 against crypto/x509: what we take, it reads
// alike.
func FuzzParseRSA(f *testing.F) {
	pub := testKeys["rsa"].Public().(*rsa.PublicKey)
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(spki)
	f.Add(x509.MarshalPKCS1PublicKey(pub))
	f.Fuzz(func(t *testing.T, der []byte) {
		got, _, err := parseRSA(der)
		if err != nil || got == nil {
			return
		}
		if want, err := x509.ParsePKIXPublicKey(der); err == nil {
			if !got.Equal(want.(*rsa.PublicKey)) {
				t.Fatal("another key than crypto/x509 reads")
			}
		} else if want, err := x509.ParsePKCS1PublicKey(der); err != nil || !got.Equal(want) {
			t.Fatalf("crypto/x509 reads none of it: %v", err)
		}
	})
}

func FuzzVerify(f *testing.F) {
	f.Add(sign(f, simpleMessage, SignOptions{}), recordOf("rsa"))
	f.Add(sign(f, simpleMessage, SignOptions{Selector: "ed25519", Header: Relaxed, Body: Relaxed}), recordOf("ed25519"))
	f.Add("DKIM-Signature: x\r\n\r\n", "")
	f.Fuzz(func(t *testing.T, raw, record string) {
		r := fixed{Status: dns.Success, Records: []dns.Record{{Type: dns.TypeTXT, Data: record}}}
		m := message.Parse([]byte(raw))
		for _, v := range Verify(t.Context(), r, m, Options{Now: time.Unix(1_700_000_000, 0)}) {
			if v.Result == "" || v.Result != Pass && (v.Problem == "" || v.Reason == "") {
				t.Fatalf("%+v", v)
			}
			if v.FieldIndex >= len(m.Fields) || !m.Fields[v.FieldIndex].Is(signatureField) {
				t.Fatalf("field %d", v.FieldIndex)
			}
		}
	})
}
