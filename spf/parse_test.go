package spf

import (
	"errors"
	"strings"
	"testing"
)

// TestParse reads records that are in order: the canonical form, and the terms.
func TestParse(t *testing.T) {
	for _, c := range []struct{ name, record, canonical string }{
		{"version-only", "v=spf1", "v=spf1"},
		{"version-in-any-case", "V=SPF1 -ALL", "v=spf1 -all"},
		{"spaces", "v=spf1   a    -all   ", "v=spf1 a -all"},
		{"qualifiers", "v=spf1 +a -mx ~ptr ?all", "v=spf1 a -mx ~ptr ?all"},
		{"networks", "v=spf1 ip4:192.0.2.1/32 ip4:192.0.2.0/24 ip4:0.0.0.0/0 ip6:2001:DB8::/32 IP6:::1",
			"v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 ip4:0.0.0.0/0 ip6:2001:db8::/32 ip6:::1"},
		{"host-bits-stay", "v=spf1 ip4:192.0.2.77/24", "v=spf1 ip4:192.0.2.77/24"},
		{"ip6-with-embedded-ip4", "v=spf1 ip6:::ffff:192.0.2.1", "v=spf1 ip6:::ffff:192.0.2.1"},
		{"dual-cidr", "v=spf1 a/24 a//64 a/24//64 mx:example.com/0//0 a/32//128", "v=spf1 a/24 a//64 a/24//64 mx:example.com/0//0 a"},
		{"domain-with-slashes", "v=spf1 exists:a/24.b/x.example.com a:x/32.example.com/24", "v=spf1 exists:a/24.b/x.example.com a:x/32.example.com/24"},
		{"domain-with-colons", "v=spf1 a:foo:bar.example.com", "v=spf1 a:foo:bar.example.com"},
		{"final-dot", "v=spf1 include:example.com.", "v=spf1 include:example.com."},
		{"hyphen-and-digits-in-top-label", "v=spf1 a:example.xn--p1ai a:example.1-2 a:.com", "v=spf1 a:example.xn--p1ai a:example.1-2 a:.com"},
		{"macros", "v=spf1 exists:%{ir}.%{v}._spf.%{D2} a:%{l1r+-}.%{h} a:%{d}/24 exists:%{p}%%%_%-.com",
			"v=spf1 exists:%{ir}.%{v}._spf.%{D2} a:%{l1r+-}.%{h} a:%{d}/24 exists:%{p}%%%_%-.com"},
		{"ends-in-percent-macro", "v=spf1 exists:foo%%", "v=spf1 exists:foo%%"},
		{"redirect-and-exp", "v=spf1 Redirect=a.example.com EXP=b.example.com", "v=spf1 redirect=a.example.com exp=b.example.com"},
		{"unknown-modifiers-repeat", "v=spf1 foo=bar FOO.b-_9=%{c}:x= foo= v=spf1", "v=spf1 foo=bar foo.b-_9=%{c}:x= foo= v=spf1"},
		{"parts-beyond-any-value", "v=spf1 a:%{d99999999999999999999}", "v=spf1 a:%{d99999999999999999999}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Parse(c.record)
			if err != nil {
				t.Fatal(err)
			}
			if s := r.String(); s != c.canonical {
				t.Errorf("%q, want %q", s, c.canonical)
			}
			roundTrip(t, r)
		})
	}
}

// roundTrip wants that the canonical form has the same terms, and that each term
// is where it says.
func roundTrip(t testing.TB, r *Record) {
	t.Helper()
	again, err := Parse(r.String())
	if err != nil {
		t.Fatalf("the canonical form %q does not parse: %v", r, err)
	}
	if again.String() != r.String() || len(again.Terms) != len(r.Terms) {
		t.Fatalf("%q becomes %q", r, again)
	}
	for i := range r.Terms {
		a, b := &r.Terms[i], &again.Terms[i]
		if a.Text != r.Text[a.Start:a.End] {
			t.Errorf("the term %q is not at %d-%d", a.Text, a.Start, a.End)
		}
		if a.Kind != b.Kind || a.Qualifier != b.Qualifier || a.Prefix != b.Prefix || a.Bits4 != b.Bits4 ||
			a.Bits6 != b.Bits6 || a.Domain.Text != b.Domain.Text || a.Domain.HasMacros() != b.Domain.HasMacros() {
			t.Errorf("the term %+v becomes %+v", a, b)
		}
	}
}

// TestParseTerm looks into the parsed form.
func TestParseTerm(t *testing.T) {
	r, err := Parse("v=spf1 ~MX:mail.example.com/24//64 ip6:2001:db8::/33 foo=bar redirect=x.example.com")
	if err != nil {
		t.Fatal(err)
	}
	mx := r.Terms[0]
	if mx.Kind != MX || mx.Qualifier.Result() != SoftFail || mx.Domain.Text != "mail.example.com" || mx.Bits4 != 24 ||
		mx.Bits6 != 64 || mx.Name() != "MX" || mx.Start != 7 || !mx.Kind.NeedsDNS() || mx.String() != "~mx:mail.example.com/24//64" {
		t.Errorf("%+v", mx)
	}
	if p := r.Terms[1].Prefix.String(); p != "2001:db8::/33" {
		t.Error(p)
	}
	if u := r.Terms[2]; u.Kind != UnknownModifier || u.Name() != "foo" || u.Qualifier != 0 || !u.Kind.Modifier() {
		t.Errorf("%+v", u)
	}
	if red := r.Find(Redirect); red != &r.Terms[3] || red.Domain.HasMacros() {
		t.Errorf("%+v", red)
	}
	if r.Find(Exp) != nil {
		t.Error("there is an exp=")
	}
}

// TestSyntaxErrors: section 4.6, a record is refused for what is wrong anywhere in
// it. The offset is that of the octet at fault.
func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct {
		name, record string
		code         SyntaxCode
		offset       int
		term, reason string
	}{
		{"no-version", "spf1 -all", CodeNotSPF, 0, "", "does not begin"},
		{"version-10", "v=spf10 -all", CodeNotSPF, 0, "", "does not begin"},
		{"too-long", "v=spf1 " + strings.Repeat(" ", maxRecord), CodeTooLong, maxRecord, "", "65535"},
		{"unknown", "v=spf1 a foo -all", CodeUnknownMechanism, 9, "foo", `no mechanism "foo"`},
		{"after-all", "v=spf1 -all foo:x.example.com", CodeUnknownMechanism, 12, "foo:x.example.com", `"foo"`},
		{"bare-address", "v=spf1 192.0.2.1 -all", CodeUnknownMechanism, 7, "192.0.2.1", `"ip4:"`},
		{"ipv4", "v=spf1 ipv4:192.0.2.1", CodeUnknownMechanism, 7, "ipv4:192.0.2.1", `written "ip4"`},
		{"ipv6", "v=spf1 ipv6:::1", CodeUnknownMechanism, 7, "ipv6:::1", `written "ip6"`},
		{"redirect-with-colon", "v=spf1 redirect:example.com", CodeUnknownMechanism, 7, "redirect:example.com", `"="`},
		{"sign-only", "v=spf1 -", CodeUnknownMechanism, 7, "-", "needs a name"},
		{"two-signs", "v=spf1 -~all", CodeBadCharacter, 8, "-~all", "'~'"},
		{"tab", "v=spf1 a\t-all", CodeBadCharacter, 8, "a\t-all", "a tab"},
		{"line-break", "v=spf1 a\n -all", CodeBadCharacter, 8, "a\n", "line break"},
		{"zero-width-space", "v=spf1 ip4:192.0.2.1\u200b -all", CodeBadCharacter, 20, "ip4:192.0.2.1\u200b", "U+200B (zero width space)"},
		{"no-break-space", "v=spf1\u00a0-all", CodeNotSPF, 0, "", "does not begin"},
		{"en-dash", "v=spf1 –all", CodeBadCharacter, 7, "–all", "U+2013 (en dash)"},
		{"stray-octet", "v=spf1 a:\x96.example.com", CodeBadCharacter, 9, "a:\x96.example.com", "0x96"},
		{"semicolon", "v=spf1 a; -all", CodeBadCharacter, 8, "a;", `';'`},
		{"signed-modifier", "v=spf1 -redirect=example.com", CodeQualifiedModifier, 7, "-redirect=example.com", "no sign"},
		{"name-begins-with-digit", "v=spf1 9x=y", CodeBadCharacter, 7, "9x=y", "letter"},
		{"all-with-value", "v=spf1 -all:example.com", CodeUnexpectedArgument, 11, "-all:example.com", "no value"},
		{"all-with-length", "v=spf1 -all/8", CodeUnexpectedArgument, 11, "-all/8", "no value"},
		{"include-without", "v=spf1 include", CodeMissingArgument, 14, "include", "needs"},
		{"include-empty", "v=spf1 include:", CodeMissingArgument, 15, "include:", "missing"},
		{"include-length", "v=spf1 include:example.com/24", CodeBadDomain, 15, "include:example.com/24", "letters"},
		{"ptr-length", "v=spf1 ptr/0", CodeUnexpectedArgument, 10, "ptr/0", "no prefix length"},
		{"a-empty", "v=spf1 a:", CodeMissingArgument, 9, "a:", "missing"},
		{"a-single-label", "v=spf1 a:museum.", CodeBadDomain, 9, "a:museum.", "two labels"},
		{"a-empty-label", "v=spf1 a:example..", CodeBadDomain, 9, "a:example..", "empty"},
		{"a-address", "v=spf1 a:192.0.2.1", CodeBadDomain, 9, "a:192.0.2.1", `"ip4:"`},
		{"a-hyphen", "v=spf1 a:example.-com", CodeBadDomain, 9, "a:example.-com", "hyphen"},
		{"a-literal-after-macro", "v=spf1 a:%{d}com", CodeBadDomain, 13, "a:%{d}com", "two labels"},
		{"a-length-33", "v=spf1 a/33", CodeBadPrefix, 9, "a/33", "at most 32"},
		{"a-length-zero-first", "v=spf1 a/024", CodeBadPrefix, 9, "a/024", "leading zero"},
		{"a-length-129", "v=spf1 a//129", CodeBadPrefix, 10, "a//129", "at most 128"},
		{"a-length-missing", "v=spf1 a/", CodeBadPrefix, 8, "a/", "written"},
		{"a-lengths-swapped", "v=spf1 a//64/24", CodeBadPrefix, 8, "a//64/24", "written"},
		{"a-lengths-twice", "v=spf1 a//64//64", CodeBadPrefix, 8, "a//64//64", "two IPv6"},
		{"ip4-without", "v=spf1 ip4", CodeMissingArgument, 10, "ip4", "needs"},
		{"ip4-short", "v=spf1 ip4:192.0.2", CodeBadAddress, 18, "ip4:192.0.2", "four numbers"},
		{"ip4-range", "v=spf1 ip4:192.0.2.256", CodeBadAddress, 19, "ip4:192.0.2.256", "four numbers"},
		{"ip4-zero", "v=spf1 ip4:192.0.02.1", CodeBadAddress, 17, "ip4:192.0.02.1", "leading zeros"},
		{"ip4-port", "v=spf1 ip4:192.0.2.1:25", CodeBadAddress, 20, "ip4:192.0.2.1:25", "four numbers"},
		{"ip4-of-ip6", "v=spf1 ip4:2001:db8::1", CodeBadAddress, 14, "ip4:2001:db8::1", `"ip6:"`},
		{"ip4-length", "v=spf1 ip4:192.0.2.1/33", CodeBadPrefix, 21, "ip4:192.0.2.1/33", "at most 32"},
		{"ip4-length-empty", "v=spf1 ip4:192.0.2.1/", CodeBadPrefix, 21, "ip4:192.0.2.1/", "missing"},
		{"ip4-two-lengths", "v=spf1 ip4:192.0.2.1//32", CodeBadPrefix, 21, "ip4:192.0.2.1//32", "number"},
		{"ip6-of-ip4", "v=spf1 ip6:192.0.2.1", CodeBadAddress, 11, "ip6:192.0.2.1", `"ip4:"`},
		{"ip6-zone", "v=spf1 ip6:fe80::1%eth0", CodeBadAddress, 11, "ip6:fe80::1%eth0", "not an IPv6"},
		{"ip6-length", "v=spf1 ip6:::1/129", CodeBadPrefix, 15, "ip6:::1/129", "at most 128"},
		{"redirect-empty", "v=spf1 redirect=", CodeMissingArgument, 16, "redirect=", "missing"},
		{"redirect-twice", "v=spf1 redirect=a.example.com redirect=b.example.com", CodeDuplicateModifier, 30, "redirect=b.example.com", "more than once"},
		{"exp-twice", "v=spf1 exp=a.example.com -all EXP=a.example.com", CodeDuplicateModifier, 30, "EXP=a.example.com", "more than once"},
		{"macro-letter", "v=spf1 a:%{q}", CodeBadMacro, 11, "a:%{q}", "no macro letter"},
		{"macro-of-explanations", "v=spf1 exp=%{c}.example.com", CodeBadMacro, 13, "exp=%{c}.example.com", "exp= only"},
		{"macro-unclosed", "v=spf1 a:%{d.example.com", CodeBadMacro, 9, "a:%{d.example.com", `no "}"`},
		{"macro-empty", "v=spf1 a:%{}", CodeBadMacro, 11, "a:%{}", "missing"},
		{"macro-zero", "v=spf1 a:%{d0}", CodeBadMacro, 12, "a:%{d0}", "not 0"},
		{"macro-delimiter", "v=spf1 a:%{d1r;}", CodeBadMacro, 14, "a:%{d1r;}", "';'"},
		{"percent-sign", "v=spf1 a:%(d).example.com", CodeBadMacro, 9, "a:%(d).example.com", "followed"},
		{"percent-at-end", "v=spf1 a:example.com%", CodeBadMacro, 20, "a:example.com%", "at the end"},
		{"in-unknown-modifier", "v=spf1 foo=%x", CodeBadMacro, 11, "foo=%x", "followed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.record)
			var e *SyntaxError
			if !errors.As(err, &e) {
				t.Fatalf("the error is %v", err)
			}
			if e.Code != c.code || e.Offset != c.offset || e.Term != c.term || !strings.Contains(e.Reason, c.reason) {
				t.Errorf("%s at %d in %q: %s; want %s at %d in %q: %s",
					e.Code, e.Offset, e.Term, e.Reason, c.code, c.offset, c.term, c.reason)
			}
			if !strings.Contains(e.Error(), e.Reason) {
				t.Errorf("%q does not say %q", e.Error(), e.Reason)
			}
		})
	}
}

func TestIsRecord(t *testing.T) {
	for text, want := range map[string]bool{"v=spf1": true, "v=spf1 ": true, "V=sPf1 a": true, "v=spf10": false,
		"v=spf1\t-all": false, " v=spf1": false, "v=spf": false, "": false} {
		if IsRecord(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

// FuzzParse: no panic, and what parses survives being written.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"v=spf1", "v=spf1 -all", "V=SPF1 +A/24//64 mX:%{d2r-}.com ?ptr ~EXISTS:%{ir}.x.%{v}",
		"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:_spf.example.com redirect=%{o} exp=e.%{d} foo=%{c}",
		"v=spf1 a:%% a:x%_%-.com a/0//0 -all:", "v=spf1 ip6:::ffff:1.2.3.4/1 ip4:255.255.255.255/0",
		"v=spf1 a:\u200b.com", "v=spf1 a:%{d", "v=spf1 redirect=a.b redirect=a.b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err == nil {
			roundTrip(t, r)
			return
		}
		var e *SyntaxError
		if !errors.As(err, &e) || e.Code == "" || e.Reason == "" || e.Offset < 0 || e.Offset > len(s) {
			t.Errorf("the error is %+v", err)
		}
		if e != nil && !strings.Contains(s, e.Term) {
			t.Errorf("the term %q is not in the record", e.Term)
		}
	})
}
