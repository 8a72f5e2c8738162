package spf

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/todoku/todoku/dns"
)

func walk(t *testing.T, z dns.Zone, record string) *Node {
	t.Helper()
	return Walk(context.Background(), dns.MustMemory(z), "example.com", record, nil)
}

// TestWalkCosts counts by RFC 7208 section 4.6.4: terms, not questions, and everything
// that an address meets that matches nothing.
func TestWalkCosts(t *testing.T) {
	z := dns.Zone{
		"example.com":      {"MX 10 mail.example.com.", "A 192.0.2.80"},
		"mail.example.com": {"A 192.0.2.25", "AAAA 2001:db8::25"},
		"a.example":        {`TXT "v=spf1 a:mail.example.com include:b.example ~all"`},
		"b.example":        {`TXT "v=spf1 ip4:198.51.100.0/24 exists:%{i}.b.example ~all include:a.example"`},
		"two.example":      {`TXT "v=spf1 mx -all"`, `TXT "v=spf1 a -all"`},
		"bad.example":      {`TXT "v=spf1 ipv4:192.0.2.1 -all"`},
		"v6.example":       {"AAAA 2001:db8::6"},
		"void-mx.example":  {"MX 10 gone.example."},
	}
	for _, tt := range []struct {
		record         string
		lookups, voids int
	}{
		{"v=spf1 -all", 0, 0},
		{"v=spf1 ip4:192.0.2.0/24 a mx ptr exists:%{i}.x.example -all", 4, 0},
		{"v=spf1 include:a.example include:b.example -all", 4 + 2, 0},
		{"v=spf1 redirect=a.example", 4, 0},
		{"v=spf1 mx -all include:a.example", 1, 0},
		{"v=spf1 mx redirect=a.example -all", 1, 0},
		{"v=spf1 a:gone.example include:gone.example mx:a.example exists:gone.example ~all", 4, 4},
		{"v=spf1 a:v6.example mx:void-mx.example -all", 2, 1},
		{"v=spf1 mx -all exp=gone.example", 1, 0},
	} {
		n := walk(t, z, tt.record)
		if n.Lookups() != tt.lookups || n.Voids() != tt.voids {
			t.Errorf("%s: %d look-ups and %d void, want %d and %d", tt.record, n.Lookups(), n.Voids(), tt.lookups, tt.voids)
		}
	}
	n := walk(t, z, "v=spf1 include:two.example include:bad.example include:example.com mx ~all")
	if two := n.Terms[0].Below; len(two.Texts) != 2 {
		t.Errorf("%d records of two", len(two.Texts))
	}
	if bad := n.Terms[1].Below; bad.Record != nil || bad.Err == nil || bad.Err.Term != "ipv4:192.0.2.1" {
		t.Errorf("a record that does not parse: %+v", bad)
	}
	if loop := n.Terms[2].Below; !loop.Loop || n.Terms[2].Lookups() != 1 {
		t.Errorf("a loop costs one look-up: %+v", loop)
	}
	if got := fmt.Sprint(n.Terms[3].Networks); got != "[192.0.2.25/32 2001:db8::25/128]" {
		t.Errorf("mx has %s", got)
	}
}

// TestWalkIsBounded: a tree without end is cut, before it is asked for.
func TestWalkIsBounded(t *testing.T) {
	var asked atomic.Int32
	wide := resolverFunc(func(q dns.Question) dns.Answer {
		asked.Add(1)
		var b strings.Builder
		for i := range 20 {
			fmt.Fprintf(&b, " include:x%d.%s", i, q.Name)
		}
		return dns.Answer{Question: q, Status: dns.Success, Records: []dns.Record{{Name: q.Name, Type: q.Type, Data: "v=spf1" + b.String() + " -all"}}}
	})
	n := Walk(context.Background(), wide, "example.com", "v=spf1 include:a.example include:b.example -all", nil)
	if asked.Load() >= MaxWalkRecords || n.Lookups() <= MaxLookups {
		t.Errorf("%d questions, %d look-ups", asked.Load(), n.Lookups())
	}
	asked.Store(0)
	var deep []string
	for i := range 400 {
		deep = append(deep, fmt.Sprintf("a:h%d.example", i))
	}
	Walk(context.Background(), wide, "example.com", "v=spf1 "+strings.Join(deep, " ")+" -all", nil)
	if asked.Load() > MaxWalkQueries {
		t.Errorf("%d questions", asked.Load())
	}
}

type resolverFunc func(dns.Question) dns.Answer

func (f resolverFunc) Resolve(_ context.Context, q dns.Question) dns.Answer { return f(q) }

// TestWalkKeepsFailures: a failed answer is neither void nor absence.
func TestWalkKeepsFailures(t *testing.T) {
	n := Walk(context.Background(), dns.NewReplayer(nil), "example.com", "v=spf1 a include:x.example mx -all", nil)
	for i := range n.Terms[:3] {
		if term := &n.Terms[i]; !term.Failed() || term.Void() {
			t.Errorf("%s: failed %v, void %v", term.Text, term.Failed(), term.Void())
		}
	}
}

// TestWalkAgreesWithCheck: what an evaluation spends on an address that matches
// nothing is what the walk counts.
func TestWalkAgreesWithCheck(t *testing.T) {
	z := dns.Zone{
		"mail.example.com": {"A 192.0.2.25", "AAAA 2001:db8::25"},
		"a.example":        {`TXT "v=spf1 a:mail.example.com include:b.example ?all"`},
		"b.example":        {`TXT "v=spf1 a:gone.example redirect=c.example"`},
		"c.example":        {`TXT "v=spf1 mx:example.com ~all mx"`},
	}
	for _, record := range []string{"v=spf1 mx include:a.example -all", "v=spf1 a:gone.example redirect=b.example", "v=spf1 include:a.example include:c.example a:mail.example.com ~all"} {
		z["example.com"] = []string{"MX 10 mail.example.com.", `TXT "` + record + `"`}
		v := Check(context.Background(), dns.MustMemory(z), Request{IP: netip.MustParseAddr("233.252.0.1"), HELO: "h.example", ReversePath: "a@example.com"})
		n := walk(t, z, record)
		if v.Lookups != n.Lookups() || v.VoidLookups != n.Voids() {
			t.Errorf("%s: evaluated %d/%d, walked %d/%d", record, v.Lookups, v.VoidLookups, n.Lookups(), n.Voids())
		}
	}
}
