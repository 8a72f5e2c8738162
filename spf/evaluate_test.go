package spf

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

// TestSections has one case for each rule that the openspf suites leave out or
// reach only together with others. The name begins with the section.
func TestSections(t *testing.T) {
	for _, c := range []struct {
		name    string
		zone    zone
		req     Request
		result  Result
		problem string
	}{
		{"2.4 null path is postmaster@HELO", zone{"mail.example.com": {"TXT v=spf1 exists:%{l}.%{o}.example.net -all"},
			"postmaster.mail.example.com.example.net": {"A 127.0.0.2"}},
			Request{HELO: "mail.example.com"}, Pass, ""},
		{"3.1 type SPF is not asked", zone{"example.com": {"SPF v=spf1 +all"}}, Request{}, None, ProblemNoRecord},
		{"4.3 domain literal", nil, Request{ReversePath: "a@[192.0.2.1]"}, None, ProblemBadDomain},
		{"4.3 single label", nil, Request{ReversePath: "a@localhost"}, None, ProblemBadDomain},
		{"4.3 single label with a dot", nil, Request{ReversePath: "a@localhost."}, None, ProblemBadDomain},
		{"4.3 empty label", nil, Request{ReversePath: "a@example..com"}, None, ProblemBadDomain},
		{"4.3 long label", nil, Request{ReversePath: "a@" + strings.Repeat("x", 64) + ".com"}, None, ProblemBadDomain},
		{"4.3 long U-label", nil, Request{ReversePath: "a@" + strings.Repeat("例", 79) + ".com"}, None, ProblemBadDomain},
		{"4.3 long name", nil, Request{ReversePath: "a@" + strings.Repeat("x.", 126) + "com"}, None, ProblemBadDomain},
		{"4.3 no domain", nil, Request{ReversePath: "a@"}, None, ProblemBadDomain},
		{"4.3 no HELO", nil, Request{}, None, ProblemBadDomain},
		{"4.3 address as HELO", nil, Request{HELO: "192.0.2.1"}, None, ProblemBadDomain},
		{"4.3 control character", nil, Request{HELO: "a\r\nb.example.com"}, None, ProblemBadDomain},
		{"4.3 huge path", nil, Request{ReversePath: strings.Repeat("a", 2000) + "@example.com"}, None, ProblemBadDomain},
		{"4.3 does not exist", zone{}, Request{ReversePath: "a@example.org"}, None, ProblemNoRecord},
		{"4.3 final dot", zone{"example.com": {"TXT v=spf1 +all"}}, Request{ReversePath: "a@example.com."}, Pass, ""},
		{"4.3 U-labels", zone{"xn--eckwd4c7c.example.com": {"TXT v=spf1 +all"}}, Request{ReversePath: "a@ドメイン.example.com"}, Pass, ""},
		{"4.3 bad U-labels", nil, Request{ReversePath: "a@\xff\xfe.example.com"}, None, ProblemBadDomain},
		{"4.4 SERVFAIL", zone{"example.com": {"SERVFAIL TXT"}}, Request{}, TempError, ProblemDNSServFail},
		{"4.4 REFUSED", zone{"example.com": {"REFUSED TXT"}}, Request{}, TempError, ProblemDNSRefused},
		{"4.4 timeout", zone{"example.com": {"TIMEOUT TXT"}}, Request{}, TempError, ProblemDNSTimeout},
		{"4.4 malformed", zone{"example.com": {"MALFORMED TXT"}}, Request{}, TempError, ProblemDNSError},
		{"4.5 several, one of them SPF", zone{"example.com": {"TXT v=spf10 x", "TXT v=spf1 +all", "TXT hello"}}, Request{}, Pass, ""},
		{"4.6 syntax error behind a match", zone{"example.com": {"TXT v=spf1 +all foo"}}, Request{}, PermError, ProblemSyntax},
		{"4.6.4 ten look-ups", zone{"example.com": {"TXT v=spf1" + strings.Repeat(" a:x.example.com", 10) + " +all"},
			"x.example.com": {"A 198.51.100.1"}}, Request{}, Pass, ""},
		{"4.6.4 eleven look-ups", zone{"example.com": {"TXT v=spf1" + strings.Repeat(" a:x.example.com", 11) + " +all"},
			"x.example.com": {"A 198.51.100.1"}}, Request{}, PermError, ProblemTooManyLookups},
		{"4.6.4 redirect is a look-up", zone{"example.com": {"TXT v=spf1" + strings.Repeat(" a:x.example.com", 10) + " redirect=y.example.com"},
			"x.example.com": {"A 198.51.100.1"}, "y.example.com": {"TXT v=spf1 +all"}}, Request{}, PermError, ProblemTooManyLookups},
		{"4.6.4 a match comes before the limit", zone{"example.com": {"TXT v=spf1 ip4:192.0.2.0/24" + strings.Repeat(" a", 20)}}, Request{}, Pass, ""},
		{"4.6.4 void look-ups are counted by term", zone{"example.com": {"TXT v=spf1 mx +all", "MX 1 a.example.com", "MX 2 b.example.com",
			"MX 3 c.example.com", "MX 4 d.example.com"}}, Request{}, Pass, ""},
		{"4.6.4 ten MX", zone{"example.com": append(sixtyMX()[:10], "TXT v=spf1 mx +all")}, Request{}, Pass, ""},
		{"4.7 default", zone{"example.com": {"TXT v=spf1 ip4:198.51.100.1"}}, Request{}, Neutral, ""},
		{"5 failed look-up of a", zone{"example.com": {"TXT v=spf1 a -all", "TIMEOUT A"}}, Request{}, TempError, ProblemDNSTimeout},
		{"5 failed look-up of an MX host", zone{"example.com": {"TXT v=spf1 mx -all", "MX 1 a.example.com"}, "a.example.com": {"SERVFAIL"}},
			Request{}, TempError, ProblemDNSServFail},
		{"5 mapped address is IPv4", zone{"example.com": {"TXT v=spf1 ip4:192.0.2.1 -all"}},
			Request{IP: netip.MustParseAddr("::ffff:192.0.2.1")}, Pass, ""},
		{"5 IPv6 asks AAAA", zone{"example.com": {"TXT v=spf1 a//64 -all", "AAAA 2001:db8::1", "A 192.0.2.1"}},
			Request{IP: netip.MustParseAddr("2001:db8::2")}, Pass, ""},
		{"5.1 redirect is ignored beside all", zone{"example.com": {"TXT v=spf1 redirect=y.example.com ?all"}}, Request{}, Neutral, ""},
		{"5.2 include of pass", includeOf("v=spf1 +all"), Request{}, Pass, ""},
		{"5.2 include of fail", includeOf("v=spf1 -all"), Request{}, SoftFail, ""},
		{"5.2 include of softfail", includeOf("v=spf1 ~all"), Request{}, SoftFail, ""},
		{"5.2 include of neutral", includeOf("v=spf1"), Request{}, SoftFail, ""},
		{"5.2 include of none", includeOf("hello"), Request{}, PermError, ProblemIncludeNone},
		{"5.2 include of permerror", includeOf("v=spf1 foo"), Request{}, PermError, ProblemSyntax},
		{"5.2 include of temperror", zone{"example.com": {"TXT v=spf1 include:b.example.com ~all"}, "b.example.com": {"TIMEOUT"}},
			Request{}, TempError, ProblemDNSTimeout},
		{"5.2 include of a single label", zone{"example.com": {"TXT v=spf1 include:%{h} ~all"}},
			Request{HELO: "localhost", ReversePath: "a@example.com"}, PermError, ProblemIncludeNone},
		{"5.2 minus include", zone{"example.com": {"TXT v=spf1 -include:b.example.com +all"}, "b.example.com": {"TXT v=spf1 +all"}},
			Request{}, Fail, ""},
		{"5.4 no implicit MX", zone{"example.com": {"TXT v=spf1 mx -all", "A 192.0.2.1"}}, Request{}, Fail, ""},
		{"5.4 null MX", zone{"example.com": {"TXT v=spf1 mx -all", "MX 0 ."}}, Request{}, Fail, ""},
		{"5.5 name below the domain", zone{"example.com": {"TXT v=spf1 ptr -all"}, "1.2.0.192.in-addr.arpa": {"PTR a.example.com"},
			"a.example.com": {"A 192.0.2.1"}}, Request{}, Pass, ""},
		{"5.5 name that only ends alike", zone{"example.com": {"TXT v=spf1 ptr -all"}, "1.2.0.192.in-addr.arpa": {"PTR bad-example.com"},
			"bad-example.com": {"A 192.0.2.1"}}, Request{}, Fail, ""},
		{"5.5 name that is not validated", zone{"example.com": {"TXT v=spf1 ptr -all"}, "1.2.0.192.in-addr.arpa": {"PTR a.example.com"},
			"a.example.com": {"A 192.0.2.9"}}, Request{}, Fail, ""},
		{"5.5 failed PTR look-up", zone{"example.com": {"TXT v=spf1 ptr -all"}, "1.2.0.192.in-addr.arpa": {"SERVFAIL"}}, Request{}, Fail, ""},
		{"5.5 failed address look-up", zone{"example.com": {"TXT v=spf1 ptr -all"}, "1.2.0.192.in-addr.arpa": {"PTR a.example.com", "PTR b.example.com"},
			"a.example.com": {"SERVFAIL"}, "b.example.com": {"A 192.0.2.1"}}, Request{}, Pass, ""},
		{"5.6 ip6 never has IPv4", zone{"example.com": {"TXT v=spf1 ip6:::/0 -all"}}, Request{}, Fail, ""},
		{"5.6 ip4 never has IPv6", zone{"example.com": {"TXT v=spf1 ip4:0.0.0.0/0 -all"}}, Request{IP: netip.MustParseAddr("2001:db8::1")}, Fail, ""},
		{"5.7 exists asks A for IPv6", zone{"example.com": {"TXT v=spf1 exists:x.example.com -all"}, "x.example.com": {"A 127.0.0.2"}},
			Request{IP: netip.MustParseAddr("2001:db8::1")}, Pass, ""},
		{"5.7 exists does not ask AAAA", zone{"example.com": {"TXT v=spf1 exists:x.example.com -all"}, "x.example.com": {"AAAA ::1"}},
			Request{IP: netip.MustParseAddr("2001:db8::1")}, Fail, ""},
		{"6.1 redirect to nothing", zone{"example.com": {"TXT v=spf1 redirect=b.example.com"}}, Request{}, PermError, ProblemRedirectNone},
		{"6.1 redirect to a malformed name", zone{"example.com": {"TXT v=spf1 redirect=%{l}..example.com"}}, Request{}, PermError, ProblemRedirectNone},
		{"6.1 redirect keeps the sender", zone{"example.com": {"TXT v=spf1 redirect=b.example.net"},
			"b.example.net": {"TXT v=spf1 exists:%{o}.%{d} -all"}, "example.com.b.example.net": {"A 127.0.0.2"}}, Request{}, Pass, ""},
		{"RFC 8616 non-ASCII local-part matches nothing", zone{"example.com": {"TXT v=spf1 exists:%{l}.example.com -all"}},
			Request{ReversePath: "テスト@example.com"}, Fail, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.req.ReversePath == "" && c.req.HELO == "" && c.zone != nil {
				c.req.ReversePath = "user@example.com"
			}
			v, _ := check(t, c.zone, c.req)
			if v.Result != c.result || v.Problem != c.problem {
				t.Errorf("%s %q, want %s %q: %s", v.Result, v.Problem, c.result, c.problem, v.Reason)
			}
		})
	}
}

func includeOf(record string) zone {
	return zone{"example.com": {"TXT v=spf1 include:b.example.com ~all"}, "b.example.com": {"TXT " + record}}
}

// TestExplanation: section 6.2, whose exp= it is, and that it never does harm.
func TestExplanation(t *testing.T) {
	base := zone{"e.example.com": {"TXT %{i} is not one of %{d}'s servers"}, "f.example.com": {"TXT other"},
		"two.example.com": {"TXT a", "TXT b"}, "bad.example.com": {"TXT %{q}"}, "octets.example.com": {"TXT caf\xc3\xa9"},
		"fail.example.com": {"SERVFAIL"}, "local.example.com": {"TXT for %{l}"},
		"inc.example.com": {"TXT v=spf1 -all exp=f.example.com"}}
	for _, c := range []struct{ name, record, from, want string }{
		{"text", "v=spf1 -all exp=e.example.com", "a", "192.0.2.1 is not one of example.com's servers"},
		{"only on fail", "v=spf1 ~all exp=e.example.com", "a", ""},
		{"of the redirect", "v=spf1 redirect=inc.example.com exp=e.example.com", "a", "other"},
		{"not of the include", "v=spf1 include:inc.example.com -all", "a", ""},
		{"of the includer", "v=spf1 include:inc.example.com -all exp=e.example.com", "a", "192.0.2.1 is not one of example.com's servers"},
		{"two records", "v=spf1 -all exp=two.example.com", "a", ""},
		{"syntax", "v=spf1 -all exp=bad.example.com", "a", ""},
		{"not US-ASCII", "v=spf1 -all exp=octets.example.com", "a", ""},
		{"not US-ASCII by macro", "v=spf1 -all exp=local.example.com", "テスト", ""},
		{"line break by macro", "v=spf1 -all exp=local.example.com", "a\r\n250 ok", ""},
		{"failed look-up", "v=spf1 -all exp=fail.example.com", "a", ""},
		{"no such name", "v=spf1 -all exp=none.example.com", "a", ""},
		{"malformed name", "v=spf1 -all exp=x..example.com", "a", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			base["example.com"] = []string{"TXT " + c.record}
			v, _ := check(t, base, Request{ReversePath: c.from + "@example.com"})
			if v.Explanation != c.want || (v.Result != Fail && c.name != "only on fail") {
				t.Errorf("%s %q, want %q", v.Result, v.Explanation, c.want)
			}
			if v.VoidLookups != 0 {
				t.Errorf("%d void look-ups: exp= has none", v.VoidLookups)
			}
		})
	}
}

// TestVerdict looks at all that a verdict says of a nested evaluation.
func TestVerdict(t *testing.T) {
	v, _ := check(t, zone{
		"example.com":      {"TXT v=spf1 ip4:198.51.100.0/24 a:gone.example.com include:_spf.example.net -all"},
		"_spf.example.net": {"TXT v=spf1 redirect=deep.example.net"},
		"deep.example.net": {"TXT v=spf1 mx ~all", "MX 10 mx.example.net"},
		"mx.example.net":   {"A 192.0.2.1"},
	}, Request{ReversePath: "User@EXAMPLE.com"})
	if v.Result != Pass || v.Domain != "example.com" || v.Mechanism != "include:_spf.example.net" || v.Lookups != 4 ||
		v.VoidLookups != 1 || !strings.HasPrefix(v.Record, "v=spf1 ip4:") || v.Identity != MailFrom {
		t.Errorf("%+v", v)
	}
	want := []string{
		"0 example.com | fetched pass 0/0 [EXAMPLE.com TXT success]",
		"0 example.com ip4:198.51.100.0/24 7-26| no-match  0/0 []",
		"0 example.com a:gone.example.com 27-45|gone.example.com no-match  1/1 [gone.example.com A nxdomain]",
		"0 example.com include:_spf.example.net 46-70|_spf.example.net match pass 3/0 []",
		"1 _spf.example.net | fetched pass 0/0 [_spf.example.net TXT success]",
		"1 _spf.example.net redirect=deep.example.net 7-32|deep.example.net match pass 2/0 []",
		"2 deep.example.net | fetched pass 0/0 [deep.example.net TXT success]",
		"2 deep.example.net mx 7-9|deep.example.net match pass 1/0 [deep.example.net MX success mx.example.net A success]",
	}
	for i, s := range v.Trace {
		term := ""
		if s.Term != "" {
			term = fmt.Sprintf("%s %d-%d", s.Term, s.Start, s.End)
		}
		got := fmt.Sprintf("%d %s %s|%s %s %s %d/%d %v", s.Depth, s.Domain, term, s.Target, s.Outcome, s.Result, s.Lookups, s.Voids, s.Queries)
		if i >= len(want) || got != want[i] {
			t.Errorf("step %d:\n%s\nwant %v", i, got, want[min(i, len(want)-1)])
		}
	}
	last := v.Trace[len(v.Trace)-1]
	if last.Detail != "mx.example.net has 192.0.2.1" || !slices.Equal(last.Path, []string{"example.com", "_spf.example.net", "deep.example.net"}) {
		t.Errorf("%q %v", last.Detail, last.Path)
	}
}

// TestProblemPlace: where the reader of a verdict has to go.
func TestProblemPlace(t *testing.T) {
	for _, c := range []struct {
		name           string
		zone           zone
		domain, term   string
		mechanism, why string
	}{
		{"syntax below", includeOf("v=spf1 a foo"), "b.example.com", "foo", "include:b.example.com", `no mechanism "foo"`},
		{"include of nothing", includeOf("x"), "example.com", "include:b.example.com", "include:b.example.com", "has no SPF record"},
		{"include that times out", zone{"example.com": {"TXT v=spf1 include:b.example.com ~all"}, "b.example.com": {"TIMEOUT"}},
			"example.com", "include:b.example.com", "include:b.example.com", "b.example.com TXT was not answered in time"},
		{"two records below", zone{"example.com": {"TXT v=spf1 include:b.example.com"}, "b.example.com": {"TXT v=spf1", "TXT v=spf1"}},
			"b.example.com", "", "include:b.example.com", "more than one"},
		{"no record", zone{"example.com": {"TXT x"}}, "example.com", "", "", "has no SPF record"},
		{"no domain", zone{}, "example.com", "", "", "does not exist"},
		{"neutral", zone{"example.com": {"TXT v=spf1 a"}}, "", "", "default", "no term of the record of example.com matches 192.0.2.1"},
		{"fail", zone{"example.com": {"TXT v=spf1 -all"}}, "", "", "-all", "does not authorize 192.0.2.1"},
		{"softfail by redirect", zone{"example.com": {"TXT v=spf1 redirect=b.example.com"}, "b.example.com": {"TXT v=spf1 ~all"}},
			"", "", "redirect=b.example.com", "probably does not authorize"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, _ := check(t, c.zone, Request{ReversePath: "a@example.com"})
			if v.ProblemDomain != c.domain || v.ProblemTerm != c.term || v.Mechanism != c.mechanism || !strings.Contains(v.Reason, c.why) {
				t.Errorf("%q %q %q %q", v.ProblemDomain, v.ProblemTerm, v.Mechanism, v.Reason)
			}
		})
	}
}

// TestTraceIsBounded: what is left out of a trace is said, and the terms that decide
// are never left out.
func TestTraceIsBounded(t *testing.T) {
	many := strings.Repeat(" ip4:1.1.1.1", 2000)
	v, _ := check(t, zone{"example.com": {"TXT v=spf1" + many + " a:x.example.com" + many + " -all"},
		"x.example.com": {"A 198.51.100.1"}}, Request{ReversePath: "a@example.com"})
	if v.Result != Fail || len(v.Trace) > maxSteps+10 {
		t.Errorf("%s in %d steps", v.Result, len(v.Trace))
	}
	omitted, terms := 0, 0
	for _, s := range v.Trace {
		if s.Outcome == OutcomeOmitted {
			var n int
			if _, err := fmt.Sscanf(s.Detail, "%d terms", &n); err != nil {
				t.Errorf("%q: %v", s.Detail, err)
			}
			omitted += n
		} else if s.Term != "" {
			terms++
		}
	}
	if omitted+terms != 4002 || v.Trace[len(v.Trace)-1].Term != "-all" {
		t.Errorf("%d terms and %d omitted; the last is %q", terms, omitted, v.Trace[len(v.Trace)-1].Term)
	}
}

// TestTraceIsItsOwn: the memory of an evaluation is used again, what it gave is not.
func TestTraceIsItsOwn(t *testing.T) {
	z := zone{"example.com": {"TXT v=spf1 include:b.example.com -all"}, "b.example.com": {"TXT v=spf1 a:%{l}.example.com"}}
	first, _ := check(t, z, Request{ReversePath: "one@example.com"})
	before := fmt.Sprintf("%+v", first)
	for range 10 {
		check(t, z, Request{ReversePath: "two@example.com", IP: netip.MustParseAddr("2001:db8::1")})
	}
	if after := fmt.Sprintf("%+v", first); after != before {
		t.Errorf("%s\nbecame\n%s", before, after)
	}
}

// TestConcurrent is for the race detector.
func TestConcurrent(t *testing.T) {
	z, _ := fifthInclude()
	done := make(chan Result)
	for range 8 {
		go func() { done <- Check(context.Background(), z, fifthIncludeRequest()).Result }()
	}
	for range 8 {
		if r := <-done; r != Pass {
			t.Error(r)
		}
	}
}

// randomZone is a resolver that makes up an answer for any question, the same for
// the same name, from a few terms and records.
type randomZone struct {
	record string
	seed   uint64
	asked  int
}

func (z *randomZone) Resolve(_ context.Context, q dns.Question) dns.Answer {
	z.asked++
	h := z.seed
	for _, b := range []byte(strings.ToLower(q.Name)) {
		h = h*1099511628211 + uint64(b)
	}
	rnd := rand.New(rand.NewPCG(h, uint64(q.Type)))
	a := dns.Answer{Question: q, Status: dns.Success}
	switch {
	case z.asked == 1:
		a.Records = []dns.Record{{Data: z.record}}
		return a
	case rnd.IntN(6) == 0:
		a.Status = dns.Status(rnd.IntN(int(dns.NotRecorded) + 1))
		if a.Status != dns.Success {
			return a
		}
	}
	for range 1 + rnd.IntN(3)*rnd.IntN(8) {
		a.Records = append(a.Records, z.made(rnd, q.Type))
	}
	return a
}

func (z *randomZone) made(rnd *rand.Rand, t dns.Type) dns.Record {
	name := fmt.Sprintf("n%d.example.com", rnd.IntN(40))
	switch t {
	case dns.TypeA:
		return dns.Record{Data: fmt.Sprintf("192.0.2.%d", rnd.IntN(256))}
	case dns.TypeAAAA:
		return dns.Record{Data: fmt.Sprintf("2001:db8::%x", rnd.IntN(256))}
	case dns.TypeTXT:
		terms := []string{"a", "mx", "ptr", "include:" + name, "include:%{l}." + name, "exists:%{p}." + name, "-all", "~all",
			"ip4:192.0.2.0/28", "redirect=" + name, "exp=" + name, "a:%{d2}", "%{s} %{p}"}
		s := "v=spf1"
		for range 1 + rnd.IntN(9) {
			s += " " + terms[rnd.IntN(len(terms))]
		}
		return dns.Record{Data: s}
	}
	return dns.Record{Data: name}
}

// FuzzCheck: whatever is published, the evaluation ends within its bounds and with
// a verdict that is consistent.
func FuzzCheck(f *testing.F) {
	for i, s := range []string{"v=spf1 a mx ptr include:a.example.com exists:%{p}.%{h} -all exp=%{d2}", "v=spf1 redirect=%{l}.example.com",
		"v=spf1 include:a.%{d} include:b.%{d} include:c.%{d} ~all", "v=spf1 mx:a.example.com mx:b.example.com mx:c.example.com ?all",
		"v=spf1 -all exp=%{p}", "hello", "v=spf1 foo"} {
		f.Add(s, "user@example.com", "mail.example.com", uint64(i), i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, record, from, helo string, seed uint64, v4 bool) {
		ip := netip.MustParseAddr("2001:db8::7")
		if v4 {
			ip = netip.MustParseAddr("192.0.2.7")
		}
		z := &randomZone{record: record, seed: seed}
		v := Check(context.Background(), z, Request{IP: ip, HELO: helo, ReversePath: from})
		if z.asked > MaxQueries {
			t.Errorf("%d questions", z.asked)
		}
		checkInvariants(t, &v)
	})
}
