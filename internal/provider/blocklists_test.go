package provider

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dnsbl"
	"github.com/todoku/todoku/internal/catalogue"
)

func TestBlocklistsComplete(t *testing.T) {
	if n := len(Blocklists()); n < 90 {
		t.Errorf("%d lists", n)
	}
	if n := len(blocklists().dead); n < 36 {
		t.Errorf("%d dead lists", n)
	}
	if _, err := time.Parse(time.DateOnly, blocklists().compiled); err != nil {
		t.Error(err)
	}
	seen := make(map[string]bool)
	for _, b := range Blocklists() {
		t.Run(b.Zone, func(t *testing.T) {
			if seen[b.Zone] || !dns.ValidName(b.Zone) || b.Name == "" || len(b.Sources) == 0 {
				t.Errorf("%+v", b)
			}
			seen[b.Zone] = true
			if !slices.Contains([]Weight{High, Medium, Low}, b.Weight) || !slices.Contains([]Access{Public, Registration, Keyed, Paid}, b.Access) {
				t.Errorf("weight %q, access %q", b.Weight, b.Access)
			}
			if b.Kind == dnsbl.IP && !b.IPv4 && !b.IPv6 {
				t.Error("a list of addresses for no addresses")
			}
			if (b.Access == Keyed) != (b.KeyName != "") || b.Default && (b.Access != Public || !b.Sweepable()) {
				t.Errorf("access %s, key %q, default %v", b.Access, b.KeyName, b.Default)
			}
			if b.Sweepable() && !slices.ContainsFunc(b.Codes, func(c dnsbl.Code) bool { return c.Outcome == dnsbl.Listed }) {
				t.Error("no code says listed")
			}
			for _, c := range b.Codes {
				if !slices.Contains([]dnsbl.Outcome{dnsbl.Listed, dnsbl.NotListed, dnsbl.Refusal}, c.Outcome) {
					t.Errorf("outcome %q", c.Outcome)
				}
				twoLanguages(t, b.MeaningOf(c))
			}
			if b.Note != (catalogue.Text{}) {
				twoLanguages(t, b.Note)
			}
			for _, url := range []string{b.Delist, b.Site} {
				if url != "" && !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
					t.Errorf("%q is no address of a page", url)
				}
			}
		})
	}
	for _, d := range blocklists().dead {
		twoLanguages(t, d.Reason)
		if len(d.Zones) == 0 || d.Source == "" || d.Failure == "" {
			t.Errorf("%+v", d)
		}
	}
}

func twoLanguages(t *testing.T, text catalogue.Text) {
	t.Helper()
	japanese := func(s string) bool { return strings.ContainsFunc(s, func(r rune) bool { return r > 0x3000 }) }
	if text.EN == "" || text.JA == "" || japanese(text.EN) || !japanese(text.JA) {
		t.Errorf("a text is missing in a language or in the wrong one: %+v", text)
	}
}

// A dead list is never asked: no list of ours lies within a dead one's zones.
func TestNoDeadListIsAsked(t *testing.T) {
	for _, b := range Blocklists() {
		if d, dead := DeadBlocklistOf(b.Zone); dead {
			t.Errorf("%s is dead: %s", b.Zone, d.Reason.EN)
		}
	}
	for _, zone := range []string{"dnsbl.sorbs.net", "relays.ordb.org", "cbl.abuseat.org", "drone.abuse.ch", "ix.dnsbl.manitu.net"} {
		if _, dead := DeadBlocklistOf(zone); !dead {
			t.Errorf("%s is not known to be dead", zone)
		}
	}
	if _, dead := DeadBlocklistOf("zen.spamhaus.org"); dead {
		t.Error("ZEN is alive")
	}
}

func TestChoice(t *testing.T) {
	zones := func(c Choice) []string {
		var zones []string
		for _, b := range c.Choose() {
			zones = append(zones, b.Zone)
		}
		return zones
	}
	defaults := zones(Choice{})
	for _, zone := range []string{"zen.spamhaus.org", "dbl.spamhaus.org", "bl.spamcop.net", "multi.surbl.org"} {
		if !slices.Contains(defaults, zone) {
			t.Errorf("%s is not among the defaults", zone)
		}
	}
	for _, zone := range []string{"zen.dq.spamhaus.net", "dnsbl-3.uceprotect.net", "list.dnswl.org", "b.barracudacentral.org", "sip.invaluement.com"} {
		if slices.Contains(defaults, zone) {
			t.Errorf("%s is among the defaults", zone)
		}
	}
	keyed := Choice{Keys: map[string]string{"spamhaus-dqs": "k3y"}, Enable: []string{"b.barracudacentral.org", "list.dnswl.org"}, Disable: []string{"bl.spamcop.net"}}
	var changed []string
	for _, zone := range zones(keyed) {
		if !slices.Contains(defaults, zone) {
			changed = append(changed, "+"+zone)
		}
	}
	for _, zone := range defaults {
		if !slices.Contains(zones(keyed), zone) {
			changed = append(changed, "-"+zone)
		}
	}
	want := []string{"+zen.dq.spamhaus.net", "+dbl.dq.spamhaus.net", "+b.barracudacentral.org", "-zen.spamhaus.org", "-dbl.spamhaus.org", "-bl.spamcop.net"}
	if d := cmp.Diff(want, changed); d != "" {
		t.Error(d)
	}
}

// What the lists that matter most mean by their codes.
func TestCodes(t *testing.T) {
	lists := make(map[string]Blocklist)
	for _, b := range Blocklists() {
		lists[b.Zone] = b
	}
	for _, tt := range []struct {
		zone, ip string
		want     dnsbl.Outcome
		policy   bool
		means    string
	}{
		{"zen.spamhaus.org", "127.0.0.2", dnsbl.Listed, false, "SBL"},
		{"zen.spamhaus.org", "127.0.0.6", dnsbl.Listed, false, "XBL"},
		{"zen.spamhaus.org", "127.0.0.10", dnsbl.Listed, true, "PBL"},
		{"zen.dq.spamhaus.net", "127.0.0.11", dnsbl.Listed, true, "PBL"},
		{"zen.spamhaus.org", "127.255.255.254", dnsbl.Refusal, false, "public resolver"},
		{"dbl.spamhaus.org", "127.0.1.255", dnsbl.Refusal, false, "address"},
		{"dbl.spamhaus.org", "127.0.1.104", dnsbl.Listed, false, "phishing"},
		{"multi.surbl.org", "127.0.0.1", dnsbl.Refusal, false, "public resolver"},
		{"multi.surbl.org", "127.0.0.64", dnsbl.Listed, false, "spam"},
		{"multi.uribl.com", "127.0.0.255", dnsbl.Refusal, false, "public resolver"},
		{"multi.uribl.com", "127.0.0.2", dnsbl.Listed, false, "black"},
		{"rep.mailspike.net", "127.0.0.18", dnsbl.NotListed, false, "good"},
		{"rep.mailspike.net", "127.0.0.10", dnsbl.Listed, false, "worst"},
		{"hostkarma.junkemailfilter.com", "127.0.0.1", dnsbl.NotListed, false, "white"},
		{"rbl.efnetrbl.org", "127.0.0.1", dnsbl.Listed, false, "proxy"},
		{"list.dnswl.org", "127.0.10.3", dnsbl.Refusal, false, "public resolver"},
		{"list.dnswl.org", "127.0.5.2", dnsbl.Listed, false, "medium"},
		{"bl.blocklist.de", "127.0.0.17", dnsbl.Listed, false, "attacks"},
	} {
		b := lists[tt.zone]
		got := b.Read(netip.MustParseAddr(tt.ip))
		if got.Outcome != tt.want || len(got.Codes) == 0 || b.IsPolicy(got.Codes[0]) != tt.policy || !strings.Contains(got.Codes[0].Meaning, tt.means) {
			t.Errorf("%s %s: %+v", tt.zone, tt.ip, got)
		}
	}
}
