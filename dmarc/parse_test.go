package dmarc

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/todoku/todoku/internal/testcorpus"
)

// RFC 9989 section 4.7: v first, in just this case; all else is no DMARC record.
func TestVersion(t *testing.T) {
	for txt, want := range map[string]bool{
		"v=DMARC1":              true,
		"v=DMARC1;":             true,
		"v=DMARC1;p=none":       true,
		"v = DMARC1 ; p = none": true,
		"v\t=\tDMARC1\t;":       true,
		"V=DMARC1; p=none":      true, // section 4.8: "v" is case-insensitive, the value is not
		"v=dmarc1; p=none":      false,
		"v=DMARC1 p=none":       false,
		"v=DMARC12; p=none":     false,
		"v=DMARC;p=none":        false,
		" v=DMARC1; p=none":     false,
		"p=none; v=DMARC1":      false,
		";v=DMARC1":             false,
		"v=DMARC1\u00a0;":       false,
		"":                      false,
		"v":                     false,
		"v=spf1 -all":           false,
		"\"v=DMARC1; p=none\"":  false,
		"v=DMARC1\r\n; p=none":  false,
	} {
		if _, ok := Parse(txt); ok != want {
			t.Errorf("%q: %v", txt, ok)
		}
	}
}

func TestParse(t *testing.T) {
	for txt, want := range map[string]Record{
		"v=DMARC1; p=reject; sp=quarantine; np=none; adkim=s; aspf=s; fo=1:d:s; psd=n; t=y; rua=mailto:a@b.example,https://c.example/x; ruf=mailto:d@e.example": {
			P: "reject", SP: "quarantine", NP: "none", ADKIM: "s", ASPF: "s", FO: []string{"1", "d", "s"}, PSD: "n", Testing: true,
			RUA: []string{"mailto:a@b.example", "https://c.example/x"}, RUF: []string{"mailto:d@e.example"},
		},
		"v=DMARC1; P=Reject; aSPF=S; T=Y;":         {P: "reject", ASPF: "s", Testing: true},
		"v=DMARC1; rua=mailto:a@b.example; p=none": {P: "none", RUA: []string{"mailto:a@b.example"}}, // p anywhere
		"v=DMARC1":               {Problems: []Problem{{MissingP, "p", ""}}},
		"v=DMARC1; p=; sp=; np=": {Problems: []Problem{{InvalidP, "p", ""}, {InvalidSP, "sp", ""}, {InvalidNP, "np", ""}}},
		"v=DMARC1; p=none; sp=rejct; adkim=x; aspf=rs; fo=2; psd=yes; t=1": {P: "none", Problems: []Problem{
			{InvalidSP, "sp", "rejct"}, {InvalidADKIM, "adkim", "x"}, {InvalidASPF, "aspf", "rs"}, {InvalidFO, "fo", "2"}, {InvalidPSD, "psd", "yes"}, {InvalidT, "t", "1"}}},
		"v=DMARC1; p=none; pct=50; rf=afrf; ri=3600; foo=bar":                              {P: "none", Problems: []Problem{{RemovedTag, "pct", "50"}, {RemovedTag, "rf", "afrf"}, {RemovedTag, "ri", "3600"}, {UnknownTag, "foo", "bar"}}},
		"v=DMARC1;; p=none; ;nonsense; x-y=1; =z":                                          {P: "none", Problems: []Problem{{BadSyntax, "", "nonsense"}, {BadSyntax, "", "x-y=1"}, {BadSyntax, "", "=z"}}},
		"v=DMARC1; p=none; p=none; t=y; t=y; rua=mailto:a@b.c; rua=mailto:d@e.f; v=DMARC1": {Problems: []Problem{{DuplicateTag, "v", "DMARC1"}, {DuplicateTag, "p", "none"}, {InvalidP, "p", ""}, {DuplicateTag, "rua", "mailto:d@e.f"}, {DuplicateTag, "t", "y"}}},
		"v=DMARC1; p=none; rua=mailto:a@b.example!10m , mailto:c@d.example":                {P: "none", RUA: []string{"mailto:a@b.example", "mailto:c@d.example"}, Problems: []Problem{{URISize, "rua", "mailto:a@b.example!10m"}}},
		"v=DMARC1; p=none; rua=a@b.example,,mailto:x":                                      {P: "none", Problems: []Problem{{InvalidRUA, "rua", "a@b.example"}, {InvalidRUA, "rua", ""}, {InvalidRUA, "rua", "mailto:x"}}},
		"v=DMARC1; p=none; fo=0:1":                                                         {P: "none", Problems: []Problem{{InvalidFO, "fo", "0:1"}}},
		"v=DMARC1; p=none; fo=d:d":                                                         {P: "none", Problems: []Problem{{InvalidFO, "fo", "d:d"}}},
		"v=DMARC1; p=none; fo=s : D : 1":                                                   {P: "none", FO: []string{"s", "d", "1"}},
	} {
		rec, ok := Parse(txt)
		if !ok {
			t.Errorf("%q is no record", txt)
			continue
		}
		want.Raw = txt
		for _, d := range []struct {
			field *string
			value string
		}{{&want.ADKIM, "r"}, {&want.ASPF, "r"}, {&want.PSD, "u"}} {
			if *d.field == "" {
				*d.field = d.value
			}
		}
		if want.FO == nil {
			want.FO = []string{"0"}
		}
		if d := cmp.Diff(&want, rec, cmpopts.IgnoreFields(Record{}, "Tags")); d != "" {
			t.Errorf("%q: %s", txt, d)
		}
	}
}

func TestURIs(t *testing.T) {
	for uri, want := range map[string]bool{
		"mailto:a@example.com":            true,
		"MAILTO:a@example.com":            true,
		"mailto:a%2Bb@example.com":        true,
		"mailto:a@example.com?subject=x":  true,
		"mailto:a%21b@example.com":        true, // section 4.8: "!" encoded
		"mailto:%E5%B1%B1@%E4%BE%8B.jp":   true, // RFC 6068 section 2
		"mailto:a%E3@example.com":         false,
		"mailto:a%C2%85b@example.com":     false, // a control of Unicode
		"https://example.com/report":      true,
		"x-other:anything":                true, // any valid URI
		"mailto:a!b@example.com":          false,
		"mailto:a":                        false,
		"mailto:@example.com":             false,
		"mailto:a@":                       false,
		"mailto:a@ex..com":                false,
		"mailto:a b@example.com":          false,
		"mailto:a%0D%0ABcc:x@example.com": false, // a header field in disguise
		"mailto:a%zz@example.com":         false,
		"mailto:あ@example.com":            false,
		"https://":                        false,
		"a@example.com":                   false,
		"://x":                            false,
		"1x:y":                            false,
		"":                                false,
	} {
		if validURI(uri) != want {
			t.Errorf("%q: %v", uri, !want)
		}
	}
	for in, want := range map[string]string{"x!10": "x", "x!10k": "x", "x!10G": "x", "x!k": "x!k", "x!": "x!", "x!1x": "x!1x", "x": "x"} {
		if got, _ := cutSize(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestStringOfFields(t *testing.T) {
	r := Record{P: "reject", NP: "reject", ADKIM: "s", RUA: []string{"mailto:a@b.example", "mailto:c@d.example"}, PSD: "n", Testing: true, FO: []string{"1"}}
	if got, want := r.String(), "v=DMARC1; p=reject; np=reject; adkim=s; rua=mailto:a@b.example,mailto:c@d.example; fo=1; psd=n; t=y"; got != want {
		t.Errorf("%q", got)
	}
}

// FuzzParse: a record that parses is the same record when written, from its tags
// and from its fields.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"v=DMARC1; p=reject; rua=mailto:a@b.example!10m,https://c.example", "v=DMARC1;p=;;sp=x", "v = DMARC1 ; t = y ; fo=0:d:s ; psd = n", "v=DMARC1; p=none; p=reject", "v=DMARC1; foo=\xff; \x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rec, ok := Parse(s)
		if !ok {
			return
		}
		ignore := cmpopts.IgnoreFields(Record{}, "Raw", "Problems")
		again, ok := Parse(rec.String())
		if !ok {
			t.Fatalf("%q gives %q, which is no record", s, rec)
		}
		if d := cmp.Diff(rec, again, ignore); d != "" {
			t.Errorf("%q: %s", s, d)
		}
		p, sp, np, use := rec.Usable()
		if p2, sp2, np2, use2 := again.Usable(); p != p2 || sp != sp2 || np != np2 || use != use2 {
			t.Errorf("%q is used as %v %v %v, written as %v %v %v", s, p, sp, np, p2, sp2, np2)
		}
		bare := *rec
		bare.Tags = nil
		if again, ok = Parse(bare.String()); !ok {
			t.Fatalf("%q gives %q from its fields", s, bare.String())
		}
		if d := cmp.Diff(rec, again, ignore, cmpopts.IgnoreFields(Record{}, "Tags")); d != "" {
			t.Errorf("%q from its fields: %s", s, d)
		}
	})
}

// TestRealRecords parses the records of real public-sector domains.
func TestRealRecords(t *testing.T) {
	counts := map[string]int{}
	for line := range strings.Lines(string(testcorpus.Read(t, "realdns/records.jsonl"))) {
		var rr struct{ Name, Type, Data string }
		if err := json.Unmarshal([]byte(line), &rr); err != nil {
			t.Fatal(err)
		}
		if rr.Type != "TXT" {
			continue
		}
		rec, ok := Parse(rr.Data)
		atName := strings.HasPrefix(rr.Name, "_dmarc.")
		switch {
		case !ok && atName:
			counts["none of "+rr.Data[:min(10, len(rr.Data))]]++
			continue
		case !ok:
			continue
		case !atName:
			counts["elsewhere"]++
		}
		counts["records"]++
		p, _, _, use := rec.Usable()
		if !use {
			counts["unusable"]++
		} else {
			counts[string(p)]++
		}
		if len(rec.RUA) > 0 {
			counts["rua"]++
		}
		for _, problem := range rec.Problems {
			counts[problem.ID]++
		}
		if again, _ := Parse(rec.String()); again == nil || again.P != rec.P || len(again.RUA) != len(rec.RUA) {
			t.Errorf("%q does not survive", rr.Data)
		}
	}
	want := map[string]int{
		"records": 380, "reject": 352, "none": 23, "quarantine": 3, "unusable": 2, "rua": 373,
		"missing-p": 2, "removed-tag": 15, "elsewhere": 6, // the last: targets of CNAMEs, report authorisations
	}
	if d := cmp.Diff(want, counts); d != "" {
		t.Error(d)
	}
}
