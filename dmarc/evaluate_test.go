package dmarc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
)

type verdictCase struct {
	name string // begins with the section
	in   string
	want string
}

func runCases(t *testing.T, zone dns.Zone, cases []verdictCase) {
	t.Helper()
	r := dns.MustMemory(zone)
	for _, c := range cases {
		if got := summary(Evaluate(t.Context(), r, input(c.in))); got != c.want {
			t.Errorf("%s\n in   %s\n got  %s\n want %s", c.name, c.in, got, c.want)
		}
	}
}

func TestPolicyDiscovery(t *testing.T) {
	runCases(t, dns.Zone{
		"_dmarc.example.com":        {"TXT v=DMARC1; p=reject; sp=quarantine; np=none"},
		"exists.example.com":        {"MX 10 mx.example.com"},
		"a.empty.example.com":       {"A 192.0.2.1"},
		"alias.example.com":         {"CNAME gone.example.net"},
		"_dmarc.own.example.com":    {"TXT v=DMARC1; p=none; sp=reject"},
		"_dmarc.p.example":          {"TXT v=DMARC1; p=reject"},
		"_dmarc.sp.example":         {"TXT v=DMARC1; p=reject; sp=none"},
		"_dmarc.np.example":         {"TXT v=DMARC1; p=none; np=reject"},
		"x.np.example":              {"A 192.0.2.1"},
		"_dmarc.t.example":          {"TXT v=DMARC1; p=reject; sp=quarantine; t=y"},
		"x.t.example":               {"A 192.0.2.1"},
		"_dmarc.quarantine.example": {"TXT v=DMARC1; p=quarantine; t=y"},
		"_dmarc.none.example":       {"TXT v=DMARC1; p=none; t=y"},
		"_dmarc.two.example":        {"TXT v=DMARC1; p=reject", "TXT v=DMARC1; p=none"},
		"_dmarc.sub.two.example":    {"TXT v=DMARC1; p=reject", "TXT v=DMARC1; p=none"},
		"_dmarc.twosub.p.example":   {"TXT v=DMARC1; p=none", "TXT v=DMARC1; p=none"},
		"_dmarc.mixed.example":      {"TXT v=spf1 -all", "TXT v=DMARC1; p=reject", "TXT p=none; v=DMARC1"},
		"_dmarc.nop.example":        {"TXT v=DMARC1; sp=reject"},
		"_dmarc.noprua.example":     {"TXT v=DMARC1; sp=reject; rua=mailto:d@noprua.example"},
		"_dmarc.badsp.example":      {"TXT v=DMARC1; p=reject; sp=rejct"},
		"_dmarc.badsprua.example":   {"TXT v=DMARC1; p=reject; sp=rejct; rua=mailto:d@badsprua.example"},
		"_dmarc.badnp.example":      {"TXT v=DMARC1; p=reject; np=x; rua=nonsense"},
		"_dmarc.badown.p.example":   {"TXT v=DMARC1; p=x"},
	}, []verdictCase{
		{"4.10.1: the author domain's own record: p", "example.com", "fail org=example.com policy=reject@example.com/reject not-authenticated"},
		{"4.10.1: own record of a subdomain: p, not the parent's sp, nor its own", "own.example.com", "fail org=example.com policy=none@own.example.com/none not-authenticated"},
		{"4.10.1: existing subdomain: sp", "exists.example.com", "fail org=example.com policy=quarantine@example.com/quarantine not-authenticated"},
		{"3.2.13: NXDOMAIN: np", "nothere.example.com", "fail org=example.com policy=none@example.com/none not-authenticated"},
		{"A.4: no data is existence", "empty.example.com", "fail org=example.com policy=quarantine@example.com/quarantine not-authenticated"},
		{"A.4: any record is existence, a dangling CNAME too", "alias.example.com", "fail org=example.com policy=quarantine@example.com/quarantine not-authenticated"},
		{"4.7: no sp, no np: p", "a.p.example", "fail org=p.example policy=reject@p.example/reject not-authenticated"},
		{"4.7: no np: sp for what does not exist", "a.sp.example", "fail org=sp.example policy=none@sp.example/none not-authenticated"},
		{"4.7: np without sp", "nothere.np.example", "fail org=np.example policy=reject@np.example/reject not-authenticated"},
		{"4.7: np without sp, existing", "x.np.example", "fail org=np.example policy=none@np.example/none not-authenticated"},
		{"4.7: np never for the domain itself", "np.example", "fail org=np.example policy=none@np.example/none not-authenticated"},
		{"4.7: t=y: reject becomes quarantine", "t.example", "fail org=t.example policy=reject@t.example/quarantine not-authenticated"},
		{"4.7: t=y: quarantine becomes none, for sp too", "x.t.example", "fail org=t.example policy=quarantine@t.example/none not-authenticated"},
		{"4.7: t=y: quarantine", "quarantine.example", "fail org=quarantine.example policy=quarantine@quarantine.example/none not-authenticated"},
		{"4.7: t=y has no effect on none", "none.example", "fail org=none.example policy=none@none.example/none not-authenticated"},
		{"5.3.5: pass leaves the policy and no disposition", "t.example spf:t.example:pass", "pass org=t.example policy=reject@t.example/none spf"},
		{"4.10 step 2: several records are all discarded", "two.example", "none org=two.example policy=@/none multiple-records"},
		{"4.10 step 6: on every level", "sub.two.example", "none org=sub.two.example policy=@/none multiple-records"},
		{"4.10 step 2: the parent's applies then", "twosub.p.example", "fail org=p.example policy=reject@p.example/reject not-authenticated"},
		{"4.10 step 2: what does not begin with v=DMARC1 is discarded first", "mixed.example", "fail org=mixed.example policy=reject@mixed.example/reject not-authenticated"},
		{"5.3.2: no record", "nothing.example spf:nothing.example:pass", "none org=nothing.example policy=@/none spf no-record"},
		{"4.10.1: no p, no rua", "nop.example", "none org=nop.example policy=@/none invalid-policy"},
		{"4.10.1: no p, rua: p=none, for subdomains too", "x.noprua.example", "fail org=noprua.example policy=none@noprua.example/none not-authenticated"},
		{"4.10.1: invalid sp, no rua", "badsp.example", "none org=badsp.example policy=@/none invalid-policy"},
		{"4.10.1: invalid sp, rua", "badsprua.example", "fail org=badsprua.example policy=none@badsprua.example/none not-authenticated"},
		{"4.10.1: invalid np, no valid rua", "badnp.example", "none org=badnp.example policy=@/none invalid-policy"},
		{"4.10.1: an unusable record of the author: no DMARC, not the parent's", "badown.p.example", "none org=p.example policy=@/none invalid-policy"},
	})
}

func TestOrganizationalDomain(t *testing.T) {
	runCases(t, dns.Zone{
		// 4.10.2, the examples at its end.
		"_dmarc.mail.one.example":   {"TXT v=DMARC1; p=none"},
		"_dmarc.one.example":        {"TXT v=DMARC1; p=none"},
		"_dmarc.mail.two.example":   {"TXT v=DMARC1; p=none; psd=n"},
		"_dmarc.two.example":        {"TXT v=DMARC1; p=reject"},
		"_dmarc.psd":                {"TXT v=DMARC1; p=reject; psd=y; sp=quarantine; np=reject"},
		"three.psd":                 {"A 192.0.2.1"},
		"_dmarc.below.three.psd":    {"TXT v=DMARC1; p=quarantine"},
		"_dmarc.owned.psd":          {"TXT v=DMARC1; p=quarantine; sp=none"},
		"a.owned.psd":               {"A 192.0.2.1"},
		"_dmarc.plain":              {"TXT v=DMARC1; p=reject"},
		"_dmarc.x.plain":            {"TXT v=DMARC1; p=none"},
		"_dmarc.g.h.i.j.k.deep.psd": {"TXT v=DMARC1; p=none; psd=y"},
	}, []verdictCase{
		{"4.10.2 rule 3: the fewest labels", "a.mail.one.example", "fail org=one.example policy=none@one.example/none not-authenticated"},
		{"4.10.2 rule 1: psd=n", "a.mail.two.example", "fail org=mail.two.example policy=none@mail.two.example/none not-authenticated"},
		{"4.10.2 rule 1: psd=n at the start itself", "mail.two.example", "fail org=mail.two.example policy=none@mail.two.example/none not-authenticated"},
		{"4.10.2 rule 2: one label below psd=y; its sp applies", "three.psd", "fail org=three.psd policy=quarantine@psd/quarantine not-authenticated"},
		{"4.10.1: the PSD's np", "four.psd", "fail org=four.psd policy=reject@psd/reject not-authenticated"},
		{"4.10.2 rule 2: longer records do not change that", "a.below.three.psd", "fail org=three.psd policy=reject@psd/reject not-authenticated"},
		{"4.10.1 note: the PSD's policy yields to the organization's", "a.owned.psd", "fail org=owned.psd policy=none@owned.psd/none not-authenticated"},
		{"4.10.2 rule 2: not for the domain where the walk starts", "psd", "fail org=psd policy=reject@psd/reject not-authenticated"},
		{"11.8: a public suffix without psd=y captures all", "y.x.plain", "fail org=plain policy=reject@plain/reject not-authenticated"},
		{"4.10.2: no record at all: the start itself", "a.b.nothing", "none org=a.b.nothing policy=@/none no-record"},
		{"4.10 step 4 with rule 2: one label below, on the way to the start", "a.b.c.d.g.h.i.j.k.deep.psd", "fail org=d.g.h.i.j.k.deep.psd policy=none@g.h.i.j.k.deep.psd/none not-authenticated"},
	})
}

func TestAlignment(t *testing.T) {
	runCases(t, dns.Zone{
		"_dmarc.example.com":        {"TXT v=DMARC1; p=reject"},
		"_dmarc.strict.example":     {"TXT v=DMARC1; p=reject; adkim=s; aspf=s"},
		"_dmarc.mixed.example":      {"TXT v=DMARC1; p=reject; adkim=s"},
		"_dmarc.tenant.example.com": {"TXT v=DMARC1; p=reject; psd=n"},
	}, []verdictCase{
		{"4.4: identical", "example.com spf:example.com:pass", "pass org=example.com policy=reject@example.com/none spf"},
		{"4.4: case-insensitive (RFC 4343)", "EXAMPLE.com. spf:Example.COM:pass", "pass org=example.com policy=reject@example.com/none spf"},
		{"4.4: relaxed, below", "example.com spf:bounce.example.com:pass", "pass org=example.com policy=reject@example.com/none spf"},
		{"4.4: relaxed, above", "news.example.com dkim:example.com:pass", "pass org=example.com policy=reject@example.com/none dkim=example.com"},
		{"4.4: relaxed, beside", "news.example.com dkim:foo.example.com:pass", "pass org=example.com policy=reject@example.com/none dkim=foo.example.com"},
		{"4.4: another organization", "news.example.com dkim:foo.example.net:pass", "fail org=example.com policy=reject@example.com/reject not-aligned"},
		{"4.4: no suffix of letters", "example.com dkim:badexample.com:pass", "fail org=example.com policy=reject@example.com/reject not-aligned"},
		{"4.4: strict", "strict.example spf:a.strict.example:pass dkim:b.strict.example:pass", "fail org=strict.example policy=reject@strict.example/reject not-aligned"},
		{"4.4: strict, identical", "strict.example dkim:strict.example:pass", "pass org=strict.example policy=reject@strict.example/none dkim=strict.example"},
		{"4.7: adkim and aspf are apart", "mixed.example spf:a.mixed.example:pass dkim:a.mixed.example:pass", "pass org=mixed.example policy=reject@mixed.example/none spf"},
		{"4.10.2: psd=n between them", "example.com dkim:mail.tenant.example.com:pass", "fail org=example.com policy=reject@example.com/reject not-aligned"},
		{"4.10.2: psd=n above the author", "a.tenant.example.com dkim:example.com:pass", "fail org=tenant.example.com policy=reject@tenant.example.com/reject not-aligned"},
		{"4.4.1: any signature that passes and is aligned", "example.com dkim:example.net:pass dkim:example.com:fail dkim:b.example.com:pass", "pass org=example.com policy=reject@example.com/none dkim=b.example.com"},
		{"5.3.5: only pass counts", "example.com spf:example.com:softfail dkim:example.com:neutral dkim:example.com:policy", "fail org=example.com policy=reject@example.com/reject not-authenticated"},
		{"4.4: an identifier that is no domain", "example.com dkim:a@example.com:pass spf::pass", "fail org=example.com policy=reject@example.com/reject not-aligned"},
		{"5.3.6: aligned, and its own check is temperror", "example.com spf:example.com:temperror dkim:example.net:pass", "temperror org=example.com policy=reject@example.com/ identifier-temperror"},
		{"5.3.6: temperror of another's domain changes nothing", "example.com spf:example.net:temperror", "fail org=example.com policy=reject@example.com/reject not-authenticated"},
		{"5.3.6: a pass needs no more", "example.com spf:example.com:temperror dkim:a.example.com:pass", "pass org=example.com policy=reject@example.com/none dkim=a.example.com"},
	})
}

// An identifier's alignment is shown whatever its result; OrgDomain only where it
// was worth a walk.
func TestIdentifiersAreShown(t *testing.T) {
	r := dns.MustMemory(dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; aspf=s"}})
	v := Evaluate(t.Context(), r, input("example.com spf:a.example.com:fail dkim:b.example.com:fail dkim:c.example.net:fail dkim:d.example.net:pass dkim:example.com:fail"))
	want := []Alignment{
		{"spf", "a.example.com", "fail", "", "strict", false},
		{"dkim", "b.example.com", "fail", "example.com", "relaxed", true},
		{"dkim", "c.example.net", "fail", "", "relaxed", false},
		{"dkim", "d.example.net", "pass", "d.example.net", "relaxed", false},
		{"dkim", "example.com", "fail", "example.com", "relaxed", true},
	}
	if d := cmp.Diff(want, v.Identifiers); d != "" {
		t.Error(d)
	}
	var walks []string
	for _, w := range v.Discovery {
		walks = append(walks, w.Domain)
	}
	if d := cmp.Diff([]string{"example.com", "b.example.com", "d.example.net"}, walks); d != "" {
		t.Error(d)
	}
}

// RFC 9989 section 5.3.6: a DNS failure is never none and never fail where it hides
// what the result depends on, and no error where it does not.
func TestDNSFailures(t *testing.T) {
	runCases(t, dns.Zone{
		"_dmarc.timeout.example":        {"TIMEOUT"},
		"_dmarc.servfail.example":       {"SERVFAIL"},
		"_dmarc.refused.example":        {"REFUSED"},
		"_dmarc.own.timeout.example":    {"TXT v=DMARC1; p=reject"},
		"_dmarc.strict.timeout.example": {"TXT v=DMARC1; p=reject; adkim=s; aspf=s"},
		"_dmarc.np.example":             {"TXT v=DMARC1; p=none; np=reject"},
		"slow.np.example":               {"TIMEOUT"},
		"_dmarc.example.com":            {"TXT v=DMARC1; p=reject"},
		"_dmarc.broken.example.com":     {"SERVFAIL"},
		"_dmarc.evil.example":           {"TIMEOUT"},
	}, []verdictCase{
		{"own record", "timeout.example spf:timeout.example:pass", "temperror org= policy=@/ spf dns-timeout"},
		{"own record", "servfail.example", "temperror org= policy=@/ dns-servfail"},
		{"parent's record", "a.refused.example", "temperror org= policy=@/ dns-refused"},
		{"own record found, identical domain", "own.timeout.example spf:own.timeout.example:pass", "pass org= policy=reject@own.timeout.example/none spf"},
		{"own record found, relaxed, other domain", "own.timeout.example dkim:timeout.example:pass", "temperror org= policy=reject@own.timeout.example/ dns-timeout"},
		{"own record found, nothing in common", "own.timeout.example dkim:example.net:pass", "fail org= policy=reject@own.timeout.example/reject not-aligned"},
		{"own record found, nothing passes", "own.timeout.example dkim:timeout.example:fail", "fail org= policy=reject@own.timeout.example/reject not-authenticated"},
		{"own record found, strict", "strict.timeout.example dkim:timeout.example:pass", "fail org= policy=reject@strict.timeout.example/reject not-aligned"},
		{"existence", "slow.np.example", "temperror org=np.example policy=@np.example/ dns-timeout"},
		{"existence changes no pass", "slow.np.example spf:np.example:pass", "pass org=np.example policy=@np.example/none spf"},
		{"walk of a related identifier", "example.com dkim:broken.example.com:pass", "temperror org=example.com policy=reject@example.com/ dns-servfail"},
		{"walk of a related identifier, and another passes", "example.com dkim:broken.example.com:pass spf:example.com:pass", "pass org=example.com policy=reject@example.com/none spf"},
		{"walk of a related identifier that failed", "example.com dkim:broken.example.com:fail", "fail org=example.com policy=reject@example.com/reject not-authenticated"},
		{"nobody breaks his own DNS to avoid a fail", "example.com dkim:evil.example:pass spf:a.evil.example:pass", "fail org=example.com policy=reject@example.com/reject not-aligned"},
	})
}

func TestWalkOutcomes(t *testing.T) {
	r := dns.MustMemory(dns.Zone{
		"_dmarc.a.b.c.d.example":   {"TXT v=DMARC1; p=none"},
		"_dmarc.b.c.d.example":     {"TXT v=DMARC1; p=none", "TXT v=DMARC1; p=none"},
		"_dmarc.c.d.example":       {"TXT v=spf1 -all"},
		"_dmarc.d.example":         {"TXT v=DMARC1; p=x"},
		"_dmarc.example":           {"TXT v=DMARC1; p=none; psd=y"},
		"x._dmarc.e.example":       {"A 192.0.2.1"},
		"_dmarc.n.example":         {"TXT v=DMARC1; p=none; psd=n"},
		"_dmarc.bad.example":       {"TXT v=DMARC1; psd=n"},
		"_dmarc.malformed.example": {"CNAME _dmarc.malformed.example"},
	})
	for domain, want := range map[string][]WalkQuery{
		"a.b.c.d.example": {
			{"_dmarc.a.b.c.d.example", "record", "v=DMARC1; p=none"},
			{"_dmarc.b.c.d.example", "multiple", "v=DMARC1; p=none\nv=DMARC1; p=none"},
			{"_dmarc.c.d.example", "no-record", ""},
			{"_dmarc.d.example", "invalid", "v=DMARC1; p=x"},
			{"_dmarc.example", "psd=y", "v=DMARC1; p=none; psd=y"},
		},
		"x.e.example":       {{"_dmarc.x.e.example", "nxdomain", ""}, {"_dmarc.e.example", "no-data", ""}, {"_dmarc.example", "psd=y", "v=DMARC1; p=none; psd=y"}},
		"n.example":         {{"_dmarc.n.example", "psd=n", "v=DMARC1; p=none; psd=n"}},
		"bad.example":       {{"_dmarc.bad.example", "invalid", "v=DMARC1; psd=n"}}, // ends the walk all the same
		"malformed.example": {{"_dmarc.malformed.example", "malformed", ""}},
		"":                  nil,
		"a..b":              nil,
	} {
		if d := cmp.Diff(want, TreeWalk(t.Context(), r, domain).Queries); d != "" {
			t.Errorf("%s: %s", domain, d)
		}
	}
}

// RFC 9989 sections 4.10 and 5.1.8: the names of a walk.
func TestWalkNames(t *testing.T) {
	for domain, want := range map[string]string{
		"com":                                  "com",
		"a.mail.example.com":                   "a.mail.example.com mail.example.com example.com com",
		"a.b.c.d.e.f.com":                      "a.b.c.d.e.f.com b.c.d.e.f.com c.d.e.f.com d.e.f.com e.f.com f.com com",
		"a.b.c.d.e.f.g.com":                    "a.b.c.d.e.f.g.com b.c.d.e.f.g.com c.d.e.f.g.com d.e.f.g.com e.f.g.com f.g.com g.com com",
		"a.b.c.d.e.f.g.h.i.j.mail.example.com": "a.b.c.d.e.f.g.h.i.j.mail.example.com g.h.i.j.mail.example.com h.i.j.mail.example.com i.j.mail.example.com j.mail.example.com mail.example.com example.com com",
		"mail.a.b.c.d.e.f.g.example.com":       "mail.a.b.c.d.e.f.g.example.com c.d.e.f.g.example.com d.e.f.g.example.com e.f.g.example.com f.g.example.com g.example.com example.com com",
	} {
		w := TreeWalk(t.Context(), dns.MustMemory(nil), domain)
		var got []string
		for _, q := range w.Queries {
			got = append(got, strings.TrimPrefix(q.Name, "_dmarc."))
		}
		if strings.Join(got, " ") != want || len(got) > maxWalkQueries || w.OrgDomain != domain {
			t.Errorf("%s: %q, organization %s", domain, got, w.OrgDomain)
		}
	}
}

// RFC 9989 section 5.3.1 and 11.5: without one author domain there is no DMARC, and no question is asked.
func TestPermError(t *testing.T) {
	counter := dns.NewCounter(dns.MustMemory(nil), 1000)
	for _, in := range []Input{
		{AuthorError: errors.New("several From fields"), AuthorDomain: "example.com"},
		{},
		{AuthorDomain: "a..b"},
		{AuthorDomain: "a b"},
		{AuthorDomain: strings.Repeat("a", 64) + ".example"},
		{AuthorDomain: strings.Repeat("a.", 127) + "b"},
	} {
		in.SPF = &Identifier{"example.com", "pass"}
		v := Evaluate(t.Context(), counter, in)
		if v.Result != PermError || v.Problem != ProblemAuthor || v.FromDomain != "" || v.SPFAligned || v.Disposition != "" {
			t.Errorf("%+v: %+v", in, v)
		}
	}
	if n := counter.Count(); n != 0 {
		t.Errorf("%d questions", n)
	}
}

// Case 28 (CVE-2019-20790, OpenDMARC pull request 70): HELO never aligns, and the
// domain of a signature that fails is never joined with another's pass.
func TestAttack28OwnDomainOwnResult(t *testing.T) {
	runCases(t, dns.Zone{"_dmarc.victim.test": {"TXT v=DMARC1; p=reject"}}, []verdictCase{
		{"a fail for the victim, a pass for the attacker", "victim.test dkim:victim.test:fail dkim:evil.test:pass", "fail org=victim.test policy=reject@victim.test/reject not-aligned"},
		{"in the other order", "victim.test dkim:evil.test:pass dkim:victim.test:fail", "fail org=victim.test policy=reject@victim.test/reject not-aligned"},
		{"SPF passes for the attacker, DKIM fails for the victim", "victim.test spf:evil.test:pass dkim:victim.test:fail", "fail org=victim.test policy=reject@victim.test/reject not-aligned"},
		{"SPF fails for the victim, DKIM passes for the attacker", "victim.test spf:victim.test:fail dkim:evil.test:pass", "fail org=victim.test policy=reject@victim.test/reject not-aligned"},
		{"a crowd before the one that counts", "victim.test " + strings.Repeat("dkim:evil.test:pass ", 90) + "dkim:victim.test:pass", "pass org=victim.test policy=reject@victim.test/none dkim=victim.test"},
		{"a crowd of domains before the one that counts", "victim.test " + crowd(50) + "dkim:mail.victim.test:pass", "pass org=victim.test policy=reject@victim.test/none dkim=mail.victim.test"},
	})
}

func crowd(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "dkim:evil%d.test:pass ", i)
	}
	return b.String()
}

// Case 31: odd records.
func TestAttack31OddRecords(t *testing.T) {
	runCases(t, dns.Zone{
		"_dmarc.two.test":     {"TXT v=DMARC1; p=reject", "TXT v=DMARC1; p=reject"},
		"_dmarc.dup.test":     {"TXT v=DMARC1; p=none; p=reject"},
		"_dmarc.duprua.test":  {"TXT v=DMARC1; p=none; p=reject; rua=mailto:a@duprua.test"},
		"_dmarc.nop.test":     {"TXT v=DMARC1; rua=mailto:a@nop.test"},
		"_dmarc.unknown.test": {"TXT v=DMARC1; foo=bar; p=reject; x=1"},
		"_dmarc.long.test":    {"TXT v=DMARC1; p=reject; rua=" + strings.TrimSuffix(strings.Repeat("mailto:a@long.test,", 640), ",")},
		"_dmarc.notv.test":    {"TXT p=reject; v=DMARC1"},
		"_dmarc.pct.test":     {"TXT v=DMARC1; p=reject; pct=-99999999999999999999; ri=99999999999999999999; rf=iodef"},
	}, []verdictCase{
		{"two", "two.test", "none org=two.test policy=@/none multiple-records"},
		{"RFC 6376 section 3.2: duplicate", "dup.test", "none org=dup.test policy=@/none invalid-policy"},
		{"duplicate, with rua", "duprua.test", "fail org=duprua.test policy=none@duprua.test/none not-authenticated"},
		{"no p, with rua", "nop.test", "fail org=nop.test policy=none@nop.test/none not-authenticated"},
		{"4.7: unknown tags are ignored", "unknown.test", "fail org=unknown.test policy=reject@unknown.test/reject not-authenticated"},
		{"12 KB", "long.test", "fail org=long.test policy=reject@long.test/reject not-authenticated"},
		{"4.7: v not first", "notv.test", "none org=notv.test policy=@/none no-record"},
		{"removed tags are ignored, however absurd", "pct.test", "fail org=pct.test policy=reject@pct.test/reject not-authenticated"},
	})
}

// Case 32: at most 8 questions a walk, whatever the name; and names as of foo.co.uk.
func TestAttack32TreeWalk(t *testing.T) {
	counter := dns.NewCounter(dns.MustMemory(nil), 1000)
	if v := Evaluate(t.Context(), counter, Input{AuthorDomain: strings.Repeat("a.", 399) + "b"}); v.Result != PermError || counter.Count() != 0 {
		t.Errorf("400 labels: %s after %d questions", v.Result, counter.Count())
	}
	longest := strings.Repeat("a.", 119) + "example" // 120 labels
	v := Evaluate(t.Context(), counter, Input{AuthorDomain: longest, RegisteredDomain: func(d string) string { return d }})
	if n := counter.Count(); n != 8 || len(v.Discovery[0].Queries) != 8 {
		t.Errorf("120 labels: %d questions", n)
	}
	runCases(t, dns.Zone{
		"_dmarc.foo.co.uk":  {"TXT v=DMARC1; p=reject"},
		"_dmarc.evil.co.uk": {"TXT v=DMARC1; p=none"},
		"_dmarc.psd.gov.uk": {"TXT v=DMARC1; p=reject; psd=y; np=reject; sp=none"},
	}, []verdictCase{
		{"another of the same suffix is not aligned", "foo.co.uk dkim:evil.co.uk:pass", "fail org=foo.co.uk policy=reject@foo.co.uk/reject not-aligned"},
		{"a suffix without a record is not aligned", "foo.co.uk dkim:co.uk:pass", "fail org=foo.co.uk policy=reject@foo.co.uk/reject not-aligned"},
		{"two of one PSD are not aligned", "a.psd.gov.uk dkim:b.psd.gov.uk:pass", "fail org=a.psd.gov.uk policy=reject@psd.gov.uk/reject not-aligned"},
		{"the PSD itself is not aligned with what is below it", "a.psd.gov.uk dkim:psd.gov.uk:pass", "fail org=a.psd.gov.uk policy=reject@psd.gov.uk/reject not-aligned"},
	})
}

// Every name is asked once, and all of it is bounded, with a crowd of identifiers.
func TestQuestionsAreBounded(t *testing.T) {
	seen := map[string]int{}
	in := input("a.b.c.d.e.f.g.h.example.com " + crowd(99))
	in.SPF = &Identifier{"x.b.c.d.e.f.g.h.example.com", "pass"}
	for i := range in.DKIM {
		in.DKIM[i].Domain = "a.b.c.d.e.f.g." + in.DKIM[i].Domain
	}
	recorder := dns.NewRecorder(dns.MustMemory(dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject"}}))
	v := Evaluate(t.Context(), recorder, in)
	for _, a := range recorder.Answers() {
		seen[a.Question.Name]++
	}
	if len(seen) > maxDistinctNames || len(v.Discovery) != 1+maxIdentifierWalks || len(v.Identifiers) != 100 {
		t.Errorf("%d names, %d walks, %d identifiers", len(seen), len(v.Discovery), len(v.Identifiers))
	}
}

func BenchmarkEvaluate(b *testing.B) {
	r := dns.MustMemory(dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; rua=mailto:d@example.com"}})
	in := input("example.com spf:bounce.example.com:pass dkim:example.com:pass")
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if v := Evaluate(ctx, r, in); v.Result != Pass {
			b.Fatal(v.Reason)
		}
	}
}

// The floor: the five questions alone.
func BenchmarkEvaluateFloor(b *testing.B) {
	r := dns.MustMemory(dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; rua=mailto:d@example.com"}})
	b.ReportAllocs()
	for b.Loop() {
		for _, name := range []string{"_dmarc.example.com", "_dmarc.com", "_dmarc.bounce.example.com"} {
			r.Resolve(b.Context(), dns.Question{Name: name, Type: dns.TypeTXT})
		}
	}
}
