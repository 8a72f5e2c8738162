package inspect

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/survey"
)

func checkerOf(t *testing.T, z dns.Zone, zones ...string) *blocklist.Checker {
	t.Helper()
	var lists []provider.Blocklist
	for _, b := range provider.Blocklists() {
		if slices.Contains(zones, b.Zone) {
			lists = append(lists, b)
		}
	}
	if len(lists) != len(zones) {
		t.Fatalf("%d of %d lists are known", len(lists), len(zones))
	}
	return blocklist.New(blocklist.Config{Resolver: dns.MustMemory(z), Lists: lists, Rate: 1e6})
}

const (
	zenAlive  = "2.0.0.127.zen.spamhaus.org"
	zenEntry  = "9.2.0.192.zen.spamhaus.org"
	copAlive  = "2.0.0.127.bl.spamcop.net"
	copEntry  = "9.2.0.192.bl.spamcop.net"
	uceAlive  = "2.0.0.127.dnsbl-1.uceprotect.net"
	uceEntry  = "9.2.0.192.dnsbl-1.uceprotect.net"
	psblWild  = "*.psbl.surriel.com"
	spamzones = "zen.spamhaus.org,bl.spamcop.net,dnsbl-1.uceprotect.net,psbl.surriel.com"
)

func TestBlocklists(t *testing.T) {
	for _, tt := range []struct {
		name string
		zone dns.Zone
		want []string
	}{
		{"high is a fail", dns.Zone{zenAlive: {"A 127.0.0.2"}, zenEntry: {"A 127.0.0.3"}, copAlive: {"A 127.0.0.2"}, uceAlive: {"A 127.0.0.2"}}, []string{"dnsbl.listed fail", "dnsbl.dead info"}},
		{"medium is a warning", dns.Zone{copAlive: {"A 127.0.0.2"}, copEntry: {"A 127.0.0.2"}}, []string{"dnsbl.listed warn", "dnsbl.dead info"}},
		{"low is a note", dns.Zone{uceAlive: {"A 127.0.0.2"}, uceEntry: {"A 127.0.0.2"}}, []string{"dnsbl.listed info", "dnsbl.dead info"}},
		{"PBL is no accusation", dns.Zone{zenAlive: {"A 127.0.0.2"}, zenEntry: {"A 127.0.0.10"}}, []string{"dnsbl.policy-list warn", "dnsbl.dead info"}},
		{"PBL and SBL is one", dns.Zone{zenAlive: {"A 127.0.0.2"}, zenEntry: {"A 127.0.0.10", "A 127.0.0.2"}}, []string{"dnsbl.listed fail", "dnsbl.dead info"}},
		{"clean", dns.Zone{zenAlive: {"A 127.0.0.2"}, copAlive: {"A 127.0.0.2"}}, []string{"dnsbl.clean pass", "dnsbl.dead info"}},
		{"refused in the proof", dns.Zone{"*.zen.spamhaus.org": {"A 127.255.255.254"}, copAlive: {"A 127.0.0.2"}}, []string{"dnsbl.clean pass", "dnsbl.refused unknown", "dnsbl.dead info"}},
		{"refused later", dns.Zone{zenAlive: {"A 127.0.0.2"}, zenEntry: {"A 127.255.255.255"}, copAlive: {"A 127.0.0.2"}}, []string{"dnsbl.clean pass", "dnsbl.refused unknown", "dnsbl.dead info"}},
		{"time-out", dns.Zone{zenAlive: {"A 127.0.0.2"}, zenEntry: {"TIMEOUT"}, copAlive: {"A 127.0.0.2"}}, []string{"dnsbl.clean pass", "dnsbl.unknown unknown", "dnsbl.dead info"}},
		{"an undocumented code", dns.Zone{zenAlive: {"A 127.0.0.2"}, zenEntry: {"A 127.0.0.99"}, copAlive: {"A 127.0.0.2"}}, []string{"dnsbl.clean pass", "dnsbl.unknown unknown", "dnsbl.dead info"}},
		{"lists the world", dns.Zone{psblWild: {"A 127.0.0.2"}, copAlive: {"A 127.0.0.2"}}, []string{"dnsbl.clean pass", "dnsbl.poisoned unknown", "dnsbl.dead info"}},
		{"all dead", dns.Zone{}, []string{"dnsbl.none-checked info"}},
		{"a resolver with advertisements", dns.Zone{"*.org": {"A 192.0.2.80"}, "*.net": {"A 192.0.2.80"}, "*.com": {"A 192.0.2.80"}}, []string{"dnsbl.none-checked unknown"}},
		{"a resolver that is down", dns.Zone{"*.org": {"SERVFAIL"}, "*.net": {"SERVFAIL"}, "*.com": {"TIMEOUT"}}, []string{"dnsbl.none-checked unknown"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := checkerOf(t, tt.zone, strings.Split(spamzones, ",")...)
			findings := Blocklists(c.Sweep(t.Context(), nil, dnsbl.ForIP(netip.MustParseAddr("192.0.2.9"))))
			var got []string
			for _, f := range findings {
				got = append(got, fmt.Sprintf("%s %s", f.ID, f.Status))
				for _, lang := range []string{"en", "ja"} {
					text := f.Title(lang) + f.Detail(lang) + f.Fix(lang) + strings.Join(f.Steps(lang), "")
					if strings.ContainsAny(text, "{}") || f.Subject != "192.0.2.9" {
						t.Errorf("%s: an argument is missing: %s", f.ID, text)
					}
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
	if got := Blocklists(blocklist.Sweep{Subject: "192.0.2.9"}); got != nil {
		t.Errorf("no lists: %+v", got)
	}
}

// What a person reads of a listing.
func TestListingText(t *testing.T) {
	c := checkerOf(t, dns.Zone{copAlive: {"A 127.0.0.2"}, copEntry: {"A 127.0.0.2", "TXT Blocked - see https://www.spamcop.net/bl.shtml?192.0.2.9"}}, "bl.spamcop.net")
	f := Blocklists(c.Sweep(t.Context(), nil, dnsbl.ForIP(netip.MustParseAddr("192.0.2.9"))))[0]
	want := []string{
		"192.0.2.9 is on the blocklist SpamCop SCBL (bl.spamcop.net)",
		"The list says: listed. Many receivers count this against the mail; some refuse it. Expires by itself about 24 hours after the last report.",
		"Find what got 192.0.2.9 listed and stop it; then have it removed: https://www.spamcop.net/bl.shtml",
		"9.2.0.192.bl.spamcop.net A 127.0.0.2",
		"9.2.0.192.bl.spamcop.net TXT Blocked - see https://www.spamcop.net/bl.shtml?192.0.2.9",
		"登録の内容: 登録されています。多くの受信側が迷惑メール判定に使い、拒否する受信側もあります。最後の報告から約 24 時間で自動的に解除されます。",
	}
	got := append([]string{f.Title("en"), f.Detail("en"), f.Fix("en")}, append(f.Evidence, f.Detail("ja"))...)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Through a survey: the domain, and the addresses of its own mail hosts, not of others'.
func TestBlocklistsOfADomain(t *testing.T) {
	zone := dns.MustMemory(dns.Zone{
		"shop.example":                  {"MX 10 mx.shop.example", "MX 20 mx.big.example", "MX 30 in.shop.example"},
		"mx.shop.example":               {"A 192.0.2.9", "AAAA 2001:db8::9"},
		"in.shop.example":               {"A 10.0.0.1"},
		"mx.big.example":                {"A 198.51.100.1"},
		zenAlive:                        {"A 127.0.0.2"},
		zenEntry:                        {"A 127.0.0.2"},
		"dbltest.com.dbl.spamhaus.org":  {"A 127.0.1.2"},
		"1.100.51.198.zen.spamhaus.org": {"A 127.0.0.2"},
		"shop.example.dbl.spamhaus.org": {"A 127.0.1.2"},
		"77.2.0.192.zen.spamhaus.org":   {"A 127.0.0.4"},
	})
	var lists []provider.Blocklist
	for _, b := range provider.Blocklists() {
		if b.Zone == "zen.spamhaus.org" || b.Zone == "dbl.spamhaus.org" {
			lists = append(lists, b)
		}
	}
	look := func(name string, ips ...netip.Addr) []string {
		o := survey.Options{Now: time.Now(), DNSOnly: true, IPs: ips, Blocklists: blocklist.New(blocklist.Config{Resolver: zone, Lists: lists, Rate: 1e6})}
		var got []string
		for _, f := range Domain(survey.Look(t.Context(), zone, name, o)) {
			if catalogue.Area(f.ID) == "dnsbl" {
				got = append(got, f.ID+" "+f.Subject)
			}
		}
		slices.Sort(got)
		return got
	}
	if d := cmp.Diff([]string{"dnsbl.listed 192.0.2.9", "dnsbl.listed shop.example", "dnsbl.none-checked 2001:db8::9"}, look("shop.example")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"dnsbl.listed 192.0.2.77", "dnsbl.listed shop.example"}, look("shop.example", netip.MustParseAddr("192.0.2.77"))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"dnsbl.listed 192.0.2.77"}, look("", netip.MustParseAddr("192.0.2.77"))); d != "" {
		t.Error(d)
	}
	if got := Domain(survey.Look(t.Context(), zone, "shop.example", survey.Options{Now: time.Now(), DNSOnly: true})); slices.ContainsFunc(got, func(f catalogue.Finding) bool { return catalogue.Area(f.ID) == "dnsbl" }) {
		t.Error("blocklists were judged, though none was asked")
	}
}
