package keys

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
)

// zones are name servers by address; without one the resolver is asked.
type zones struct {
	resolver *dns.Memory
	servers  map[string]*dns.Memory
	refers   map[string][]string // name servers of example.com, by the address of a server of com
}

func (z zones) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if !q.Server.IsValid() {
		return z.resolver.Resolve(ctx, q)
	}
	if names := z.refers[q.Server.Addr().String()]; names != nil {
		a := dns.Answer{Question: q, Status: dns.OtherError}
		for _, n := range names {
			a.Delegation = append(a.Delegation, dns.Record{Name: "Example.com.", Type: dns.TypeNS, Data: n})
		}
		return a
	}
	m := z.servers[q.Server.Addr().String()]
	if m == nil {
		return dns.Answer{Question: q, Status: dns.Timeout}
	}
	a := m.Resolve(ctx, dns.Question{Name: q.Name, Type: q.Type})
	a.Question = q
	return a
}

// A zone may name any number of servers: sixteen are asked, and there being more is said.
func TestObserve_ManyServers(t *testing.T) {
	apex := []string{"600 SOA ns1.example.com. h.example.com. 1 2 3 4 300"}
	for i := range 2000 {
		apex = append(apex, fmt.Sprintf("NS n%d.example.com", i))
	}
	here := dns.MustMemory(dns.Zone{"example.com": apex})
	resolver := dns.MustMemory(dns.Zone{"example.com": {"NS n1.example.com"}, "n1.example.com": {"A 192.0.2.1"}})
	o := (&DNS{Resolver: zones{resolver: resolver, servers: map[string]*dns.Memory{"192.0.2.1": here}}}).Observe(t.Context(), "s._domainkey.example.com", "v=DKIM1; p=")
	if len(o.Servers) != maxServers+1 || !strings.Contains(o.Servers[maxServers].Detail, "more than 16") || o.Gone() {
		t.Errorf("%d servers: %+v", len(o.Servers), o.Servers[len(o.Servers)-1])
	}
}

// failsA answers no question for the addresses of IPv4 of a host.
type failsA struct {
	dns.Resolver
	host string
}

func (f failsA) Resolve(ctx context.Context, q dns.Question) dns.Answer {
	if q.Type == dns.TypeA && q.Name == f.host {
		return dns.Answer{Question: q, Status: dns.ServFail}
	}
	return f.Resolver.Resolve(ctx, q)
}

// TestObserve_Addresses: an address of a server that is not asked may not have the record, and caches ask it.
func TestObserve_Addresses(t *testing.T) {
	const name, record, host = "s._domainkey.example.com", "v=DKIM1; p=AA==", "ns1.example.com"
	apex := []string{"600 SOA ns1.example.com. h.example.com. 1 2 3 4 300", "NS ns1.example.com"}
	shows, lags := dns.MustMemory(dns.Zone{"example.com": apex, name: {"TXT " + record}}), dns.MustMemory(dns.Zone{"example.com": apex})
	many := func(n int) (records []string, servers map[string]*dns.Memory) {
		servers = map[string]*dns.Memory{}
		for i := range n {
			a := fmt.Sprintf("192.0.2.%d", 1+i)
			records, servers[a] = append(records, "A "+a), shows
		}
		return records, servers
	}
	for _, c := range []struct {
		what   string
		n      int
		lags   string
		fails  bool
		shown  bool
		detail string
	}{
		{"eight", 8, "", false, true, ""},
		{"the eighth lags", 8, "192.0.2.8", false, false, "192.0.2.8:53"},
		{"sixteen", 16, "", false, true, ""},
		{"more than are asked", 17, "", false, false, "it has more than 16 addresses"},
		{"those of IPv4 are not known", 1, "", true, false, "its address could not be looked up: servfail"},
	} {
		records, servers := many(c.n)
		if c.lags != "" {
			servers[c.lags] = lags
		}
		if servers["2001:db8::1"] = shows; c.fails {
			records = append(records, "AAAA 2001:db8::1")
		}
		var r dns.Resolver = zones{resolver: dns.MustMemory(dns.Zone{"example.com": {"NS " + host}, host: records}), servers: servers}
		if c.fails {
			r = failsA{r, host}
		}
		o := (&DNS{Resolver: r}).Observe(t.Context(), name, record)
		if o.Shown() != c.shown || len(o.Servers) != 1 || c.detail != "" && o.Servers[0].Detail != c.detail {
			t.Errorf("%s: shown %v, %+v", c.what, o.Shown(), o)
		}
		if text, ok := Japanese(o.Servers[0].Detail); !ok && strings.Contains(text, " ") {
			t.Errorf("%s: %q is not said in Japanese", c.what, text)
		}
	}
}

// TestObserve_AliasFromCache: what a cache remembers at the end of an alias is not there any more where its servers say so.
func TestObserve_AliasFromCache(t *testing.T) {
	const name, target = "s._domainkey.example.com", "s.keys.example.net"
	was, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	old, err := dkim.RecordFor(was.Public())
	if err != nil {
		t.Fatal(err)
	}
	apex, above := []string{"600 SOA ns1.example.com. h.example.com. 1 2 3 4 300", "NS ns1.example.com"}, []string{"600 SOA ns2.example.com. h.example.com. 1 2 3 4 300", "NS ns2.example.com"}
	hosts := dns.Zone{"example.com": apex, "example.net": above, "ns1.example.com": {"A 192.0.2.1"}, "ns2.example.com": {"A 192.0.2.2"}}
	alias := dns.Zone{"example.com": apex, name: {"60 CNAME " + target}, target: {"3600 TXT " + old}} // as a client gives it that follows aliases by its resolver
	z := zones{resolver: dns.MustMemory(hosts), servers: map[string]*dns.Memory{"192.0.2.1": dns.MustMemory(alias), "192.0.2.2": dns.MustMemory(dns.Zone{"example.net": above})}}
	o := (&DNS{Resolver: z}).Observe(t.Context(), name, "v=DKIM1; k=ed25519; p="+strings.Repeat("A", 43)+"=")
	if o.Taken || len(o.Servers) != 1 || o.Servers[0].Has != Absent || o.TTL != time.Hour { // which caches may hold the other record for
		t.Errorf("%+v", o)
	}
	if o = (&DNS{Resolver: z}).Observe(t.Context(), name, old); o.Record != 0 || len(o.Texts) != 0 || !o.Gone() {
		t.Errorf("the record that is gone: %+v", o)
	}
	z.servers["192.0.2.2"] = dns.MustMemory(dns.Zone{"example.net": above, target: {"3600 TXT " + old}})
	if o = (&DNS{Resolver: z}).Observe(t.Context(), name, "v=DKIM1; k=ed25519; p="+strings.Repeat("A", 43)+"="); !o.Taken {
		t.Errorf("its servers have it: %+v", o)
	}
}

func TestObserve(t *testing.T) {
	private, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	record, _ := dkim.RecordFor(private.Public())
	p := record[strings.Index(record, "p="):]
	const name = "s._domainkey.example.com"
	apex := []string{"600 SOA ns1.example.com. h.example.com. 1 2 3 4 300", "NS ns1.example.com", "NS ns2.example.com"}
	resolver := dns.Zone{
		"example.com": apex, "ns1.example.com": {"A 192.0.2.1"}, "ns2.example.com": {"A 192.0.2.2", "AAAA 2001:db8::2"}, "ns3.example.com": {"A 192.0.2.3"},
		"keys.example": {"SOA a. b. 1 2 3 4 5", "NS ns.keys.example"}, "ns.keys.example": {"A 192.0.2.9"},
	}
	shows := dns.Zone{"example.com": apex, name: {"TXT " + record}}
	absent := dns.Zone{"example.com": apex}
	with := func(lines ...string) dns.Zone { return dns.Zone{"example.com": apex, name: lines} }
	for _, c := range []struct {
		what              string
		one, two          dns.Zone
		more              map[string]dns.Zone
		shown, gone, lost bool
		ttl               time.Duration
	}{
		{what: "both show it", one: shows, two: shows, shown: true, ttl: 300 * time.Second},
		{what: "in another form", one: shows, two: with("TXT v=DKIM1; t=y; k=ed25519; n=hello; " + p), shown: true, ttl: 300 * time.Second},
		{what: "one lags", one: shows, two: absent, lost: true, ttl: 300 * time.Second},
		{what: "none does", one: absent, two: absent, gone: true, lost: true, ttl: 300 * time.Second},
		{what: "one does not answer", one: shows, ttl: 300 * time.Second},
		{what: "one does not know the zone", one: shows, two: dns.Zone{"other.example": {"A 192.0.2.1"}}, ttl: 300 * time.Second},
		{what: "one has two records", one: shows, two: with("TXT "+record, "TXT other"), lost: true, ttl: 300 * time.Second},
		{what: "one has an old record", one: shows, two: with("7200 TXT v=DKIM1; p="), lost: true, ttl: 2 * time.Hour},
		{what: "not for mail", one: shows, two: with("TXT v=DKIM1; s=tlsrpt; k=ed25519; " + p), lost: true, ttl: 300 * time.Second},
		{what: "one address of a host lags", one: shows, two: shows, more: map[string]dns.Zone{"2001:db8::2": absent}, lost: true, ttl: 300 * time.Second},
		{what: "a longer negative TTL", one: shows, two: dns.Zone{"example.com": {"7000 SOA a. b. 1 2 3 4 7100", "NS ns1.example.com"}, name: {"TXT " + record}}, shown: true, ttl: 7000 * time.Second},
		{what: "absurd negative TTL", one: shows, two: dns.Zone{"example.com": {"2000000000 SOA a. b. 1 2 3 4 2000000000", "NS ns1.example.com"}, name: {"TXT " + record}}, shown: true, ttl: maxWait},
		{what: "a server that only the zone itself names", one: dns.Zone{"example.com": append([]string{"NS ns3.example.com"}, apex...), name: {"TXT " + record}}, two: shows, ttl: 300 * time.Second},
		{what: "an alias on both, shown there", one: with("900 CNAME k.keys.example"), two: with("900 CNAME k.keys.example"), more: map[string]dns.Zone{"192.0.2.9": {"keys.example": {"SOA a. b. 1 2 3 4 5", "NS ns.keys.example"}, "k.keys.example": {"TXT " + record}}}, shown: true, ttl: 900 * time.Second},
		{what: "an alias on one", one: with("900 CNAME k.keys.example"), two: absent, more: map[string]dns.Zone{"192.0.2.9": {"keys.example": {"SOA a. b. 1 2 3 4 5"}, "k.keys.example": {"TXT " + record}}}, lost: true, ttl: 900 * time.Second},
		{what: "an alias without end", one: with("CNAME " + name), two: with("CNAME " + name), lost: true, ttl: 300 * time.Second},
	} {
		t.Run(c.what, func(t *testing.T) {
			z := zones{resolver: dns.MustMemory(resolver), servers: map[string]*dns.Memory{}}
			for addr, zone := range map[string]dns.Zone{"192.0.2.1": c.one, "192.0.2.2": c.two} {
				if zone != nil {
					z.servers[addr] = dns.MustMemory(zone)
				}
			}
			for addr, zone := range c.more {
				z.servers[addr] = dns.MustMemory(zone)
			}
			o := (&DNS{Resolver: z}).Observe(ctx, name, record)
			if o.Shown() != c.shown || o.Gone() != c.gone || o.Lost() != c.lost || o.TTL != c.ttl {
				t.Errorf("shown %v, gone %v, lost %v, TTL %s: %+v", o.Shown(), o.Gone(), o.Lost(), o.TTL, o)
			}
		})
	}
	t.Run("private addresses are not asked", func(t *testing.T) {
		z := zones{resolver: dns.MustMemory(resolver), servers: map[string]*dns.Memory{"192.0.2.1": dns.MustMemory(shows), "192.0.2.2": dns.MustMemory(shows)}}
		o := (&DNS{Resolver: z, Allowed: func(a netip.Addr) bool { return a.String() != "192.0.2.2" && a.Is4() }}).Observe(ctx, name, record)
		if o.Shown() || !strings.Contains(o.Servers[1].Detail, "allow-private") {
			t.Errorf("%+v", o)
		}
		if text, ok := Japanese(o.Servers[1].Detail); !ok {
			t.Errorf("%q is not said in Japanese", text)
		}
	})
	t.Run("no zone", func(t *testing.T) {
		o := (&DNS{Resolver: zones{resolver: dns.MustMemory(dns.Zone{"x.example": {"SERVFAIL"}})}}).Observe(ctx, "s._domainkey.x.example", record)
		if o.Shown() || o.Gone() || o.Zone != "" || o.Detail == "" {
			t.Errorf("%+v", o)
		}
	})
}

type observing func(context.Context) Observation

func (f observing) Observe(ctx context.Context, _, _ string) Observation { return f(ctx) }

// TestObservationEnds: looking at name servers ends, also for those who set no time for it.
func TestObservationEnds(t *testing.T) {
	bounded := false
	k := New(Config{Observer: observing(func(ctx context.Context) Observation {
		_, bounded = ctx.Deadline()
		return Observation{}
	})})
	if k.observe(t.Context(), "s._domainkey.a.example", ""); !bounded {
		t.Error("no deadline")
	}
}

// TestObserve_Above: the servers to which the zone above refers are asked too, for caches do, whatever the zone itself says.
func TestObserve_Above(t *testing.T) {
	const name, record = "s._domainkey.example.com", "v=DKIM1; p=AA=="
	apex := []string{"600 SOA ns1.example.com. h.example.com. 1 2 3 4 300", "NS ns1.example.com"}
	resolver := dns.MustMemory(dns.Zone{
		"com": {"SOA a. b. 1 2 3 4 5", "NS a.gtld.example", "NS b.gtld.example"}, "a.gtld.example": {"A 192.0.2.101"}, "b.gtld.example": {"A 192.0.2.102"},
		"example.com": apex, "ns1.example.com": {"A 192.0.2.1"}, "old.example.net": {"A 192.0.2.2"},
	})
	shows := dns.MustMemory(dns.Zone{"example.com": apex, name: {"TXT " + record}})
	old := dns.MustMemory(dns.Zone{"example.com": {"9000 SOA ns1.example.com. h.example.com. 1 2 3 4 9000", "NS ns1.example.com"}})
	const failing, addressless, failingHosts = "failing", "addressless", "failing hosts"
	without := func(z dns.Zone) *dns.Memory {
		z["example.com"], z["ns1.example.com"], z["old.example.net"] = apex, []string{"A 192.0.2.1"}, []string{"A 192.0.2.2"}
		return dns.MustMemory(z)
	}
	resolvers := map[string]*dns.Memory{
		failing: without(dns.Zone{"com": {"SERVFAIL"}}), addressless: without(dns.Zone{"com": {"NS a.gtld.example"}}),
		failingHosts: without(dns.Zone{"com": {"NS a.gtld.example"}, "a.gtld.example": {"SERVFAIL"}}), "no zone above": without(dns.Zone{}),
	}
	both := dns.MustMemory(dns.Zone{"com": {"SOA a. b. 1 2 3 4 5"}, "example.com": apex})
	for _, c := range []struct {
		what    string
		refers  map[string][]string
		servers map[string]*dns.Memory
		shown   bool
		ttl     time.Duration
		detail  string
	}{
		{"they agree", map[string][]string{"192.0.2.101": {"NS1.example.com."}}, nil, true, 300 * time.Second, ""},
		{"one that the zone does not name lags", map[string][]string{"192.0.2.101": {"ns1.example.com.", "old.example.net."}}, map[string]*dns.Memory{"192.0.2.2": old}, false, 9000 * time.Second, "192.0.2.2:53"},
		{"one that the zone does not name does not answer", map[string][]string{"192.0.2.101": {"old.example.net."}}, nil, false, 300 * time.Second, "{old.example.net unreachable 192.0.2.2:53: timeout"},
		{"the second of its servers answers", map[string][]string{"192.0.2.102": {"ns1.example.com."}}, nil, true, 300 * time.Second, ""},
		{"its servers have the zone too", nil, map[string]*dns.Memory{"192.0.2.101": both}, true, 300 * time.Second, ""},
		{"its servers do not answer", nil, nil, false, 300 * time.Second, "no server of com says who serves example.com (192.0.2.102:53: timeout)"},
		{"no zone above", nil, nil, true, 300 * time.Second, ""},
		{failing, nil, nil, false, 300 * time.Second, "the zone above example.com could not be looked up: servfail"},
		{addressless, nil, nil, false, 300 * time.Second, "no server of com says who serves example.com (a.gtld.example: it has no address)"},
		{failingHosts, nil, nil, false, 300 * time.Second, "no server of com says who serves example.com (a.gtld.example: its address could not be looked up: servfail)"},
		{"private", map[string][]string{"192.0.2.101": {"ns1.example.com."}}, nil, false, 300 * time.Second, "no server of com says who serves example.com (b.gtld.example: 192.0.2.102 may not be asked"},
	} {
		t.Run(c.what, func(t *testing.T) {
			z := zones{resolver: resolver, servers: map[string]*dns.Memory{"192.0.2.1": shows}, refers: c.refers}
			if r := resolvers[c.what]; r != nil {
				z.resolver = r
			}
			for addr, m := range c.servers {
				z.servers[addr] = m
			}
			d := &DNS{Resolver: z}
			if c.what == "private" {
				d.Allowed = func(a netip.Addr) bool { return a.As4()[3] < 100 }
			}
			o := d.Observe(t.Context(), name, record)
			if _, ok := Japanese(o.Detail); o.Detail != "" && !ok || o.Zone == "" {
				t.Errorf("%q is not said in Japanese", o.Detail)
			}
			if blind := strings.Contains(c.detail, "zone above") || strings.Contains(c.detail, "who serves"); blind != (o.Detail != "") {
				t.Errorf("as a problem: %q", o.Detail)
			}
			if o.Shown() != c.shown || o.TTL != c.ttl || !strings.Contains(fmt.Sprint(o.Servers), c.detail) {
				t.Errorf("shown %v, TTL %s: %+v", o.Shown(), o.TTL, o)
			}
		})
	}
}
