package judge

import (
	"context"
	"net/netip"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/iprev"
)

// TestHELO: RFC 5321 sections 4.1.1.1 and 4.1.4.
func TestHELO(t *testing.T) {
	r := dns.MustMemory(dns.Zone{
		"1.2.0.192.in-addr.arpa": {"PTR mail.example.com"}, "mail.example.com": {"A 192.0.2.1", "AAAA 2001:db8::1"},
		"out.example.com": {"A 192.0.2.7", "A 192.0.2.1"}, "other.example.com": {"A 192.0.2.7"}, "v6.example.com": {"AAAA 2001:db8::1"},
		"broken.example.com": {"SERVFAIL"},
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": {"PTR v6.example.com"},
	})
	for _, c := range []struct{ helo, ip, want string }{
		{"mail.example.com", "192.0.2.1", "ptr.helo-pass"},
		{"MAIL.example.com.", "192.0.2.1", "ptr.helo-pass"},
		{"out.example.com", "192.0.2.1", "ptr.helo-pass"},
		{"[192.0.2.1]", "192.0.2.1", "ptr.helo-pass"},
		{"[IPv6:2001:db8::1]", "2001:db8::1", "ptr.helo-pass"},
		{"mail.example.com", "2001:db8::1", "ptr.helo-pass"},
		{"other.example.com", "192.0.2.1", "ptr.helo-elsewhere"},
		{"nobody.example.com", "192.0.2.1", "ptr.helo-unresolved"},
		{"v6.example.com", "192.0.2.1", "ptr.helo-unresolved"},
		{"broken.example.com", "192.0.2.1", "ptr.helo-unknown"},
		{"localhost", "192.0.2.1", "ptr.helo-syntax"},
		{"192.0.2.1", "192.0.2.1", "ptr.helo-syntax"},
		{"[192.0.2.9]", "192.0.2.1", "ptr.helo-syntax"},
		{"[]", "192.0.2.1", "ptr.helo-syntax"},
		{"WIN-4J2\x1b[2J", "192.0.2.1", "ptr.helo-syntax"},
		{"", "192.0.2.1", ""},
		{"localhost", "10.0.0.1", ""},
		{"mail.example.com", "", ""},
	} {
		ip, _ := netip.ParseAddr(c.ip)
		s := evidence.Session{RemoteIP: ip, HELO: c.helo}
		v := iprev.Lookup(context.Background(), r, ip)
		var answer dns.Answer
		if q, ok := HELOQuestion(s, v); ok {
			answer = r.Resolve(context.Background(), q)
		}
		got := ""
		for _, f := range HELO(s, v, answer) {
			got += f.ID
		}
		if got != c.want {
			t.Errorf("HELO %q from %s: %q, want %q", c.helo, c.ip, got, c.want)
		}
	}
}

// TestHELORepair: a host without a PTR record gets the name of its HELO as soon as that
// leads back; before, the name gets the address. Each change alone brings no new fault.
func TestHELORepair(t *testing.T) {
	r := dns.MustMemory(dns.Zone{"mail.example.com": {"A 192.0.2.1"}, "other.example.com": {"A 192.0.2.7"}, "broken.example.com": {"SERVFAIL"}})
	ip := netip.MustParseAddr("192.0.2.1")
	for helo, want := range map[string]string{
		"mail.example.com":   "ptr.missing add 1.2.0.192.in-addr.arpa. PTR mail.example.com.",
		"nobody.example.com": "ptr.helo-unresolved add nobody.example.com. A 192.0.2.1",
		"other.example.com":  "", // may be a web site's
		"broken.example.com": "",
		"[192.0.2.1]":        "",
	} {
		s := evidence.Session{RemoteIP: ip, HELO: helo}
		v := iprev.Lookup(context.Background(), r, ip)
		var answer dns.Answer
		if q, ok := HELOQuestion(s, v); ok {
			answer = r.Resolve(context.Background(), q)
		}
		got := ""
		for _, f := range HELO(s, v, answer) {
			for _, c := range f.DNS {
				got += f.ID + " " + string(c.Action) + " " + c.Name + " " + c.Type.String() + " " + c.Data[0]
			}
		}
		if got != want {
			t.Errorf("HELO %s: %q, want %q", helo, got, want)
		}
	}
}
