package survey

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
)

// two is a healthy domain with two exchangers, one of them sending.
var two = dns.Zone{
	"example.com": {
		"SOA ns1.example.com. hostmaster.example.com. 1 7200 900 1209600 300", "NS ns1.example.com", "NS ns2.example.net",
		"MX 10 mail.example.com", "MX 20 mx2.example.com", "TXT v=spf1 mx -all",
	},
	"ns1.example.com":           {"A 192.0.2.1"},
	"ns2.example.net":           {"A 198.51.100.1"},
	"mail.example.com":          {"A 192.0.2.25", "AAAA 2001:db8::25"},
	"mx2.example.com":           {"A 192.0.2.26"},
	"_dmarc.example.com":        {"TXT v=DMARC1; p=none"},
	"25.2.0.192.in-addr.arpa":   {"PTR mail.example.com"},
	"invalid":                   {"TXT nothing"},
	"gone.example.com":          {"CNAME nowhere.example.com"},
	"www.example.com":           {"CNAME example.com"},
	"sub.example.com":           {"MX 10 mail.example.com"},
	"deep.er.sub.example.com":   {"MX 10 mail.example.com"},
	"6.2.0.192.in-addr.arpa":    {"CNAME 6.0-63.2.0.192.in-addr.arpa"},
	"void.0.2.0.192.ip6.arpa":   {"TXT x"},
	"mail.example.com.tokyo.jp": {"A 192.0.2.99"},
}

// areasOf runs some areas of a survey alone.
func areasOf(t *testing.T, r dns.Resolver, name string, o Options, areas ...func(*look, context.Context)) (*Domain, int) {
	t.Helper()
	rec := dns.NewRecorder(r)
	l := &look{Domain: &Domain{Name: name, Options: o}, r: rec}
	for _, area := range areas {
		area(l, context.Background())
	}
	return l.Domain, len(rec.Answers())
}

// TestQueryBudget: what the zone, the exchangers and the hosts of a healthy domain
// cost together, with what the profile has asked.
func TestQueryBudget(t *testing.T) {
	o := Options{IPs: []netip.Addr{netip.MustParseAddr("192.0.2.25")}, DNSOnly: true}
	d, asked := areasOf(t, dns.MustMemory(two), "example.com", o, (*look).profile, (*look).zone, (*look).mx, (*look).hosts)
	if asked > 20 {
		t.Errorf("%d questions, want at most 20", asked)
	}
	if len(d.MX.Hosts) != 2 || !d.MX.Hosts[0].Found() || d.MX.Own != nil || d.Hosts.Own != nil || len(d.Zone.Views) != 0 {
		t.Errorf("%+v", d.MX)
	}
	// Without an address given: those that SPF names, and for want of two PTR records the
	// names that they could have.
	d, asked = areasOf(t, dns.MustMemory(two), "example.com", Options{DNSOnly: true}, (*look).hosts)
	var ips []string
	for _, h := range d.Hosts.List {
		ips = append(ips, h.IP.String()+" "+h.Term)
	}
	if diff := cmp.Diff([]string{"192.0.2.25 mx", "2001:db8::25 mx", "192.0.2.26 mx"}, ips); diff != "" || asked > 25 {
		t.Errorf("%d questions\n%s", asked, diff)
	}
}

// TestApex: the zone that holds a name is found above it, and never above the
// registered domain.
func TestApex(t *testing.T) {
	for name, want := range map[string]string{
		"example.com": "example.com", "sub.example.com": "example.com", "deep.er.sub.example.com": "example.com",
		"a.b.c.d.e.f.example.com": "", "nobody.example": "", "other.com": "",
	} {
		d, _ := areasOf(t, dns.MustMemory(two), name, Options{DNSOnly: true}, (*look).zone)
		if d.Zone.Apex != want {
			t.Errorf("%s: %q, want %q", name, d.Zone.Apex, want)
		}
	}
}

// byServer answers a question to one server otherwise than the rest.
type byServer struct {
	all   dns.Resolver
	other map[netip.Addr]dns.Resolver
}

func (b *byServer) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if !q.Server.IsValid() {
		return b.all.Resolve(ctx, q)
	}
	return b.other[q.Server.Addr()].Resolve(ctx, q)
}

// TestViews: every authoritative server with a public address is asked itself, and
// nobody else: a domain does not choose whom beside us we talk to.
func TestViews(t *testing.T) {
	z := dns.Zone{
		"example.com": {
			"SOA ns1.example.com. h.example.com. 1 7200 900 1209600 300",
			"NS ns1.example.com", "NS inside.example.com", "NS nowhere.example.com", "NS v6.example.com", "NS fifth.example.com",
		},
		"ns1.example.com":    {"A 192.0.2.1"},
		"inside.example.com": {"A 127.0.0.1", "A 10.0.0.1"},
		"v6.example.com":     {"AAAA 2001:db8::53"},
		"fifth.example.com":  {"A 192.0.2.5"},
	}
	one := dns.MustMemory(z)
	r := &byServer{all: one, other: map[netip.Addr]dns.Resolver{netip.MustParseAddr("192.0.2.1"): one, netip.MustParseAddr("2001:db8::53"): dns.MustMemory(dns.Zone{})}}
	l := &look{Domain: &Domain{Name: "example.com"}, r: inline{r}}
	l.zone(context.Background())
	var got []string
	for _, v := range l.Zone.Views {
		got = append(got, v.Name+" "+v.Addr.String()+" "+v.SOA.Status.String())
	}
	if diff := cmp.Diff([]string{"ns1.example.com 192.0.2.1 success", "v6.example.com 2001:db8::53 nxdomain"}, got); diff != "" {
		t.Error(diff)
	}
	l = &look{Domain: &Domain{Name: "example.com", Options: Options{DNSOnly: true}}, r: inline{r}}
	if l.zone(context.Background()); len(l.Zone.Views) != 0 {
		t.Error("DNSOnly, and servers were asked")
	}
}

// inline hides what a resolver is.
type inline struct{ dns.Resolver }

// TestMeantExchanges: what people write into the field, and what they meant.
func TestMeantExchanges(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"mail.example.com.example.com", "mail.example.com"},
		{"mx1.service.net.example.com", "mx1.service.net"},
		{"mail", "mail.example.com"},
		{"10 mail.example.com", "mail.example.com"},
		{`10 mail\.example\.com`, "mail.example.com"},
		{"https://mail.example.com/", "mail.example.com"},
		{"mail.example.com,", "mail.example.com"},
		{"mail.example.com:25", "mail.example.com"},
		{"<mail.example.com>", "mail.example.com"},
		{"mail\u3000.example.com", "mail.example.com"},
		{"example.com.example.com", "example.com"},
		{"aspmx.l.gogle.com", "aspmx.l.google.com"},
		{"alt1.aspmx.google.com", "alt1.aspmx.l.google.com"},
		{"example-com.mail.protection.outlook.co", "example-com.mail.protection.outlook.com"},
		{"aspmx.l.google.com", ""},
		{"mail.example.com", ""},
		{"mail.other.net", ""},
		{"", ""},
		{"...", ""},
	} {
		got := meantExchanges(c.name, "example.com")
		if first := strings.Join(got[:min(len(got), 1)], ""); first != c.want {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzMeantExchanges(f *testing.F) {
	f.Add("10 mail.example.com.example.com", "example.com")
	f.Add(`a\.b`, "b")
	f.Fuzz(func(t *testing.T, name, domain string) {
		got := meantExchanges(name, domain)
		if len(got) > 4 || slices.Contains(got, dns.CanonicalName(name)) {
			t.Fatalf("%q of %q: %q", name, domain, got)
		}
		for _, n := range got {
			if !HostName(n) || !dns.ValidName(n) {
				t.Fatalf("%q of %q: %q is no host name", name, domain, n)
			}
		}
		literal(name, domain)
	})
}

func TestLiteral(t *testing.T) {
	for name, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "192.0.2.1.example.com": "192.0.2.1", "[192.0.2.1]": "192.0.2.1", "2001:db8::1": "2001:db8::1",
		"mail.example.com": "invalid IP", "192.0.2": "invalid IP", "fe80::1%eth0": "invalid IP", "": "invalid IP",
	} {
		if got := literal(name, "example.com").String(); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

// TestAttackManyExchangers: sixty exchangers and sixty addresses cost a bounded number
// of questions.
func TestAttackManyExchangers(t *testing.T) {
	z := dns.Zone{}
	for i := range 60 {
		host := "h" + strings.Repeat("x", i+1) + ".example.com"
		z["example.com"] = append(z["example.com"], "MX 10 "+host)
		z[host] = []string{"A 192.0.2." + string(rune('1'+i%9)), "AAAA 2001:db8::" + string(rune('1'+i%9))}
	}
	z["example.com"] = append(z["example.com"], "TXT v=spf1 mx a:hx.example.com mx mx mx mx mx -all")
	d, asked := areasOf(t, dns.MustMemory(z), "example.com", Options{DNSOnly: true, Now: time.Unix(0, 0)}, (*look).mx, (*look).hosts)
	if len(d.MX.Hosts) != maxExchanges || d.MX.More != 48 || len(d.Hosts.List) > maxSPFHosts || asked > 60 {
		t.Errorf("%d exchangers, %d more, %d hosts, %d questions", len(d.MX.Hosts), d.MX.More, len(d.Hosts.List), asked)
	}
}
