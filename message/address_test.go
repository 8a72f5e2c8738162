package message

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/internal/testcorpus"
)

// mailParserDiffers are the cases of mail-parser, which parses leniently and keeps
// comments as names, that we read otherwise; "refused" where we refuse them.
var mailParserDiffers = map[int]string{
	8:  "comments are no part of the name",
	9:  "refused: a comment with white space around the dot of the domain",
	10: "comments are no part of the name or addresses",
	11: "comments are no part of the name or addresses",
	13: "refused: a source route",
	14: "refused: a comment around the dot of the domain",
	22: "comments are no part of the name",
	30: "refused: two lines, the second of which is no fold",
	31: "refused: the blank line",
	34: noComma, 35: noComma, 36: noComma,
	37: "refused: a URI is no address", 38: "refused: a URI is no address", 39: "refused: a URI is no address",
	40: "refused: a URI is no address", 41: "refused: a URI is no address", 42: "refused: no address",
	43: "refused: a URI is no address", 44: "refused: a URI is no address", 45: "refused: a URI is no address",
	46: "refused: a URI is no address", 47: "refused: a URI is no address",
	51: "refused: '@' in a phrase without quotes (RFC 5322 section 3.2.3)",
	55: "refused: text after the address",
	56: "comments are no part of the name",
}

const noComma = "refused: no comma after a group (RFC 5322 section 3.4)"

func TestMailParserAddresses(t *testing.T) {
	type mailbox struct{ Name, Address *string }
	type group struct {
		Name      *string
		Addresses []mailbox
	}
	var cases []struct {
		Header   string
		Expected struct {
			List  []mailbox
			Group []group
		}
	}
	if err := json.Unmarshal(testcorpus.Read(t, "rfc5322/mail-parser/address.json"), &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		var want []string
		all := c.Expected.List
		for _, g := range c.Expected.Group {
			all = append(all, g.Addresses...)
		}
		for _, m := range all {
			want = append(want, fmt.Sprintf("%s <%s>", deref(m.Name), deref(m.Address)))
		}
		value := strings.NewReplacer("\r\n", "\r\n", "\n", "\r\n").Replace(strings.TrimSuffix(c.Header, "\n"))
		list, err := ParseAddressList([]byte(value))
		var got []string
		for _, a := range list {
			got = append(got, fmt.Sprintf("%s <%s>", a.Display, a))
		}
		reason := mailParserDiffers[i]
		if strings.HasPrefix(reason, "refused") != (err != nil) {
			t.Errorf("%d %q: %v", i, c.Header, err)
		}
		if same := strings.EqualFold(strings.Join(got, ", "), strings.Join(want, ", ")); same != (reason == "") {
			t.Errorf("%d %q: %q, corpus %q", i, c.Header, got, want)
		}
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func TestParseAddressList(t *testing.T) {
	one := func(display, local, domain string) []Address { return []Address{{display, local, domain}} }
	for in, want := range map[string][]Address{
		"a@example.com":                  one("", "a", "example.com"),
		"A@EXAMPLE.Com":                  one("", "A", "example.com"),
		"John Q. Public <a@example.com>": one("John Q. Public", "a", "example.com"),
		`"Public, John" <a@example.com>`: one("Public, John", "a", "example.com"),
		`"a \"b\" \\c" <a@b>`:            one(`a "b" \c`, "a", "b"),
		`"x y"@b`:                        one("", "x y", "b"),
		`"".a."b"@c`:                     one("", ".a.b", "c"),
		" (c) a@b (d) ":                  one("", "a", "b"),
		"< a@b >":                        one("", "a", "b"),
		"a@b.\r\n":                       nil,
		"a\r\n @b":                       one("", "a", "b"),
		"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= <a@b>": one("日本", "a", "b"),
		"日本 <山@例え.jp>":                             one("日本", "山", "xn--r8jz45g.jp"),
		"a@BÜCHER.example":                         one("", "a", "xn--bcher-kva.example"),
		"a@[192.0.2.1]":                            one("", "a", "[192.0.2.1]"),
		"a@[ipv6:2001:DB8::1]":                     one("", "a", "[IPv6:2001:db8::1]"),
		"a@b,,c@d,":                                {{"", "a", "b"}, {"", "c", "d"}},
		"G: a@b, X <c@d>;, e@f":                    {{"", "a", "b"}, {"X", "c", "d"}, {"", "e", "f"}},
		"undisclosed-recipients:;":                 nil,
		"":                                         nil,
		"G: H: a@b;;":                              nil,
		"G: a@b":                                   nil,
		"a@b;":                                     nil,
		"a@b c@d":                                  nil,
		"a@b <c@d>":                                nil,
		"<a@b> c":                                  nil,
		"<a@b":                                     nil,
		"a@b>":                                     nil,
		"<>":                                       nil,
		"a@b@c":                                    nil,
		"a@":                                       nil,
		"@b":                                       nil,
		"a":                                        nil,
		"a..b@c":                                   nil,
		"a.@c":                                     nil,
		"a b@c":                                    nil,
		"a@b.":                                     nil,
		"a@b..c":                                   nil,
		"a@-b":                                     nil,
		"a@b!c":                                    nil,
		"a@[IPv6:fe80::1%25eth0]":                  nil,
		"a@[IPv6:192.0.2.1]":                       nil,
		"a@[2001:db8::1]":                          nil,
		"a@" + strings.Repeat("x", 64):             nil,
		"a@" + strings.Repeat("abc.", 63) + "de":   nil,
		"a@" + strings.Repeat("ü", 60) + ".example": nil,
		"\xe9@b":                 nil,
		"a@b\u0085c":             nil,
		"\"\xe9\" <a@b>":         nil,
		"(\xe9) a@b":             nil,
		`"a` + "\n" + `b" <a@b>`: nil,
		"(" + strings.Repeat("(", maxCommentDepth) + "": nil,
	} {
		got, err := ParseAddressList([]byte(in))
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %v %s", in, err, d)
		}
		var syntax *SyntaxError
		if err != nil && (!errors.As(err, &syntax) || syntax.Offset > len(in)) {
			t.Errorf("%q: error %#v", in, err)
		}
		if empty := in == "" || strings.HasSuffix(in, ":;"); want == nil && !empty && err == nil {
			t.Errorf("%q: no error", in)
		}
	}
}

// FuzzParseAddressList: what parses gives addresses that parse to themselves.
func FuzzParseAddressList(f *testing.F) {
	for _, s := range []string{"a@b", `"x" <"a b"@example.com>, c@[192.0.2.1]`, "G:a@b,;", "(((a)))<@a:b@c>", "=?utf-8?q?a?= <a@b>", "日本 <山@例え.jp>", "a@b(\\\r\n )", "a@b\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		list, err := ParseAddressList(value)
		if err != nil {
			return
		}
		for _, a := range list {
			again, err := ParseAddressList([]byte(a.String()))
			if err != nil || len(again) != 1 || again[0].Local != a.Local || again[0].Domain != a.Domain {
				t.Errorf("%q gives %+v, which gives %+v, %v", value, a, again, err)
			}
			if DisplaySafe(a.Display) != a.Display {
				t.Errorf("%q gives the unsafe name %q", value, a.Display)
			}
			if len(a.Domain) > 253 && a.Domain[0] != '[' {
				t.Errorf("a domain of %d octets", len(a.Domain))
			}
		}
	})
}
