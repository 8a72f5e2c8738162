package dmarc

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/idna"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/testcorpus"
)

// TestPublicSuffixList runs the list's own test data.
func TestPublicSuffixList(t *testing.T) {
	n := 0
	for line := range strings.Lines(string(testcorpus.Read(t, "psl/tests.txt"))) {
		in, want, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(in, "//") || in == "null" {
			continue
		}
		n++
		in, _ = idna.ToASCII(in)
		want, _ = idna.ToASCII(want)
		if want == "null" { // a public suffix, or no name: its own organization
			want = in
		}
		if got := RegisteredDomain(in); !strings.EqualFold(got, want) {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if n < 60 {
		t.Errorf("%d cases", n)
	}
}

func TestRFC7489(t *testing.T) {
	r := dns.MustMemory(dns.Zone{
		"_dmarc.example.com":     {"TXT v=DMARC1; p=reject; sp=quarantine; np=none; pct=10"},
		"_dmarc.own.example.com": {"TXT v=DMARC1; p=none"},
		"_dmarc.mid.example.com": {"TXT v=DMARC1; p=none; psd=n"},
		"_dmarc.two.example.com": {"TXT v=DMARC1; p=none", "TXT v=DMARC1; p=none"},
		"_dmarc.co.uk":           {"TXT v=DMARC1; p=reject"},
		"_dmarc.slow.co.uk":      {"TIMEOUT"},
		"_dmarc.badnp.co.uk":     {"TXT v=DMARC1; p=reject; np=x"},
		"_dmarc.badsp.co.uk":     {"TXT v=DMARC1; p=reject; sp=x"},
		"_dmarc.badsprua.co.uk":  {"TXT v=DMARC1; p=reject; sp=x; rua=mailto:a@b.example"},
		"_dmarc.strict.co.uk":    {"TXT v=DMARC1; p=reject; aspf=s"},
	})
	for in, want := range map[string]string{
		"example.com":                             "fail reject@example.com of example.com",
		"a.b.c.example.com":                       "fail quarantine@example.com of example.com",
		"own.example.com dkim:example.com:pass":   "pass none@own.example.com of example.com",
		"a.mid.example.com":                       "fail quarantine@example.com of example.com", // the list knows no psd=n
		"a.mid.example.com dkim:example.com:pass": "pass quarantine@example.com of example.com",
		"two.example.com":                         "none @ of example.com", // section 6.6.3: several records end the search
		"foo.co.uk":                               "none @ of foo.co.uk",   // the suffix is never asked
		"foo.co.uk spf:bar.co.uk:pass":            "none @ of foo.co.uk",
		"slow.co.uk":                              "temperror @ of slow.co.uk",
		"a.slow.co.uk":                            "temperror @ of slow.co.uk",
		"badnp.co.uk":                             "fail reject@badnp.co.uk of badnp.co.uk", // np is not of RFC 7489
		"badsp.co.uk":                             "none @ of badsp.co.uk",
		"badsprua.co.uk":                          "fail none@badsprua.co.uk of badsprua.co.uk",
		"strict.co.uk spf:a.strict.co.uk:pass":    "fail reject@strict.co.uk of strict.co.uk",
		"a.strict.co.uk dkim:b.strict.co.uk:pass": "pass reject@strict.co.uk of strict.co.uk",
		"example.com spf:a.example.com:temperror": "temperror reject@example.com of example.com",
		"a.b.c.d.e.f.g.h.i.co.uk":                 "none @ of i.co.uk",
	} {
		v := Evaluate(t.Context(), r, input(in)).RFC7489
		if got := fmt.Sprintf("%s %s@%s of %s", v.Result, v.Policy, v.PolicyDomain, v.OrgDomain); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	own := input("a.example.com")
	own.RegisteredDomain = func(string) string { return "b.example" }
	if v := Evaluate(t.Context(), r, own).RFC7489; v.OrgDomain != "b.example" || v.Result != None {
		t.Errorf("another list is not used: %+v", v)
	}
}
