package render

import (
	"crypto/rsa"
	"flag"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/judge"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/iprev"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with testdata/name, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", path, d)
	}
}

const mail = "From: =?UTF-8?B?44GK5bqX?= <news@shop.example>\r\nTo: u@example.net\r\nSubject: =?UTF-8?B?5Yas44Gu44K744O844Or?= & <more>\r\n" +
	"Date: Sun, 22 Nov 2026 10:00:00 +0900\r\nMessage-ID: <1@shop.example>\r\n\r\nHello\r\n"

// report judges a hand-made result.
func report(file, raw string, s evidence.Session, a mailauth.Result) *Report {
	m := message.Parse([]byte(raw))
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	return &Report{
		File: file, Message: m, Auth: a, Time: now,
		Bundle:   evidence.Bundle{Session: s, Time: now, Message: []byte(raw)},
		Findings: judge.Message(judge.Input{Session: s, Message: m, Auth: a}),
	}
}

func signed(domain string, r dkim.Result, problem, reason string) dkim.Verdict {
	return dkim.Verdict{
		Result: r, Problem: problem, Reason: reason, KeyBits: 2048,
		Signature: &dkim.Signature{
			Version: "1", Domain: domain, Selector: "s1", Identity: "@" + domain, Algorithm: "rsa-sha256", Length: -1,
			Header: wire.Relaxed, Body: wire.Relaxed, Headers: []string{"From", "Subject"},
		},
		Key: &dkim.Key{Record: "v=DKIM1; p=MIIB", Public: &rsa.PublicKey{N: big.NewInt(3), E: 65537}, Bits: 2048},
	}
}

// The stories that the golden files tell.

func sesReport() *Report {
	ip := netip.MustParseAddr("192.0.2.1")
	s := evidence.Session{
		Observed: true, RemoteIP: ip, HELO: "a1-1.smtp-out.amazonses.com", MailFrom: "0100@amazonses.com", HasMailFrom: true,
		TLS: &evidence.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256"},
	}
	host := "a1-1.smtp-out.amazonses.com"
	return report("ses.eml", mail, s, mailauth.Result{
		SPFChecked: true,
		SPF: spf.Verdict{
			Result: spf.Pass, Identity: spf.MailFrom, Domain: "amazonses.com", Mechanism: "ip4:192.0.2.0/24",
			Record: "v=spf1 ip4:192.0.2.0/24 -all",
			Trace: []spf.Step{
				{Domain: "amazonses.com", Path: []string{"amazonses.com"}, Record: "v=spf1 ip4:192.0.2.0/24 -all", Outcome: spf.OutcomeFetched, Queries: []string{"amazonses.com TXT success"}},
				{Domain: "amazonses.com", Path: []string{"amazonses.com"}, Term: "ip4:192.0.2.0/24", Start: 7, End: 23, Outcome: spf.OutcomeMatch, Result: spf.Pass, Detail: "192.0.2.1 is in 192.0.2.0/24"},
			},
		},
		IPRev: iprev.Verdict{Result: iprev.Pass, IP: ip, Names: []string{host}, Confirmed: []string{host}, Reason: host + " leads back to the address"},
		DKIM:  []dkim.Verdict{signed("amazonses.com", dkim.Pass, "", "")},
		ARC:   arc.Verdict{Result: arc.None, OldestPass: -1},
		DMARC: dmarc.Verdict{
			Result: dmarc.Fail, Reason: "what passes is not aligned", Problem: dmarc.ProblemNotAligned,
			FromDomain: "shop.example", OrgDomain: "shop.example", PolicyDomain: "shop.example",
			Record: &dmarc.Record{Raw: "v=DMARC1; p=reject"}, Policy: dmarc.PolicyReject, Disposition: dmarc.PolicyReject, SPFChecked: true,
			Identifiers: []dmarc.Alignment{
				{Method: "spf", Domain: "amazonses.com", Result: "pass", OrgDomain: "amazonses.com", Mode: "relaxed"},
				{Method: "dkim", Domain: "amazonses.com", Result: "pass", OrgDomain: "amazonses.com", Mode: "relaxed"},
			},
			Discovery: []dmarc.Walk{{Domain: "shop.example", OrgDomain: "shop.example", Queries: []dmarc.WalkQuery{
				{Name: "_dmarc.shop.example", Outcome: "record", Record: "v=DMARC1; p=reject"}, {Name: "_dmarc.example", Outcome: "nxdomain"},
			}}},
			RFC7489: dmarc.RFC7489{OrgDomain: "shop.example", PolicyDomain: "shop.example", Policy: dmarc.PolicyReject, Result: dmarc.Fail},
		},
	})
}

// fileReport is a message file without an envelope whose body a list changed.
func fileReport() *Report {
	return report("list.eml", mail, evidence.Session{}, mailauth.Result{
		SPF:   spf.Verdict{Result: spf.None, Identity: spf.MailFrom},
		IPRev: iprev.Verdict{Result: iprev.None},
		DKIM:  []dkim.Verdict{signed("shop.example", dkim.Fail, "body-hash-mismatch", "the body hash does not match")},
		ARC: arc.Verdict{Result: arc.Pass, Instances: 1, OldestPass: 0, Sets: []arc.Set{{
			Instance: 1, CV: "none", SealDomain: "lists.example", SealSelector: "a", MessageDomain: "lists.example", MessageSelector: "a",
			AuthServID: "mx.lists.example", Results: "mx.lists.example; dkim=pass header.d=shop.example; dmarc=pass header.from=shop.example",
			AMS: arc.Pass, AS: arc.Pass,
		}}},
		DMARC: dmarc.Verdict{
			Result: dmarc.Fail, Reason: "neither SPF nor DKIM passes", Problem: dmarc.ProblemNotAuthenticated,
			FromDomain: "shop.example", OrgDomain: "shop.example", PolicyDomain: "shop.example",
			Record: &dmarc.Record{Raw: "v=DMARC1; p=quarantine"}, Policy: dmarc.PolicyQuarantine, Disposition: dmarc.PolicyQuarantine,
			Identifiers: []dmarc.Alignment{{Method: "dkim", Domain: "shop.example", Result: "fail", OrgDomain: "shop.example", Mode: "relaxed", Aligned: true}},
			Discovery: []dmarc.Walk{{Domain: "shop.example", OrgDomain: "shop.example", Queries: []dmarc.WalkQuery{
				{Name: "_dmarc.shop.example", Outcome: "record", Record: "v=DMARC1; p=quarantine"}, {Name: "_dmarc.example", Outcome: "nxdomain"},
			}}},
			RFC7489: dmarc.RFC7489{OrgDomain: "shop.example", PolicyDomain: "shop.example", Policy: dmarc.PolicyQuarantine, Result: dmarc.Fail},
		},
	})
}

// bareReport is a message on which nothing is known: every list empty, every unknown null.
func bareReport() *Report {
	return report("-", "", evidence.Session{}, mailauth.Result{
		IPRev: iprev.Verdict{Result: iprev.None}, ARC: arc.Verdict{Result: arc.None, OldestPass: -1},
		DMARC: dmarc.Verdict{Result: dmarc.PermError, Problem: dmarc.ProblemAuthor, Reason: "no From field"},
	})
}

// hostileReport has terminal controls in every place that mail or DNS can fill.
func hostileReport() *Report {
	const evil = "\x1b]0;owned\x07\x1b[31m\u202e\u200b\u009b31m\x00x"
	r := sesReport()
	r.File = evil
	r.Message = message.Parse([]byte("From: " + evil + " <a@" + evil + ">\r\nSubject: " + evil + "\r\nDate: " + evil + "\r\n\r\n"))
	s := &r.Bundle.Session
	s.HELO, s.MailFrom, s.TLS.Version = evil, evil, evil
	a := &r.Auth
	a.SPF.Domain, a.SPF.Mechanism, a.SPF.Record, a.SPF.Explanation, a.SPF.Reason = evil, evil, evil, evil, evil
	for i := range a.SPF.Trace {
		st := &a.SPF.Trace[i]
		st.Domain, st.Record, st.Detail, st.Target = evil, evil, evil, evil
	}
	a.SPF.Trace[1].Term = evil
	a.IPRev.Names, a.IPRev.Confirmed = []string{evil}, []string{evil}
	sig := a.DKIM[0].Signature
	sig.Domain, sig.Selector, sig.Algorithm, sig.Identity, sig.Headers = evil, evil, evil, evil, []string{evil}
	a.DKIM[0].Reason, a.DKIM[0].Key.Record = evil, evil
	a.ARC = arc.Verdict{Result: arc.Pass, Instances: 1, Reason: evil, Sets: []arc.Set{{Instance: 1, SealDomain: evil, AuthServID: evil, Results: evil}}}
	d := &a.DMARC
	d.FromDomain, d.PolicyDomain, d.OrgDomain, d.Reason, d.Record.Raw = evil, evil, evil, evil, evil
	d.RFC7489.PolicyDomain = evil
	for i := range d.Identifiers {
		d.Identifiers[i].Domain, d.Identifiers[i].Result, d.Identifiers[i].Mode = evil, evil, evil
	}
	d.Discovery = []dmarc.Walk{{Domain: evil, OrgDomain: evil, Queries: []dmarc.WalkQuery{{Name: evil, Outcome: evil, Record: evil}}}}
	r.Findings = judge.Message(judge.Input{Session: *s, Message: r.Message, Auth: *a})
	r.Findings = append(r.Findings, catalogue.Finding{
		ID: evil, Status: catalogue.Fail, Subject: evil, Evidence: []string{evil},
		DNS:      []dns.Change{{Action: dns.Action(evil), Name: evil, Type: 65280, Data: []string{evil}, Was: []string{evil}}},
		Snippets: []catalogue.Snippet{{For: evil, Text: evil + "\n" + evil}},
	})
	return r
}
