package provider

import (
	"net/netip"
	"testing"
)

// TestNamingOf: names as providers give them. A host whose owner chose the name is
// never called dynamic.
func TestNamingOf(t *testing.T) {
	for _, c := range []struct {
		name, ip string
		want     Naming
	}{
		{"mail.example.com", "192.0.2.25", Chosen},
		{"pool.example.com", "192.0.2.25", Chosen},
		{"client.mail.example.com", "192.0.2.25", Chosen},
		{"mail-25.example.com", "192.0.2.25", Chosen},
		{"www1234.sakura.ne.jp", "192.0.2.25", Chosen},
		{"192-0-2-25.dynamic.example.net", "192.0.2.25", Dynamic},
		{"pool-192-0-2-25.bltmmd.fios.example.net", "192.0.2.25", Dynamic},
		{"25.2.0.192.dsl.example.net", "192.0.2.25", Dynamic},
		{"dhcp17.example.net", "192.0.2.25", Dynamic},
		{"p192000002025.tokyo.ppp.example.ne.jp", "192.0.2.25", Dynamic},
		{"c0000219.ftth.example.ne.jp", "192.0.2.25", Dynamic},
		{"ec2-192-0-2-25.compute-1.amazonaws.com", "192.0.2.25", Numbered},
		{"static.25.2.0.192.clients.your-server.de", "192.0.2.25", Numbered},
		{"v192-0-2-25.static.dsl.example.net", "192.0.2.25", Numbered},
		{"static-pool.example.net", "192.0.2.25", Chosen},
		{"192-0-2-250.example.net", "192.0.2.25", Chosen},
		{"2001-db8--19.example.net", "2001:db8::19", Chosen},
		{"20010db8000000000000000000000019.pool.example.net", "2001:db8::19", Dynamic},
		{"", "192.0.2.25", Chosen},
	} {
		if got := NamingOf(c.name, netip.MustParseAddr(c.ip)); got != c.want {
			t.Errorf("%s of %s: %d, want %d", c.name, c.ip, got, c.want)
		}
	}
}

func TestHostCompanyOf(t *testing.T) {
	for name, want := range map[string]string{
		"www1234.sakura.ne.jp": "さくらのレンタルサーバ (Sakura)", "os3-123-45678.vs.sakura.ne.jp": "さくらの VPS (Sakura VPS)", "SV123.xserver.jp.": "エックスサーバー (Xserver)",
		"notxserver.jp": "", "mail.example.com": "", "": "", "ec2-192-0-2-1.us-west-2.compute.amazonaws.com": "Amazon EC2",
	} {
		h, ok := HostCompanyOf(name)
		if h.Name != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", name, h.Name, want)
		}
	}
}

func FuzzNamingOf(f *testing.F) {
	f.Add("pool-192-0-2-25.example.net", []byte{192, 0, 2, 25})
	f.Add("..--__", []byte{})
	f.Fuzz(func(t *testing.T, name string, octets []byte) {
		ip, _ := netip.AddrFromSlice(octets)
		n := NamingOf(name, ip)
		if n > Dynamic || n == Numbered && !ip.IsValid() {
			t.Fatalf("%q %v: %d", name, ip, n)
		}
		HostCompanyOf(name)
	})
}
