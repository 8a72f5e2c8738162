package srs

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 6, 12, 0, 0, 0, time.UTC)

func rewriter(t testing.TB, change ...func(*Config)) *Rewriter {
	t.Helper()
	c := Config{Domains: []string{"Fwd.example.", "other.fwd.example"}, Secrets: [][]byte{[]byte("tops3cr3t")}}
	for _, f := range change {
		f(&c)
	}
	r, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSecretsAreNotShown: whatever prints a rewriter shows whose it is, and nothing more.
func TestSecretsAreNotShown(t *testing.T) {
	r := rewriter(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, r); got != "srs rewriter of fwd.example" {
			t.Errorf("%s: %s", verb, got)
		}
	}
}

func TestForwardAndBack(t *testing.T) {
	for _, sep := range []byte("=+-") {
		r := rewriter(t, func(c *Config) { c.Separator = sep })
		for _, sender := range []string{
			"user@example.com", "User.Name+tag=x@Example.COM", `"john doe"@example.com`, `"a\"b\\c@d"@example.com`, "u@[192.0.2.1]",
			"u@[IPv6:2001:db8::1]", "a=b=c@example.com", "利用者@example.com", "SRS0@example.com", "SRS2=x@example.com", `".x"@example.com`,
		} {
			out, err := r.Forward(sender, noon)
			if err != nil {
				t.Errorf("%c %s: %v", sep, sender, err)
				continue
			}
			if !strings.HasPrefix(strings.TrimPrefix(out, `"`), "SRS0"+string(sep)) || !strings.HasSuffix(out, "@fwd.example") || !Rewritten(out) {
				t.Errorf("%c %s became %s", sep, sender, out)
			}
			for _, mangled := range []string{out, strings.ToLower(out), strings.ToUpper(out)} {
				back, err := r.Reverse(mangled, noon.Add(21*day))
				if err != nil || !strings.EqualFold(back, sender) {
					t.Errorf("%c %s came back as %s, %v", sep, mangled, back, err)
				}
			}
			if back, err := r.Reverse(out, noon); back != sender {
				t.Errorf("%c %s came back as %s, %v", sep, out, back, err)
			}
		}
	}
}

// TestTimestamp: 1024 days are written before it begins again.
func TestTimestamp(t *testing.T) {
	for days, want := range map[int64]string{0: "AA", 1: "AB", 31: "A7", 32: "BA", 1023: "77", 1024: "AA", -1: "77"} {
		if got := timestamp(time.Unix(days*86400, 0)); got != want {
			t.Errorf("day %d is %s, not %s", days, got, want)
		}
	}
	r := rewriter(t)
	last := time.Unix(1023*86400, 0) // across the wrap
	if back, err := r.Reverse(must(t)(r.Forward("user@example.com", last)), last.Add(5*day)); back != "user@example.com" {
		t.Errorf("%s, %v", back, err)
	}
}

// TestKnownAnswer: what postsrsd 1.10 wrote with this secret on this day.
func TestKnownAnswer(t *testing.T) {
	r := rewriter(t, func(c *Config) { c.Secrets = [][]byte{[]byte("A shared secret of both")} })
	got := must(t)(r.Forward("user@example.com", time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC)))
	if want := "SRS0=R9pR=JP=example.com=user@fwd.example"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

func TestUntouched(t *testing.T) {
	r := rewriter(t, func(c *Config) { c.Local = func(d string) bool { return d == "local.example" } })
	for _, sender := range []string{"", "u@fwd.example", "u@FWD.example", "u@other.fwd.example", "u@Local.Example", "SRS0=xxxx=AA=a.example=b@fwd.example"} {
		if out, err := r.Forward(sender, noon); out != sender || err != nil {
			t.Errorf("%q became %q, %v", sender, out, err)
		}
	}
}

// TestUnicodeDomains: a mail server names an internationalised domain of ours in Unicode or in A-labels (RFC 6531), and means the same.
func TestUnicodeDomains(t *testing.T) {
	const unicode, ascii = "例え.example", "xn--r8jz45g.example"
	for _, ours := range []string{unicode, ascii} {
		r := rewriter(t, func(c *Config) { c.Domains = []string{ours} })
		for _, theirs := range []string{unicode, ascii, strings.ToUpper(ascii)} {
			if out, err := r.Forward("u@"+theirs, noon); out != "u@"+theirs || err != nil {
				t.Errorf("of %s: u@%s became %s, %v", ours, theirs, out, err)
			}
			local, _, _ := strings.Cut(must(t)(r.Forward("user@example.com", noon)), "@")
			if back, err := r.Reverse(local+"@"+theirs, noon); back != "user@example.com" || err != nil {
				t.Errorf("of %s: %s@%s came back as %s, %v", ours, local, theirs, back, err)
			}
		}
	}
}

// TestChain: the second forwarder guards the first one's address, the third stands in the second's place.
func TestChain(t *testing.T) {
	first, second := rewriter(t), rewriter(t, func(c *Config) { c.Domains, c.Secrets = []string{"two.example"}, [][]byte{[]byte("2")} })
	third := rewriter(t, func(c *Config) {
		c.Domains, c.Secrets, c.LongLocal = []string{"three.example"}, [][]byte{[]byte("3")}, true
	})
	one := must(t)(first.Forward("user@example.com", noon))
	two := must(t)(second.Forward(one, noon))
	if !strings.HasPrefix(two, "SRS1=") || !strings.Contains(two, "=fwd.example==") || !strings.HasSuffix(two, "=example.com=user@two.example") {
		t.Fatalf("the second hop: %s", two)
	}
	three := must(t)(third.Forward(two, noon))
	if len(three) != len(two)+len("three")-len("two") {
		t.Fatalf("the chain grows: %s", three)
	}
	for _, hop := range []struct {
		r       *Rewriter
		address string
	}{{second, two}, {third, three}} {
		if back := must(t)(hop.r.Reverse(hop.address, noon)); back != one {
			t.Errorf("%s came back as %s, not %s", hop.address, back, one)
		}
	}
	if _, err := second.Reverse(strings.Replace(three, "three.example", "two.example", 1), noon); !errors.Is(err, ErrHash) {
		t.Errorf("another's hash: %v", err)
	}
	if back := must(t)(first.Reverse(one, noon)); back != "user@example.com" {
		t.Errorf("home is %s", back)
	}
}

func TestSecretsChange(t *testing.T) {
	old := rewriter(t)
	out := must(t)(old.Forward("user@example.com", noon))
	both := rewriter(t, func(c *Config) { c.Secrets = [][]byte{[]byte("new"), []byte("tops3cr3t")} })
	if back := must(t)(both.Reverse(out, noon)); back != "user@example.com" {
		t.Error(back)
	}
	if again := must(t)(both.Forward("user@example.com", noon)); again == out {
		t.Error("the old secret signs")
	}
	only := rewriter(t, func(c *Config) { c.Secrets = [][]byte{[]byte("new")} })
	if _, err := only.Reverse(out, noon); !errors.Is(err, ErrHash) {
		t.Errorf("without the old secret: %v", err)
	}
}

func TestRefused(t *testing.T) {
	r := rewriter(t)
	out := must(t)(r.Forward("user@example.com", noon))
	for name, c := range map[string]struct {
		address string
		at      time.Time
		want    error
	}{
		"another user":        {strings.Replace(out, "=user@", "=root@", 1), noon, ErrHash},
		"another domain":      {strings.Replace(out, "=example.com=", "=example.org=", 1), noon, ErrHash},
		"a hash too short":    {strings.Replace(out, out[5:9], out[5:8], 1), noon, ErrHash},
		"no hash":             {"SRS0==AA=example.com=user@fwd.example", noon, ErrHash},
		"too old":             {out, noon.Add(22 * day), ErrExpired},
		"from tomorrow":       {out, noon.Add(-day), ErrExpired},
		"the same day around": {out, noon.Add(1046 * day), ErrExpired},
		"somebody":            {"user@fwd.example", noon, ErrNotSRS},
		"not ours":            {"SRS0=aaaa=AA=example.com=user@elsewhere.example", noon, ErrNotSRS},
		"a part missing":      {"SRS0=aaaa=AA=user@fwd.example", noon, ErrSyntax},
		"SRS1 without tail":   {"SRS1=aaaa=example.com=x@fwd.example", noon, ErrSyntax},
		"no address":          {"SRS0=aaaa=AA", noon, ErrSyntax},
		"nothing":             {"", noon, ErrSyntax},
		"a line end":          {"\"SRS0=aaaa=AA=example.com=u\r\nRCPT\"@fwd.example", noon, ErrSyntax},
		"a space":             {"SRS0=aaaa=AA=example.com=u x@fwd.example", noon, ErrSyntax},
		"a domain of spaces":  {"\"SRS0=aaaa=AA=exa mple.com=u\"@fwd.example", noon, ErrSyntax},
	} {
		if back, err := r.Reverse(c.address, c.at); !errors.Is(err, c.want) || back != "" {
			t.Errorf("%s: %q, %v", name, back, err)
		}
	}
	for _, sender := range []string{"user", "@example.com", "user@", "u@exa mple.com", "u@example..com", "a b@example.com", "\"a@example.com", "u\n@example.com", "<u@example.com>", "u@" + strings.Repeat("a", 2000)} {
		if out, err := r.Forward(sender, noon); !errors.Is(err, ErrSyntax) {
			t.Errorf("%q became %q, %v", sender, out, err)
		}
	}
}

// TestLimits: RFC 5321 section 4.5.3.1.1 bounds the local part, 4.5.3.1.3 the path.
func TestLimits(t *testing.T) {
	r, long := rewriter(t), rewriter(t, func(c *Config) { c.LongLocal = true })
	fits := strings.Repeat("u", MaxLocal-len("SRS0=HHHH=TT=example.com="))
	if out, err := r.Forward(fits+"@example.com", noon); err != nil || strings.IndexByte(out, '@') != MaxLocal {
		t.Errorf("a local part of %d: %s, %v", MaxLocal, out, err)
	}
	if out, err := r.Forward(fits+"u@example.com", noon); !errors.Is(err, ErrTooLong) || out != "" {
		t.Errorf("one of %d: %s, %v", MaxLocal+1, out, err)
	}
	if out, err := long.Forward(fits+"u@example.com", noon); err != nil {
		t.Errorf("where they may be longer: %s, %v", out, err)
	}
	if out, err := long.Forward(strings.Repeat("u", 64)+"@"+strings.Repeat("a.", 90)+"example", noon); !errors.Is(err, ErrTooLong) {
		t.Errorf("a path that is too long: %s, %v", out, err)
	}
}

func TestConfig(t *testing.T) {
	good := Config{Domains: []string{"fwd.example"}, Secrets: [][]byte{[]byte("s")}}
	for name, f := range map[string]func(*Config){
		"no domain": func(c *Config) { c.Domains = nil }, "a bad domain": func(c *Config) { c.Domains = []string{"a b"} },
		"no secret": func(c *Config) { c.Secrets = nil }, "an empty secret": func(c *Config) { c.Secrets = [][]byte{{}} },
		"a separator": func(c *Config) { c.Separator = '/' }, "a short hash": func(c *Config) { c.HashLength = 3 },
		"a long hash": func(c *Config) { c.HashLength = 28 }, "hash min": func(c *Config) { c.HashMin = 5 },
		"no day": func(c *Config) { c.MaxAge = time.Hour }, "too many days": func(c *Config) { c.MaxAge = 1024 * day },
	} {
		c := good
		if f(&c); true {
			if _, err := New(c); err == nil {
				t.Errorf("%s is no error", name)
			}
		}
	}
}

func must(t *testing.T) func(string, error) string {
	return func(s string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestParseSecrets(t *testing.T) {
	got, err := ParseSecrets([]byte("first\r\n\n second \nthird"))
	if err != nil || len(got) != 3 || string(got[0]) != "first" || string(got[1]) != " second " || string(got[2]) != "third" {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"", "\n\r\n", strings.Repeat("x", 65<<10)} {
		if _, err := ParseSecrets([]byte(bad)); err == nil {
			t.Errorf("%d octets are secrets", len(bad))
		}
	}
}
