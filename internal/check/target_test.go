package check

import (
	"errors"
	"strings"
	"testing"
)

// TestParseTarget: what people paste is understood or refused for one clear reason.
func TestParseTarget(t *testing.T) {
	for _, c := range []struct {
		text string
		kind Kind
		want string // domain or address
		err  error
	}{
		{"example.com", KindDomain, "example.com", nil},
		{" Example.COM. ", KindDomain, "example.com", nil},
		{"日本語。jp", KindDomain, "xn--wgv71a119e.jp", nil},
		{"ドメイン名例.jp", KindDomain, "xn--eckwd4c7cu47r2wf.jp", nil},
		{"ｅｘａｍｐｌｅ．ｃｏｍ", KindDomain, "example.com", nil},
		{"_dmarc.example.com", KindDomain, "example.com", nil},
		{"s1._domainkey.news.example.com.", KindDomain, "news.example.com", nil},
		{"_smtp._tls.example.com", KindDomain, "example.com", nil},
		{"_spf.example.com", KindDomain, "_spf.example.com", nil},
		{"25.2.0.192.in-addr.arpa", KindIP, "192.0.2.25", nil},
		{"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", KindIP, "2001:db8::1", nil},
		{"2.0.192.in-addr.arpa", KindDomain, "2.0.192.in-addr.arpa", nil},
		{"192.0.2.1:25", KindIP, "192.0.2.1", nil},
		{"[2001:db8::1]:25", KindIP, "2001:db8::1", nil},
		{"user@[192.0.2.1]", KindIP, "192.0.2.1", nil},
		{"192.0.2.1-192.0.2.9", KindDomain, "", ErrRange},
		{"192.0.2.1 - 9", KindDomain, "", ErrRange},
		{"192.0.2.*", KindDomain, "", ErrRange},
		{"https://www.example.com/path?q=1", KindDomain, "www.example.com", nil},
		{"https://user@www.example.com:8443/x@y", KindDomain, "www.example.com", nil},
		{"example.com/path", KindDomain, "example.com", nil},
		{"example.com:25", KindDomain, "example.com", nil},
		{"user@example.com", KindAddress, "example.com", nil},
		{"<user@Example.com>", KindAddress, "example.com", nil},
		{"mailto:a@example.com?subject=x", KindAddress, "example.com", nil},
		{"MAILTO:ȺȺȺȺȺȺȺȺȺȺȺȺ@example.com?x", KindAddress, "example.com", nil},
		{"利用者＠日本語.jp", KindAddress, "xn--wgv71a119e.jp", nil},
		{"192.0.2.1", KindIP, "192.0.2.1", nil},
		{"[192.0.2.1]", KindIP, "192.0.2.1", nil},
		{"[IPv6:2001:db8::1]", KindIP, "2001:db8::1", nil},
		{"2001:db8::1", KindIP, "2001:db8::1", nil},
		{"http://[2001:db8::1]/", KindIP, "2001:db8::1", nil},
		{"::ffff:192.0.2.1", KindIP, "192.0.2.1", nil},
		{"192.0.2.0/24", KindDomain, "", ErrRange},
		{"2001:db8::/32", KindDomain, "", ErrRange},
		{"", KindDomain, "", ErrEmpty},
		{"  ", KindDomain, "", ErrEmpty},
		{"localhost", KindDomain, "", ErrOneLabel},
		{"com", KindDomain, "", ErrOneLabel},
		{"300.1.2.3", KindDomain, "", ErrName},
		{"exa mple.com", KindDomain, "", ErrName},
		{"a..b.com", KindDomain, "", ErrName},
		{".example.com", KindDomain, "", ErrName},
		{"example.com; rm -rf /", KindDomain, "", ErrName},
		{"fe80::1%eth0", KindDomain, "", ErrName},
		{"-", KindDomain, "", ErrName},
		{"x@", KindAddress, "", ErrName},
		{strings.Repeat("例", 79) + ".jp", KindDomain, "", ErrName},
	} {
		got, err := ParseTarget(c.text)
		if !errors.Is(err, c.err) || err == nil != (c.err == nil) {
			t.Errorf("%q: error %v, want %v", c.text, err, c.err)
			continue
		}
		name := got.Domain
		if got.Kind == KindIP {
			name = got.IP.String()
		}
		if err == nil && (got.Kind != c.kind || name != c.want) {
			t.Errorf("%q: %s %q, want %s %q", c.text, got.Kind, name, c.kind, c.want)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"example.com", "[IPv6:::1]", "http://a@b.c:1/", "mailto:x@y.z?", "１.２", "<>", "a/b@c.d", "MAILTO:ȺȺȺȺȺȺȺȺȺȺȺȺ@example.com?x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseTarget(text)
		if err != nil {
			return
		}
		if got.Kind == KindIP != got.IP.IsValid() || got.Kind != KindIP && got.Domain == "" {
			t.Fatalf("%q: %+v", text, got)
		}
		if again, err := ParseTarget(got.Domain); got.Domain != "" && (err != nil || again.Domain != got.Domain) {
			t.Fatalf("%q gives %q, which gives %q: %v", text, got.Domain, again.Domain, err)
		}
	})
}

// TestNoPassword: what is pasted with its password does not stand in the report.
func TestNoPassword(t *testing.T) {
	for in, want := range map[string]string{
		"https://ann:s3cret@example.com/x?y=a@b": "https://ann:…@example.com/x?y=a@b", "ftp://:p@ss@example.com": "ftp://:…@example.com",
		"https://ann@example.com/": "https://ann@example.com/", "ann@example.com": "ann@example.com", "https://example.com:8443/a:b@c": "https://example.com:8443/a:b@c",
	} {
		got, err := ParseTarget(in)
		if err != nil || got.Text != want || got.Domain != "example.com" {
			t.Errorf("%q: %+v %v, want %q", in, got, err, want)
		}
	}
}
