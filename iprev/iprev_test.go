package iprev

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/todoku/todoku/dns"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLookup(t *testing.T) {
	long := strings.Repeat("x", 64) + ".example.com"
	for _, c := range []struct {
		name string
		ip   string
		zone dns.Zone
		want string // result problem names confirmed
	}{
		{"pass", "192.0.2.1", dns.Zone{
			"1.2.0.192.in-addr.arpa": {"PTR Mail.Example.com."},
			"mail.example.COM":       {"A 192.0.2.9", "A 192.0.2.1"},
		}, "pass [mail.example.com] [mail.example.com]"},
		{"pass over IPv6", "2001:db8::1", dns.Zone{
			"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": {"PTR mail.example.com"},
			"mail.example.com": {"AAAA 2001:db8:0::1", "A 192.0.2.1"},
		}, "pass [mail.example.com] [mail.example.com]"},
		{"an IPv4-mapped address is IPv4", "::ffff:192.0.2.1", dns.Zone{
			"1.2.0.192.in-addr.arpa": {"PTR mail.example.com"},
			"mail.example.com":       {"A 192.0.2.1"},
		}, "pass [mail.example.com] [mail.example.com]"},
		{"the name of an IPv6 address with an A record only", "2001:db8::1", dns.Zone{
			"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": {"PTR mail.example.com"},
			"mail.example.com": {"A 192.0.2.1"},
		}, "fail not-confirmed [mail.example.com] []"},
		{"through CNAMEs, both ways (RFC 2317)", "192.0.2.1", dns.Zone{
			"1.2.0.192.in-addr.arpa":      {"CNAME 1.0-25.2.0.192.in-addr.arpa"},
			"1.0-25.2.0.192.in-addr.arpa": {"PTR mail.example.com"},
			"mail.example.com":            {"CNAME host.example.net"},
			"host.example.net":            {"A 192.0.2.1"},
		}, "pass [mail.example.com] [mail.example.com]"},
		{"RFC 8601 section 2.7.3: no PTR", "192.0.2.1", dns.Zone{}, "permerror no-ptr [] []"},
		{"PTR name without data", "192.0.2.1", dns.Zone{"1.2.0.192.in-addr.arpa": {"TXT x"}}, "permerror no-ptr [] []"},
		{"the name leads elsewhere", "192.0.2.1", dns.Zone{
			"1.2.0.192.in-addr.arpa": {"PTR mail.example.com"},
			"mail.example.com":       {"A 192.0.2.2"},
		}, "fail not-confirmed [mail.example.com] []"},
		{"the name leads nowhere", "192.0.2.1", dns.Zone{
			"1.2.0.192.in-addr.arpa": {"PTR mail.example.com"},
		}, "fail not-confirmed [mail.example.com] []"},
		{"PTR time-out", "192.0.2.1", dns.Zone{"1.2.0.192.in-addr.arpa": {"TIMEOUT"}}, "temperror dns-timeout [] []"},
		{"PTR server failure", "192.0.2.1", dns.Zone{"1.2.0.192.in-addr.arpa": {"SERVFAIL"}}, "temperror dns-servfail [] []"},
		{"forward time-out", "192.0.2.1", dns.Zone{
			"1.2.0.192.in-addr.arpa": {"PTR a.example.com", "PTR b.example.com"},
			"a.example.com":          {"TIMEOUT"}, "b.example.com": {"A 192.0.2.2"},
		}, "temperror dns-timeout [a.example.com b.example.com] []"},
		{"a forward failure beside a name that confirms", "192.0.2.1", dns.Zone{
			"1.2.0.192.in-addr.arpa": {"PTR a.example.com", "PTR b.example.com"},
			"a.example.com":          {"SERVFAIL"}, "b.example.com": {"A 192.0.2.1"},
		}, "pass [a.example.com b.example.com] [b.example.com]"},
		{"names in any case are one name", "192.0.2.1", dns.Zone{
			"1.2.0.192.in-addr.arpa": {"PTR A.example.com", "PTR a.EXAMPLE.com."},
			"a.example.com":          {"A 192.0.2.1"},
		}, "pass [a.example.com] [a.example.com]"},
		{"no host name", "192.0.2.1", dns.Zone{
			"1.2.0.192.in-addr.arpa": {`PTR no\032host.example.com`},
		}, "fail bad-name [no host.example.com] []"},
		{"a name that cannot be asked", "192.0.2.1", dns.Zone{
			"1.2.0.192.in-addr.arpa": {"PTR " + long},
		}, "fail bad-name [" + long + "] []"},
		{"an underscore is no host name but leads back", "192.0.2.1", dns.Zone{
			"1.2.0.192.in-addr.arpa": {"PTR my_host.example.com"},
			"my_host.example.com":    {"A 192.0.2.1"},
		}, "pass [my_host.example.com] [my_host.example.com]"},
		{"the root", "192.0.2.1", dns.Zone{"1.2.0.192.in-addr.arpa": {"PTR ."}}, "fail bad-name [] []"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Lookup(context.Background(), dns.MustMemory(c.zone), netip.MustParseAddr(c.ip))
			if got := show(v); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if (v.Reason == "") != (v.Result == None) || (v.Problem == "") != (v.Result == Pass) {
				t.Errorf("reason %q, problem %q", v.Reason, v.Problem)
			}
		})
	}
}

func show(v Verdict) string {
	return strings.Join(strings.Fields(fmt.Sprint(v.Result, " ", v.Problem, " ", v.Names, " ", v.Confirmed)), " ")
}

func TestNoAddress(t *testing.T) {
	if diff := cmp.Diff(Verdict{Result: None}, Lookup(context.Background(), nil, netip.Addr{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

// An address with a zone is looked up without it, and compares without it.
func TestZoneOfAddressIsIgnored(t *testing.T) {
	m := dns.MustMemory(dns.Zone{
		dns.ReverseName(netip.MustParseAddr("fe80::1")): {"PTR host.example.com"},
		"host.example.com": {"AAAA fe80::1"},
	})
	if v := Lookup(context.Background(), m, netip.MustParseAddr("fe80::1%eth0")); v.Result != Pass {
		t.Errorf("got %+v", v)
	}
}

// RFC 8601 section 3: the number of names looked up MUST be limited.
func TestAttackSixtyPTRNames(t *testing.T) {
	zone := dns.Zone{}
	for i := range 60 {
		zone["1.2.0.192.in-addr.arpa"] = append(zone["1.2.0.192.in-addr.arpa"], fmt.Sprintf("PTR h%d.example.com", i))
		zone[fmt.Sprintf("h%d.example.com", i)] = []string{"A 192.0.2.2"}
	}
	zone["h59.example.com"] = []string{"A 192.0.2.1"} // the truth behind the limit does not count
	c := dns.NewCounter(dns.MustMemory(zone), 0)
	v := Lookup(context.Background(), c, netip.MustParseAddr("192.0.2.1"))
	if c.Count() != 1+MaxNames {
		t.Errorf("%d questions, want %d", c.Count(), 1+MaxNames)
	}
	if v.Result != Fail || len(v.Names) != MaxNames || v.Ignored != 50 || !strings.Contains(v.Reason, "50 more") {
		t.Errorf("got %+v", v)
	}
}

func TestAttackPTRLoops(t *testing.T) {
	for name, zone := range map[string]dns.Zone{
		"CNAME loop at the PTR name": {
			"1.2.0.192.in-addr.arpa": {"CNAME 2.2.0.192.in-addr.arpa"},
			"2.2.0.192.in-addr.arpa": {"CNAME 1.2.0.192.in-addr.arpa"},
		},
		"CNAME loop at the host name": {
			"1.2.0.192.in-addr.arpa": {"PTR a.example.com"},
			"a.example.com":          {"CNAME b.example.com"},
			"b.example.com":          {"CNAME a.example.com"},
		},
	} {
		v := Lookup(context.Background(), dns.MustMemory(zone), netip.MustParseAddr("192.0.2.1"))
		if v.Result != TempError || v.Problem != DNSServFail {
			t.Errorf("%s: %+v", name, v)
		}
	}
	// A PTR that names its own reverse name has no address and is asked just once.
	c := dns.NewCounter(dns.MustMemory(dns.Zone{"1.2.0.192.in-addr.arpa": {"PTR 1.2.0.192.in-addr.arpa"}}), 0)
	if v := Lookup(context.Background(), c, netip.MustParseAddr("192.0.2.1")); v.Result != Fail || c.Count() != 2 {
		t.Errorf("PTR to itself: %+v after %d questions", v, c.Count())
	}
}

func TestHostName(t *testing.T) {
	for name, want := range map[string]bool{
		"a.example.com": true, "a": true, "1.2": true, "xn--a.example": true, "": false, "a..b": false, "-a.b": false, "a-.b": false,
		"a_b.c": false, "a b": false, ".a": false, "a.": false, strings.Repeat("a", 64): false, strings.Repeat("a", 63): true,
		"\xff.example": false, strings.Repeat("a.", 126) + "bc": false,
	} {
		if hostName(name) != want {
			t.Errorf("hostName(%q) = %v", name, !want)
		}
	}
}
