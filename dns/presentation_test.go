package dns

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func TestParseRR(t *testing.T) {
	for text, want := range map[string]Record{
		`example.com. 300 IN TXT "v=spf1 " "-all"`: {Name: "example.com", Type: TypeTXT, TTL: 300, Data: "v=spf1 -all", Strings: []string{"v=spf1 ", "-all"}},
		`example.com IN 60 TXT v=spf1  -all`:       {Name: "example.com", Type: TypeTXT, TTL: 60, Data: "v=spf1  -all"},
		"a.example\tTXT\t\"a\\\"b\\\\c\\233\"":     {Name: "a.example", Type: TypeTXT, TTL: DefaultTTL, Data: "a\"b\\c\xe9"},
		`a.example. A 192.0.2.1`:                   {Name: "a.example", Type: TypeA, TTL: DefaultTTL, Data: "192.0.2.1", Addr: netip.MustParseAddr("192.0.2.1")},
		`a.example. aaaa 2001:DB8::1`:              {Name: "a.example", Type: TypeAAAA, TTL: DefaultTTL, Data: "2001:db8::1", Addr: netip.MustParseAddr("2001:db8::1")},
		`a.example. MX 10 Mx.example.`:             {Name: "a.example", Type: TypeMX, TTL: DefaultTTL, Data: "Mx.example", Pref: 10},
		`. NS a.root.example.`:                     {Name: "", Type: TypeNS, TTL: DefaultTTL, Data: "a.root.example"},
		`a\032b\.c.example. PTR x\046y.example.`:   {Name: `a b\.c.example`, Type: TypePTR, TTL: DefaultTTL, Data: `x\.y.example`},
		`a.example. TYPE731 \# 3 abCDef`:           {Name: "a.example", Type: 731, TTL: DefaultTTL, Data: `\# 3 abcdef`},
		`_25._tcp.mx.example. TLSA 3 1 1 AB`:       {Name: "_25._tcp.mx.example", Type: TypeTLSA, TTL: DefaultTTL, Data: "3 1 1 ab"},
		`a.example. SRV 0 5 25 mx.example.`:        {Name: "a.example", Type: 33, TTL: DefaultTTL, Data: "0 5 25 mx.example."},
	} {
		got, err := ParseRR(text)
		if err != nil || !strings.EqualFold(got.Data, want.Data) {
			t.Errorf("%s: %+v, %v", text, got, err)
			continue
		}
		got.Data = want.Data
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", text, got, want)
		}
	}
	for _, text := range []string{
		"", "   ", "example.com.", "example.com. 300", "example.com. IN", "example.com. IN A", "example.com. 300 CH TXT x", "a..b. A 192.0.2.1",
		"a.example. PTR b..c.", "a.example. NS .b", "a.example. MX 10 b..", "a.example. CNAME ..", `a.example. CAA 0" "0`,
		"example.com. A 192.0.2.1 x", "example.com. MX 70000 a.", "example.com. MX 10 a b", "example.com. TXT \"open", `example.com. TXT "a"b`,
		"$GENERATE 1-9 a A 192.0.2.1", "$INCLUDE /etc/passwd", "example.com. CAA 0 issue \"x\"\nb.example. A 192.0.2.1", "example.com. AAAA fe80::1%eth0",
		`example.com. TXT "` + strings.Repeat("x", 256) + `"`, "example.com. TXT " + strings.Repeat("x", maxText),
	} {
		if rec, err := ParseRR(text); err == nil {
			t.Errorf("%q was read as %+v", clip(text), rec)
		}
	}
}

func FuzzParseRR(f *testing.F) {
	for _, s := range []string{
		`example.com. 300 IN TXT "v=spf1 " "-all"`, `a\032b\.c.example. PTR x\046y.example.`, `a. TYPE731 \# 3 abCDef`, "a MX 10 .",
		"a CAA 0 issue \"x\"", "a 5 IN A 192.0.2.1", `\ a\\.b TXT \"`, `a TXT "\999\"`,
		`a PTR b\\.`, `a\\. PTR b\.`, "a TLSA 3 1 1 ab", "a SOA b. c. 1 2 3 4 5", "a DS 1 13 2 ab", "a TXT ", "a SVCB 1 . alpn=h2",
		`a CAA 0" "0`, "a MX 0 ..", "a.. PTR b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rec, err := ParseRR(s)
		if err != nil {
			return
		}
		back, err := ParseRR(rec.Text())
		if err != nil {
			t.Fatalf("%q -> %q: %v", s, rec.Text(), err)
		}
		if !reflect.DeepEqual(rec, back) {
			t.Errorf("%q -> %q\nwas  %+v\nback %+v", s, rec.Text(), rec, back)
		}
	})
}

func FuzzZone(f *testing.F) {
	f.Add("example.com", "300 TXT \"a\" \"b\"", "a.example.com")
	f.Add("*.example.com", "CNAME example.com", "x.example.com")
	f.Add("loop", "CNAME loop", "loop")
	f.Add("*", "CNAME x.y", "z")
	f.Add(`a\.b`, "TIMEOUT TXT", `A\.B`)
	f.Add("", "SECURE", "")
	f.Fuzz(func(t *testing.T, owner, line, name string) {
		m, err := NewMemory(Zone{owner: {line}, "example.com": {"A 192.0.2.1"}})
		if err != nil {
			return
		}
		for _, typ := range []Type{TypeA, TypeTXT, TypeCNAME} {
			a := ask(m, name, typ)
			if a.Status == Unknown || (a.Status == Success) != (len(a.Records) > 0) || (a.Status == BadName) != !ValidName(name) {
				t.Errorf("%q %s: %+v", name, typ, a)
			}
		}
		for _, rec := range m.Records() {
			if rec.Type == TypeCNAME {
				continue
			}
			if a := ask(m, rec.Name, rec.Type); !a.Status.Found() && !a.Status.Failed() && len(a.Chain) == 0 {
				t.Errorf("%+v is not found: %+v", rec, a)
			}
		}
	})
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"": true, ".": true, "a": true, "a.": true, "a.b": true, "_a._b": true, "a b": true, "\x00\xff": true, `a\.b`: true, `\.`: true,
		"..": false, ".a": false, "a..b": false, "a..": false,
		strings.Repeat("a", 63): true, strings.Repeat("a", 64): false, strings.Repeat("a", 62) + `\.`: true, strings.Repeat("a", 63) + `\.`: false,
		strings.Repeat("a.", 126) + "a": true, strings.Repeat("a.", 126) + "ab": false, strings.Repeat("a.", 127): true, strings.Repeat("a.", 128): false,
	} {
		if ValidName(name) != want {
			t.Errorf("ValidName(%q) = %v", name, !want)
		}
	}
	for name, want := range map[string]string{"A.Example.": "a.example", "a": "a", ".": "", "É.example": "É.example", `a\.`: `a\.`} {
		if got := CanonicalName(name); got != want {
			t.Errorf("CanonicalName(%q) = %q", name, got)
		}
	}
	if got := JoinName("a.", "", "b.c", "."); got != "a.b.c" {
		t.Errorf("JoinName: %q", got)
	}
	for _, c := range []struct {
		name, parent string
		want         bool
	}{{"a.B.c", "b.C.", true}, {"b.c", "b.c", true}, {"ab.c", "b.c", false}, {"c", "b.c", false}, {"a", "", true}, {"", "a", false}, {`a\.b.c`, "b.c", false}} {
		if got := IsSubdomain(c.name, c.parent); got != c.want {
			t.Errorf("IsSubdomain(%q, %q) = %v", c.name, c.parent, got)
		}
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"example.com", `a\.b.c`, "a b", "\xff\x00.x", `back\slash`, `a\\.b`, ".", `end\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !ValidName(name) {
			return
		}
		if back := unescapeName(escapeName(name)); back != trimDot(name) && !strings.HasSuffix(name, `\`) {
			t.Errorf("%q -> %q -> %q", name, escapeName(name), back)
		}
		q, err := newQuery(CanonicalName(name), TypeA, true)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		// The question that goes out is one whose echo we know again.
		if reply := append([]byte(nil), q.packed...); true {
			reply[2] |= 0x80
			if m, err := q.unpack(reply); err != nil && !strings.HasSuffix(name, `\`) {
				t.Errorf("%q: %v %v", name, m, err)
			}
		}
		for p, n := CanonicalName(name), 0; p != ""; p, n = parentOf(p), n+1 {
			if n > 127 {
				t.Fatalf("%q has no end", name)
			}
		}
	})
}

func TestTypeAndStatusWords(t *testing.T) {
	for i := range 1 << 16 {
		typ, err := ParseType(Type(i).String())
		if err != nil || typ != Type(i) {
			t.Fatalf("type %d: %q -> %d, %v", i, Type(i), typ, err)
		}
	}
	for word, want := range map[string]Type{"txt": TypeTXT, "type16": TypeTXT, "TYPE65280": 65280, "SRV": 33} {
		if got, err := ParseType(word); got != want || err != nil {
			t.Errorf("%s: %v, %v", word, got, err)
		}
	}
	for _, word := range []string{"", "TYPE", "TYPE65536", "TYPE-1", "NOPE", "16"} {
		if got, err := ParseType(word); err == nil {
			t.Errorf("%q is %v", word, got)
		}
	}
	for s := Unknown; s <= NotRecorded; s++ {
		if got, err := ParseStatus(s.String()); got != s || err != nil || s.String() == "" {
			t.Errorf("%d: %q -> %v, %v", s, s, got, err)
		}
	}
	if _, err := ParseStatus("great"); err == nil || Status(99).String() != "status-99" {
		t.Error("unknown statuses")
	}
}

func TestReverseName(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.1": "1.2.0.192.in-addr.arpa", "255.255.255.255": "255.255.255.255.in-addr.arpa", "::ffff:192.0.2.1": "1.2.0.192.in-addr.arpa",
		"2001:db8::567:89ab": "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", // RFC 3596 section 2.5
	} {
		if got := ReverseName(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %s", ip, got)
		}
	}
	if got := ReverseName(netip.Addr{}); got != "" {
		t.Errorf("no address: %q", got)
	}
}

func TestParseServer(t *testing.T) {
	for s, want := range map[string]string{
		"192.0.2.1": "192.0.2.1:53", "192.0.2.1:5353": "192.0.2.1:5353", "2001:db8::1": "[2001:db8::1]:53", "[2001:db8::1]": "[2001:db8::1]:53",
		"[2001:db8::1]:5353": "[2001:db8::1]:5353", "localhost:53": "localhost:53", "ns.example": "ns.example:53", "[fe80::1%eth0]:53": "[fe80::1%eth0]:53",
	} {
		if got, err := ParseServer(s); got != want || err != nil {
			t.Errorf("%s: %q, %v", s, got, err)
		}
	}
	for _, s := range []string{"", ":53", "a:", "a:0", "a:65536", "a:b", "a b:53", "[::1", "1:2:3", "http://a:53"} {
		if got, err := ParseServer(s); err == nil {
			t.Errorf("%q is %q", s, got)
		}
	}
}

func TestResolvConf(t *testing.T) {
	for text, want := range map[string]string{
		"# comment\nsearch x\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # c\nnameserver bogus\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n": "192.0.2.1:53 [2001:db8::1]:53 192.0.2.3:53",
		"":                           "127.0.0.1:53",
		strings.Repeat("x", 200_000): "127.0.0.1:53",
		"nameserver fe80::1%eth0":    "[fe80::1%eth0]:53",
	} {
		if got := strings.Join(parseResolvConf(strings.NewReader(text)), " "); got != want {
			t.Errorf("%q: %s", clip(text), got)
		}
	}
	if len(SystemServers()) == 0 {
		t.Error("no system servers")
	}
}

func TestClientConfig(t *testing.T) {
	for _, cfg := range []ClientConfig{{Servers: []string{"a:b"}}, {Timeout: -1}, {InFlight: -1}, {Servers: make([]string, maxServers+1)}} {
		if _, err := NewClient(cfg); err == nil {
			t.Errorf("%+v is fine", cfg)
		}
	}
	c, err := NewClient(ClientConfig{Servers: []string{"::1"}, Retries: 1000})
	if err != nil || c.rounds != maxRounds || !reflect.DeepEqual(c.Servers(), []string{"[::1]:53"}) {
		t.Errorf("%+v, %v", c, err)
	}
}

// FuzzMessage reads whatever a server may send.
func FuzzMessage(f *testing.F) {
	q, err := newQuery("example.com", TypeTXT, true)
	if err != nil {
		f.Fatal(err)
	}
	reply := append([]byte(nil), q.packed...)
	reply[2] |= 0x80
	f.Add(reply)
	f.Add(append(reply[:29:29], "\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x03\x02hi"...))
	f.Add([]byte("\x00\x00\x80\x00\x00\x01\x00\x01\x00\x00\x00\x00\x07example\x03com\x00\x00\x10\x00\x01\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x02\xc0\x0c"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 12 {
			return
		}
		m, err := q.unpack(b)
		if err != nil {
			return
		}
		a, next := read(m, "example.com", TypeTXT)
		if a.Status == Unknown && next == "" || a.Status == Success && len(a.Records) == 0 || len(a.Records) > MaxRecords || len(a.Chain) > MaxChain+1 {
			t.Errorf("%+v", a)
		}
	})
}
