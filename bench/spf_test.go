package bench

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"

	peer "blitiri.com.ar/go/spf"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/spf"
)

// fifthInclude is a record whose fifth include, each of eight terms, lists the client last.
func fifthInclude() map[string]string {
	zone := map[string]string{
		"shop.example": "v=spf1 include:_1.shop.example include:_2.shop.example include:_3.shop.example include:_4.shop.example include:_5.shop.example ip4:203.0.113.1 ip4:203.0.113.2 -all",
	}
	for i := 1; i <= 5; i++ {
		rec := "v=spf1"
		for j := 1; j <= 7; j++ {
			rec += fmt.Sprintf(" ip4:198.51.%d.%d/28", i, 16*j)
		}
		zone[fmt.Sprintf("_%d.shop.example", i)] = rec + " ~all"
	}
	zone["_5.shop.example"] = "v=spf1 ip4:198.51.5.16/28 ip4:198.51.5.32/28 ip4:198.51.5.48/28 ip4:198.51.5.64/28 ip6:2001:db8::/32 ip4:198.51.5.96/28 ip4:192.0.2.0/24 ~all"
	return zone
}

func BenchmarkSPFFifthInclude(b *testing.B) {
	zone := fifthInclude()
	b.Run("todoku", func(b *testing.B) {
		z := dns.Zone{}
		for name, rec := range zone {
			z[name] = []string{"TXT " + rec}
		}
		mem := dns.MustMemory(z)
		q := spf.Request{IP: netip.MustParseAddr("192.0.2.1"), HELO: "mail.shop.example", ReversePath: "a@shop.example"}
		b.ReportAllocs()
		for b.Loop() {
			if v := spf.Check(context.Background(), mem, q); v.Result != spf.Pass {
				b.Fatalf("%+v", v)
			}
		}
	})
	b.Run("blitiri", func(b *testing.B) {
		ip := net.ParseIP("192.0.2.1")
		b.ReportAllocs()
		for b.Loop() {
			r, err := peer.CheckHostWithSender(ip, "mail.shop.example", "a@shop.example", peer.WithResolver(records(zone)))
			if r != peer.Pass {
				b.Fatal(r, err)
			}
		}
	})
}

// records answers the peer's questions from memory.
type records map[string]string

func (r records) LookupTXT(_ context.Context, name string) ([]string, error) {
	return []string{r[name]}, nil
}
func (records) LookupMX(context.Context, string) ([]*net.MX, error)        { return nil, nil }
func (records) LookupIPAddr(context.Context, string) ([]net.IPAddr, error) { return nil, nil }
func (records) LookupAddr(context.Context, string) ([]string, error)       { return nil, nil }
