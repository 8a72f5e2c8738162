package cli

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

// TestCheckTargets: nonsense is refused in one clear line; with several targets from
// standard input each has its own.
func TestCheckTargets(t *testing.T) {
	p := newProgram(t, shop())
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"check"}, "name a domain"},
		{[]string{"check", "192.0.2.0/24"}, "192.0.2.0/24 is a range of addresses"},
		{[]string{"check", "192.0.2.1-192.0.2.9"}, "192.0.2.1-192.0.2.9 is a range of addresses"},
		{[]string{"check", "example.com", "--what-if", "@ TXT v=spf1 -all"}, "is no complete name"},
		{[]string{"check", "localhost"}, "localhost has no dot"},
		{[]string{"check", ""}, "an empty target"},
		{[]string{"check", "shop.example", "no such thing"}, "no such thing is not a domain"},
		{[]string{"--lang", "ja", "check", "a b"}, "a b はドメイン"},
		{[]string{"check", "shop.example", "--audience", "few"}, "--audience few: choose all or bulk"},
		{[]string{"check", "shop.example", "--ip", "1.2.3"}, "1.2.3"},
		{[]string{"check", "shop.example", "--dns-only", "--probe"}, "choose one"},
		{[]string{"check", "shop.example", "--allow-private", "home"}, "--allow-private home: write a network"},
	} {
		r := p.run(c.args...).want(t, 2)
		if !strings.Contains(r.err, c.want) || r.out != "" {
			t.Errorf("%q: stdout %q, stderr %q, want %q", c.args, r.out, r.err, c.want)
		}
	}
	r := p.with("shop.example\n# a remark\n\nnot a name\n").run("check", "--dns-only", "--json", "-").want(t, 3)
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `{"target":"shop.example","findings":[`) ||
		!strings.Contains(lines[1], `"score":null,"error":"not a name is not`) {
		t.Errorf("got %q", r.out)
	}
}

// TestCheckBlind: a resolver that does not answer gives no verdict.
func TestCheckBlind(t *testing.T) {
	p := newProgram(t, dns.Zone{})
	p.run("check", "shop.example", "--dns-only", "--resolver", "127.0.0.1:1", "--timeout", "3").want(t, 3)
}
