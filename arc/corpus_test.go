package arc_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/testcorpus"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// suite is one scenario of the ValiMail ARC test suite.
type suite struct {
	Description string
	Domain      string
	Selector    string `json:"sel"`
	PrivateKey  string
	TXT         map[string]string
	Cases       []struct {
		ID, Message string
		// Validation.
		CV string
		// Signing.
		T       int64
		Headers string `json:"sig-headers"`
		ServID  string `json:"srv-id"`
		AS, AMS string
		AAR     string
	}
}

func readSuite(t *testing.T, name string) []suite {
	t.Helper()
	var s []suite
	if err := json.Unmarshal(testcorpus.Read(t, "arc/valimail/"+name), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s suite) resolver(t *testing.T) dns.Resolver {
	t.Helper()
	z := dns.Zone{}
	for name, txt := range s.TXT {
		z[name] = []string{"TXT " + strings.ReplaceAll(strings.TrimSpace(txt), "\n", "")}
	}
	m, err := dns.NewMemory(z)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestCorpusValidation(t *testing.T) {
	n := 0
	for _, s := range readSuite(t, "validation.json") {
		r := s.resolver(t)
		for _, c := range s.Cases {
			n++
			t.Run(c.ID, func(t *testing.T) {
				want := strings.ToLower(c.CV)
				if want == "" {
					want = "fail" // the suite leaves three out; none of them may pass
				}
				v := arc.Verify(t.Context(), r, message.Parse([]byte(c.Message)), arc.Options{})
				if string(v.Result) != want {
					t.Errorf("%s (%s: %s), want %s", v.Result, v.Problem, v.Reason, want)
				}
				// Of the chains that pass, that of an empty h= covers no From, and no other.
				if v.Result == arc.Pass && v.Sets[len(v.Sets)-1].FromUnsigned != (c.ID == "ams_fields_h_empty") {
					t.Errorf("From unsigned %v", v.Sets[len(v.Sets)-1].FromUnsigned)
				}
				if (v.Result == arc.Fail) != (v.Problem != "" && v.Reason != "") {
					t.Errorf("%s with problem %q and reason %q", v.Result, v.Problem, v.Reason)
				}
			})
		}
	}
	if n != 171 {
		t.Errorf("%d cases, want 171", n)
	}
}

func TestCorpusSigning(t *testing.T) {
	n := 0
	for _, s := range readSuite(t, "sign.json") {
		block, _ := pem.Decode([]byte(s.PrivateKey))
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		r := s.resolver(t)
		for _, c := range s.Cases {
			n++
			t.Run(c.ID, func(t *testing.T) {
				m := message.Parse([]byte(c.Message))
				chain := arc.Verify(t.Context(), r, m, arc.Options{})
				out, err := arc.Seal(m, sealOptions(s, key, c.T, c.Headers, c.ServID, chain))
				if strings.TrimSpace(c.AS) == "" {
					if err == nil {
						t.Fatalf("sealed: %s", out)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				sealed := message.Parse(append(out, c.Message...))
				for i, want := range []string{"ARC-Seal: " + c.AS, "ARC-Message-Signature: " + c.AMS, "ARC-Authentication-Results: " + c.AAR} {
					if d := cmp.Diff(plain(want), plain(string(sealed.Fields[i].Raw))); d != "" {
						t.Error(d)
					}
				}
				// What was sealed verifies, unless it says that the chain was broken.
				if v := arc.Verify(t.Context(), r, sealed, arc.Options{}); (v.Result == arc.Pass) != (chain.Result != arc.Fail) {
					t.Errorf("verifies as %s: %s", v.Result, v.Reason)
				}
			})
		}
	}
	if n != 17 {
		t.Errorf("%d cases, want 17", n)
	}
}

func sealOptions(s suite, key *rsa.PrivateKey, at int64, headers, id string, chain arc.Verdict) arc.SealOptions {
	return arc.SealOptions{
		Domain: s.Domain, Selector: s.Selector, Key: key, AuthServID: id,
		Headers: strings.Split(headers, ":"), Header: wire.Relaxed, Body: wire.Relaxed,
		Timestamp: time.Unix(at, 0), Chain: chain,
	}
}

// plain is a field without white space: the suite prints its own folding.
func plain(s string) string {
	return strings.Join(strings.Fields(s), "")
}
