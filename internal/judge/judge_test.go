package judge

import (
	"crypto/rsa"
	"maps"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/iprev"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

const good = "From: Shop <news@shop.example>\r\nTo: u@example.net\r\nSubject: Hello\r\n" +
	"Date: Sun, 22 Nov 2026 10:00:00 +0900\r\nMessage-ID: <1@shop.example>\r\n\r\nHello\r\n"

var address = netip.MustParseAddr("192.0.2.1")

// healthy is a message on which there is nothing to say; tests change one thing.
func healthy() Input {
	return Input{
		Session: evidence.Session{
			Observed: true, RemoteIP: address, HELO: "mx.shop.example", MailFrom: "news@shop.example", HasMailFrom: true,
			TLS: &evidence.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256"},
		},
		Message: message.Parse([]byte(good)),
		Auth: mailauth.Result{
			SPFChecked: true,
			SPF:        spf.Verdict{Result: spf.Pass, Identity: spf.MailFrom, Domain: "shop.example", Mechanism: "mx", Record: "v=spf1 mx -all", Lookups: 1},
			IPRev:      iprev.Verdict{Result: iprev.Pass, IP: address, Names: []string{"mx.shop.example"}, Confirmed: []string{"mx.shop.example"}},
			DKIM:       []dkim.Verdict{signed("shop.example", dkim.Pass, "")},
			ARC:        arc.Verdict{Result: arc.None, OldestPass: -1},
			DMARC: dmarc.Verdict{
				Result: dmarc.Pass, FromDomain: "shop.example", OrgDomain: "shop.example", PolicyDomain: "shop.example",
				Policy: dmarc.PolicyReject, Disposition: dmarc.PolicyNone, SPFChecked: true, SPFAligned: true, DKIMAligned: true,
				Record: &dmarc.Record{Raw: "v=DMARC1; p=reject", P: dmarc.PolicyReject},
				Identifiers: []dmarc.Alignment{
					{Method: "spf", Domain: "shop.example", Result: "pass", OrgDomain: "shop.example", Mode: "relaxed", Aligned: true},
					{Method: "dkim", Domain: "shop.example", Result: "pass", OrgDomain: "shop.example", Mode: "relaxed", Aligned: true},
				},
				RFC7489: dmarc.RFC7489{OrgDomain: "shop.example", PolicyDomain: "shop.example", Policy: dmarc.PolicyReject, Result: dmarc.Pass},
			},
		},
	}
}

func signed(domain string, result dkim.Result, problem string) dkim.Verdict {
	v := dkim.Verdict{
		Result: result, Problem: problem, KeyBits: 2048,
		Signature: &dkim.Signature{
			Version: "1", Domain: domain, Selector: "s1", Identity: "@" + domain, Algorithm: "rsa-sha256", Length: -1,
			Header: wire.Relaxed, Body: wire.Relaxed, Headers: []string{"From", "Subject"},
		},
		Key: &dkim.Key{Record: "v=DKIM1; p=MIIB", Public: &rsa.PublicKey{N: big.NewInt(3), E: 65537}, Bits: 2048},
	}
	if problem != "" {
		v.Reason = "because of " + problem
	}
	return v
}

// failing turns the healthy message into one whose DMARC fails.
func failing(in *Input) {
	d := &in.Auth.DMARC
	d.Result, d.Disposition, d.SPFAligned, d.DKIMAligned, d.AlignedDKIM = dmarc.Fail, d.Policy, false, false, ""
	d.RFC7489.Result = dmarc.Fail
}

// lines shows findings as "status id subject".
func lines(fs []catalogue.Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, string(f.Status)+" "+f.ID+" "+f.Subject)
	}
	return out
}

var cases = []struct {
	name   string
	change func(in *Input)
	// want are the findings that are not passes.
	want []string
}{
	{name: "healthy", change: func(in *Input) {}},
	{
		name: "Amazon SES with its default MAIL FROM",
		change: func(in *Input) {
			failing(in)
			in.Auth.SPF.Domain = "ap-northeast-1.amazonses.com"
			in.Auth.DKIM = []dkim.Verdict{signed("amazonses.com", dkim.Pass, "")}
			in.Auth.DMARC.Identifiers = []dmarc.Alignment{
				{Method: "spf", Domain: "ap-northeast-1.amazonses.com", Result: "pass", Mode: "relaxed"},
				{Method: "dkim", Domain: "amazonses.com", Result: "pass", Mode: "relaxed"},
			}
		},
		want: []string{"fail dmarc.fail-ses-default shop.example"},
	},
	{
		name: "a service that signs for itself",
		change: func(in *Input) {
			failing(in)
			in.Auth.DKIM = []dkim.Verdict{signed("mailer.example", dkim.Pass, "")}
			in.Auth.SPF.Domain = "mailer.example"
			in.Auth.DMARC.Identifiers = []dmarc.Alignment{
				{Method: "spf", Domain: "mailer.example", Result: "pass", Mode: "relaxed"},
				{Method: "dkim", Domain: "mailer.example", Result: "pass", Mode: "relaxed"},
			}
		},
		want: []string{"fail dmarc.fail-unaligned shop.example"},
	},
	{
		name: "spoof",
		change: func(in *Input) {
			failing(in)
			in.Auth.SPF = spf.Verdict{Result: spf.Fail, Identity: spf.MailFrom, Domain: "shop.example", Mechanism: "-all", Record: "v=spf1 -all"}
			in.Auth.DKIM = nil
			in.Auth.DMARC.Identifiers = []dmarc.Alignment{{Method: "spf", Domain: "shop.example", Result: "fail", Mode: "relaxed", Aligned: true}}
		},
		want: []string{"fail spf.fail shop.example", "fail dkim.none shop.example", "fail dmarc.fail shop.example"},
	},
	{
		name: "forwarded: SPF lost, DKIM kept",
		change: func(in *Input) {
			in.Auth.SPF = spf.Verdict{Result: spf.Fail, Identity: spf.MailFrom, Domain: "shop.example", Mechanism: "-all", Record: "v=spf1 mx -all"}
			in.Auth.DMARC.SPFAligned = false
			in.Auth.DMARC.Identifiers[0].Result = "fail"
		},
		want: []string{"warn spf.fail shop.example"},
	},
	{
		name: "changed by a list, chain valid",
		change: func(in *Input) {
			failing(in)
			in.Auth.SPF.Domain = "lists.example"
			in.Auth.DKIM = []dkim.Verdict{signed("lists.example", dkim.Pass, ""), signed("shop.example", dkim.Fail, "body-hash-mismatch")}
			in.Auth.DMARC.Identifiers = []dmarc.Alignment{
				{Method: "spf", Domain: "lists.example", Result: "pass", Mode: "relaxed"},
				{Method: "dkim", Domain: "lists.example", Result: "pass", Mode: "relaxed"},
				{Method: "dkim", Domain: "shop.example", Result: "fail", Mode: "relaxed", Aligned: true},
			}
			in.Auth.ARC = arc.Verdict{Result: arc.Pass, Instances: 1, Sets: []arc.Set{{
				Instance: 1, SealDomain: "lists.example", AuthServID: "lists.example", AMS: arc.Pass, AS: arc.Pass,
				Results: "lists.example; spf=pass smtp.mailfrom=shop.example; dmarc=pass header.from=shop.example",
			}}}
		},
		want: []string{
			"fail dkim.body-hash-mismatch shop.example", "fail dmarc.fail-unaligned shop.example",
			"info arc.could-override lists.example",
		},
	},
	{
		name: "no record, SPF only, shared host",
		change: func(in *Input) {
			in.Auth.IPRev.Names, in.Auth.IPRev.Confirmed = []string{"www123.host.example"}, []string{"www123.host.example"}
			in.Auth.DKIM = nil
			in.Auth.DMARC = dmarc.Verdict{
				Result: dmarc.None, FromDomain: "shop.example", OrgDomain: "shop.example", SPFChecked: true,
				Discovery: []dmarc.Walk{{Domain: "shop.example", Queries: []dmarc.WalkQuery{{Name: "_dmarc.shop.example", Outcome: "nxdomain"}}}},
				RFC7489:   dmarc.RFC7489{OrgDomain: "shop.example", Result: dmarc.None},
			}
		},
		want: []string{"warn dkim.none shop.example", "warn dmarc.none shop.example", "info ptr.generic-shared 192.0.2.1"},
	},
	{
		name: "two DMARC records",
		change: func(in *Input) {
			in.Auth.DMARC.Result, in.Auth.DMARC.Record, in.Auth.DMARC.PolicyDomain, in.Auth.DMARC.Policy = dmarc.None, nil, "", ""
			in.Auth.DMARC.Discovery = []dmarc.Walk{{Domain: "shop.example", Queries: []dmarc.WalkQuery{{Name: "_dmarc.shop.example", Outcome: "multiple"}}}}
			in.Auth.DMARC.RFC7489 = dmarc.RFC7489{OrgDomain: "shop.example", Result: dmarc.None}
		},
		want: []string{"fail dmarc.multiple-records shop.example"},
	},
	{
		name: "a file without an envelope, unsigned: unknown is never a fail",
		change: func(in *Input) {
			failing(in)
			in.Session = evidence.Session{}
			in.Auth.SPFChecked, in.Auth.SPF = false, spf.Verdict{Result: spf.None}
			in.Auth.IPRev = iprev.Verdict{Result: iprev.None}
			in.Auth.DKIM = nil
			in.Auth.DMARC.SPFChecked, in.Auth.DMARC.Identifiers = false, nil
			in.LineEndsNormalized = true
		},
		want: []string{
			"unknown dmarc.undecided shop.example", "unknown ptr.unknown message", "unknown spf.unchecked message",
			"warn dkim.none shop.example", "info message.line-ends-converted shop.example",
		},
	},
	{
		name: "DNS does not answer",
		change: func(in *Input) {
			in.Auth.SPF = spf.Verdict{Result: spf.TempError, Identity: spf.MailFrom, Domain: "shop.example", Problem: "dns-timeout"}
			in.Auth.DKIM = []dkim.Verdict{signed("shop.example", dkim.TempError, "dns-timeout")}
			in.Auth.IPRev = iprev.Verdict{Result: iprev.TempError, IP: address, Problem: iprev.DNSTimeout}
			in.Auth.ARC = arc.Verdict{Result: arc.Fail, Problem: "dns-timeout", Reason: "no answer", Instances: 1}
			in.Auth.DMARC = dmarc.Verdict{Result: dmarc.TempError, FromDomain: "shop.example", SPFChecked: true, Problem: "dns-timeout"}
		},
		want: []string{
			"unknown dkim.dns-failure shop.example", "unknown spf.temperror shop.example", "unknown ptr.dns-failure 192.0.2.1",
			"unknown dmarc.temperror shop.example", "unknown arc.dns-failure shop.example",
		},
	},
	{
		name: "the policy is known, the key is not",
		change: func(in *Input) {
			failing(in)
			in.Auth.SPF.Domain = "relay.example"
			in.Auth.DKIM = []dkim.Verdict{signed("shop.example", dkim.TempError, "dns-servfail")}
			in.Auth.DMARC.Identifiers = []dmarc.Alignment{
				{Method: "spf", Domain: "relay.example", Result: "pass", Mode: "relaxed"},
				{Method: "dkim", Domain: "shop.example", Result: "temperror", Mode: "relaxed", Aligned: true},
			}
		},
		want: []string{"unknown dkim.dns-failure shop.example", "unknown dmarc.undecided-dns shop.example"},
	},
	{
		name: "host without a name, sent in the clear",
		change: func(in *Input) {
			in.Auth.IPRev = iprev.Verdict{Result: iprev.PermError, IP: address, Problem: iprev.NoPTR}
			in.Session.TLS = nil
		},
		want: []string{"fail ptr.missing 192.0.2.1", "fail tls.none 192.0.2.1"},
	},
	{
		name: "name does not lead back, old TLS",
		change: func(in *Input) {
			in.Auth.IPRev = iprev.Verdict{Result: iprev.Fail, IP: address, Names: []string{"mx.shop.example"}, Problem: iprev.NotConfirmed}
			in.Session.TLS.Version = "TLS 1.0"
		},
		want: []string{"fail ptr.unconfirmed 192.0.2.1", "warn tls.old-version 192.0.2.1"},
	},
	{
		name: "from the own network",
		change: func(in *Input) {
			in.Session.RemoteIP = netip.MustParseAddr("127.0.0.1")
			in.Auth.IPRev = iprev.Verdict{Result: iprev.PermError, IP: in.Session.RemoteIP, Problem: iprev.NoPTR}
			in.Session.TLS = nil
		},
		want: []string{"unknown ptr.private-address 127.0.0.1", "warn tls.none 127.0.0.1"},
	},
	{
		name: "case 30: v=spf1 +all passes and is flagged",
		change: func(in *Input) {
			in.Auth.SPF.Mechanism, in.Auth.SPF.Record = "+all", "v=spf1 +all"
			in.Auth.SPF.Trace = []spf.Step{
				{Domain: "shop.example", Record: "v=spf1 +all", Outcome: spf.OutcomeFetched},
				{Domain: "shop.example", Term: "+all", Start: 7, End: 11, Outcome: spf.OutcomeMatch, Result: spf.Pass, Everybody: true},
			}
		},
		want: []string{"warn spf.plus-all shop.example"},
	},
	{
		name: "SPF carries DMARC alone under p=reject",
		change: func(in *Input) {
			in.Auth.DKIM = nil
			in.Auth.DMARC.DKIMAligned = false
			in.Auth.DMARC.Identifiers = in.Auth.DMARC.Identifiers[:1]
		},
		want: []string{"warn dkim.none shop.example", "warn dmarc.spf-only shop.example"},
	},
	{
		name: "a stranger's signature broke, the author's holds",
		change: func(in *Input) {
			in.Auth.DKIM = append(in.Auth.DKIM, signed("other.example", dkim.Fail, "signature-mismatch"))
		},
		want: []string{"warn dkim.signature-mismatch other.example"},
	},
	{
		name: "key matters: small, testing, partial body",
		change: func(in *Input) {
			v := &in.Auth.DKIM[0]
			v.KeyBits, v.Testing, v.Signature.Length = 1024, true, 10
		},
		want: []string{"warn dkim.length-tag shop.example", "info dkim.testing shop.example", "info dkim.weak-key shop.example"},
	},
	{
		name: "policy notes",
		change: func(in *Input) {
			d := &in.Auth.DMARC
			d.Policy, d.Record.Raw = dmarc.PolicyNone, "v=DMARC1; p=none; pct=50; foo=1"
			d.Record.Problems = []dmarc.Problem{{ID: "removed-tag", Tag: "pct", Value: "50"}, {ID: "unknown-tag", Tag: "foo", Value: "1"}, {ID: dmarc.InvalidRUA, Tag: "rua", Value: "me@x"}, {ID: dmarc.MissingP, Tag: "p"}}
			d.RFC7489.Policy, d.RFC7489.PolicyDomain = dmarc.PolicyReject, "example"
		},
		want: []string{
			"warn dmarc.invalid-tag shop.example",
			"info dmarc.rfc7489-differs shop.example", "info dmarc.missing-p shop.example", "info dmarc.policy-none shop.example",
			"info dmarc.removed-tag shop.example", "info dmarc.unknown-tag shop.example",
		},
	},
	{
		name: "a record that turns itself off (RFC 9989 section 4.10.1)",
		change: func(in *Input) {
			in.Auth.DMARC.Result, in.Auth.DMARC.Record, in.Auth.DMARC.PolicyDomain, in.Auth.DMARC.Policy = dmarc.None, nil, "", ""
			in.Auth.DMARC.Discovery = []dmarc.Walk{{Domain: "shop.example", Queries: []dmarc.WalkQuery{
				{Name: "_dmarc.shop.example", Outcome: "invalid", Record: "v=DMARC1; p=reject; sp=rejct"},
			}}}
			in.Auth.DMARC.RFC7489 = dmarc.RFC7489{OrgDomain: "shop.example", Result: dmarc.None}
		},
		want: []string{"fail dmarc.invalid-record shop.example"},
	},
	{
		name: "a signature's key did not come, which DMARC says itself",
		change: func(in *Input) {
			in.Auth.DKIM = []dkim.Verdict{signed("shop.example", dkim.TempError, "dns-servfail")}
			in.Auth.SPF.Domain = "relay.example"
			in.Auth.DMARC.Result, in.Auth.DMARC.Problem, in.Auth.DMARC.RFC7489.Result = dmarc.TempError, dmarc.ProblemIdentifier, dmarc.TempError
		},
		want: []string{"unknown dkim.dns-failure shop.example", "unknown dmarc.undecided-dns shop.example"},
	},
	{
		name: "several From fields (case 1)",
		change: func(in *Input) {
			in.Message = message.Parse([]byte("From: ceo@victim.example\r\n" + good))
			in.Auth.DMARC = dmarc.Verdict{Result: dmarc.PermError, SPFChecked: true, Reason: "several From fields"}
		},
		want: []string{"fail message.several-from message", "fail dmarc.permerror message"},
	},
	{
		name: "an empty file",
		change: func(in *Input) {
			in.Message = message.Parse(nil)
			in.Auth.DMARC = dmarc.Verdict{Result: dmarc.PermError, SPFChecked: true, Reason: "no From field"}
		},
		want: []string{"fail message.empty message", "fail dmarc.permerror message"},
	},
	{
		name: "defects of the message",
		change: func(in *Input) {
			in.Message = message.Parse([]byte("From: news@shop.example\r\nSubject: a\r\nSubject: b\r\nX: 日本語\r\n\r\nbare\nline\r\n" + strings.Repeat("x", 1200) + "\r\n"))
		},
		want: []string{
			"fail message.bare-lf shop.example", "fail message.duplicate-field shop.example",
			"fail message.long-line shop.example", "fail message.missing-field shop.example",
			"warn message.missing-message-id shop.example", "warn message.utf8-header shop.example",
		},
	},
	{
		name: "UTF-8 in the header is right with SMTPUTF8",
		change: func(in *Input) {
			in.Message = message.Parse([]byte("X: 日本語\r\n" + good))
			in.Session.Parameters = []string{"SMTPUTF8"}
		},
	},
}

func TestMessage(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := healthy()
			c.change(&in)
			fs := Message(in)
			var got []string
			for _, f := range fs {
				if f.Status != catalogue.Pass {
					got = append(got, lines([]catalogue.Finding{f})...)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
			complete(t, fs)
		})
	}
}

// complete demands that every text of every finding is filled in both languages.
func complete(t *testing.T, fs []catalogue.Finding) {
	t.Helper()
	for _, f := range fs {
		if _, ok := catalogue.Lookup(f.ID); !ok {
			t.Errorf("%s is not in the catalogue", f.ID)
		}
		if f.Subject == "" {
			t.Errorf("%s has no subject", f.ID)
		}
		f.Args = maps.Clone(f.Args)
		for name, value := range f.Args { // a message may have braces of its own
			f.Args[name] = strings.NewReplacer("{", "(", "}", ")").Replace(value)
		}
		for _, lang := range []string{"en", "ja"} {
			for _, text := range append([]string{f.Title(lang), f.Detail(lang), f.Fix(lang)}, f.Steps(lang)...) {
				if strings.ContainsAny(text, "{}") {
					t.Errorf("%s: a placeholder is not filled: %s", f.ID, text)
				}
			}
		}
	}
}

// TestProblemsOfSPF: every permerror has a finding whose texts are filled.
func TestProblemsOfSPF(t *testing.T) {
	for _, problem := range []string{
		spf.ProblemSyntax, spf.ProblemMacro, spf.ProblemMultipleRecords, spf.ProblemTooManyLookups, spf.ProblemTooManyQueries,
		spf.ProblemTooManyVoidLookups, spf.ProblemTooManyMX, spf.ProblemIncludeNone, spf.ProblemRedirectNone, spf.ProblemLoop, "new-problem",
	} {
		t.Run(problem, func(t *testing.T) {
			in := healthy()
			in.Auth.SPF = spf.Verdict{Result: spf.PermError, Identity: spf.MailFrom, Domain: "shop.example", Problem: problem, Reason: "x"}
			in.Auth.DMARC.SPFAligned = false
			fs := Message(in)
			if len(fs) == 0 || fs[0].Status != catalogue.Fail || catalogue.Area(fs[0].ID) != "spf" {
				t.Errorf("want a failing spf finding first, got %v", lines(fs))
			}
			if _, ok := spfProblems[problem]; !ok && fs[0].ID != "spf.permerror" {
				t.Errorf("got %s", fs[0].ID)
			}
			complete(t, fs)
		})
	}
}

// TestProblemsOfDKIM: every way a signature fails has a finding whose texts are filled.
func TestProblemsOfDKIM(t *testing.T) {
	problems := []string{"new-problem"}
	for p := range dkimProblems {
		problems = append(problems, p)
	}
	slices.Sort(problems)
	for _, problem := range problems {
		t.Run(problem, func(t *testing.T) {
			in := healthy()
			failing(&in)
			in.Auth.SPF = spf.Verdict{Result: spf.None, Identity: spf.MailFrom, Domain: "shop.example", Problem: spf.ProblemNoRecord}
			v := signed("shop.example", dkim.PermError, problem)
			v.Signature.Expires = time.Unix(1700000000, 0)
			unreadable := dkim.Verdict{Result: dkim.PermError, Problem: problem, Reason: "x"}
			in.Auth.DKIM = []dkim.Verdict{v, unreadable}
			in.Auth.DMARC.Identifiers = []dmarc.Alignment{{Method: "dkim", Domain: "shop.example", Result: "permerror", Aligned: true}}
			fs := Message(in)
			want := dkimProblems[problem]
			if want == "" {
				want = "dkim.invalid"
			}
			n := 0
			for _, f := range fs {
				if f.ID == want {
					n++
				}
			}
			if n != 2 {
				t.Errorf("want one %s for each of two signatures, got %v", want, lines(fs))
			}
			complete(t, fs)
		})
	}
}

// TestRepairs checks the DNS changes that are given.
// Of a header that is not wholly read nobody can say that it has no signature.
func TestTruncatedHeaderIsNotCalledUnsigned(t *testing.T) {
	for fields, want := range map[int]bool{1: true, message.MaxFields: false} {
		in := healthy()
		in.Auth.DKIM = nil
		in.Message = message.Parse([]byte(strings.Repeat("X: y\r\n", fields) + good))
		fs := Message(in)
		unsigned := slices.ContainsFunc(fs, func(f catalogue.Finding) bool { return f.ID == "dkim.none" })
		said := slices.ContainsFunc(fs, func(f catalogue.Finding) bool { return f.ID == "message.too-many-fields" })
		if unsigned != want || said == want {
			t.Errorf("%d fields: %v", fields, lines(fs))
		}
	}
}

func TestRepairs(t *testing.T) {
	in := healthy()
	in.Auth.IPRev = iprev.Verdict{Result: iprev.PermError, IP: address, Problem: iprev.NoPTR}
	in.Auth.DMARC = dmarc.Verdict{
		Result: dmarc.None, FromDomain: "news.shop.example", OrgDomain: "news.shop.example", SPFChecked: true,
		RFC7489: dmarc.RFC7489{OrgDomain: "shop.example", Result: dmarc.None},
	}
	var got []dns.Change
	for _, f := range Message(in) {
		got = append(got, f.DNS...)
	}
	want := []dns.Change{
		{Action: dns.Add, Name: "_dmarc.shop.example.", Type: dns.TypeTXT, TTL: 3600, Data: []string{"v=DMARC1; p=none"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestHostName: a HELO argument goes into a DNS change only when it is a host name.
func TestHostName(t *testing.T) {
	for s, want := range map[string]bool{
		"mx.example.com": true, "localhost": false, "[192.0.2.1]": false, "192.0.2.1": false, "a..b": false,
		"-a.example": false, "a b.example": false, "\x1b[31m.example": false, "": false, "_x.example": false,
	} {
		if got := hostName(s); got != want {
			t.Errorf("hostName(%q) = %v", s, got)
		}
	}
}

// TestNoChangeForStrangers: a spoofer's address is never offered as a ready DNS change.
func TestNoChangeForStrangers(t *testing.T) {
	in := healthy()
	failing(&in)
	in.Auth.SPF = spf.Verdict{Result: spf.Fail, Identity: spf.MailFrom, Domain: "shop.example", Mechanism: "-all"}
	for _, f := range Message(in) {
		if len(f.DNS) > 0 {
			t.Errorf("%s offers %v", f.ID, f.DNS)
		}
	}
}

// TestEveryFindingIsUsed: an entry of the catalogue that nothing can produce is
// dead text. Entries of other areas come from other judges.
func TestEveryFindingIsUsed(t *testing.T) {
	var source strings.Builder
	files, err := filepath.Glob("../*/*.go") // judge, inspect and what else judges
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || strings.Contains(name, "catalogue") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(b)
	}
	fromDefects := []string{
		message.BareLF, message.BareCR, message.NUL, message.LongLine, message.EightBitHeader, message.UTF8Header, message.BadField,
		message.NoHeaderEnd, message.TooManyFields, message.LargeHeader, message.DuplicateField, message.MissingField,
		message.InvalidDate, message.WrongWeekday, message.InvalidID,
	}
	for _, id := range fromDefects {
		if _, ok := catalogue.Lookup("message." + id); !ok {
			t.Errorf("the defect %s has no entry", id)
		}
	}
	for _, e := range catalogue.All() {
		if id, ok := strings.CutPrefix(e.ID, "message."); ok && slices.Contains(fromDefects, id) {
			continue
		}
		if !strings.Contains(source.String(), `"`+e.ID+`"`) {
			t.Errorf("nothing gives %s", e.ID)
		}
	}
}
