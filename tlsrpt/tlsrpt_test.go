package tlsrpt

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

func ids(problems []Problem) string {
	var out []string
	for _, p := range problems {
		out = append(out, p.ID)
	}
	return strings.Join(out, " ")
}

// TestRFC8460Section3 is the ABNF of tlsrpt-record.
func TestRFC8460Section3(t *testing.T) {
	for _, c := range []struct {
		txt, problems, rua string
		valid              bool
	}{
		{"v=TLSRPTv1; rua=mailto:reports@example.com", "", "mailto:reports@example.com", true},
		{"v=TLSRPTv1;rua=mailto:reports@example.com;", "", "mailto:reports@example.com", true},
		{"v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt", "", "https://reporting.example.com/v1/tlsrpt", true},
		{"v=TLSRPTv1; \t rua=mailto:a@example.com , https://example.com/x ; ", "", "mailto:a@example.com https://example.com/x", true},
		{"v=TLSRPTv1; rua=MAILTO:a@example.com", "", "MAILTO:a@example.com", true},
		{"v=TLSRPTv1; rua=mailto:a%2Bb@example.com?subject=x", "", "mailto:a%2Bb@example.com?subject=x", true},
		{"v=TLSRPTv1; ext=1; rua=mailto:a@example.com", "unknown-field", "mailto:a@example.com", true},
		{"v=TLSRPTv1; rua=mailto:a@example.com; rua=mailto:b@example.com", "duplicate-field", "mailto:a@example.com", true},
		{"v=TLSRPTv1; rua=a@example.com,mailto:b@example.com", "invalid-uri", "mailto:b@example.com", true},
		{"v=TLSRPTv1; rua=http://example.com/,mailto:b@example.com", "unknown-scheme", "mailto:b@example.com", true},
		{"v=TLSRPTv1; rua=mailto:b@example.com!10m", "invalid-uri no-usable-rua", "", false},
		{"v=TLSRPTv1; rua=a@example.com", "invalid-uri no-usable-rua", "", false},
		{"v=TLSRPTv1; rua=mailto:", "invalid-uri no-usable-rua", "", false},
		{"v=TLSRPTv1; rua=mailto:nobody", "invalid-uri no-usable-rua", "", false},
		{"v=TLSRPTv1; rua=https:///path", "invalid-uri no-usable-rua", "", false},
		{"v=TLSRPTv1; rua=https://u:p@example.com/", "invalid-uri no-usable-rua", "", false},
		{"v=TLSRPTv1; rua=", "syntax missing-rua", "", false},
		{"v=TLSRPTv1; RUA=mailto:a@example.com", "field-case missing-rua", "", false},
		{"v=TLSRPTv1; rua=mailto:a@example.com;; x=1", "syntax unknown-field", "mailto:a@example.com", false},
		{"v=TLSRPTv1;", "missing-rua", "", false},
		{"v=TLSRPTv1", "syntax missing-rua", "", false},
		{"v=TLSRPTv1; x=a=b; rua=mailto:a@example.com", "syntax", "mailto:a@example.com", false},
		{"v=TLSRPTv1; rua=mailto:r\u00e9ports@example.com", "invalid-uri no-usable-rua", "", false},
		{"v=TLSRPTv1; rua=" + strings.Repeat("mailto:a@example.com,", 30) + "x", "too-many-uris", strings.Repeat("mailto:a@example.com ", 19) + "mailto:a@example.com", true},
	} {
		r := ParseRecord(c.txt)
		if ids(r.Problems) != c.problems || strings.Join(r.RUA, " ") != c.rua || r.Valid() != c.valid {
			t.Errorf("%q: problems %q, rua %q, valid %v", c.txt, ids(r.Problems), r.RUA, r.Valid())
		}
	}
}

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		name    string
		lines   []string
		result  Result
		problem string
	}{
		{"none", nil, None, NoRecord},
		{"other-text", []string{"TXT hello"}, None, NoRecord},
		{"one", []string{"TXT v=TLSRPTv1; rua=mailto:a@example.com", "TXT other"}, Valid, ""},
		{"section-3-several-records", []string{"TXT v=TLSRPTv1; rua=mailto:a@example.com", "TXT v=TLSRPTv1; rua=mailto:b@example.com"}, Invalid, MultipleRecords},
		{"section-3-version-in-capitals", []string{"TXT V=TLSRPTV1; rua=mailto:a@example.com"}, Invalid, NearRecord},
		{"section-3-blank-first", []string{`TXT " v=TLSRPTv1; rua=mailto:a@example.com"`}, Invalid, NearRecord},
		{"section-3-blank-before-semicolon", []string{"TXT v=TLSRPTv1 ; rua=mailto:a@example.com"}, Invalid, NearRecord},
		{"near-one-does-not-count", []string{"TXT v=TLSRPTv1 ; rua=x", "TXT v=TLSRPTv1; rua=mailto:a@example.com"}, Valid, ""},
		{"invalid", []string{"TXT v=TLSRPTv1; rua=a@example.com"}, Invalid, InvalidRecord},
		{"servfail-is-not-absence", []string{"SERVFAIL"}, TempError, DNSFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := dns.Zone{"example.com": {"A 192.0.2.1"}}
			if c.lines != nil {
				z["_smtp._tls.example.com"] = c.lines
			}
			v := Lookup(context.Background(), dns.MustMemory(z), "Example.COM.")
			if v.Result != c.result || v.Problem != c.problem || v.Reason == "" {
				t.Errorf("%s %q %q", v.Result, v.Problem, v.Reason)
			}
		})
	}
}

func TestAddress(t *testing.T) {
	for uri, want := range map[string]string{
		"mailto:a@example.com": "a@example.com", "mailto:a%2Bb@example.com?subject=x": "a+b@example.com",
		"https://example.com": "", "mailto:%zz@example.com": "", "mailto:a@b@c": "",
	} {
		if got, ok := Address(uri); strings.ReplaceAll(got, `"`, "") != want || ok != (want != "") {
			t.Errorf("%s: %q %v", uri, got, ok)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	for _, s := range []string{"v=TLSRPTv1; rua=mailto:a@example.com,https://example.com/", "v=TLSRPTv1;;", "v=TLSRPTv1; a=b; rua=x", "v=TLSRPTv1 ;rua=mailto:%40@x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := ParseRecord(s)
		if r.Valid() != (r.Valid() && len(r.RUA) > 0) {
			t.Errorf("%q is valid without a URI", s)
		}
		if !r.Valid() {
			return
		}
		back := ParseRecord(r.String())
		if !back.Valid() || !reflect.DeepEqual(back.RUA, r.RUA) || !reflect.DeepEqual(back.Fields, r.Fields) {
			t.Errorf("%q -> %q: %+v", s, r.String(), back)
		}
	})
}
