package dmarc

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
)

// sections are cases that are read off the text of RFC 9989 alone, each with a zone
// of its own. The walk is that of the author domain, "" where it is not of interest.
var sections = []struct {
	section string
	zone    dns.Zone
	in      string
	want    string
	walk    string
}{
	{"3.2.13: NXDOMAIN means that names below do not exist: no policy but np can apply",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=none; sp=quarantine; np=reject"}},
		"a.b.example.com", "fail org=example.com policy=reject@example.com/reject not-authenticated",
		"a.b.example.com b.example.com example.com com"},
	{"3.2.13: a name that exists only because names below it do answers no data",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=none; sp=quarantine; np=reject"}, "x.b.example.com": {"TXT x"}},
		"b.example.com", "fail org=example.com policy=quarantine@example.com/quarantine not-authenticated", ""},
	{"A.4: any record: TXT alone",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=none; sp=quarantine; np=reject"}, "b.example.com": {"TXT x"}},
		"b.example.com", "fail org=example.com policy=quarantine@example.com/quarantine not-authenticated", ""},
	{"A.4: any record: what a wildcard makes",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=none; sp=quarantine; np=reject"}, "*.example.com": {"TXT v=spf1 -all"}},
		"b.example.com", "fail org=example.com policy=quarantine@example.com/quarantine not-authenticated", ""},
	{"A.4: any record: a CNAME whose target cannot be looked up",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=none; sp=quarantine; np=reject"}, "b.example.com": {"CNAME c.example.net"}, "c.example.net": {"SERVFAIL"}},
		"b.example.com", "fail org=example.com policy=quarantine@example.com/quarantine not-authenticated", ""},

	{"4.1, 4.5: the name is _dmarc and the domain; other TXT records there are not ours",
		dns.Zone{"_dmarc.example.com": {"TXT google-site-verification=x", "TXT v=DMARC1; p=quarantine"}, "example.com": {"TXT v=DMARC1; p=reject"}},
		"example.com", "fail org=example.com policy=quarantine@example.com/quarantine not-authenticated", "example.com com"},
	{"4.5: character-strings are joined without anything between",
		dns.Zone{"_dmarc.example.com": {`TXT "v=DMA" "RC1; p=rej" "ect; s" "p=none"`}, "b.example.com": {"A 192.0.2.1"}},
		"b.example.com", "fail org=example.com policy=none@example.com/none not-authenticated", ""},
	{"4.4: aligned identifiers may be equal with no walk of their own, strict or not",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; aspf=s; adkim=r"}},
		"example.com spf:example.com:pass dkim:example.com:pass", "pass org=example.com policy=reject@example.com/none spf dkim=example.com", ""},
	{"4.4.1: aspf=s of the organization's record holds for its subdomains",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; aspf=s"}, "a.example.com": {"A 192.0.2.1"}},
		"a.example.com spf:example.com:pass", "fail org=example.com policy=reject@example.com/reject not-aligned", ""},
	{"4.4.1: adkim=s of the author domain's record, not of the organization's, counts",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject"}, "_dmarc.a.example.com": {"TXT v=DMARC1; p=quarantine; adkim=s"}},
		"a.example.com dkim:example.com:pass", "fail org=example.com policy=quarantine@a.example.com/quarantine not-aligned", ""},
	{"4.4.1: the identifier's own record says nothing about alignment",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject"}, "_dmarc.a.example.com": {"TXT v=DMARC1; p=none; adkim=s; aspf=s"}},
		"example.com dkim:a.example.com:pass", "pass org=example.com policy=reject@example.com/none dkim=a.example.com", ""},
	{"4.4.2, 5.3.5: SPF softfail, neutral, none, permerror authenticate nothing",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject"}},
		"example.com spf:example.com:permerror", "fail org=example.com policy=reject@example.com/reject not-authenticated", ""},

	{"4.7 np: for what does not exist it goes before sp and p",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; sp=quarantine; np=none"}},
		"x.example.com", "fail org=example.com policy=none@example.com/none not-authenticated", ""},
	{"4.7 np absent: sp",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; sp=quarantine"}},
		"x.example.com", "fail org=example.com policy=quarantine@example.com/quarantine not-authenticated", ""},
	{"4.7 np and sp absent: p",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=quarantine"}},
		"x.example.com", "fail org=example.com policy=quarantine@example.com/quarantine not-authenticated", ""},
	{"4.7 sp absent, np not applicable: p",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=quarantine; np=reject"}, "x.example.com": {"A 192.0.2.1"}},
		"x.example.com", "fail org=example.com policy=quarantine@example.com/quarantine not-authenticated", ""},
	{"4.7 sp: ignored in the record of a subdomain, which nothing below it finds",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject"}, "_dmarc.b.example.com": {"TXT v=DMARC1; p=none; sp=quarantine"}, "a.b.example.com": {"A 192.0.2.1"}},
		"a.b.example.com", "fail org=example.com policy=reject@example.com/reject not-authenticated", ""},
	{"4.7 sp: not for the domain itself",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=none; sp=reject"}},
		"example.com", "fail org=example.com policy=none@example.com/none not-authenticated", ""},
	{"4.7 t=y: np too, one level lower; policy is as published",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=none; np=reject; t=y"}},
		"x.example.com", "fail org=example.com policy=reject@example.com/quarantine not-authenticated", ""},
	{"4.7 t=n, and t invalid: the default",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; t=yes"}},
		"example.com", "fail org=example.com policy=reject@example.com/reject not-authenticated", ""},
	{"A.6: pct is no tag any more, pct=0 is no t=y",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; pct=0"}},
		"example.com", "fail org=example.com policy=reject@example.com/reject not-authenticated", ""},
	{"4.7 v: only DMARC1 in just this case",
		dns.Zone{"_dmarc.example.com": {"TXT v=dmarc1; p=reject"}},
		"example.com", "none org=example.com policy=@/none no-record", "example.com com"},
	{"4.7 v: a record that begins with another tag is not the second of two",
		dns.Zone{"_dmarc.example.com": {"TXT p=none; v=DMARC1", "TXT v=DMARC1; p=reject"}},
		"example.com", "fail org=example.com policy=reject@example.com/reject not-authenticated", ""},
	{"4.8: values compare without case, white space round = and ; means nothing",
		dns.Zone{"_dmarc.example.com": {"TXT v = DMARC1 ;p\t= Reject ; ASPF =S;"}},
		"example.com spf:a.example.com:pass", "fail org=example.com policy=reject@example.com/reject not-aligned", ""},
	{"4.8: no white space is needed",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1;p=reject;t=y;adkim=s"}},
		"example.com dkim:a.example.com:pass", "fail org=example.com policy=reject@example.com/quarantine not-aligned", ""},
	{"4.8: what is no tag is ignored",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; garbage; =; x=; 5=5;;; aspf"}},
		"example.com spf:a.example.com:pass", "pass org=example.com policy=reject@example.com/none spf", ""},
	{"4.8: text behind a policy word makes it no policy",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject rua=mailto:a@example.com"}},
		"example.com", "none org=example.com policy=@/none invalid-policy", ""},
	{"4.8: invalid adkim and psd take their defaults",
		dns.Zone{"_dmarc.a.example.com": {"TXT v=DMARC1; p=none; psd=1; adkim=strict"}, "_dmarc.example.com": {"TXT v=DMARC1; p=reject"}},
		"a.example.com dkim:b.example.com:pass", "pass org=example.com policy=none@a.example.com/none dkim=b.example.com",
		"a.example.com example.com com"},
	{"4.8 with RFC 6376 3.2: of a tag that stands twice neither counts: aspf",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; aspf=s; aspf=s"}},
		"example.com spf:a.example.com:pass", "pass org=example.com policy=reject@example.com/none spf", ""},
	{"4.8 with RFC 6376 3.2: p",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; p=reject"}},
		"example.com", "none org=example.com policy=@/none invalid-policy", ""},

	{"4.10 step 2: psd=n at the start ends the walk",
		dns.Zone{"_dmarc.a.example.com": {"TXT v=DMARC1; p=none; psd=n"}, "_dmarc.example.com": {"TXT v=DMARC1; p=reject"}},
		"a.example.com dkim:example.com:pass", "fail org=a.example.com policy=none@a.example.com/none not-aligned", "a.example.com"},
	{"4.10 step 2: psd=y at the start ends the walk; it is its own organization",
		dns.Zone{"_dmarc.bank.example": {"TXT v=DMARC1; p=reject; sp=none; psd=y"}, "_dmarc.example": {"TXT v=DMARC1; p=none"}},
		"bank.example dkim:giant.bank.example:pass", "fail org=bank.example policy=reject@bank.example/reject not-aligned", "bank.example"},
	{"4.10 step 6: psd=n on the way ends the walk",
		dns.Zone{"_dmarc.b.example.com": {"TXT v=DMARC1; p=quarantine; sp=none; psd=n"}, "_dmarc.example.com": {"TXT v=DMARC1; p=reject"}, "a.b.example.com": {"A 192.0.2.1"}},
		"a.b.example.com spf:b.example.com:pass", "pass org=b.example.com policy=none@b.example.com/none spf", "a.b.example.com b.example.com"},
	{"4.10 step 6: psd=u does not end it",
		dns.Zone{"_dmarc.b.example.com": {"TXT v=DMARC1; p=quarantine; psd=u"}, "_dmarc.example.com": {"TXT v=DMARC1; p=reject"}},
		"a.b.example.com", "fail org=example.com policy=reject@example.com/reject not-authenticated", "a.b.example.com b.example.com example.com com"},
	{"4.10 step 6: of two records none has a psd tag to stop at",
		dns.Zone{"_dmarc.b.example.com": {"TXT v=DMARC1; p=none; psd=n", "TXT v=DMARC1; p=none"}, "_dmarc.example.com": {"TXT v=DMARC1; p=reject"}},
		"b.example.com", "fail org=example.com policy=reject@example.com/reject not-authenticated", "b.example.com example.com com"},
	{"4.10 step 4: eight labels: one is removed",
		dns.Zone{"_dmarc.b.c.d.e.f.example.com": {"TXT v=DMARC1; p=reject; psd=n"}},
		"a.b.c.d.e.f.example.com", "fail org=b.c.d.e.f.example.com policy=reject@b.c.d.e.f.example.com/reject not-authenticated",
		"a.b.c.d.e.f.example.com b.c.d.e.f.example.com"},
	{"4.10 step 4: nine labels: two are removed, and the record between is not seen",
		dns.Zone{"_dmarc.b.c.d.e.f.g.example.com": {"TXT v=DMARC1; p=reject; psd=n"}},
		"a.b.c.d.e.f.g.example.com", "none org=a.b.c.d.e.f.g.example.com policy=@/none no-record",
		"a.b.c.d.e.f.g.example.com c.d.e.f.g.example.com d.e.f.g.example.com e.f.g.example.com f.g.example.com g.example.com example.com com"},
	{"4.10: the record of a name with many labels itself is the first that is asked for",
		dns.Zone{"_dmarc.a.b.c.d.e.f.g.h.i.example.com": {"TXT v=DMARC1; p=quarantine; sp=reject"}},
		"a.b.c.d.e.f.g.h.i.example.com", "fail org=a.b.c.d.e.f.g.h.i.example.com policy=quarantine@a.b.c.d.e.f.g.h.i.example.com/quarantine not-authenticated", ""},

	{"4.10.1: the author domain's record: p, and the full walk's organization",
		dns.Zone{"_dmarc.a.example.com": {"TXT v=DMARC1; p=none; sp=reject; np=reject"}, "_dmarc.example.com": {"TXT v=DMARC1; p=reject"}},
		"a.example.com dkim:example.com:pass", "pass org=example.com policy=none@a.example.com/none dkim=example.com", ""},
	{"4.10.1: the author domain's record goes before its PSD's",
		dns.Zone{"_dmarc.a.b.example": {"TXT v=DMARC1; p=none"}, "_dmarc.example": {"TXT v=DMARC1; p=reject; psd=y"}},
		"a.b.example", "fail org=b.example policy=none@a.b.example/none not-authenticated", ""},
	{"4.10.1: neither author, organization nor PSD: the record between is not used",
		dns.Zone{"_dmarc.b.c.example": {"TXT v=DMARC1; p=none"}, "_dmarc.example": {"TXT v=DMARC1; p=reject; psd=y"}},
		"a.b.c.example", "fail org=c.example policy=reject@example/reject not-authenticated", "a.b.c.example b.c.example c.example example"},
	{"4.10.1: from the PSD's record sp for what exists",
		dns.Zone{"_dmarc.gov.example": {"TXT v=DMARC1; p=reject; sp=none; np=quarantine; psd=y"}, "a.gov.example": {"MX 10 mx.example.net"}},
		"a.gov.example", "fail org=a.gov.example policy=none@gov.example/none not-authenticated", "a.gov.example gov.example"},
	{"4.10.1: from the PSD's record np for what does not",
		dns.Zone{"_dmarc.gov.example": {"TXT v=DMARC1; p=reject; sp=none; np=quarantine; psd=y"}},
		"a.b.gov.example", "fail org=b.gov.example policy=quarantine@gov.example/quarantine not-authenticated", ""},
	{"4.10.1 note: the PSD's policy is not used where the organization has a record, though it has no sp",
		dns.Zone{"_dmarc.gov.example": {"TXT v=DMARC1; p=reject; np=reject; psd=y"}, "_dmarc.a.gov.example": {"TXT v=DMARC1; p=none"}},
		"b.a.gov.example", "fail org=a.gov.example policy=none@a.gov.example/none not-authenticated", ""},
	{"4.10.1 note: nor when that record is of no use: no processing of the message",
		dns.Zone{"_dmarc.gov.example": {"TXT v=DMARC1; p=reject; psd=y"}, "_dmarc.a.gov.example": {"TXT v=DMARC1; p=nothing"}},
		"a.gov.example", "none org=a.gov.example policy=@/none invalid-policy", ""},
	{"4.10.1: v alone: no p, no rua",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1"}},
		"example.com", "none org=example.com policy=@/none invalid-policy", ""},
	{"4.10.1: v and rua: p=none",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; rua=mailto:d@example.com"}},
		"example.com dkim:a.example.com:pass", "pass org=example.com policy=none@example.com/none dkim=a.example.com", ""},
	{"4.10.1: one valid URI among others is enough",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=monitor; rua=d@example.com, mailto:d, mailto:d@example.com!10m"}},
		"example.com", "fail org=example.com policy=none@example.com/none not-authenticated", ""},
	{"4.10.1: ruf is not rua",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=monitor; ruf=mailto:d@example.com"}},
		"example.com", "none org=example.com policy=@/none invalid-policy", ""},
	{"4.10.1: any valid URI, not mailto alone",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=monitor; rua=https://example.com/dmarc"}},
		"example.com", "fail org=example.com policy=none@example.com/none not-authenticated", ""},
	{"4.10.1: an address without mailto is no URI",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=monitor; rua=d@example.com"}},
		"example.com", "none org=example.com policy=@/none invalid-policy", ""},
	{"4.10.1: an invalid sp undoes p=reject, for the domain itself too",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; sp=rejct; rua=mailto:d@example.com"}},
		"example.com", "fail org=example.com policy=none@example.com/none not-authenticated", ""},
	{"4.10.1: an empty np is not valid",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; np=; rua=mailto:d@example.com"}},
		"x.example.com", "fail org=example.com policy=none@example.com/none not-authenticated", ""},
	{"4.10.1: the PSD's invalid np",
		dns.Zone{"_dmarc.example": {"TXT v=DMARC1; p=reject; np=x; psd=y"}},
		"a.example", "none org=a.example policy=@/none invalid-policy", "a.example example"},
	{"4.10.1: an invalid record of another level changes nothing",
		dns.Zone{"_dmarc.a.b.example.com": {"TXT v=DMARC1; p=reject"}, "_dmarc.b.example.com": {"TXT v=DMARC1; p=x"}, "_dmarc.example.com": {"TXT v=DMARC1; p=none"}},
		"a.b.example.com", "fail org=example.com policy=reject@a.b.example.com/reject not-authenticated", ""},
	{"4.10.1: no record is no transient error",
		dns.Zone{"example.com": {"A 192.0.2.1"}},
		"a.example.com spf:a.example.com:pass dkim:example.com:pass", "none org=a.example.com policy=@/none spf no-record", "a.example.com example.com com"},

	{"4.10.2: psd=y one label above: the author domain is the organization, with or without a record",
		dns.Zone{"_dmarc.com": {"TXT v=DMARC1; p=none; psd=y"}},
		"a.mail.example.com dkim:example.com:pass", "pass org=example.com policy=none@com/none dkim=example.com", "a.mail.example.com mail.example.com example.com com"},
	{"4.10.2 rule 3, 11.8: a TLD's record without psd makes it the organization",
		dns.Zone{"_dmarc.com": {"TXT v=DMARC1; p=none"}, "_dmarc.example.com": {"TXT v=DMARC1; p=reject"}},
		"example.com dkim:evil.com:pass", "pass org=com policy=reject@example.com/none dkim=evil.com", ""},
	{"11.8: which psd=n prevents",
		dns.Zone{"_dmarc.com": {"TXT v=DMARC1; p=none"}, "_dmarc.example.com": {"TXT v=DMARC1; p=reject; psd=n"}},
		"example.com dkim:evil.com:pass", "fail org=example.com policy=reject@example.com/reject not-aligned", "example.com"},
	{"4.10.2: two tenants below one PSD",
		dns.Zone{"_dmarc.host.example": {"TXT v=DMARC1; p=none; psd=y"}, "_dmarc.a.host.example": {"TXT v=DMARC1; p=reject"}},
		"a.host.example spf:b.host.example:pass dkim:x.a.host.example:pass", "pass org=a.host.example policy=reject@a.host.example/none dkim=x.a.host.example", ""},
	{"4.10.2: the longer of two PSDs ends the walk",
		dns.Zone{"_dmarc.example": {"TXT v=DMARC1; p=none; psd=y"}, "_dmarc.co.example": {"TXT v=DMARC1; p=reject; psd=y"}},
		"a.b.co.example spf:b.co.example:pass", "pass org=b.co.example policy=reject@co.example/none spf", "a.b.co.example b.co.example co.example"},

	{"5.3.1: a U-label is converted",
		dns.Zone{"_dmarc.xn--fa-hia.example": {"TXT v=DMARC1; p=reject"}},
		"Faß.example dkim:mail.faß.example:pass", "pass org=xn--fa-hia.example policy=reject@xn--fa-hia.example/none dkim=mail.xn--fa-hia.example", ""},
	{"5.3.6: a walk that fails above the author domain's own record leaves the policy, and relaxed alignment open",
		dns.Zone{"_dmarc.a.example.com": {"TXT v=DMARC1; p=reject"}, "_dmarc.com": {"SERVFAIL"}},
		"a.example.com dkim:example.com:pass", "temperror org= policy=reject@a.example.com/ dns-servfail", "a.example.com example.com com"},
	{"5.3.6: the same below psd=n is never asked",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=reject; psd=n"}, "_dmarc.com": {"SERVFAIL"}},
		"example.com dkim:a.example.com:pass", "pass org=example.com policy=reject@example.com/none dkim=a.example.com", "example.com"},
	{"5.3.6: a record above a failure may not be the one that applies",
		dns.Zone{"_dmarc.b.example.com": {"TIMEOUT"}, "_dmarc.example.com": {"TXT v=DMARC1; p=reject"}},
		"a.b.example.com spf:a.b.example.com:pass", "temperror org= policy=@/ spf dns-timeout", "a.b.example.com b.example.com"},
	{"5.3.6: whether np or sp applies is not known",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=none; np=reject"}, "a.example.com": {"SERVFAIL"}},
		"a.example.com", "temperror org=example.com policy=@example.com/ dns-servfail", ""},
	{"5.3.6: it does not matter where both are the same",
		dns.Zone{"_dmarc.example.com": {"TXT v=DMARC1; p=none; sp=reject; np=reject"}, "a.example.com": {"SERVFAIL"}},
		"a.example.com", "fail org=example.com policy=reject@example.com/reject not-authenticated", ""},
}

func TestSections(t *testing.T) {
	for _, c := range sections {
		t.Run(c.section, func(t *testing.T) {
			v := Evaluate(t.Context(), dns.MustMemory(c.zone), input(c.in))
			if got := summary(v); got != c.want {
				t.Errorf("%s\n got  %s\n want %s", c.in, got, c.want)
			}
			var names []string
			for _, q := range v.Discovery[0].Queries {
				names = append(names, strings.TrimPrefix(q.Name, "_dmarc."))
			}
			if got := strings.Join(names, " "); c.walk != "" && got != c.walk {
				t.Errorf("%s\n asks %s\n want %s", c.in, got, c.walk)
			}
		})
	}
}

// oracle is RFC 9989 written down a second time, as simply as it can be and with
// nothing in common with the package but [Parse]: no failures, no sharing, no
// short cuts. TestAgainstOracle compares the two over random trees.
type oracle struct {
	zone dns.Zone
}

func (o oracle) record(domain string) *Record {
	var one *Record
	for _, line := range o.zone["_dmarc."+domain] {
		if rec, ok := Parse(strings.TrimPrefix(line, "TXT ")); ok {
			if one != nil {
				return nil
			}
			one = rec
		}
	}
	return one
}

// walk gives the names of section 4.10 and the organization of section 4.10.2.
func (o oracle) walk(domain string) (names []string, org string) {
	labels := strings.Split(domain, ".")
	names = []string{domain}
	for n := min(len(labels)-1, 7); n > 0; n-- {
		names = append(names, strings.Join(labels[len(labels)-n:], "."))
	}
	org = domain
	for i, name := range names {
		rec := o.record(name)
		switch {
		case rec == nil:
		case rec.PSD == "n":
			return names[:i+1], name
		case rec.PSD == "y":
			if i > 0 {
				n := strings.Count(name, ".") + 2
				return names[:i+1], strings.Join(labels[len(labels)-n:], ".")
			}
			return names[:1], name
		default:
			org = name
		}
	}
	return names, org
}

func (o oracle) exists(domain string) bool {
	for owner := range o.zone {
		if under(owner, domain) {
			return true
		}
	}
	return false
}

// evaluate gives what summary gives, without the problem.
func (o oracle) evaluate(in Input) string {
	author := in.AuthorDomain
	names, org := o.walk(author)
	at := []string{author, org}
	if last := names[len(names)-1]; o.record(last) != nil && o.record(last).PSD == "y" {
		at = append(at, last)
	}
	i := slices.IndexFunc(at, func(d string) bool { return o.record(d) != nil })
	if i < 0 {
		return fmt.Sprintf("none org=%s policy=@/none", org)
	}
	rec := o.record(at[i])
	policy := rec.P
	if author != at[i] {
		if rec.SP != "" {
			policy = rec.SP
		}
		if rec.NP != "" && !o.exists(author) {
			policy = rec.NP
		}
	}
	if rec.P == "" || rec.has(InvalidSP) || rec.has(InvalidNP) {
		if policy = PolicyNone; len(rec.RUA) == 0 {
			return fmt.Sprintf("none org=%s policy=@/none", org)
		}
	}
	aligned := func(id Identifier, mode string) bool {
		_, other := o.walk(id.Domain)
		return id.Result == "pass" && (id.Domain == author || mode == "r" && other == org)
	}
	passes := ""
	if in.SPF != nil && aligned(*in.SPF, rec.ASPF) {
		passes = " spf"
	}
	for _, id := range in.DKIM {
		if aligned(id, rec.ADKIM) {
			passes += " dkim=" + id.Domain
			break
		}
	}
	result, disposition := "pass", PolicyNone
	if passes == "" {
		result, disposition = "fail", policy
		if rec.Testing {
			disposition = map[Policy]Policy{PolicyReject: PolicyQuarantine, PolicyQuarantine: PolicyNone, PolicyNone: PolicyNone}[policy]
		}
	}
	return fmt.Sprintf("%s org=%s policy=%s@%s/%s%s", result, org, policy, at[i], disposition, passes)
}

func TestAgainstOracle(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 9989))
	for range 5000 {
		zone, pick := randomTree(rnd)
		in := Input{AuthorDomain: pick(), DKIM: []Identifier{{pick(), "pass"}, {pick(), "fail"}, {pick(), "pass"}}}
		if rnd.IntN(2) == 0 {
			in.SPF = &Identifier{pick(), "pass"}
		}
		v := Evaluate(t.Context(), dns.MustMemory(zone), in)
		o := oracle{zone}
		want := o.evaluate(in)
		if v.Result == None { // without a policy alignment is nobody's business
			v.SPFAligned, v.DKIMAligned = false, false
		}
		v.Problem = ""
		if got := summary(v); got != want {
			t.Errorf("%+v\n zone %v\n got  %s\n want %s", in, zone, got, want)
		}
		for _, w := range v.Discovery {
			names, org := o.walk(w.Domain)
			var got []string
			for _, q := range w.Queries {
				got = append(got, strings.TrimPrefix(q.Name, "_dmarc."))
			}
			if d := cmp.Diff(names, got); d != "" || org != w.OrgDomain {
				t.Errorf("walk of %s in %v: %s, organization %s, want %s", w.Domain, zone, d, w.OrgDomain, org)
			}
		}
	}
}

// randomTree gives a small tree of up to eleven labels with records here and
// there, and a function that picks a name in or beside it.
func randomTree(rnd *rand.Rand) (dns.Zone, func() string) {
	words := func(from ...string) string { return from[rnd.IntN(len(from))] }
	pick := func() string {
		labels := make([]string, 1+rnd.IntN(5))
		if rnd.IntN(5) == 0 {
			labels = make([]string, 6+rnd.IntN(6))
		}
		for i := range labels {
			labels[i] = words("a", "a", "b")
		}
		return strings.Join(labels, ".")
	}
	zone := dns.Zone{}
	for range rnd.IntN(9) {
		name := pick()
		if rnd.IntN(3) == 0 {
			zone[name] = []string{"A 192.0.2.1"}
			continue
		}
		record := "TXT v=DMARC1; p=" + words("none", "quarantine", "reject", "reject", "x") +
			words("", "", "; sp=none", "; sp=reject", "; sp=x") + words("", "", "; np=quarantine", "; np=reject", "; np=x") +
			words("", "", "; psd=y", "; psd=n", "; psd=u") + words("", "; t=y") + words("", "; adkim=s") + words("", "; aspf=s") + words("", "; rua=mailto:a@b.example")
		zone["_dmarc."+name] = append(zone["_dmarc."+name], record)
	}
	return zone, pick
}

// silent is a resolver that answers nothing until the context ends.
type silent struct{}

func (silent) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	<-ctx.Done()
	return dns.Answer{Question: q, Status: dns.Timeout}
}

// ending ends the context when it has given so many answers.
type ending struct {
	dns.Resolver
	left   int
	cancel func()
}

func (e *ending) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if e.left == 0 {
		e.cancel()
		return silent{}.Resolve(ctx, q)
	}
	e.left--
	return e.Resolver.Resolve(ctx, q)
}

// Section 5.3.6: a context that ends, before or in the middle, is a temperror, and no
// walk goes on after it.
func TestContextEnds(t *testing.T) {
	zone := dns.MustMemory(dns.Zone{"_dmarc.a.example.com": {"TXT v=DMARC1; p=reject"}, "_dmarc.example.com": {"TXT v=DMARC1; p=none"}})
	for answered, want := range map[int]string{
		0: "temperror org= policy=@/ dns-timeout",
		1: "temperror org= policy=reject@a.example.com/ dns-timeout",
		3: "temperror org=example.com policy=reject@a.example.com/ dns-timeout",
		4: "pass org=example.com policy=reject@a.example.com/none dkim=b.example.com",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		r := &ending{Resolver: zone, left: answered, cancel: cancel}
		if got := summary(Evaluate(ctx, r, input("a.example.com dkim:b.example.com:pass"))); got != want {
			t.Errorf("after %d answers: %s, want %s", answered, got, want)
		}
		cancel()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if v := Evaluate(ctx, silent{}, input("a.b.c.d.example.com "+crowd(100))); v.Result != TempError || len(v.Discovery) != 1 || len(v.Discovery[0].Queries) != 1 {
		t.Errorf("%+v", v)
	}
}

// Ten thousand records at one name, and one of 64 KB, are read in time and kept in little.
func TestHostileRecords(t *testing.T) {
	many := make([]string, 10_000)
	for i := range many {
		many[i] = fmt.Sprintf("TXT v=DMARC1; p=reject; x=%d", i)
	}
	long := "v=DMARC1; p=reject" + strings.Repeat("; x=1;;y", 8_000)
	r := dns.MustMemory(dns.Zone{"_dmarc.many.example": many, "_dmarc.long.example": {"TXT " + long}})
	v := Evaluate(t.Context(), r, input("many.example"))
	if q := v.Discovery[0].Queries[0]; v.Result != None || q.Outcome != "multiple" || len(q.Record) > maxServed+100 {
		t.Errorf("%s %s, %d octets kept", v.Result, q.Outcome, len(q.Record))
	}
	if v := Evaluate(t.Context(), r, input("long.example")); v.Policy != PolicyReject || v.Discovery[0].Queries[0].Record != long {
		t.Errorf("long: %s %s", v.Result, v.Policy)
	}
}
