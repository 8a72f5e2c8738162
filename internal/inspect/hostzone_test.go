package inspect

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/survey"
)

var noon = time.Date(2026, 11, 25, 12, 0, 20, 0, time.UTC)

// shop is a healthy domain; with makes another of it by replacing names.
var shop = dns.Zone{
	"shop.example": {
		"SOA ns1.shop.example. hostmaster.shop.example. 7 7200 900 1209600 300", "NS ns1.shop.example", "NS ns2.shop.example",
		"MX 10 mail.shop.example", "TXT v=spf1 mx -all",
	},
	"ns1.shop.example":        {"A 192.0.2.1"},
	"ns2.shop.example":        {"A 198.51.100.1"},
	"mail.shop.example":       {"A 192.0.2.25"},
	"_dmarc.shop.example":     {"TXT v=DMARC1; p=reject"},
	"25.2.0.192.in-addr.arpa": {"PTR mail.shop.example"},
	"invalid":                 {"TXT nothing is here"},
}

func with(z dns.Zone, changes dns.Zone) *dns.Memory {
	out := maps.Clone(z)
	maps.Copy(out, changes)
	return dns.MustMemory(out)
}

// seen gives "status id subject" of the findings of some areas, passes left out.
func seen(t *testing.T, r dns.Resolver, o survey.Options, areas ...string) []string {
	t.Helper()
	if o.Now.IsZero() {
		o.Now = noon
	}
	var out []string
	for _, f := range Domain(survey.Look(context.Background(), r, "shop.example", o)) {
		if slices.Contains(areas, catalogue.Area(f.ID)) && f.Status != catalogue.Pass {
			for _, lang := range []string{"en", "ja"} {
				if text := f.Title(lang) + f.Detail(lang) + f.Fix(lang) + strings.Join(f.Steps(lang), ""); strings.Contains(text, "{") {
					t.Errorf("%s: a placeholder is not filled: %s", f.ID, text)
				}
			}
			out = append(out, string(f.Status)+" "+f.ID+" "+f.Subject)
		}
	}
	return out
}

var only = survey.Options{DNSOnly: true}

// usual are the notes that every unsigned domain gets.
const (
	noCAA    = "info dns.caa-none shop.example"
	unsigned = "info dns.dnssec-none shop.example"
	kept     = "info dns.propagation shop.example"
)

var usual = []string{noCAA, unsigned, kept}

// TestZone: what a drill's server cannot serve. A failure is never taken for absence.
func TestZone(t *testing.T) {
	noted := func(more ...string) []string { return append(more, usual...) }
	for _, c := range []struct {
		name string
		r    dns.Resolver
		want []string
	}{
		{"healthy", dns.MustMemory(shop), usual},
		{"the resolver is down", dns.MustMemory(dns.Zone{"": {"SERVFAIL"}, "shop.example": {"TIMEOUT"}, "todoku-no-such-name-7c1e.invalid": {"TIMEOUT"}}),
			[]string{"unknown dns.no-answer shop.example"}},
		{"the zone is down", dns.MustMemory(dns.Zone{"shop.example": {"SERVFAIL"}, "invalid": {"TXT x"}}), []string{"unknown dns.servfail shop.example"}},
		{"no such domain", dns.MustMemory(dns.Zone{"other.example": {"A 192.0.2.1"}}), []string{"fail dns.no-such-domain shop.example"}},
		{"RFC 2308 section 2.1: a resolver that invents", with(shop, dns.Zone{"*.invalid": {"A 203.0.113.9"}}), noted("unknown dns.resolver-lies shop.example")},
		{"Yahoo: the SOA query is not answered", with(shop, dns.Zone{"shop.example": {"SERVFAIL SOA", "MX 10 mail.shop.example", "TXT v=spf1 mx -all"}}),
			[]string{"unknown dns.soa-unanswered shop.example", "info dns.propagation shop.example"}},
		{"one name server", with(shop, dns.Zone{"shop.example": {"SOA ns1.shop.example. h.shop.example. 7 7200 900 1209600 300", "NS ns3.shop.example", "MX 10 mail.shop.example"}}),
			[]string{noCAA, unsigned, "info dns.one-server shop.example", kept, "info dns.server-unresolvable ns3.shop.example"}},
		{"wildcard", with(shop, dns.Zone{"*.shop.example": {"TXT v=spf1 -all"}}), append(noted(), "info dns.wildcard shop.example")},
		{"CAA that lets nobody", with(shop, dns.Zone{"shop.example": {"SOA ns1.shop.example. h.shop.example. 7 7200 900 1209600 300", "CAA 0 issue \";\""}}),
			[]string{"info dns.caa-nobody shop.example", unsigned, kept}},
		{"CAA that speaks of wildcards only", with(shop, dns.Zone{"shop.example": {"SOA ns1.shop.example. h.shop.example. 7 7200 900 1209600 300", "CAA 0 issuewild \";\""}}),
			[]string{unsigned, kept}},
		{"delegated _domainkey", with(shop, dns.Zone{"_domainkey.shop.example": {"NS ns.service.example"}}),
			append([]string{"info dns.delegated _domainkey.shop.example"}, usual...)},
		{"long TTL", with(shop, dns.Zone{"_dmarc.shop.example": {"604800 TXT v=DMARC1; p=reject"}}), append(noted(), "info dns.ttl-long shop.example")},
		{"signed without DS", with(shop, dns.Zone{"shop.example": {"SOA ns1.shop.example. h.shop.example. 7 7200 900 1209600 300", "DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4="}}),
			[]string{noCAA, "info dns.dnssec-no-ds shop.example", kept}},
		{"DS, but the resolver validates nothing", with(shop, dns.Zone{"shop.example": {"SOA ns1.shop.example. h.shop.example. 7 7200 900 1209600 300", "DS 3613 15 2 3AA5AB37EFCE57F737FC1627013FEE07BDF241BD10F3B1964AB55C78E79A304B"}}),
			[]string{noCAA, "info dns.dnssec-unvalidated shop.example", kept}},
		{"signed", with(shop, dns.Zone{"shop.example": {"SECURE", "SOA ns1.shop.example. h.shop.example. 7 7200 900 1209600 300", "DS 3613 15 2 3AA5AB37EFCE57F737FC1627013FEE07BDF241BD10F3B1964AB55C78E79A304B"}}),
			[]string{noCAA, kept}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, seen(t, c.r, only, "dns")); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestNXDomainForOneType: RFC 8020 section 2: NXDOMAIN is about the name, whatever the type.
func TestNXDomainForOneType(t *testing.T) {
	r := typed{dns.MustMemory(shop), func(q dns.Question) bool { return q.Name == "shop.example" && q.Type == dns.TypeSOA }}
	got := seen(t, r, only, "dns")
	if len(got) == 0 || got[0] != "warn dns.nxdomain-wrong shop.example" {
		t.Errorf("got %q", got)
	}
}

// typed answers NXDOMAIN to some questions.
type typed struct {
	dns.Resolver
	gone func(dns.Question) bool
}

func (r typed) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if r.gone(q) {
		return dns.Answer{Question: q, Status: dns.NXDomain, TTL: 300}
	}
	return r.Resolver.Resolve(ctx, q)
}

// servers lets each authoritative server say what it likes.
type servers struct {
	dns.Resolver
	own map[string]dns.Resolver
}

func (s servers) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if r := s.own[q.Server.Addr().String()]; q.Server.IsValid() && r != nil {
		return r.Resolve(ctx, q)
	}
	return s.Resolver.Resolve(ctx, q)
}

// TestServers: authoritative servers compared with each other and with the resolver.
func TestServers(t *testing.T) {
	root := func(change ...string) *dns.Memory { return with(shop, dns.Zone{"shop.example": change}) }
	soa := "SOA ns1.shop.example. hostmaster.shop.example. 7 7200 900 1209600 300"
	spf, mx := "TXT v=spf1 mx -all", "MX 10 mail.shop.example"
	newSPF := root(soa, mx, "TXT v=spf1 mx ip4:203.0.113.7 -all")
	for _, c := range []struct {
		name     string
		ns1, ns2 dns.Resolver
		want     []string
	}{
		{"alike", nil, nil, usual},
		{"different SPF", nil, newSPF, append([]string{"warn dns.servers-disagree shop.example"}, usual...)},
		{"both have a new SPF", newSPF, newSPF, append([]string{"info dns.resolver-stale shop.example"}, usual...)},
		{"the order of records is nothing", root(soa, spf, mx, "TXT b", "TXT a"), root(soa, mx, "TXT a", spf, "TXT b"), append([]string{"info dns.resolver-stale shop.example"}, usual...)},
		{"serials", nil, root(strings.Replace(soa, " 7 ", " 8 ", 1), spf, mx), append(slices.Clone(usual), "info dns.serials-differ shop.example")},
		{"lame", nil, dns.MustMemory(dns.Zone{"shop.example": {"REFUSED"}}), append([]string{"warn dns.server-lame shop.example"}, usual...)},
		{"silent", nil, dns.MustMemory(dns.Zone{"shop.example": {"TIMEOUT"}}), append([]string{"unknown dns.server-silent shop.example"}, usual...)},
		{"all silent: our own network's doing, perhaps", dns.MustMemory(dns.Zone{"shop.example": {"TIMEOUT"}}), dns.MustMemory(dns.Zone{"shop.example": {"TIMEOUT"}}),
			append([]string{"unknown dns.server-silent shop.example"}, usual...)},
		{"who refuses us all may answer others", dns.MustMemory(dns.Zone{"shop.example": {"REFUSED"}}), dns.MustMemory(dns.Zone{"shop.example": {"REFUSED"}}), usual},
		{"short TTL", root(soa, "30 "+mx, spf), root(soa, "30 "+mx, spf), append(slices.Clone(usual), "info dns.ttl-short shop.example")},
	} {
		t.Run(c.name, func(t *testing.T) {
			own := map[string]dns.Resolver{}
			if c.ns1 != nil {
				own["192.0.2.1"] = c.ns1
			}
			if c.ns2 != nil {
				own["198.51.100.1"] = c.ns2
			}
			base := root(soa, "NS ns1.shop.example", "NS ns2.shop.example", mx, spf)
			if c.name == "short TTL" {
				base = root(soa, "NS ns1.shop.example", "NS ns2.shop.example", "30 "+mx, spf)
			}
			if d := cmp.Diff(c.want, seen(t, servers{base, own}, survey.Options{}, "dns")); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestPropagation: the time is that of the longest-lived answer, rounded up to the
// minute, a missing record by the negative TTL of the SOA (RFC 2308 section 5).
func TestPropagation(t *testing.T) {
	d := survey.Look(context.Background(), with(shop, dns.Zone{"_dmarc.shop.example": {"7200 TXT v=DMARC1; p=none"}}), "shop.example", survey.Options{Now: noon, DNSOnly: true})
	for _, f := range Domain(d) {
		if f.ID != "dns.propagation" {
			continue
		}
		if want := "A change to shop.example made now is seen everywhere by 2026-11-25 14:01 UTC at the latest"; f.Title("en") != want {
			t.Errorf("got %q, want %q", f.Title("en"), want)
		}
		return
	}
	t.Error("no finding")
}

// TestMX: exchangers that cannot be seen or mended.
func TestMX(t *testing.T) {
	apex := func(records ...string) dns.Zone { return dns.Zone{"shop.example": records} }
	for _, c := range []struct {
		name string
		r    dns.Resolver
		want []string
	}{
		{"healthy", dns.MustMemory(shop), []string{"info mx.no-ipv6 shop.example"}},
		{"MX look-up fails", with(shop, apex("SERVFAIL MX", "TXT v=spf1 -all")), []string{"unknown mx.dns-failure shop.example"}},
		{"an exchanger's look-up fails: nothing is said to be missing", with(shop, dns.Zone{"mail.shop.example": {"TIMEOUT"}}), []string{"unknown mx.dns-failure mail.shop.example"}},
		{"RFC 5321 section 5.1: implicit MX", with(shop, apex("A 192.0.2.25", "TXT v=spf1 a -all")), []string{"info mx.implicit shop.example"}},
		{"the address look-up fails", with(shop, apex("SERVFAIL A", "TXT v=spf1 ip4:192.0.2.25 -all")), []string{"unknown mx.dns-failure shop.example"}},
		{"neither MX nor address", with(shop, apex("TXT v=spf1 ip4:192.0.2.25 -all")), []string{"warn mx.none shop.example"}},
		{"neither, and nobody said that it sends", with(shop, apex("TXT x")), []string{"info mx.none shop.example"}},
		{"RFC 7505 section 3: null MX of a silent domain", with(shop, apex("MX 0 .", "TXT v=spf1 -all")), nil},
		{"RFC 7505 section 4.2: null MX of a sender", with(shop, apex("MX 0 .", "TXT v=spf1 ip4:192.0.2.25 -all")), []string{"warn mx.null-sending shop.example"}},
		{"silent, and no null MX", with(shop, apex("A 192.0.2.80", "TXT v=spf1 -all")), []string{"info mx.null-missing shop.example"}},
		{"twice the same", with(shop, apex("MX 10 mail.shop.example", "MX 20 mail.shop.example")), []string{"info mx.duplicate mail.shop.example", "info mx.no-ipv6 shop.example"}},
		{"RFC 2181 section 10.3: alias", with(shop, dns.Zone{"mail.shop.example": {"CNAME m.service.example"}, "m.service.example": {"A 198.51.100.3", "AAAA 2001:db8::3"}}),
			[]string{"warn mx.cname mail.shop.example"}},
		{"alias of nothing", with(shop, dns.Zone{"mail.shop.example": {"CNAME m.service.example"}}), []string{"fail mx.unresolvable shop.example"}},
		{"a private beside a public address: senders that choose it wait", with(shop, dns.Zone{"mail.shop.example": {"A 10.0.0.1", "A 192.0.2.25"}}), []string{"warn mx.private-address mail.shop.example", "info mx.no-ipv6 shop.example"}},
		{"a resolver that invents: not a pass, and not a fault", with(shop, dns.Zone{"*.invalid": {"A 203.0.113.9"}, "mail.shop.example": {"A 203.0.113.9"}}), []string{"unknown mx.dns-failure mail.shop.example"}},
		{"IPv6 only", with(shop, dns.Zone{"mail.shop.example": {"AAAA 2001:db8::25"}}), []string{"warn mx.ipv6-only shop.example"}},
		{"alias of a stranger's name without MX", with(shop, dns.Zone{"shop.example": {"CNAME x.service.example"}, "x.service.example": {"TXT v=spf1 ip4:192.0.2.25 -all"}}), []string{"warn mx.none shop.example"}},
		{"loopback only", with(shop, dns.Zone{"mail.shop.example": {"A 127.0.0.1"}}), []string{"fail mx.private-address mail.shop.example"}},
		{"a wildcard is no mail host", with(shop, dns.Zone{"shop.example": {"MX 10 gone.elsewhere.example"}, "*.shop.example": {"A 203.0.113.80"}, "mail.shop.example": {"A 203.0.113.80"}}),
			[]string{"fail mx.unresolvable shop.example"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, seen(t, c.r, only, "mx")); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestMXWithoutRepair: no repair is invented where nothing is known to take mail.
func TestMXWithoutRepair(t *testing.T) {
	r := with(shop, dns.Zone{"shop.example": {"MX 10 gone.elsewhere.example"}, "*.shop.example": {"A 203.0.113.80"}, "mail.shop.example": {"A 203.0.113.80"}})
	for _, f := range Domain(survey.Look(context.Background(), r, "shop.example", only)) {
		if f.ID == "mx.unresolvable" && len(f.DNS) > 0 {
			t.Errorf("a name beneath a wildcard became the mail host: %+v", f.DNS)
		}
	}
}

// TestHosts: names of the sending address.
func TestHosts(t *testing.T) {
	given := survey.Options{DNSOnly: true, IPs: []netip.Addr{netip.MustParseAddr("192.0.2.25")}}
	ptr := func(name string, more dns.Zone) *dns.Memory {
		z := dns.Zone{"25.2.0.192.in-addr.arpa": {"PTR " + name}, name: {"A 192.0.2.25"}}
		maps.Copy(z, more)
		return with(shop, z)
	}
	for _, c := range []struct {
		name string
		r    dns.Resolver
		o    survey.Options
		want []string
	}{
		{"own name", dns.MustMemory(shop), given, nil},
		{"own name, not given", dns.MustMemory(shop), only, nil},
		{"reverse zone fails", with(shop, dns.Zone{"25.2.0.192.in-addr.arpa": {"SERVFAIL"}}), given, []string{"unknown ptr.dns-failure 192.0.2.25"}},
		{"forward fails", with(shop, dns.Zone{"25.2.0.192.in-addr.arpa": {"PTR x.service.example"}, "x.service.example": {"TIMEOUT"}}), given, []string{"unknown ptr.dns-failure 192.0.2.25"}},
		{"missing", with(shop, dns.Zone{"25.2.0.192.in-addr.arpa": {"TXT x"}}), given, []string{"fail ptr.missing 192.0.2.25"}},
		{"missing, seen in SPF only", with(shop, dns.Zone{"25.2.0.192.in-addr.arpa": {"TXT x"}}), only, []string{"unknown ptr.missing 192.0.2.25"}},
		{"rented server", ptr("www1234.sakura.ne.jp", nil), given, []string{"info ptr.shared-host 192.0.2.25"}},
		{"rented host, default name", ptr("ec2-192-0-2-25.compute-1.amazonaws.com", nil), given, []string{"info ptr.provider-named 192.0.2.25"}},
		{"another company's name", ptr("mail.partner.example", nil), given, []string{"info ptr.generic-shared 192.0.2.25"}},
		{"numbered", ptr("192-0-2-25.static.access.example", nil), given, []string{"info ptr.generic 192.0.2.25"}},
		{"dynamic", ptr("192-0-2-25.dynamic.access.example", nil), given, []string{"warn ptr.generic 192.0.2.25"}},
		{"dynamic, seen in SPF only", ptr("192-0-2-25.dynamic.access.example", nil), only, []string{"info ptr.generic 192.0.2.25"}},
		{"own name with such words", ptr("dhcp.shop.example", nil), given, nil},
		{"two names that both lead back", with(shop, dns.Zone{"25.2.0.192.in-addr.arpa": {"PTR mail.shop.example", "PTR mx.shop.example"}, "mx.shop.example": {"A 192.0.2.25"}}), given, []string{"info ptr.several 192.0.2.25"}},
		{"one of two does not", with(shop, dns.Zone{"25.2.0.192.in-addr.arpa": {"PTR mail.shop.example", "PTR mx.shop.example"}}), given, []string{"warn ptr.several 192.0.2.25"}},
		{"one of two could not be seen", with(shop, dns.Zone{"25.2.0.192.in-addr.arpa": {"PTR mail.shop.example", "PTR mx.shop.example"}, "mx.shop.example": {"TIMEOUT"}}), given, []string{"info ptr.several 192.0.2.25"}},
		{"RFC 2181 section 10.2: alias", with(shop, dns.Zone{"25.2.0.192.in-addr.arpa": {"PTR mx.shop.example"}, "mx.shop.example": {"CNAME mail.shop.example"}}), given, []string{"warn ptr.alias 192.0.2.25"}},
		{"the root as name", with(shop, dns.Zone{"25.2.0.192.in-addr.arpa": {"PTR ."}}), given, []string{"fail ptr.bad-name 192.0.2.25"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, seen(t, c.r, c.o, "ptr")); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestPTRRepair: what is published to give an address a name.
func TestPTRRepair(t *testing.T) {
	given := survey.Options{DNSOnly: true, IPs: []netip.Addr{netip.MustParseAddr("192.0.2.25")}}
	for _, c := range []struct {
		name    string
		changes dns.Zone
		want    []string
	}{
		{"the exchanger has the address", dns.Zone{"25.2.0.192.in-addr.arpa": {"TXT x"}},
			[]string{"add 25.2.0.192.in-addr.arpa. PTR [mail.shop.example.] []"}},
		{"a host that SPF names has the address", dns.Zone{"25.2.0.192.in-addr.arpa": {"TXT x"}, "mail.shop.example": {"A 192.0.2.99"}, "shop.example": {"MX 10 mail.shop.example", "TXT v=spf1 a:bulk7.shop.example -all"}, "bulk7.shop.example": {"A 192.0.2.25"}},
			[]string{"add 25.2.0.192.in-addr.arpa. PTR [bulk7.shop.example.] []"}},
		{"a stranger's exchanger gets no address", dns.Zone{"25.2.0.192.in-addr.arpa": {"TXT x"}, "mail.shop.example": {"A 192.0.2.99"}, "shop.example": {"MX 10 gone.service.example"}},
			[]string{"add mx.shop.example. A [192.0.2.25] []"}},
		{"no name has it: a free one gets it first", dns.Zone{"25.2.0.192.in-addr.arpa": {"TXT x"}, "mail.shop.example": {"A 192.0.2.99"}},
			[]string{"add mx.shop.example. A [192.0.2.25] []"}},
		{"RFC 2317: at the end of the delegation", dns.Zone{"25.2.0.192.in-addr.arpa": {"CNAME 25.0-63.2.0.192.in-addr.arpa"}},
			[]string{"add 25.0-63.2.0.192.in-addr.arpa. PTR [mail.shop.example.] []"}},
		{"an own name is given the address, others of it stay", dns.Zone{"25.2.0.192.in-addr.arpa": {"PTR out.shop.example"}, "out.shop.example": {"A 192.0.2.26"}},
			[]string{"add out.shop.example. A [192.0.2.25] []"}},
		{"visitors of the web site are not sent to the mail server", dns.Zone{"25.2.0.192.in-addr.arpa": {"PTR www.shop.example"}, "www.shop.example": {"A 203.0.113.80"}},
			[]string{"replace 25.2.0.192.in-addr.arpa. PTR [mail.shop.example.] []"}},
		{"a stranger's name is replaced", dns.Zone{"25.2.0.192.in-addr.arpa": {"PTR a.former.example", "PTR b.former.example"}},
			[]string{"replace 25.2.0.192.in-addr.arpa. PTR [mail.shop.example.] []"}},
		{"the second name goes with the address of the first", dns.Zone{"25.2.0.192.in-addr.arpa": {"PTR out.shop.example", "PTR old.shop.example"}, "mail.shop.example": {"A 192.0.2.99"}},
			[]string{"add out.shop.example. A [192.0.2.25] []", "replace 25.2.0.192.in-addr.arpa. PTR [out.shop.example.] []"}},
		{"two names, neither leads back: that of the exchanger takes their place", dns.Zone{"25.2.0.192.in-addr.arpa": {"PTR out.shop.example", "PTR old.shop.example"}},
			[]string{"replace 25.2.0.192.in-addr.arpa. PTR [mail.shop.example.] []"}},
		{"a name with odd octets is named as it is", dns.Zone{"25.2.0.192.in-addr.arpa": {`PTR my\032host.former.example`}},
			[]string{`replace 25.2.0.192.in-addr.arpa. PTR [mail.shop.example.] []`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range Domain(survey.Look(context.Background(), with(shop, c.changes), "shop.example", given)) {
				for _, ch := range f.DNS {
					if catalogue.Area(f.ID) == "ptr" && (f.Status == catalogue.Fail || f.ID == "ptr.no-name") {
						got = append(got, string(ch.Action)+" "+ch.Name+" "+ch.Type.String()+" ["+strings.Join(ch.Data, " ")+"] ["+strings.Join(ch.Was, " ")+"]")
					}
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
