package spf

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
)

// answers is the fastest resolver there is, so that the benchmark and its floor
// share the cost of a map look-up and nothing else.
type answers map[string]dns.Answer

func (a answers) Resolve(_ context.Context, q dns.Question) dns.Answer {
	if ans, ok := a[q.Name]; ok {
		return ans
	}
	return dns.Answer{Question: q, Status: dns.NXDomain}
}

// fifthInclude are six records of eight terms each: the first includes five
// others, and the last term but one of the fifth has the client.
func fifthInclude() (answers, []string) {
	records := map[string]string{"example.com": "v=spf1 ip4:192.0.2.1 ip4:198.51.100.0/24 " +
		"include:a.example.net include:b.example.net include:c.example.net include:d.example.net include:e.example.net -all"}
	order := []string{"example.com"}
	for i, name := range []string{"a", "b", "c", "d", "e"} {
		var b strings.Builder
		b.WriteString("v=spf1")
		for j := range 5 {
			fmt.Fprintf(&b, " ip4:%d.%d.%d.0/%d", 100+i, 20+j, 64*j%256, 18+j)
		}
		fmt.Fprintf(&b, " ip6:2001:db8:%x::/%d", i+1, 44+i)
		if name == "e" {
			b.WriteString(" ip4:203.0.113.64/26")
		} else {
			fmt.Fprintf(&b, " ip4:203.0.%d.64/26", i)
		}
		b.WriteString(" ~all")
		records[name+".example.net"] = b.String()
		order = append(order, name+".example.net")
	}
	zone := answers{}
	for name, text := range records {
		zone[name] = dns.Answer{Question: dns.Question{Name: name, Type: dns.TypeTXT}, Status: dns.Success,
			Records: []dns.Record{{Name: name, Type: dns.TypeTXT, TTL: 300, Data: text}}}
	}
	return zone, order
}

func fifthIncludeRequest() Request {
	return Request{IP: netip.MustParseAddr("203.0.113.77"), HELO: "mail.example.com",
		ReversePath: "user@example.com", Now: time.Unix(1700000000, 0)}
}

// TestFifthInclude makes sure that the benchmark does what it says, trace included.
func TestFifthInclude(t *testing.T) {
	zone, _ := fifthInclude()
	v := Check(context.Background(), zone, fifthIncludeRequest())
	if v.Result != Pass || v.Mechanism != "include:e.example.net" || v.Lookups != 5 {
		t.Errorf("%s by %q after %d lookups: %s", v.Result, v.Mechanism, v.Lookups, v.Reason)
	}
	// Six records; two networks and five includes; 4 x 8 terms; 7 of the last eight.
	if want := 6 + 7 + 32 + 7; len(v.Trace) != want {
		t.Errorf("%d steps, want %d", len(v.Trace), want)
	}
	checkInvariants(t, &v)
}

// BenchmarkCheckFifthInclude is a pass on the fifth include of eight terms each,
// with its whole trace. Beside it stands its floor.
func BenchmarkCheckFifthInclude(b *testing.B) {
	zone, _ := fifthInclude()
	req, ctx := fifthIncludeRequest(), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if v := Check(ctx, zone, req); v.Result != Pass {
			b.Fatal(v.Reason)
		}
	}
}

// BenchmarkCheckFifthIncludeFloor is the least anyone can do with the same records
// in the same order: find each, split it, and compare every network with the client.
func BenchmarkCheckFifthIncludeFloor(b *testing.B) {
	zone, order := fifthInclude()
	req := fifthIncludeRequest()
	b.ReportAllocs()
	for b.Loop() {
		if !floorMatches(zone, order, req.IP) {
			b.Fatal("no match")
		}
	}
}

func floorMatches(zone answers, order []string, ip netip.Addr) bool {
	matched := false
	for _, name := range order {
		a := zone[name]
		for _, term := range strings.Fields(a.Records[0].Data) {
			network, ok := strings.CutPrefix(term, "ip4:")
			if !ok {
				network, ok = strings.CutPrefix(term, "ip6:")
			}
			if !ok {
				continue
			}
			if strings.IndexByte(network, '/') < 0 {
				network += "/32"
			}
			p, err := netip.ParsePrefix(network)
			if err != nil {
				continue
			}
			matched = p.Contains(ip)
		}
	}
	return matched
}

func BenchmarkParse(b *testing.B) {
	zone, _ := fifthInclude()
	text := zone["e.example.net"].Records[0].Data
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
