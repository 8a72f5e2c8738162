package inbox

import (
	"fmt"
	"strings"
	"testing"
)

func TestParsePath(t *testing.T) {
	for _, c := range []struct {
		in, mailbox, local, domain string
		problem                    string // a part of it
	}{
		{in: "<a@example.com>", mailbox: "a@example.com", local: "a", domain: "example.com"},
		{in: "<>"},
		{in: " <a@b> SIZE=1", mailbox: "a@b", local: "a", domain: "b"},
		{in: "<@relay.example,@b.example:a@c.example>", mailbox: "a@c.example", local: "a", domain: "c.example"},
		{in: `<"a b\"c"@d>`, mailbox: `"a b\"c"@d`, local: `a b"c`, domain: "d"},
		{in: `<"a>b"@d>`, mailbox: `"a>b"@d`, local: "a>b", domain: "d"},
		{in: "<a@[192.0.2.1]>", mailbox: "a@[192.0.2.1]", local: "a", domain: "[192.0.2.1]"},
		{in: "<a@[IPv6:2001:db8::1]>", mailbox: "a@[IPv6:2001:db8::1]", local: "a", domain: "[IPv6:2001:db8::1]"},
		{in: "<Postmaster>", mailbox: "Postmaster", local: "Postmaster"},
		{in: "<届@例え.jp>", mailbox: "届@例え.jp", local: "届", domain: "例え.jp"},
		{in: "a@example.com", problem: "angle brackets"},
		{in: "<a@example.com", problem: "closing angle bracket"},
		{in: "<a@b>SIZE=1", problem: "space is missing"},
		{in: "<a>", problem: "no @"},
		{in: "<@relay.example>", problem: "colon"},
		{in: "<@b>", problem: "colon"},
		{in: "<a b@c>", problem: "without quotes"},
		{in: "<a\x00@c>", problem: "without quotes"},
		{in: "<a@b..c>", problem: "neither"},
		{in: "<a@.c>", problem: "neither"},
		{in: "<a@[1.2.3]>", problem: "neither"},
		{in: "<a@[2001:db8::1]>", problem: "neither"},
		{in: "<a@>", problem: "neither"},
		{in: "<" + strings.Repeat("a", 65) + "@b>", problem: "1 to 64"},
		{in: "<a@" + strings.Repeat("b", 256) + ">", problem: "neither"},
		{in: "<\xff@b>", problem: "UTF-8"},
		{in: `<"a\`, problem: "closing angle bracket"},
		{in: "<\"a\rb\"@c>", problem: "control character"},
		{in: "", problem: "angle brackets"},
	} {
		p, problem := parsePath(c.in)
		if (problem == "") != (c.problem == "") || !strings.Contains(problem, c.problem) {
			t.Errorf("%q: problem %q, want %q", c.in, problem, c.problem)
			continue
		}
		if problem == "" && (p.mailbox != c.mailbox || p.local != c.local || p.domain != c.domain) {
			t.Errorf("%q: got %+v", c.in, p)
		}
	}
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"<a@b>", "<>", `<"\">"@b> X=1`, "<@a:b@c>", "<a@[IPv6:::1]>", "<\xff>", `"`, "<postmaster>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, problem := parsePath(s)
		if problem != "" || p.mailbox == "" {
			return
		}
		if !strings.Contains(s, p.mailbox) || p.local == "" || len(p.local) > maxLocalPart {
			t.Fatalf("%q: %+v", s, p)
		}
		again, problem := parsePath("<" + p.mailbox + ">")
		if problem != "" || again.local != p.local || again.domain != p.domain {
			t.Fatalf("%q gives %+v, which reads as %+v (%s)", s, p, again, problem)
		}
	})
}

func TestParseProxy(t *testing.T) {
	for line, want := range map[string]string{
		"PROXY TCP4 192.0.2.1 198.51.100.1 56324 25": "192.0.2.1:56324",
		"PROXY TCP6 2001:db8::1 2001:db8::2 1 65535": "[2001:db8::1]:1",
		"PROXY UNKNOWN": "invalid AddrPort",
		"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535": "invalid AddrPort",
		"PROXY TCP4 2001:db8::1 2001:db8::2 1 2":                    "",
		"PROXY TCP6 192.0.2.1 198.51.100.1 1 2":                     "",
		"PROXY TCP4 192.0.2.1 198.51.100.1 1 65536":                 "",
		"PROXY TCP4 192.0.2.1 198.51.100.1 01 2":                    "",
		"PROXY TCP4 192.0.2.1 198.51.100.1 1":                       "",
		"PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3":                   "",
		"PROXY  TCP4 192.0.2.1 198.51.100.1 1 2":                    "",
		"PROXY TCP6 fe80::1%eth0 fe80::2 1 2":                       "",
		"PROXY":                                                     "",
		"EHLO x":                                                    "",
		"PROXY UNKNOWN " + strings.Repeat("x", 100):                 "",
	} {
		a, err := parseProxy(line)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q was taken: %v", line, a)
		case want != "" && (err != nil || a.String() != want):
			t.Errorf("%q: %v, %v; want %s", line, a, err, want)
		}
	}
}

func FuzzParseProxy(f *testing.F) {
	f.Add("PROXY TCP4 192.0.2.1 198.51.100.1 56324 25")
	f.Add("PROXY UNKNOWN x")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := parseProxy(s)
		if err != nil || !a.IsValid() {
			return
		}
		family := map[bool]string{true: "TCP4", false: "TCP6"}[a.Addr().Is4()]
		again, err := parseProxy(fmt.Sprintf("PROXY %s %s %s %d %d", family, a.Addr(), a.Addr(), a.Port(), a.Port()))
		if err != nil || again != a {
			t.Fatalf("%q gives %v, which reads as %v (%v)", s, a, again, err)
		}
	})
}
