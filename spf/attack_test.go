package spf

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/todoku/todoku/dns"
)

func check(t testing.TB, z zone, req Request) (Verdict, *zoneResolver) {
	t.Helper()
	r := z.resolver(t)
	if !req.IP.IsValid() {
		req.IP = netip.MustParseAddr("192.0.2.1")
	}
	v := Check(context.Background(), r, req)
	checkInvariants(t, &v)
	if n := r.queries.Load(); n > MaxQueries {
		t.Errorf("%d questions were asked", n)
	}
	return v, r
}

func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteByte(' ')
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// TestAttack28 is the SPF half: neither a Received-SPF field nor HELO can stand in
// for the identity that was checked, for the verdict names the one it is about.
func TestAttack28(t *testing.T) {
	z := zone{"victim.example.com": {"TXT v=spf1 -all"}, "attacker.example.net": {"TXT v=spf1 ip4:192.0.2.1 -all"}}
	cases := []struct {
		name, helo, from string
		identity         Identity
		domain           string
		result           Result
	}{
		{"pass-of-helo-is-not-pass-of-mailfrom", "attacker.example.net", "ceo@victim.example.com", MailFrom, "victim.example.com", Fail},
		{"null-path-is-helo", "attacker.example.net", "", HELO, "attacker.example.net", Pass},
		{"at-sign-in-local-part", "x.example.org", `"a@attacker.example.net"@victim.example.com`, MailFrom, "victim.example.com", Fail},
		{"domain-in-local-part", "x.example.org", "victim.example.com@attacker.example.net", MailFrom, "attacker.example.net", Pass},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v, _ := check(t, z, Request{HELO: c.helo, ReversePath: c.from})
			if v.Identity != c.identity || v.Domain != c.domain || v.Result != c.result {
				t.Errorf("%s %s of %s", v.Result, v.Identity, v.Domain)
			}
		})
	}
}

// attack29 are records that cost their reader too much or that cannot be read.
var attack29 = []struct {
	name    string
	zone    zone
	result  Result
	problem string
	// queries is how many questions are asked, lookups what is counted.
	queries int64
	lookups int
}{
	{"include-loop", zone{"example.com": {"TXT v=spf1 include:b.example.com -all"},
		"b.example.com": {"TXT v=spf1 include:example.com -all"}}, PermError, ProblemLoop, 2, 2},
	{"include-itself", zone{"example.com": {"TXT v=spf1 include:EXAMPLE.com. -all"}}, PermError, ProblemLoop, 1, 1},
	{"redirect-loop", zone{"example.com": {"TXT v=spf1 redirect=b.example.com"},
		"b.example.com": {"TXT v=spf1 redirect=example.com"}}, PermError, ProblemLoop, 2, 2},
	{"include-loop-of-growing-names", zone{"example.com": {"TXT v=spf1 include:a.%{d} -all"},
		"a.example.com":                     {"TXT v=spf1 include:a.%{d} -all"},
		"a.a.example.com":                   {"TXT v=spf1 include:a.%{d} -all"},
		"a.a.a.example.com":                 {"TXT v=spf1 include:a.%{d} -all"},
		"a.a.a.a.example.com":               {"TXT v=spf1 include:a.%{d} -all"},
		"a.a.a.a.a.example.com":             {"TXT v=spf1 include:a.%{d} -all"},
		"a.a.a.a.a.a.example.com":           {"TXT v=spf1 include:a.%{d} -all"},
		"a.a.a.a.a.a.a.example.com":         {"TXT v=spf1 include:a.%{d} -all"},
		"a.a.a.a.a.a.a.a.example.com":       {"TXT v=spf1 include:a.%{d} -all"},
		"a.a.a.a.a.a.a.a.a.example.com":     {"TXT v=spf1 include:a.%{d} -all"},
		"a.a.a.a.a.a.a.a.a.a.example.com":   {"TXT v=spf1 include:a.%{d} -all"},
		"a.a.a.a.a.a.a.a.a.a.a.example.com": {"TXT v=spf1 include:a.%{d} -all"},
	}, PermError, ProblemTooManyLookups, 11, 11},
	{"twelve-includes", manyIncludes(12), PermError, ProblemTooManyLookups, 11, 11},
	{"nine-times-nine-includes", includeTree(9), PermError, ProblemTooManyLookups, 11, 11},
	{"eight-void-a", zone{"example.com": {"TXT v=spf1" + repeat(8, "a:v%d.example.com") + " -all"}},
		PermError, ProblemTooManyVoidLookups, 4, 3},
	{"void-mx-and-exists", zone{"example.com": {"TXT v=spf1 mx:v.example.com exists:v.example.com ptr -all"}},
		PermError, ProblemTooManyVoidLookups, 4, 3},
	{"mx-with-sixty-hosts", zone{"example.com": append(sixtyMX(), "TXT v=spf1 mx -all")},
		PermError, ProblemTooManyMX, 2, 1},
	{"ten-mx-with-ten-hosts", tenMX(), PermError, ProblemTooManyQueries, MaxQueries, 4},
	{"ptr-with-sixty-names", zone{"example.com": {"TXT v=spf1 ptr ptr ptr -all"}, "1.2.0.192.in-addr.arpa": sixtyPTR()},
		Fail, "", 12, 3},
	// A name beyond the last question is not known to be none of the client.
	{"ptr-beyond-the-questions", manyQueries("ptr", 10), PermError, ProblemTooManyQueries, MaxQueries, 4},
	{"macro-p-beyond-the-questions", manyQueries("exists:%{p}.x.example.com", 10), PermError, ProblemTooManyQueries, MaxQueries, 4},
	{"macro-p-beyond-the-questions-redirect", manyQueries("redirect=%{p1}", 10), PermError, ProblemTooManyQueries, MaxQueries, 4},
	{"ptr-with-the-last-question", manyQueries("ptr", 5), Fail, "", MaxQueries, 4},
	{"two-records", zone{"example.com": {"TXT v=spf1 +all", "TXT v=spf1 -all"}}, PermError, ProblemMultipleRecords, 1, 0},
	{"two-records-of-an-include", zone{"example.com": {"TXT v=spf1 include:b.example.com -all"},
		"b.example.com": {"TXT v=spf1 +all", "TXT v=spf1 -all"}}, PermError, ProblemMultipleRecords, 2, 1},
	{"bad-macro-letter", zone{"example.com": {"TXT v=spf1 exists:%{z}.example.com -all"}}, PermError, ProblemMacro, 1, 0},
	{"bad-macro-open", zone{"example.com": {"TXT v=spf1 exists:%{i.example.com -all"}}, PermError, ProblemMacro, 1, 0},
	{"bad-macro-zero", zone{"example.com": {"TXT v=spf1 exists:%{d0}.example.com -all"}}, PermError, ProblemMacro, 1, 0},
	{"zero-width-space", zone{"example.com": {"TXT v=spf1 ip4:192.0.2.1\u200b -all"}}, PermError, ProblemSyntax, 1, 0},
	{"ip4-terms-2500", zone{"example.com": {"TXT v=spf1" + strings.Repeat(" ip4:198.51.100.7", 2500) + " -all"}}, Fail, "", 1, 0},
	{"exists-with-large-macro", zone{"example.com": {"TXT v=spf1 exists:%{l255r-}.x.example.com -all"}}, Fail, "", 2, 1},
	{"exp-huge", zone{"example.com": {"TXT v=spf1 -all exp=e.example.com"},
		"e.example.com": {"TXT " + strings.Repeat("%{s}", 10000)}}, Fail, "", 2, 0},
	{"exp-behind-many-names", zone{"example.com": {"TXT v=spf1 -all exp=%{p}.example.com"},
		"1.2.0.192.in-addr.arpa": sixtyPTR()}, Fail, "", 13, 0},
	{"record-of-only-terms", zone{"example.com": {"TXT v=spf1" + strings.Repeat(" a", 30000)}}, PermError, ProblemTooManyVoidLookups, 4, 3},
	{"record-too-long", zone{"example.com": {"TXT v=spf1 " + strings.Repeat(" ", 70000) + "-all"}}, PermError, ProblemSyntax, 1, 0},
	{"many-equal-macros", zone{"example.com": {"TXT v=spf1 exists:" + strings.Repeat("%{s}", 10000) + ".example.com -all"}}, Fail, "", 2, 1},
}

func manyIncludes(n int) zone {
	z := zone{"example.com": {"TXT v=spf1" + repeat(n, "include:i%d.example.com") + " -all"}}
	for i := range n {
		z[fmt.Sprintf("i%d.example.com", i)] = []string{"TXT v=spf1 ip4:198.51.100.1 -all"}
	}
	return z
}

func includeTree(n int) zone {
	z := zone{"example.com": {"TXT v=spf1" + repeat(n, "include:i%d.example.com") + " -all"}}
	for i := range n {
		z[fmt.Sprintf("i%d.example.com", i)] = []string{"TXT v=spf1" + repeat(n, "include:j%d.i"+fmt.Sprint(i)+".example.com") + " -all"}
		for j := range n {
			z[fmt.Sprintf("j%d.i%d.example.com", j, i)] = []string{"TXT v=spf1 -all"}
		}
	}
	return z
}

func sixtyMX() []string {
	var lines []string
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("MX 10 mx%d.example.com", i))
	}
	return lines
}

// tenMX stays below the limit of ten everywhere and would ask 111 questions.
func tenMX() zone {
	z := zone{"example.com": {"TXT v=spf1" + repeat(10, "mx:m%d.example.com") + " -all"}}
	for i := range 10 {
		owner := fmt.Sprintf("m%d.example.com", i)
		for j := range 10 {
			host := fmt.Sprintf("h%d.%s", j, owner)
			z[owner] = append(z[owner], "MX 10 "+host)
			z[host] = []string{"A 198.51.100.1"}
		}
	}
	return z
}

// manyQueries leaves a term six questions; the client has n names, of which only the last is true.
func manyQueries(term string, n int) zone {
	z := tenMX()
	z["example.com"] = []string{"TXT v=spf1 mx:m0.example.com mx:m1.example.com mx:m2.example.com " + term}
	if !strings.HasPrefix(term, "redirect=") {
		z["example.com"][0] += " -all"
	}
	for i := range n {
		z["1.2.0.192.in-addr.arpa"] = append(z["1.2.0.192.in-addr.arpa"], fmt.Sprintf("PTR p%d.example.com", i))
	}
	if n > 5 {
		z[fmt.Sprintf("p%d.example.com", n-1)] = []string{"A 192.0.2.1"}
	}
	return z
}

func sixtyPTR() []string {
	var lines []string
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("PTR p%d.example.com", i))
	}
	return lines
}

// TestAttack29 runs records made to exhaust their reader: RFC 7208 section 4.6.4
// bounds them, and a total of 40 questions bounds what it leaves open.
func TestAttack29(t *testing.T) {
	for _, c := range attack29 {
		t.Run(c.name, func(t *testing.T) {
			v, r := check(t, c.zone, Request{HELO: "mail.example.com", ReversePath: "a-b-c@example.com"})
			if v.Result != c.result || v.Problem != c.problem {
				t.Errorf("%s %q, want %s %q: %s", v.Result, v.Problem, c.result, c.problem, v.Reason)
			}
			if n := r.queries.Load(); n != c.queries {
				t.Errorf("%d questions, want %d: %+v", n, c.queries, v.Trace)
			}
			if v.Lookups != c.lookups {
				t.Errorf("%d lookups, want %d", v.Lookups, c.lookups)
			}
			if len(v.Explanation) > maxExplanation {
				t.Errorf("an explanation of %d octets", len(v.Explanation))
			}
		})
	}
}

// slowResolver answers when its context ends.
type slowResolver struct {
	after int
	next  dns.Resolver
}

func (s *slowResolver) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if s.after > 0 {
		s.after--
		return s.next.Resolve(ctx, q)
	}
	<-ctx.Done()
	return dns.Answer{Question: q, Status: dns.Timeout}
}

// TestAttack29TimeCap: section 4.6.4, the end of the time is temperror, also where
// the look-up that took it all would have been of no consequence.
func TestAttack29TimeCap(t *testing.T) {
	for name, record := range map[string]string{
		"include": "TXT v=spf1 include:a.example.com -all", "a": "TXT v=spf1 a -all",
		"ptr": "TXT v=spf1 ptr -all", "redirect": "TXT v=spf1 redirect=b.example.com",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
			defer cancel()
			r := &slowResolver{after: 1, next: zone{"example.com": {record}}.resolver(t)}
			v := Check(ctx, r, Request{IP: netip.MustParseAddr("192.0.2.1"), ReversePath: "a@example.com"})
			if v.Result != TempError || v.Problem != ProblemDNSTimeout {
				t.Errorf("%s %s", v.Result, v.Problem)
			}
			if v.ProblemDomain != "example.com" || v.ProblemTerm == "" {
				t.Errorf("the problem is at %q %q", v.ProblemDomain, v.ProblemTerm)
			}
		})
	}
	t.Run("no-deadline", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := &slowResolver{after: 1, next: zone{"example.com": {"TXT v=spf1 a -all"}}.resolver(t)}
			start := time.Now()
			v := Check(context.Background(), r, Request{IP: netip.MustParseAddr("192.0.2.1"), ReversePath: "a@example.com"})
			if v.Problem != ProblemDNSTimeout || time.Since(start) != MaxDuration {
				t.Errorf("%s after %v", v.Problem, time.Since(start))
			}
		})
	})
	t.Run("before-the-first-question", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		r := zone{"example.com": {"TXT v=spf1 +all"}}.resolver(t)
		v := Check(ctx, r, Request{IP: netip.MustParseAddr("192.0.2.1"), ReversePath: "a@example.com"})
		if v.Result != TempError || r.queries.Load() != 0 {
			t.Errorf("%s after %d questions", v.Result, r.queries.Load())
		}
	})
}

// TestAttack30: "+all" is a pass, and the verdict says by which term, so that whoever
// weighs it can tell that the domain authorizes everyone.
func TestAttack30(t *testing.T) {
	for _, c := range []struct{ name, record, mechanism, deepest string }{
		{"plus-all", "v=spf1 +all", "+all", "+all"},
		{"all", "v=spf1 all", "all", "all"},
		{"everything-as-network", "v=spf1 ip4:0.0.0.0/0 -all", "ip4:0.0.0.0/0", "ip4:0.0.0.0/0"},
		{"by-include", "v=spf1 include:open.example.com -all", "include:open.example.com", "+ALL"},
		{"by-redirect", "v=spf1 redirect=open.example.com", "redirect=open.example.com", "+ALL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, _ := check(t, zone{"example.com": {"TXT " + c.record}, "open.example.com": {"TXT v=spf1 +ALL"}},
				Request{ReversePath: "a@example.com"})
			if v.Result != Pass || v.Mechanism != c.mechanism {
				t.Errorf("%s by %q", v.Result, v.Mechanism)
			}
			deepest := ""
			for _, s := range v.Trace {
				if s.Outcome == OutcomeMatch {
					deepest = s.Term
				}
			}
			if deepest != c.deepest {
				t.Errorf("the trace ends with a match of %q, want %q", deepest, c.deepest)
			}
		})
	}
}

// TestEverybody: a term that lets everybody in is known by what it matches, not by how
// it is written, and only where it decides.
func TestEverybody(t *testing.T) {
	z := zone{
		"open.example.com": {"TXT v=spf1 +ALL"}, "half.example.com": {"TXT v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all"},
		"host.example.com": {"A 198.51.100.1", "AAAA 2001:db8:9::1", "MX 10 host.example.com"},
	}
	for _, c := range []struct{ record, ip, domain, term string }{
		{"all", "192.0.2.1", "example.com", "all"},
		{"ip4:0.0.0.0/0 -all", "192.0.2.1", "example.com", "ip4:0.0.0.0/0"},
		{"ip4:1.2.3.4/0 -all", "192.0.2.1", "example.com", "ip4:1.2.3.4/0"},
		{"+IP4:255.255.255.255/0 -all", "192.0.2.1", "example.com", "+IP4:255.255.255.255/0"},
		{"ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", "192.0.2.1", "example.com", "ip4:128.0.0.0/1"},
		{"a:host.example.com/0 -all", "192.0.2.1", "example.com", "a:host.example.com/0"},
		{"mx:host.example.com/1 -all", "203.0.113.1", "example.com", "mx:host.example.com/1"},
		{"a:host.example.com//0 -all", "2001:db8::1", "example.com", "a:host.example.com//0"},
		{"ip6:0::/0 -all", "2001:db8::1", "example.com", "ip6:0::/0"},
		{"ip6:2000::/3 -all", "2001:db8::1", "example.com", "ip6:2000::/3"},
		{"include:open.example.com -all", "192.0.2.1", "open.example.com", "+ALL"},
		{"redirect=half.example.com", "192.0.2.1", "half.example.com", "ip4:128.0.0.0/1"},
		{"ip4:192.0.2.1 +all", "192.0.2.1", "", ""},
		{"ip4:192.0.0.0/2 -all", "192.0.2.1", "", ""},
		{"ip6:::/0 ip4:192.0.2.0/24 -all", "192.0.2.1", "", ""},
		{"ip4:0.0.0.0/0 ip6:2001:db8::/32 -all", "2001:db8::1", "", ""},
		{"a:host.example.com//0 -all", "192.0.2.1", "", ""},
		{"-ip4:0.0.0.0/0", "192.0.2.1", "", ""},
		{"~all", "192.0.2.1", "", ""},
	} {
		z["example.com"] = []string{"TXT v=spf1 " + c.record}
		v, _ := check(t, z, Request{IP: netip.MustParseAddr(c.ip), ReversePath: "a@example.com"})
		if domain, term := v.Everybody(); domain != c.domain || term != c.term {
			t.Errorf("%s: %s by %q, want %s by %q", c.record, domain, term, c.domain, c.term)
		}
	}
}
