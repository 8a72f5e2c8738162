package message

import "testing"

func TestParseMessageID(t *testing.T) {
	for in, want := range map[string]string{
		"<a.b@example.com>":          "<a.b@example.com>",
		" (c) <1@[192.0.2.1]>\r\n x": "",
		" (c)\r\n <1@[192.0.2.1]> ":  "<1@[192.0.2.1]>",
		"<CA+x=_/y@mail.gmail.com>":  "<CA+x=_/y@mail.gmail.com>",
		"<あ@example.com>":            "<あ@example.com>", // RFC 6532
		"":                           "",
		"a@b":                        "",
		"<a>":                        "",
		"<@b>":                       "",
		"<a@>":                       "",
		"<a@b":                       "",
		"<a@b@c>":                    "",
		"<a..b@c>":                   "",
		"<a.@c>":                     "",
		"<\"a\"@c>":                  "", // obsolete: RFC 5322 section 3.6.4
		"<a @c>":                     "",
		"<a@b> <c@d>":                "",
		"<a@[b>":                     "",
		"<a@\xff>":                   "",
		"(<a@b>":                     "",
	} {
		id, err := ParseMessageID([]byte(in))
		got := ""
		if err == nil {
			got = id.String()
		}
		if got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func FuzzParseMessageID(f *testing.F) {
	f.Add([]byte("<a.b@example.com>"))
	f.Add([]byte("(x) <1@[::1]>"))
	f.Fuzz(func(t *testing.T, v []byte) {
		id, err := ParseMessageID(v)
		if err != nil {
			return
		}
		if again, err := ParseMessageID([]byte(id.String())); err != nil || again != id {
			t.Errorf("%q gives %+v, which gives %+v, %v", v, id, again, err)
		}
	})
}
