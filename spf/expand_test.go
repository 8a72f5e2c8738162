package spf

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func macroChecker(t testing.TB, ip, sender, helo string) (*checker, *frame) {
	t.Helper()
	local, domain := splitSender(sender)
	c := &checker{ctx: context.Background(), ip: netip.MustParseAddr(ip), local: local, domain: domain, helo: helo,
		receiver: "mx.example.org", now: time.Unix(1700000000, 0)}
	c.is4, c.client = c.ip.Is4(), addressOf(c.ip)
	c.resolver = zone{
		"3.2.0.192.in-addr.arpa": {"PTR mx.example.org"},
		"mx.example.org":         {"A 192.0.2.3"},
	}.resolver(t)
	return c, c.push(nil, domain, strings.ToLower(domain))
}

// TestMacroExpansion has the examples of RFC 7208 section 7.4 and what its rules
// in section 7.3 add to them.
func TestMacroExpansion(t *testing.T) {
	const sender = "strong-bad@email.example.com"
	for _, c := range []struct{ ip, text, want string }{
		{"192.0.2.3", "%{s}", sender},
		{"192.0.2.3", "%{o}", "email.example.com"},
		{"192.0.2.3", "%{d}", "email.example.com"},
		{"192.0.2.3", "%{d4}", "email.example.com"},
		{"192.0.2.3", "%{d3}", "email.example.com"},
		{"192.0.2.3", "%{d2}", "example.com"},
		{"192.0.2.3", "%{d1}", "com"},
		{"192.0.2.3", "%{dr}", "com.example.email"},
		{"192.0.2.3", "%{d2r}", "example.email"},
		{"192.0.2.3", "%{l}", "strong-bad"},
		{"192.0.2.3", "%{l-}", "strong.bad"},
		{"192.0.2.3", "%{lr}", "strong-bad"},
		{"192.0.2.3", "%{lr-}", "bad.strong"},
		{"192.0.2.3", "%{l1r-}", "strong"},
		{"192.0.2.3", "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
		{"192.0.2.3", "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
		{"192.0.2.3", "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
		{"192.0.2.3", "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
		{"192.0.2.3", "%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
		{"2001:db8::cb01", "%{ir}.%{v}._spf.%{d2}",
			"1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6._spf.example.com"},
		{"192.0.2.3", "%{p}", "mx.example.org"},
		{"192.0.2.4", "%{p}", "unknown"},
		{"192.0.2.3", "%{h} %{c} %{r} %{t}", "helo.example.com 192.0.2.3 mx.example.org 1700000000"},
		{"2001:db8::cb01", "%{c}", "2001:db8::cb01"},
		{"192.0.2.3", "%{S}", "strong-bad%40email.example.com"},
		{"192.0.2.3", "%%%_%-%{d127}", "% %20email.example.com"},
		{"192.0.2.3", "%{s.-@}", ""},
		{"192.0.2.3", "%{s3-.}", "bad@email.example.com"},
		{"192.0.2.3", "%{O2R.}", "example.email"},
		{"192.0.2.3", "plain text", "plain text"},
	} {
		t.Run(c.text, func(t *testing.T) {
			m, err := ParseExplanation(c.text)
			if err != nil {
				if c.want != "" {
					t.Fatal(err)
				}
				return
			}
			chk, f := macroChecker(t, c.ip, sender, "helo.example.com")
			if got := chk.expandText(m, f); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// TestMacroValidatedName: section 7.3, of several names %{p} is the one of the domain of the record at hand.
func TestMacroValidatedName(t *testing.T) {
	c, _ := macroChecker(t, "192.0.2.3", "a@example.com", "")
	c.resolver = zone{
		"3.2.0.192.in-addr.arpa": {"PTR mx.example.org", "PTR a.example.com", "PTR b.example.net"},
		"mx.example.org":         {"A 192.0.2.3"}, "a.example.com": {"A 192.0.2.3"}, "b.example.net": {"A 192.0.2.3"},
	}.resolver(t)
	for range 2 {
		for domain, want := range map[string]string{"example.com": "a.example.com", "example.net": "b.example.net", "example": "mx.example.org"} {
			if got := c.validatedName(domain); got != want {
				t.Errorf("%s: %s, want %s", domain, got, want)
			}
		}
	}
}

// TestMacroEmptyParts: section 7.3, leading, trailing and consecutive delimiters
// give empty parts.
func TestMacroEmptyParts(t *testing.T) {
	for text, want := range map[string]string{"%{l-}": ".a..b.", "%{lr-}": ".b..a.", "%{l2-}": "b.", "%{l}": "-a--b-"} {
		m, err := ParseExplanation(text)
		if err != nil {
			t.Fatal(err)
		}
		c, f := macroChecker(t, "192.0.2.3", "-a--b-@example.com", "")
		if got := c.expandText(m, f); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestMacroTruncation: section 7.3, a name longer than 253 octets loses whole
// labels at its left, not more than needed.
func TestMacroTruncation(t *testing.T) {
	label := strings.Repeat("a", 50)
	for _, c := range []struct {
		text string
		want int
	}{
		{strings.Repeat(label+".", 4) + strings.Repeat("b", 49), 253},
		{"x." + strings.Repeat(label+".", 4) + strings.Repeat("b", 49), 253},
		{strings.Repeat(label+".", 4) + strings.Repeat("b", 50), 254 - 51},
		{strings.Repeat(label+".", 5) + "%{d}", 4*51 + len("example.com")},
		{strings.Repeat("%{d}.", 5000) + "%{d}", 251},
	} {
		m, err := parseMacroString(c.text, inDomain)
		if err != nil {
			t.Fatal(err)
		}
		chk, f := macroChecker(t, "192.0.2.3", "a@example.com", "")
		if got := chk.expandName(m, f); len(got) != c.want || nameProblem(got) != "" {
			t.Errorf("%.60s...: %d octets, want %d: %q", c.text, len(got), c.want, got)
		}
	}
}

// TestMacroWork counts allocations of texts with few and with thousands of macros: a name
// is expanded from its right end only, and a macro that comes to nothing costs nothing.
func TestMacroWork(t *testing.T) {
	sender := strings.Repeat("a-", 400) + "@" + strings.Repeat("b.", 100) + "example.com"
	for _, macro := range []string{"%{Sr.-+=_}", "%{s}", "%{l1-}", "%{L1-}", "%{l1r" + strings.Repeat("-", 40) + "}", "%{p}", "%{d}.", "%%"} {
		allocs := func(n int) (name, text float64) {
			m, err := parseMacroString(strings.Repeat(macro, n), inDomain)
			if err != nil {
				t.Fatal(err)
			}
			c, f := macroChecker(t, "192.0.2.3", sender, "")
			c.validatedName(f.domain) // the questions are asked once
			name = testing.AllocsPerRun(5, func() { c.expandName(m, f) })
			return name, testing.AllocsPerRun(5, func() { c.expandText(m, f) })
		}
		name, text := allocs(300)
		moreName, moreText := allocs(6000)
		if moreName > name || moreText > text+12 { // a text of 1,024 octets grows a few times more
			t.Errorf("%s: 300 cost %v and %v allocations, 6,000 cost %v and %v", macro, name, text, moreName, moreText)
		}
	}
}

// TestMacroTransformers holds the transformers of section 7.3 against splitting all.
func TestMacroTransformers(t *testing.T) {
	for _, value := range []string{"", "a", "a.b.c", "a-b.c+d", "-a--b-", "....", ".-.", "strong-bad@email.example.com", "a,b/c_d=e"} {
		for _, delims := range []string{"", "-", ".-", "-.+,/_=", "--------"} {
			for _, reverse := range []bool{false, true} {
				for _, keep := range []uint8{0, 1, 2, 3, 255} {
					set := delims
					if set == "" {
						set = "."
					}
					parts := strings.Split(strings.Map(func(r rune) rune {
						if strings.ContainsRune(set, r) {
							return '\n'
						}
						return r
					}, value), "\n")
					if reverse {
						slices.Reverse(parts)
					}
					if n := int(keep); n > 0 && n < len(parts) {
						parts = parts[len(parts)-n:]
					}
					want := "x" + strings.Join(parts, ".")
					p := &macroPart{letter: 's', keep: keep, reverse: reverse, delims: delims}
					if got := appendTransformed([]byte("x"), value, p); string(got) != want {
						t.Errorf("%q with %d, reversed %v, split at %q: %q, want %q", value, keep, reverse, delims, got, want)
					}
				}
			}
		}
	}
}

// TestMacroTail holds a name that is expanded from the right against one that is expanded whole.
func TestMacroTail(t *testing.T) {
	for _, text := range []string{"%{d}.", "%{l}.%{d}", "%{ir}.%{v}.", "a.%{dr}", "%{S}.x", "%{l}"} {
		for n := range 40 {
			whole := strings.Repeat(text, n) + "%{o}"
			m, err := parseMacroString(whole, inDomain)
			if err != nil {
				t.Fatal(err)
			}
			c, f := macroChecker(t, "2001:db8::1", strings.Repeat("l", n)+"@mail.example.com.", "")
			var all []byte
			for i := range m.parts {
				all = c.appendPart(all, &m.parts[i], f)
			}
			want := strings.TrimSuffix(string(all), ".")
			if len(want) > maxName {
				want = want[len(want)-maxName-1:]
				want = want[strings.IndexByte(want, '.')+1:]
			}
			if got := c.expandName(m, f); got != want {
				t.Errorf("%q: %q, want %q", whole, got, want)
			}
		}
	}
}

// FuzzMacro expands whatever parses, as text and as name: bounded, no panic.
func FuzzMacro(f *testing.F) {
	for _, s := range []string{"%{s}", "%{d2r.-+,/_=}", "%{L255r-}.%{ir}.%{v}", "a %% b %_ %-", "%{p} %{c} %{t} %{R}",
		"%{h}", "%{", "%{d0}", strings.Repeat("%{s}.", 300)} {
		f.Add(s, "strong-bad@example.com", "mail.example.com")
	}
	f.Add("%{l1r-}%{o}%{h}", "....-@", "")
	f.Fuzz(func(t *testing.T, text, sender, helo string) {
		if len(sender) > maxPath || len(helo) > maxPath {
			return
		}
		c, fr := macroChecker(t, "2001:db8::1", sender, helo)
		if m, err := ParseExplanation(text); err == nil {
			if out := c.expandText(m, fr); len(out) > maxExplanation {
				t.Errorf("%d octets of text", len(out))
			}
		}
		m, err := parseDomainSpec(text)
		if err != nil {
			return
		}
		if !utf8.ValidString(text) {
			t.Errorf("a domain-spec with octets outside US-ASCII: %q", text)
		}
		name := c.expandName(m, fr)
		if len(name) > maxName && strings.Contains(name[len(name)-maxName-1:], ".") {
			t.Errorf("a name of %d octets: %q", len(name), name)
		}
	})
}
