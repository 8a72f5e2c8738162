package dkim

import (
	"encoding/json"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/testcorpus"
	"github.com/todoku/todoku/message"
)

// TestCorpus verifies real and published messages, the example of RFC 8463 appendix A.3 among them.
func TestCorpus(t *testing.T) {
	var cases []struct {
		ID, File, Expect string
		Zone             map[string]string
		Signatures       []struct{ D, S, A, C string }
	}
	if err := json.Unmarshal(testcorpus.Read(t, "dkim/manifest.json"), &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			z := dns.Zone{}
			for name, txt := range c.Zone {
				z[name] = []string{"TXT " + txt}
			}
			raw, _ := message.NormalizeFile(testcorpus.Read(t, "dkim/"+c.File))
			got := Verify(t.Context(), dns.MustMemory(z), message.Parse(raw), Options{})
			if len(got) != len(c.Signatures) {
				t.Fatalf("%d verdicts, want %d", len(got), len(c.Signatures))
			}
			for i, v := range got {
				s, want := v.Signature, c.Signatures[i]
				if string(v.Result) != c.Expect || v.Reason != "" {
					t.Errorf("signature %d: %s (%s)", i, v.Result, v.Reason)
				}
				if s.Domain != want.D || s.Selector != want.S || s.Algorithm != want.A || s.Canonicalization() != want.C {
					t.Errorf("signature %d: %+v, want %+v", i, s, want)
				}
			}
		})
	}
}
