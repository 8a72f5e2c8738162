package dnsbl

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
)

func code(match string, o Outcome, meaning string) Code {
	m, err := ParseMatch(match)
	if err != nil {
		panic(err)
	}
	return Code{Match: m, Outcome: o, Meaning: meaning}
}

var (
	addresses = List{
		ID: "addresses", Zone: "bl.example", Kind: IP, IPv4: true, IPv6: true,
		Codes: []Code{code("127.0.0.2", Listed, "spam"), code("127.0.0.4-7", Listed, "exploited"), code("127.0.0.10-11", Listed, "policy")},
	}
	bits = List{
		ID: "bits", Zone: "multi.example", Kind: Domain, Test: Test{Positive: "test.multi.example", Negative: "example.com"},
		Codes: []Code{code("&1", Refusal, "query limit"), code("&8", Listed, "phishing"), code("&64", Listed, "abuse")},
	}
	names = List{ID: "names", Zone: "dbl.example", Kind: Domain, Codes: []Code{code("127.0.1.2", Listed, "spam domain"), code("127.0.1.255", Refusal, "an address was asked")}}
)

// RFC 5782 sections 2.1, 2.4 and 3: how the name of an entry is built.
func TestQueryName(t *testing.T) {
	long := strings.Repeat("a.", 122) + "example"
	for _, tt := range []struct {
		name, zone, want string
		s                Subject
	}{
		{"section 2.1", "bad.example.com", "99.2.0.192.bad.example.com", ForIP(netip.MustParseAddr("192.0.2.99"))},
		{
			"section 2.4", "ugly.example.com", "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ugly.example.com",
			ForIP(netip.MustParseAddr("2001:db8:1:2:3:4:567:89ab")),
		},
		{"a mapped address is IPv4", "bl.example", "1.2.0.192.bl.example", ForIP(netip.MustParseAddr("::ffff:192.0.2.1"))},
		{"section 3", "doms.example.net", "example.com.doms.example.net", ForDomain("Example.COM.")},
		{"an address is no domain", "dbl.example", "", ForDomain("192.0.2.1")},
		{"nothing", "dbl.example", "", Subject{}},
		{"too long", "dbl.example", "", ForDomain(long)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := QueryName(tt.s, tt.zone); got != tt.want {
				t.Errorf("QueryName(%v, %s)\n got %s\nwant %s", tt.s, tt.zone, got, tt.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	allow := List{Codes: []Code{code("127.0.10.*", Refusal, "quota"), code("127.0.*.0-3", Listed, "level"), code("127.0.0.1", NotListed, "white")}}
	for _, tt := range []struct {
		list     List
		ip       string
		want     Outcome
		meanings string
	}{
		{addresses, "127.0.0.2", Listed, "spam"},
		{addresses, "127.0.0.4", Listed, "exploited"},
		{addresses, "127.0.0.7", Listed, "exploited"},
		{addresses, "127.0.0.8", Undocumented, ""},
		{addresses, "127.0.0.1", Undocumented, ""},
		{addresses, "127.255.255.254", Refusal, ""},
		{addresses, "127.255.255.7", Refusal, ""},
		{addresses, "192.0.2.1", Invalid, ""},
		{addresses, "::1", Invalid, ""},
		{addresses, "::ffff:127.0.0.2", Listed, "spam"},
		{bits, "127.0.0.8", Listed, "phishing"},
		{bits, "127.0.0.72", Listed, "phishing,abuse"},
		{bits, "127.0.0.1", Refusal, "query limit"},
		{bits, "127.0.0.65", Refusal, "query limit,abuse"},
		{bits, "127.0.0.2", Undocumented, ""},
		{allow, "127.0.10.3", Refusal, "quota"},
		{allow, "127.0.5.3", Listed, "level"},
		{allow, "127.0.5.9", Undocumented, ""},
	} {
		got := tt.list.Read(netip.MustParseAddr(tt.ip))
		var meanings []string
		for _, c := range got.Codes {
			meanings = append(meanings, c.Meaning)
		}
		if got.Outcome != tt.want || strings.Join(meanings, ",") != tt.meanings {
			t.Errorf("%s of %s: %s %v, want %s %s", tt.ip, tt.list.ID, got.Outcome, meanings, tt.want, tt.meanings)
		}
	}
	if got := (List{}).Read(netip.Addr{}); got.Outcome != Invalid {
		t.Errorf("no address: %s", got.Outcome)
	}
}

const (
	positive6 = "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
	negative6 = "1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
)

// RFC 5782 section 5: the test entries, and everything that a dead, sold or unwilling
// list answers instead.
func TestProve(t *testing.T) {
	keyed := addresses
	keyed.Key, keyed.Test = "s3cret", Test{Positive: "127.0.0.11", Zone: "dyn.example"}
	other := addresses
	other.Test = Test{Positive: "127.0.0.99"}
	white := addresses
	white.Codes = append(slices.Clone(white.Codes), code("127.0.0.1", NotListed, "white"))
	for _, tt := range []struct {
		name   string
		list   List
		family Family
		zone   dns.Zone
		want   Health
	}{
		{"alive", addresses, IPv4, dns.Zone{"2.0.0.127.bl.example": {"A 127.0.0.2"}}, Alive},
		{"alive by any code", addresses, IPv4, dns.Zone{"2.0.0.127.bl.example": {"A 127.0.0.77"}}, Alive},
		{"alive for IPv6", addresses, IPv6, dns.Zone{positive6 + ".bl.example": {"A 127.0.0.2"}}, Alive},
		{"no entry for IPv6", addresses, IPv6, dns.Zone{"2.0.0.127.bl.example": {"A 127.0.0.2"}}, Dead},
		{"wildcard for IPv6", addresses, IPv6, dns.Zone{positive6 + ".bl.example": {"A 127.0.0.2"}, negative6 + ".bl.example": {"A 127.0.0.2"}}, Poisoned},
		{"dead", addresses, IPv4, dns.Zone{}, Dead},
		{"dead but standing", addresses, IPv4, dns.Zone{"bl.example": {"TXT gone"}}, Dead},
		{"lists the world", addresses, IPv4, dns.Zone{"*.bl.example": {"A 127.0.0.2"}}, Poisoned},
		{"parked", addresses, IPv4, dns.Zone{"*.bl.example": {"A 192.0.2.80"}}, Poisoned},
		{"only the negative entry", addresses, IPv4, dns.Zone{"1.0.0.127.bl.example": {"A 127.0.0.2"}}, Poisoned},
		{"refuses by code", addresses, IPv4, dns.Zone{"*.bl.example": {"A 127.255.255.254"}}, RefusesUs},
		{"refuses by RCODE", addresses, IPv4, dns.Zone{"2.0.0.127.bl.example": {"REFUSED"}}, RefusesUs},
		{"fails", addresses, IPv4, dns.Zone{"2.0.0.127.bl.example": {"SERVFAIL"}}, Unproved},
		{"fails for the negative entry", addresses, IPv4, dns.Zone{"2.0.0.127.bl.example": {"A 127.0.0.2"}, "1.0.0.127.bl.example": {"TIMEOUT"}}, Unproved},
		{"domains", names, Name, dns.Zone{"test.dbl.example": {"A 127.0.1.2"}}, Alive},
		{"domains, poisoned", names, Name, dns.Zone{"*.dbl.example": {"A 127.0.1.2"}}, Poisoned},
		{"domains, refusing by a bit", bits, Name, dns.Zone{"*.multi.example": {"A 127.0.0.1"}}, RefusesUs},
		{"domains, own test entry", bits, Name, dns.Zone{"test.multi.example.multi.example": {"A 127.0.0.254"}}, Alive},
		{"own test entry", other, IPv4, dns.Zone{"99.0.0.127.bl.example": {"A 127.0.0.2"}}, Alive},
		{"own test zone, with a key", keyed, IPv4, dns.Zone{"11.0.0.127.s3cret.dyn.example": {"A 127.0.0.11"}}, Alive},
		{"127.0.0.1 with a documented meaning", white, IPv4, dns.Zone{"2.0.0.127.bl.example": {"A 127.0.0.2"}, "1.0.0.127.bl.example": {"A 127.0.0.1"}}, Alive},
		{"wrong kind", names, IPv4, dns.Zone{"*.dbl.example": {"A 127.0.1.2"}}, Unproved},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Prove(t.Context(), dns.MustMemory(tt.zone), tt.list, tt.family)
			if got.Health != tt.want || got.Reason == "" || got.List != tt.list.ID {
				t.Errorf("got %+v, want %s", got, tt.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name    string
		list    List
		subject Subject
		zone    dns.Zone
		state   State
		problem string
		means   string
		text    []string
	}{
		{"listed", addresses, ip("192.0.2.9"), dns.Zone{"9.2.0.192.bl.example": {"A 127.0.0.5", "A 127.0.0.2", "TXT see <https://example/9>"}}, IsListed, "", "exploited,spam", []string{"see <https://example/9>"}},
		{"not listed", addresses, ip("192.0.2.9"), dns.Zone{"bl.example": {"TXT x"}}, IsNotListed, "", "", nil},
		{"IPv6", addresses, ip("2001:db8::1"), dns.Zone{"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example": {"A 127.0.0.2"}}, IsListed, "", "spam", nil},
		{"refused", addresses, ip("192.0.2.9"), dns.Zone{"9.2.0.192.bl.example": {"A 127.255.255.254"}}, IsUnknown, WasRefused, "", nil},
		{"refused by one of two", addresses, ip("192.0.2.9"), dns.Zone{"9.2.0.192.bl.example": {"A 127.0.0.2", "A 127.255.255.255"}}, IsUnknown, WasRefused, "spam", nil},
		{"an advertisement", addresses, ip("192.0.2.9"), dns.Zone{"*.bl.example": {"A 192.0.2.80"}}, IsUnknown, InvalidAddress, "", nil},
		{"undocumented", addresses, ip("192.0.2.9"), dns.Zone{"9.2.0.192.bl.example": {"A 127.0.0.200"}}, IsUnknown, UndocumentedCode, "", nil},
		{"SERVFAIL is not absence", addresses, ip("192.0.2.9"), dns.Zone{"9.2.0.192.bl.example": {"SERVFAIL"}}, IsUnknown, DNSFailure, "", nil},
		{"time-out", addresses, ip("192.0.2.9"), dns.Zone{"9.2.0.192.bl.example": {"TIMEOUT"}}, IsUnknown, DNSFailure, "", nil},
		{"domain", bits, ForDomain("shop.example"), dns.Zone{"shop.example.multi.example": {"A 127.0.0.72"}}, IsListed, "", "phishing,abuse", nil},
		{"an address for a list of domains", names, ip("192.0.2.9"), dns.Zone{"*.dbl.example": {"A 127.0.1.2"}}, IsUnknown, NotServed, "", nil},
		{"the list was asked an address", names, ForDomain("1.2.3.4.example"), dns.Zone{"*.dbl.example": {"A 127.0.1.255"}}, IsUnknown, WasRefused, "an address was asked", nil},
		{"too long", names, ForDomain(strings.Repeat("a.", 122) + "example"), dns.Zone{}, IsUnknown, BadName, "", nil},
		{"no subject", names, Subject{}, dns.Zone{}, IsUnknown, NotServed, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Check(t.Context(), dns.MustMemory(tt.zone), tt.list, tt.subject)
			var means []string
			for _, c := range got.Codes {
				means = append(means, c.Meaning)
			}
			slices.Sort(means)
			want := strings.Split(tt.means, ",")
			slices.Sort(want)
			if got.State != tt.state || got.Problem != tt.problem || strings.Join(means, ",") != strings.Join(want, ",") || (got.Reason == "") != (tt.problem == "") {
				t.Errorf("got %+v", got)
			}
			if d := cmp.Diff(tt.text, got.Text); d != "" {
				t.Error(d)
			}
		})
	}
}

func ip(s string) Subject { return ForIP(netip.MustParseAddr(s)) }

// A key is part of the name that is asked, and of nothing else: a list may even say it
// back in its reason.
func TestKeyIsMasked(t *testing.T) {
	l := addresses
	l.Key = "S3cretKey"
	zone := dns.Zone{"9.2.0.192.s3cretkey.bl.example": {"A 127.0.0.2", "TXT " + strings.Repeat("x", MaxText-4) + "s3creTKEY", "TXT ask S3CRETKEY or s3cretkey"}}
	res := Check(t.Context(), dns.MustMemory(zone), l, ip("192.0.2.9"))
	if res.State != IsListed || res.Name != "9.2.0.192.[key].bl.example" {
		t.Fatalf("%+v", res)
	}
	all := strings.ToLower(strings.Join(res.Text, " ") + res.Name + res.Reason)
	if strings.Contains(all, "s3cr") || !slices.Contains(res.Text, "ask [key] or [key]") {
		t.Errorf("the key shows: %q", res.Text)
	}
	if p := Prove(t.Context(), dns.MustMemory(dns.Zone{"2.0.0.127.s3cretkey.bl.example": {"SERVFAIL"}}), l, IPv4); p.Health != Unproved || strings.Contains(strings.ToLower(p.Reason), "s3cret") {
		t.Errorf("%+v", p)
	}
}

// Answers are bounded, whatever a list sends.
func TestBounds(t *testing.T) {
	var lines []string
	for i := range 40 {
		lines = append(lines, "A 127.0.0."+string(rune('4'+i%4)), "A 127.0.1."+string(rune('0'+i%10)), "TXT "+strings.Repeat("y", 600)+string(rune('a'+i%26)))
	}
	res := Check(t.Context(), dns.MustMemory(dns.Zone{"9.2.0.192.bl.example": lines}), addresses, ip("192.0.2.9"))
	if len(res.Addresses) > MaxAddresses || len(res.Text) != MaxTexts || len(res.Text[0]) != MaxText {
		t.Errorf("%d addresses, %d texts", len(res.Addresses), len(res.Text))
	}
}

// Over the wire: a real server that answers, and one that never does.
func TestOverTheWire(t *testing.T) {
	zone := dns.MustMemory(dns.Zone{"2.0.0.127.bl.example": {"A 127.0.0.2"}, "9.2.0.192.bl.example": {"A 127.0.0.10", "TXT policy"}})
	client := func(s *dnstest.Server, timeout time.Duration) dns.Resolver {
		c, err := dns.NewClient(dns.ClientConfig{Servers: []string{s.Addr()}, Timeout: timeout, Retries: -1})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	good := client(dnstest.New(t, zone), 15*time.Second)
	if p := Prove(t.Context(), good, addresses, IPv4); p.Health != Alive || p.TTL == 0 {
		t.Errorf("%+v", p)
	}
	if res := Check(t.Context(), good, addresses, ip("192.0.2.9")); res.State != IsListed || !slices.Equal(res.Text, []string{"policy"}) {
		t.Errorf("%+v", res)
	}
	silent := client(dnstest.New(t, zone, dnstest.Drop(func(dnstest.Query) bool { return true })), 60*time.Millisecond)
	if p := Prove(t.Context(), silent, addresses, IPv4); p.Health != Unproved {
		t.Errorf("%+v", p)
	}
	if res := Check(t.Context(), silent, addresses, ip("192.0.2.9")); res.State != IsUnknown || res.Problem != DNSFailure {
		t.Errorf("%+v", res)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if res := Check(ended, good, addresses, ip("192.0.2.9")); res.State != IsUnknown {
		t.Errorf("%+v", res)
	}
}

func FuzzParseMatch(f *testing.F) {
	for _, s := range []string{"127.0.0.2", "127.0.0.4-7", "127.0.*.3", "&64", "&0", "127.0.0.007", "128.0.0.1", "127.0.0.9-2", "127.0-3.0-100.0-100", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMatch(s)
		if err != nil {
			return
		}
		again, err := ParseMatch(m.String())
		if err != nil || again != m {
			t.Errorf("%q -> %q -> %v %v", s, m, again, err)
		}
		if m.Has(netip.MustParseAddr("192.0.2.1")) || m.Has(netip.Addr{}) {
			t.Errorf("%q has an address outside 127.0.0.0/8", s)
		}
	})
}

func FuzzMask(f *testing.F) {
	f.Add("ask KEY1 key1", "key1")
	f.Add("aaa", "a")
	f.Add("\xff\u212a", "k")
	f.Fuzz(func(t *testing.T, text, key string) {
		// A key that "[key]" itself contains cannot be told from the mask.
		if key == "" || strings.Contains("[key]", asciiLower(key)) {
			return
		}
		parts := strings.Split(List{Key: key}.Mask(text), "[key]")
		for _, part := range parts {
			if strings.Contains(asciiLower(part), asciiLower(key)) {
				t.Errorf("Mask(%q, %q) leaves the key in %q", text, key, part)
			}
		}
	})
}
