package dmarc

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/todoku/todoku/dns"
)

// zoneOf makes a resolver of a few octets: each name's answer is chosen by its
// hash, so that any two evaluations agree.
type zoneOf struct {
	seed []byte

	mu    sync.Mutex
	names map[string]int
}

var fuzzRecords = []string{
	"v=DMARC1; p=reject", "v=DMARC1; p=none; sp=reject", "v=DMARC1; p=quarantine; np=reject; t=y", "v=DMARC1; p=reject; psd=y",
	"v=DMARC1; p=reject; psd=n", "v=DMARC1; p=x", "v=DMARC1; p=reject; adkim=s; aspf=s", "v=DMARC1; sp=x; rua=mailto:a@b.example", "v=spf1 -all",
}

func (z *zoneOf) Resolve(_ context.Context, q dns.Question) dns.Answer {
	z.mu.Lock()
	z.names[q.Name]++
	z.mu.Unlock()
	h := uint32(2166136261)
	for _, c := range append([]byte(q.Name), z.seed...) {
		h = (h ^ uint32(c)) * 16777619
	}
	h ^= h >> 15
	a := dns.Answer{Question: q, Status: dns.NXDomain}
	switch h % 8 {
	case 0, 1, 2:
		a.Status = dns.Success
		a.Records = []dns.Record{{Name: q.Name, Type: dns.TypeTXT, Data: fuzzRecords[h/8%uint32(len(fuzzRecords))]}}
		if h%97 == 0 {
			a.Records = append(a.Records, a.Records[0])
		}
	case 3:
		a.Status = dns.NoData
	case 4:
		if h/8%4 == 0 {
			a.Status = dns.Timeout
		}
	}
	return a
}

// FuzzEvaluate: within the bounds, repeatable, and never in conflict with itself.
func FuzzEvaluate(f *testing.F) {
	f.Add([]byte("1"), "a.b.example.com", "example.com", "x.b.example.com", "pass")
	f.Add([]byte("22"), "a.b.c.d.e.f.g.h.i.example.com", "i.example.com", "e.example.net", "temperror")
	f.Add([]byte("333"), "example", "..", "a b", "fail")
	f.Fuzz(func(t *testing.T, seed []byte, author, spf, dkim, result string) {
		in := Input{AuthorDomain: author, SPF: &Identifier{spf, result}, DKIM: []Identifier{{dkim, "pass"}, {spf, "fail"}, {author, result}}}
		z := &zoneOf{seed: seed, names: map[string]int{}}
		v := Evaluate(t.Context(), z, in)
		if len(z.names) > maxDistinctNames {
			t.Errorf("%d names", len(z.names))
		}
		for name, n := range z.names {
			if n > 1 || len(name) > 253 {
				t.Errorf("%q asked %d times", name, n)
			}
		}
		for _, w := range v.Discovery {
			if len(w.Queries) > maxWalkQueries || w.OrgDomain != "" && !under(w.Domain, w.OrgDomain) {
				t.Errorf("walk %+v", w)
			}
		}
		checkVerdict(t, v)
		if again := Evaluate(t.Context(), &zoneOf{seed: seed, names: map[string]int{}}, in); summary(again) != summary(v) {
			t.Errorf("%s, then %s", summary(v), summary(again))
		}
	})
}

func checkVerdict(t *testing.T, v Verdict) {
	t.Helper()
	bad := func(what string) { t.Errorf("%s: %+v", what, v) }
	switch v.Result {
	case Pass:
		if !v.SPFAligned && !v.DKIMAligned || v.Disposition != PolicyNone || v.Problem != "" {
			bad("pass")
		}
	case Fail:
		if v.SPFAligned || v.DKIMAligned || v.Record == nil || v.Policy == "" || v.Disposition == "" {
			bad("fail")
		}
	case None:
		if v.Record != nil || v.PolicyDomain != "" || v.Policy != "" || v.Disposition != PolicyNone {
			bad("none")
		}
	case TempError, PermError:
		if v.Disposition != "" || v.Problem == "" {
			bad("error")
		}
	default:
		bad("result")
	}
	if (v.Record == nil) != (v.PolicyDomain == "") || v.Reason == "" || strings.Contains(v.Reason, "\n") {
		bad("record")
	}
	if v.PolicyDomain != "" && !under(v.FromDomain, v.PolicyDomain) {
		bad("policy domain")
	}
}
