package message

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestDecodeHeader(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                                     "plain",
		"=?utf-8?q?caf=C3=A9_au_lait?=":             "café au lait",
		"=?ISO-8859-1?Q?caf=e9?= noir":              "café noir",
		"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=":        "日本",
		"=?shift_jis?b?k/qWew==?=":                  "日本",
		"=?CP932?b?k/qWew?=":                        "日本", // no padding
		"=?euc-jp?b?xvzL3A==?=":                     "日本",
		"=?euc-kr?b?x9GxuQ==?=":                     "한국",
		"=?gb2312?b?1tC5+g==?=":                     "中国",
		"=?koi8-r?q?=F0=F2?=":                       "ПР",
		"=?us-ascii*EN?q?Keith?=":                   "Keith", // RFC 2231 section 5
		"=?utf-8?b?5pel?= =?utf-8?b?5pys?=":         "日本",    // RFC 2047 section 6.2
		"=?utf-8?b?5pel5pw=?=\r\n =?UTF-8?B?rA==?=": "日本",    // a character in two words
		"=?utf-8?q?a?= b =?utf-8?q?c?=":             "a b c",
		"x=?utf-8?q?a?=y":                           "xay",
		"(=?iso-8859-1?q?a?=)":                      "(a)",
		"=?utf-8?q?a b?=":                           "a b", // a space inside: careless, but clear
		"=?iso-2022-jp?B?GyRCRnwbKEI=?= =?iso-2022-jp?B?GyRCS1wbKEI=?=": "日本",
		// What cannot be decoded stays.
		"=?utf-8?x?a?=":       "=?utf-8?x?a?=",
		"=?utf-8?q?a=?=":      "=?utf-8?q?a=?=",
		"=?utf-8?b?!!!?=":     "=?utf-8?b?!!!?=",
		"=?no-such?q?a?=":     "=?no-such?q?a?=",
		"=?iso-2022-kr?q?a?=": "=?iso-2022-kr?q?a?=",
		"=?utf-8?q?a":         "=?utf-8?q?a",
		"=??q?a?=":            "=??q?a?=",
		"=?=?utf-8?q?a?=":     "=?a",
		"=?utf-8?q??=":        "",
		"100% =? sure":        "100% =? sure",
		// The result is safe to show.
		"=?utf-8?q?a=00=1B[31mb?=":   "a\ufffd\ufffd[31mb",
		"=?utf-8?q?a=0D=0AFrom:_b?=": "a  From: b",
		"=?utf-8?b?4oCuZXhl?=":       "\ufffdexe", // right-to-left override
		"=?utf-8?q?=FF?=":            "\ufffd",
		"a\x1b[0m":                   "a\ufffd[0m",
		"\x1b$BF|K\\\x1b(B":          "\ufffd$BF|K\\\ufffd(B",
	} {
		if got := DecodeHeader(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestDisplaySafe(t *testing.T) {
	for in, want := range map[string]string{
		"日本 👩‍💻 עברית\u200f":  "日本 👩‍💻 עברית\u200f",
		"\u202ea\u202c":       "\ufffda\ufffd",
		"\u2066a\u2069":       "\ufffda\ufffd",
		"a\u2028b\u0085c\x7f": "a\ufffdb\ufffdc\ufffd",
		"a\tb\r\nc":           "a b  c",
		"\U000e0041":          "\ufffd",
	} {
		if got := DisplaySafe(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzDecodeHeader: never a control in the output, never much more than came in.
func FuzzDecodeHeader(f *testing.F) {
	for _, s := range []string{"=?utf-8?q?a?= =?utf-8?b?YQ==?=", "=?iso-2022-jp?B?GyRC?=", "=?=?=?", "\xff=?x?q??=", "=?gb18030?q?=81?= =?utf-8?q?=E3?=", "=?utf-16?b?2AA=?="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := DecodeHeader(s)
		if !utf8.ValidString(out) || strings.IndexFunc(out, unicode.IsControl) >= 0 {
			t.Errorf("%q gives %q", s, out)
		}
		if len(out) > 4*len(s)+16 {
			t.Errorf("%d octets become %d", len(s), len(out))
		}
		if !strings.Contains(s, "=?") && utf8.ValidString(s) && strings.IndexFunc(s, unsafeRune) < 0 && out != s {
			t.Errorf("plain text %q became %q", s, out)
		}
	})
}
