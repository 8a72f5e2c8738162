package dns

import (
	"context"
	"net/netip"
	"testing"
)

// network is a DNS as a resolver sees it, whose servers are zones by address. What the
// resolver has in its cache is old.
type network struct {
	cached  *Memory
	servers map[netip.Addr]*Memory
	asked   []Question
}

func (n *network) Resolve(ctx context.Context, q Question) Answer {
	n.asked = append(n.asked, q)
	if !q.Server.IsValid() {
		return n.cached.Resolve(ctx, q)
	}
	m := n.servers[q.Server.Addr()]
	if m == nil {
		return Answer{Question: q, Status: Timeout}
	}
	a := m.Resolve(ctx, Question{Name: q.Name, Type: q.Type})
	a.Question = q
	return a
}

func TestAuthority(t *testing.T) {
	one, two := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	n := &network{
		cached: MustMemory(Zone{
			"shop.example": {"NS dead.shop.example", "NS ns1.shop.example", "TXT old"}, "dead.shop.example": {"A 192.0.2.99"}, "ns1.shop.example": {"A 192.0.2.1"},
			"keys.example": {"NS ns.keys.example"}, "ns.keys.example": {"A 192.0.2.2"}, "k1.keys.example": {"TXT old"},
			"s1._domainkey.shop.example": {"CNAME k1.keys.example"},
			"inside.example":             {"NS ns.inside.example", "TXT cached"}, "ns.inside.example": {"A 10.0.0.1"},
			"lame.example": {"NS ns1.shop.example", "TXT cached"},
		}),
		servers: map[netip.Addr]*Memory{
			one: MustMemory(Zone{"shop.example": {"SOA a. b. 1 1 1 1 1", "TXT new"}, "s1._domainkey.shop.example": {"CNAME k1.keys.example"}}),
			two: MustMemory(Zone{"keys.example": {"SOA a. b. 1 1 1 1 1"}, "k1.keys.example": {"TXT new key"}}),
		},
	}
	a := NewAuthority(n, func(ip netip.Addr) bool { return !ip.IsPrivate() })
	for _, c := range []struct{ name, want, status string }{
		{"shop.example", "new", "success"},
		{"s1._domainkey.shop.example", "new key", "success"}, // the alias leads into another zone, whose server is asked
		{"none.shop.example", "", "nxdomain"},
		{"inside.example", "cached", "success"}, // its server may not be asked
		{"lame.example", "cached", "success"},   // its server does not know it
	} {
		got := a.Resolve(context.Background(), Question{Name: c.name, Type: TypeTXT})
		data := ""
		if len(got.Records) > 0 {
			data = got.Records[0].Data
		}
		if data != c.want || got.Status.String() != c.status || got.Question.Name != c.name || got.Question.Server.IsValid() {
			t.Errorf("%s: %q %v %+v, want %q %s", c.name, data, got.Status, got.Question, c.want, c.status)
		}
	}
	for _, q := range n.asked {
		if q.Server.Addr().IsPrivate() {
			t.Errorf("a private address was asked: %+v", q)
		}
	}
}

func TestAuthorityIsBounded(t *testing.T) {
	n := &network{cached: MustMemory(Zone{"a.example": {"TXT x"}})}
	a := NewAuthority(n, func(netip.Addr) bool { return true })
	for i := range 1000 {
		a.Resolve(context.Background(), Question{Name: string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676)) + ".b.a.example", Type: TypeTXT})
	}
	if helped := len(n.asked) - 1000; helped > maxAuthorityHelp {
		t.Errorf("%d questions only to find servers", helped)
	}
}

func TestFreshAsksPastTheCache(t *testing.T) {
	zone := MustMemory(Zone{"a.example": {"TXT old"}})
	c := NewCache(zone, CacheConfig{})
	q := Question{Name: "a.example", Type: TypeTXT}
	data := func(a Answer) string { return a.Records[0].Data }
	ctx := context.Background()
	if got := data(c.Resolve(ctx, q)); got != "old" {
		t.Fatal(got)
	}
	if err := zone.Apply(Change{Action: Replace, Name: "a.example", Type: TypeTXT, Data: []string{"new"}}); err != nil {
		t.Fatal(err)
	}
	if got := data(c.Resolve(ctx, q)); got != "old" {
		t.Errorf("the cache says %q", got)
	}
	if got := data(c.Fresh().Resolve(ctx, q)); got != "new" {
		t.Errorf("past the cache: %q", got)
	}
	if got := data(c.Resolve(ctx, q)); got != "new" {
		t.Errorf("the cache did not learn: %q", got)
	}
}
