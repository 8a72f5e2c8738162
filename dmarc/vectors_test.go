package dmarc

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/testcorpus"
)

// TestRFC9989AppendixB4 runs the vectors of RFC 9989 appendix B.4.
func TestRFC9989AppendixB4(t *testing.T) {
	type rr struct {
		Type  string
		Data  []string
		Fault string
	}
	var suite struct {
		Vectors []struct {
			ID     string
			From   string
			Zone   map[string][]rr
			SPF    []string
			DKIM   [][]string
			Expect struct {
				Result, Policy, Disposition string
				OrgDomain                   *string           `json:"org_domain"`
				PolicyDomain                *string           `json:"policy_domain"`
				SPFAligned                  *bool             `json:"spf_aligned"`
				DKIMAligned                 *bool             `json:"dkim_aligned"`
				IdentifierOrg               map[string]string `json:"identifier_org"`
				Walk                        map[string][]string
			}
		}
	}
	if err := json.Unmarshal(testcorpus.Read(t, "dmarc/rfc9989-b4.json"), &suite); err != nil {
		t.Fatal(err)
	}
	for _, c := range suite.Vectors {
		t.Run(c.ID, func(t *testing.T) {
			zone := dns.Zone{}
			for owner, rrs := range c.Zone {
				for _, rr := range rrs {
					line := rr.Fault
					if line == "" {
						line = rr.Type + " " + strings.Join(rr.Data, "")
					}
					zone[owner] = append(zone[owner], line)
				}
			}
			in := Input{AuthorDomain: c.From}
			if len(c.SPF) == 2 {
				in.SPF = &Identifier{c.SPF[0], c.SPF[1]}
			}
			for _, d := range c.DKIM {
				in.DKIM = append(in.DKIM, Identifier{d[0], d[1]})
			}
			v := Evaluate(t.Context(), dns.MustMemory(zone), in)
			want := c.Expect
			same(t, "result", string(v.Result), &want.Result)
			same(t, "org_domain", v.OrgDomain, want.OrgDomain)
			same(t, "policy_domain", v.PolicyDomain, want.PolicyDomain)
			same(t, "spf_aligned", v.SPFAligned, want.SPFAligned)
			same(t, "dkim_aligned", v.DKIMAligned, want.DKIMAligned)
			orgs := map[string]string{}
			for _, a := range v.Identifiers {
				orgs[a.Domain] = a.OrgDomain
			}
			for d, org := range want.IdentifierOrg {
				same(t, "the organizational domain of "+d, orgs[d], &org)
			}
			walks := walksOf(v)
			for d, names := range want.Walk {
				if diff := cmp.Diff(names, walks[d]); diff != "" {
					t.Errorf("walk of %s: %s", d, diff)
				}
			}
		})
	}
	if len(suite.Vectors) == 0 {
		t.Error("no vectors")
	}
}

func same[T comparable](t *testing.T, what string, got T, want *T) {
	t.Helper()
	if want != nil && got != *want {
		t.Errorf("%s is %v, want %v", what, got, *want)
	}
}

func walksOf(v Verdict) map[string][]string {
	walks := map[string][]string{}
	for _, w := range v.Discovery {
		for _, q := range w.Queries {
			walks[w.Domain] = append(walks[w.Domain], q.Name)
		}
	}
	return walks
}

// input reads "author spf:domain:result dkim:domain:result ...".
func input(s string) Input {
	words := strings.Fields(s)
	in := Input{AuthorDomain: words[0]}
	for _, w := range words[1:] {
		parts := strings.Split(w, ":")
		id := Identifier{parts[1], parts[2]}
		if parts[0] == "spf" {
			in.SPF = &id
		} else {
			in.DKIM = append(in.DKIM, id)
		}
	}
	return in
}

// summary writes what a table of verdicts compares.
func summary(v Verdict) string {
	s := fmt.Sprintf("%s org=%s policy=%s@%s/%s", v.Result, v.OrgDomain, v.Policy, v.PolicyDomain, v.Disposition)
	if v.SPFAligned {
		s += " spf"
	}
	if v.DKIMAligned {
		s += " dkim=" + v.AlignedDKIM
	}
	if v.Problem != "" {
		s += " " + v.Problem
	}
	return s
}
