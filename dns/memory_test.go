package dns

import (
	"context"
	"strings"
	"testing"
)

var ctx = context.Background()

func ask(r Resolver, name string, t Type) Answer {
	return r.Resolve(ctx, Question{Name: name, Type: t})
}

// show writes an answer in one line: what table tests compare.
func show(a Answer) string {
	var parts []string
	for _, c := range a.Chain {
		parts = append(parts, c.Name+">"+c.Data)
	}
	for _, r := range a.Records {
		parts = append(parts, r.ChangeText())
	}
	return strings.TrimSpace(a.Status.String() + " " + strings.Join(parts, " | "))
}

var testZone = Zone{
	"example.com": {
		"3600 SOA ns.example.com. host.example.com. 1 7200 600 86400 60",
		"TXT v=spf1 mx  -all ",
		`TXT "two " "strings\"\240"`,
		"120 MX 10 mx.example.com.",
		"MX 20 mx2.example.com",
		"A 192.0.2.1",
	},
	"a.b.c.example.com":    {"A 192.0.2.2"},
	"*.wild.example.com":   {"TXT wild", "7 MX 5 mx.example.com"},
	"x.wild.example.com":   {"A 192.0.2.3"},
	"y.z.wild.example.com": {"A 192.0.2.4"},
	"alias.example.com":    {"30 CNAME example.com"},
	"alias2.example.com":   {"CNAME alias.example.com"},
	"dangling.example.com": {"CNAME gone.example.com"},
	"abroad.example.com":   {"CNAME host.elsewhere.example"},
	"loop.example.com":     {"CNAME loop2.example.com"},
	"loop2.example.com":    {"CNAME loop.example.com"},
	"self.example.com":     {"CNAME self.example.com"},
	"*.cw.example.com":     {"CNAME example.com"},
	"slow.example.com":     {"TIMEOUT"},
	"broken.example.com":   {"SERVFAIL TXT", "A 192.0.2.5"},
	"half.example.com":     {"TXT here", "TIMEOUT"},
	"closed.example.com":   {"REFUSED MX"},
	"toslow.example.com":   {"CNAME slow.example.com"},
	"nullmx.example.com":   {"MX 0 ."},
	"empty.example.com":    {`TXT ""`, "TXT"},
	"caa.example.com":      {`CAA 0 issue "ca.example"`},
	"v6.example.com":       {"AAAA 2001:DB8::1"},
	"signed.example":       {"SECURE", "A 192.0.2.6", "SOA ns.signed.example. h.signed.example. 1 2 3 4 900"},
	"w.signed.example":     {"CNAME signed.example"},
	"out.signed.example":   {"CNAME example.com"},
}

func TestMemory(t *testing.T) {
	m := MustMemory(testZone)
	for _, c := range []struct {
		name string
		typ  Type
		want string
	}{
		{"example.com", TypeTXT, "success v=spf1 mx  -all  | two strings\"\xf0"},
		{"EXAMPLE.com.", TypeA, "success 192.0.2.1"},
		{"example.com", TypeMX, "success 10 mx.example.com. | 20 mx2.example.com."},
		{"example.com", TypeAAAA, "no-data"},
		{"c.example.com", TypeA, "no-data"}, // empty non-terminal, RFC 4592 section 2.2.2
		{"com", TypeA, "no-data"},
		{"", TypeA, "no-data"},
		{"d.example.com", TypeA, "nxdomain"},
		{"example.net", TypeA, "nxdomain"},
		{"q.wild.example.com", TypeTXT, "success wild"},
		{"q.r.wild.example.com", TypeTXT, "success wild"},
		{"q.wild.example.com", TypeA, "no-data"},
		{"wild.example.com", TypeTXT, "no-data"},
		{"x.wild.example.com", TypeTXT, "no-data"},    // an existing name blocks the wildcard
		{"z.wild.example.com", TypeTXT, "no-data"},    // so does an empty non-terminal
		{"k.z.wild.example.com", TypeTXT, "nxdomain"}, // RFC 4592 section 3.3.1: closest encloser
		{"*.wild.example.com", TypeTXT, "success wild"},
		{"a.*.wild.example.com", TypeTXT, "nxdomain"},
		{"alias.example.com", TypeA, "success alias.example.com>example.com | 192.0.2.1"},
		{"alias.example.com", TypeCNAME, "success example.com."},
		{"Alias2.example.com", TypeA, "success alias2.example.com>alias.example.com | alias.example.com>example.com | 192.0.2.1"},
		{"alias.example.com", TypeAAAA, "no-data alias.example.com>example.com"},
		{"dangling.example.com", TypeA, "nxdomain dangling.example.com>gone.example.com"},
		{"abroad.example.com", TypeA, "nxdomain abroad.example.com>host.elsewhere.example"},
		{"q.cw.example.com", TypeA, "success q.cw.example.com>example.com | 192.0.2.1"},
		{"slow.example.com", TypeA, "timeout"},
		{"toslow.example.com", TypeA, "timeout toslow.example.com>slow.example.com"},
		{"broken.example.com", TypeTXT, "servfail"},
		{"broken.example.com", TypeA, "success 192.0.2.5"},
		{"broken.example.com", TypeMX, "no-data"},
		{"half.example.com", TypeTXT, "success here"},
		{"half.example.com", TypeSPF, "timeout"},
		{"closed.example.com", TypeMX, "refused"},
		{"nullmx.example.com", TypeMX, "success 0 ."},
		{"empty.example.com", TypeTXT, "success  |"},
		{"caa.example.com", TypeCAA, `success 0 issue "ca.example"`},
		{"v6.example.com", TypeAAAA, "success 2001:db8::1"},
		{"a..example.com", TypeA, "bad-name"},
		{strings.Repeat("x", 64) + ".example.com", TypeA, "bad-name"},
		{strings.Repeat("x.", 127) + "example.com", TypeA, "bad-name"},
	} {
		if got := show(ask(m, c.name, c.typ)); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.name, c.typ, got, c.want)
		}
	}
	for _, name := range []string{"loop.example.com", "self.example.com"} {
		if a := ask(m, name, TypeA); a.Status != Malformed || len(a.Chain) > MaxChain+1 {
			t.Errorf("%s: %s with a chain of %d", name, a.Status, len(a.Chain))
		}
	}
}

func TestMemoryTTL(t *testing.T) {
	m := MustMemory(testZone)
	for _, c := range []struct {
		name string
		typ  Type
		want uint32
	}{
		{"example.com", TypeMX, 120},           // the least of the set
		{"example.com", TypeA, DefaultTTL},     //
		{"alias2.example.com", TypeA, 30},      // the least of the chain
		{"no.example.com", TypeA, 60},          // RFC 2308 section 5: SOA MINIMUM
		{"example.com", TypeAAAA, 60},          //
		{"b.c.example.com", TypeA, 60},         //
		{"signed.example", TypeMX, DefaultTTL}, // the SOA's own TTL is less than its MINIMUM
		{"nowhere.test", TypeA, DefaultTTL},
		{"slow.example.com", TypeA, 0},
	} {
		if got := ask(m, c.name, c.typ).TTL; got != c.want {
			t.Errorf("%s %s: TTL %d, want %d", c.name, c.typ, got, c.want)
		}
	}
}

func TestMemoryAuthenticData(t *testing.T) {
	m := MustMemory(testZone)
	for name, want := range map[string]bool{
		"signed.example": true, "w.signed.example": true, "no.signed.example": true,
		"out.signed.example": false, // the chain leaves the signed zone
		"example.com":        false, "no.example.com": false,
	} {
		if got := ask(m, name, TypeA).AuthenticData; got != want {
			t.Errorf("%s: AD %v", name, got)
		}
	}
}

func TestMemoryRecordDetails(t *testing.T) {
	m := MustMemory(testZone)
	txt := ask(m, "example.com", TypeTXT).Records
	if txt[0].Strings != nil || len(txt[1].Strings) != 2 {
		t.Errorf("strings: %q and %q", txt[0].Strings, txt[1].Strings)
	}
	mx := ask(m, "q.wild.example.com", TypeMX)
	if r := mx.Records[0]; r.Name != "q.wild.example.com" || r.Pref != 5 || r.TTL != 7 || mx.TTL != 7 {
		t.Errorf("wildcard MX: %+v", r)
	}
	if a := ask(m, "v6.example.com", TypeAAAA).Records[0]; !a.Addr.IsValid() || a.Addr.String() != "2001:db8::1" {
		t.Errorf("AAAA: %+v", a)
	}
	if a := ask(m, "EXAMPLE.com", TypeA); a.Question.Name != "EXAMPLE.com" || a.Server != ZoneServer {
		t.Errorf("question or server: %+v", a)
	}
}

func TestMemoryErrorsNameOwnerAndLine(t *testing.T) {
	for owner, line := range map[string]string{
		"a..example": "A 192.0.2.1", "a.example": "A 2001:db8::1", "b.example": "AAAA 192.0.2.1",
		"c.example": "MX mx.example", "d.example": "NONSENSE x", "e.example": `TXT "open`,
		"f.example": "CNAME a b", "g.example": "CAA what", "h.example": "TIMEOUT NONSENSE",
		"i.example": `TXT "a" b`, "j.example": "A", "k.example": "",
	} {
		_, err := NewMemory(Zone{owner: {line}})
		if err == nil || !strings.Contains(err.Error(), owner) {
			t.Errorf("%s %q: error %v", owner, line, err)
		}
	}
}

func TestMemoryHitDoesNotAllocate(t *testing.T) {
	m := MustMemory(testZone)
	for _, name := range []string{"example.com", "Example.COM"} {
		q := Question{Name: name, Type: TypeTXT}
		if n := testing.AllocsPerRun(100, func() { m.Resolve(ctx, q) }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkMemory(b *testing.B) {
	m := MustMemory(testZone)
	q := Question{Name: "example.com", Type: TypeTXT}
	b.Run("resolve", func(b *testing.B) {
		for b.Loop() {
			m.Resolve(ctx, q)
		}
	})
	b.Run("floor-map", func(b *testing.B) {
		floor := map[Question]Answer{q: {Status: Success}}
		for b.Loop() {
			if floor[q].Status != Success {
				b.Fatal("not found")
			}
		}
	})
}
