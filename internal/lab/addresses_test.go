package lab

import (
	"fmt"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

func TestParseListen(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1":                      "192.0.2.1:25/192.0.2.1",
		"10.0.0.1:2525=192.0.2.1":        "10.0.0.1:2525/192.0.2.1",
		"[2001:db8::1]:25,192.0.2.1":     "[2001:db8::1]:25/2001:db8::1 192.0.2.1:25/192.0.2.1",
		"192.0.2.0/30":                   "192.0.2.1:25/192.0.2.1 192.0.2.2:25/192.0.2.2",
		"192.0.2.8/31":                   "192.0.2.8:25/192.0.2.8 192.0.2.9:25/192.0.2.9",
		"nonsense":                       "error",
		"192.0.2.1=":                     "error",
		"fe80::1%eth0":                   "error",
		strings.Repeat("192.0.2.1,", 65): "error",
	} {
		list, err := ParseListen([]string{text})
		var got []string
		for _, a := range list {
			got = append(got, fmt.Sprint(a.Listen, "/", a.Public))
		}
		if err != nil {
			got = []string{"error"}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", text, got, want)
		}
	}
	if list, err := ParseListen([]string{"2001:db8::/64"}); err != nil || len(list) != len(seats) {
		t.Errorf("a large range gives %d addresses, %v", len(list), err)
	}
}

// With fewer addresses the receivers that share the first one are there, the others say
// what they need.
func TestFewAddresses(t *testing.T) {
	l := startLab(t, func(c *Config) { c.Listen, c.Policy = c.Listen[:2], Address{} })
	for name, want := range map[string]string{
		Good: "unseen", Plain: "unseen", Expired: "lacks-address", Size: "lacks-address", BackupMX: "lacks-address",
		STSGood: "lacks-policy", DANEBad: "lacks-dnssec", IPv6: "lacks-ipv6", IPv4: "unseen",
	} {
		if c := l.matrix(t).Cell(name); c.Reason != want {
			t.Errorf("%s: %s, want %s", name, c.Reason, want)
		}
	}
	l.cfg.Resolver = dns.MustMemory(dns.Zone{})
	l.want(t, Good, VerdictUntestable, "lacks-zone")
}
