package dmarc

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

// RFC 9989 section 5.3.1: a U-label is converted (RFC 5890 section 2.3), all else is left.
func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		"Example.COM.":                   "example.com",
		"bücher.example":                 "xn--bcher-kva.example",
		"BÜCHER.example":                 "xn--bcher-kva.example",
		"xn--bcher-kva.example":          "xn--bcher-kva.example",
		"r3---sn.bücher.example":         "r3---sn.xn--bcher-kva.example",
		"_x.faß.example":                 "_x.xn--fa-hia.example",
		"xn--zzzzzz--.example":           "xn--zzzzzz--.example", // no A-label, but a name
		"例え.jp":                          "xn--r8jz45g.jp",
		"a。example":                      "",
		"ａ.example":                      "", // full-width, maps to ASCII
		"b\u00adu.example":               "",
		"":                               "",
		".":                              "",
		"a..b":                           "",
		".a":                             "",
		"a b":                            "",
		"[192.0.2.1]":                    "",
		"\xff.example":                   "",
		strings.Repeat("ü", 63) + ".com": "",
		strings.Repeat("ü.", 200) + "x":  "",
		strings.Repeat("ü.", 1<<20):      "",
	} {
		got, err := normalize(in)
		if want == "" && err == nil || want != "" && (err != nil || got != want) {
			t.Errorf("%.60q: %.60q, %v; want %q", in, got, err, want)
		}
	}
}

// What is no domain stands in a reason in quotes, and is cut.
func TestReasonOfOddDomains(t *testing.T) {
	r := dns.MustMemory(dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=none"}})
	for domain, want := range map[string]string{
		"faß.example":              `dkim passes for xn--fa-hia.example, which is not aligned with example.com`,
		"a\r\nx: \x1b[2J":          `dkim passes for "a\r\nx: \x1b[2J", which is not aligned with example.com`,
		strings.Repeat("é ", 1000): `dkim passes for "` + strings.Repeat(`\u00e9 `, 21) + `\xc3", which is not aligned with example.com`,
	} {
		v := Evaluate(t.Context(), r, Input{AuthorDomain: "example.com", DKIM: []Identifier{{domain, "pass"}}})
		if v.Reason != want {
			t.Errorf("%q: %s, want %s", domain, v.Reason, want)
		}
	}
}
