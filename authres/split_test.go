package authres_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/authres"
)

func TestSplit(t *testing.T) {
	for value, want := range map[string][]string{
		" example.org 1;\r\n\tspf=pass (a; b)\r\n smtp.mfrom=x ; dkim=fail reason=\"c; d\";; ": {"example.org 1", "spf=pass (a; b) smtp.mfrom=x", `dkim=fail reason="c; d"`},
		"example.org":                   {"example.org"},
		"example.org; none (why (not))": {"example.org", "none (why (not))"},
	} {
		got, err := authres.Split([]byte(value))
		if err != nil {
			t.Errorf("%q: %v", value, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", value, d)
		}
	}
	for _, value := range []string{"", "example.org; a=b (", `example.org; a="`, "example.org; a=\x01"} {
		if got, err := authres.Split([]byte(value)); err == nil {
			t.Errorf("%q gave %q", value, got)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte("example.org 1; spf=pass (a; b) smtp.mfrom=x; none"))
	f.Fuzz(func(t *testing.T, value []byte) {
		parts, err := authres.Split(value)
		h, perr := authres.Parse(value)
		if (err == nil) != (perr == nil) {
			t.Fatalf("Split: %v, Parse: %v", err, perr)
		}
		if len(h.Results) > len(parts) {
			t.Fatalf("%d results in %d parts", len(h.Results), len(parts))
		}
	})
}
