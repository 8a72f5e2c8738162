package bimi

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/asn1"
	"strings"
	"testing"
	"time"
)

// TestAttackSVG: what a hostile logo makes of its octets is bounded, and none is valid.
func TestAttackSVG(t *testing.T) {
	head := `<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 1 1">`
	bomb := `<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">` + func() (s string) {
		for c := 'b'; c <= 'z'; c++ {
			s += `<!ENTITY ` + string(c) + ` "` + strings.Repeat("&"+string(c-1)+";", 10) + `">`
		}
		return s
	}() + `]>`
	for name, file := range map[string]string{
		"entities":         bomb + head + `<title>&z;</title></svg>`,
		"external entity":  `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + head + `<title>&x;</title></svg>`,
		"parameter entity": `<!DOCTYPE svg SYSTEM "http://127.0.0.1/x.dtd">` + head + `<title>&x;</title></svg>`,
		"nested":           head + strings.Repeat("<g>", 30_000),
		"attributes":       head + `<g ` + strings.Repeat(`onload="x" `, 20_000) + `/></svg>`,
		"namespaces":       head + strings.Repeat(`<g xmlns:a="b">`, 20_000),
		"namespace uses":   head + `<g ` + strings.Repeat(`xmlns:a="b" a:x="y" `, 20_000) + `/></svg>`,
		"urls":             head + `<g fill="` + strings.Repeat("url(#", 60_000) + `"/></svg>`,
		"title":            head + `<title>` + strings.Repeat("x<!-- -->", 40_000) + `</title></svg>`,
		"comments":         head + strings.Repeat("<!-- -->", 60_000),
		"instructions":     head + strings.Repeat("<?a b?>", 60_000),
		"cdata":            head + "<title>" + strings.Repeat("<![CDATA[x]]>", 30_000),
		"not closed":       head + "<title>" + strings.Repeat("<", 100_000),
		"script":           head + `<title>x</title><script>alert(1)</script></svg>`,
		"late script":      head + `<title>x</title></svg><script xmlns="http://www.w3.org/2000/svg"/>`,
		"metadata script":  head + `<title>x</title><metadata><script xmlns="http://www.w3.org/2000/svg"/></metadata></svg>`,
		"link":             head + `<title>x</title><use href=" java&#115;cript:alert(1)"/></svg>`,
		"xlink":            head + `<title>x</title><use xmlns:l="http://www.w3.org/1999/xlink" l:href="https://example.com/x.svg#a"/></svg>`,
		"base":             head + `<title>x</title><g xml:base="https://example.com/"/></svg>`,
		"style":            head + `<title>x</title><style>@import url(https://example.com)</style></svg>`,
		"gzip":             packed(head + `<title>x</title></svg>`),
		"utf-16":           "\xff\xfe<\x00s\x00v\x00g\x00>\x00",
		"large":            head + strings.Repeat(" ", MaxDocument),
	} {
		s := CheckSVG([]byte(file))
		if s.Valid() || len(s.Problems) > maxFaults {
			t.Errorf("%s: %d problems: %v", name, len(s.Problems), s.Problems)
		}
		for _, p := range s.Problems {
			if len(p.Name) > 200 || len(p.Value) > 200 {
				t.Errorf("%s: a problem of %d octets", name, len(p.Name)+len(p.Value))
			}
		}
	}
}

func packed(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s)) // a bytes.Buffer takes everything
	_ = z.Close()
	return b.String()
}

// TestAttackPEM: a file that begins blocks without end, or has too many, costs one pass.
func TestAttackPEM(t *testing.T) {
	for name, file := range map[string]string{
		"begins":     strings.Repeat("-----BEGIN CERTIFICATE-----\n", MaxDocument/28-1),
		"one line":   strings.Repeat("-----BEGIN CERTIFICATE-----", MaxDocument/27-1),
		"headers":    "-----BEGIN CERTIFICATE-----\n" + strings.Repeat("a: b\n", MaxDocument/5-100) + "\n-----END CERTIFICATE-----\n",
		"ends":       strings.Repeat("-----END CERTIFICATE-----\n", MaxDocument/26-1),
		"empty":      strings.Repeat("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", MaxDocument/54-1),
		"mismatched": strings.Repeat("-----BEGIN A-----\nAAAA\n-----END B-----\n", MaxDocument/40-1),
		"dashes":     strings.Repeat("-", MaxDocument),
	} {
		if c := CheckCertificate([]byte(file), CertificateQuestion{Domain: "example.com", At: time.Unix(0, 0), Roots: x509.NewCertPool()}); c.Valid() || len(c.Problems) > 2*MaxCertificates {
			t.Errorf("%s: %d problems", name, len(c.Problems))
		}
	}
}

// TestAttackLogotype: sequences in sequences, lengths that lie and a gzip bomb.
func TestAttackLogotype(t *testing.T) {
	nested := []byte{}
	for range 2000 {
		b, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: nested})
		if err != nil {
			t.Fatal(err)
		}
		nested = b
	}
	for _, der := range [][]byte{nested, {0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, {0x30, 0x80}, bytes.Repeat([]byte{0x30}, 1000), nil} {
		if images, ok := parseLogotype(der); ok {
			t.Errorf("%d images", len(images))
		}
	}
	if out := gunzip([]byte(packed(strings.Repeat("\x00", 64<<20)))); out != nil {
		t.Errorf("%d octets were unpacked", len(out))
	}
}
