package message

import (
	"errors"
	"strings"
	"testing"
)

func author(header string) (string, []Address, error) {
	return Parse([]byte(header + "\r\n\r\nbody\r\n")).AuthorDomain()
}

// wantAuthor checks a table of headers: a domain, or an error that wraps one of ours.
func wantAuthor(t *testing.T, table map[string]any) {
	t.Helper()
	for header, want := range table {
		domain, list, err := author(header)
		switch want := want.(type) {
		case string:
			if domain != want || err != nil || len(list) == 0 {
				t.Errorf("%.100q: %q, %v; want %q", header, domain, err, want)
			}
		case error:
			if !errors.Is(err, want) || domain != "" || list != nil {
				t.Errorf("%.100q: %q, %v, %v; want %v", header, domain, list, err, want)
			}
		}
	}
}

func TestAuthorDomain(t *testing.T) {
	wantAuthor(t, map[string]any{
		"From: a@example.com":                           "example.com",
		"from : A <a@EXAMPLE.com>":                      "example.com",
		"From:\r\n a@example.com":                       "example.com",
		"From: a@example.com, B <b@example.com>":        "example.com", // several mailboxes of one domain
		"From: G: a@example.com, b@Example.com;":        "example.com", // RFC 6854
		"From: a@example.com (Anna)":                    "example.com",
		"From: Anna <a(mail)@example.com>":              "example.com",
		"From: \"anna maria\"@example.com":              "example.com",
		"From: a@fa\u00df.example, b@FA\u00df.example":  "xn--fa-hia.example", // RFC 5891: no "ss"
		"From: \"ceo@victim.test\" <a@example.com>":     "example.com",        // the display name is not the author
		"From: a@sub.example.com, b@example.com":        ErrSeveralDomains,
		"From: a@[192.0.2.1]":                           ErrFromSyntax,
		"X-From: a@example.com\r\nResent-From: b@x":     ErrNoFrom,
		"From a@example.com Mon Jan  1 10:00:00 2024":   ErrNoFrom,     // an mbox line
		"Subject: x\r\n From: y\r\nFrom: a@example.com": "example.com", // folded text
		"Subject: x\nFromage: y\r\nFrom: a@example.com": "example.com",
	})
}

// Case 1 and 2: two From fields. RFC 9989 section 4.4, RFC 5322 section 3.6.
func TestAttack01And02TwoFrom(t *testing.T) {
	wantAuthor(t, map[string]any{
		"From: ceo@victim.test\r\nFrom: news@example.com":      ErrSeveralFrom,
		"From: a@example.com\r\nTo: b@x\r\nfrom:a@example.com": ErrSeveralFrom, // the same domain: still two
		"From : ceo@victim.test\r\nFrom: news@example.com":     ErrSeveralFrom,
		// What another reader may take for a second one.
		" From: ceo@victim.test\r\nFrom: news@example.com":            ErrSeveralFrom,
		"From\x00: ceo@victim.test\r\nFrom: news@example.com":         ErrSeveralFrom,
		"From\r\n : ceo@victim.test\r\nFrom: news@example.com":        ErrSeveralFrom,
		"\xef\xbb\xbfFrom: ceo@victim.test\r\nFrom: news@example.com": ErrSeveralFrom,
		"Subject: x\nFrom: ceo@victim.test\r\nFrom: news@example.com": ErrSeveralFrom,
		"Subject: x\rFrom: ceo@victim.test\r\nFrom: news@example.com": ErrSeveralFrom,
		"From\x00: ceo@victim.test":                                   ErrFromSyntax,
	})
}

// Case 4: no crash, and never the first mailbox only.
func TestAttack04OddFrom(t *testing.T) {
	wantAuthor(t, map[string]any{
		"From: a@evil.test, ceo@victim.test": ErrSeveralDomains,
		"From: a@example.com, root":          ErrFromSyntax,
		"From: root":                         ErrFromSyntax,
		"To: a@example.com":                  ErrNoFrom,
		"From:":                              ErrFromSyntax,
		"From: \r\n\t":                       ErrFromSyntax,
		"From: <>":                           ErrFromSyntax,
		"From: Group:;":                      ErrFromSyntax,
		"From: Group: a@evil.test;, ceo@victim.test": ErrSeveralDomains,
		"From: ,": ErrFromSyntax,
	})
}

// Case 5: values that known parsers read differently have no author at all.
func TestAttack05ParserDifferentials(t *testing.T) {
	wantAuthor(t, map[string]any{
		"From: ceo@victim.test(<news@example.com>)":         ErrFromSyntax,
		"From: news@example.com(ceo@victim.test)":           ErrFromSyntax,
		"From: <news@example.com>,<ceo@victim.test>":        ErrSeveralDomains,
		"From: <news@example.com><ceo@victim.test>":         ErrFromSyntax,
		"From: <@a.test,@b.test:ceo@victim.test>":           ErrFromSyntax,
		"From: ceo@victim.test <news@example.com>":          ErrFromSyntax,
		"From: <ceo@victim.test>news@example.com":           ErrFromSyntax,
		"From: =?utf-8?q?ceo=40victim=2Etest?=@example.com": ErrFromSyntax,
		"From: =?utf-8?b?Y2VvQHZpY3RpbS50ZXN0?=":            ErrFromSyntax,
		"From: \"ceo@victim.test>\"@example.com":            ErrFromSyntax,
		"From: \"ceo@victim.test\"@example.com":             ErrFromSyntax,
		"From: ceo@victim.test\x00@example.com":             ErrFromSyntax,
		"From: ceo@victim.test\r,news@example.com":          ErrFromSyntax,
		"From: ceo@victim.test\nnews@example.com":           ErrFromSyntax,
		"From: ceo@victim.test\\@example.com":               ErrFromSyntax,
		"From: ceo@victim.test,@example.com":                ErrFromSyntax,
		"From: ceo@example.com .victim.test":                ErrFromSyntax,
		"From: ceo@example.com(x).victim.test":              ErrFromSyntax,
		"From: ceo@victim.test;news@example.com":            ErrFromSyntax,
		"From: ceo@victim.test.":                            ErrFromSyntax,
		"From: ceo@[victim.test]":                           ErrFromSyntax,
		"From: \"a\" \"b\" <x@example.com> \"c\"":           ErrFromSyntax,
		"From: ceo@victim.test\u2028@example.com":           ErrFromSyntax,
	})
}

// Case 6: internationalised domains are compared as A-labels, and what can be no
// DNS name ends before any look-up (RFC 9989 section 5.3.1, RFC 5890 section 2.3).
func TestAttack06IDNAndLengths(t *testing.T) {
	wantAuthor(t, map[string]any{
		"From: a@bücher.example, b@XN--bcher-kva.example": "xn--bcher-kva.example",
		"From: 山@例え.jp":                                   "xn--r8jz45g.jp",
		"From: a@victim\u3002test":                        ErrFromSyntax, // ideographic full stop
		"From: a@ｖictim.test":                             ErrFromSyntax, // full-width letter
		"From: a@vic\u00adtim.test":                       ErrFromSyntax, // soft hyphen
		"From: a@" + strings.Repeat("x", 63) + ".test":    strings.Repeat("x", 63) + ".test",
		"From: a@" + strings.Repeat("x", 64) + ".test":    ErrFromSyntax,
		"From: a@" + strings.Repeat("x.", 126) + "x":      strings.Repeat("x.", 126) + "x", // 253
		"From: a@" + strings.Repeat("x.", 126) + "xx":     ErrFromSyntax,
		"From: a@" + strings.Repeat("ü", 63) + ".test":    ErrFromSyntax,
		"From: a@" + strings.Repeat("x.", 1<<20) + "x":    ErrFromSyntax,
		"From: a@" + strings.Repeat("例", 79) + ".test":    ErrFromSyntax,
	})
}

// Case 7: 10,000 mailboxes and 50,000 nested comments end, in linear time, with an error.
func TestAttack07Large(t *testing.T) {
	wantAuthor(t, map[string]any{
		"From: " + strings.Repeat("a@example.com,", 10_000) + "b@example.com":                  ErrFromSyntax,
		"From: " + strings.Repeat("a@example.com,", maxMailboxes-1) + "b@example.com":          "example.com",
		"From: " + strings.Repeat("(", 50_000) + strings.Repeat(")", 50_000) + "a@example.com": ErrFromSyntax,
		"From: " + strings.Repeat("()", 50_000) + "a@example.com":                              "example.com",
		"From: " + strings.Repeat("=?utf-8?q?a?= ", 20_000) + "<a@example.com>":                "example.com",
		"From: " + strings.Repeat(",", 100_000) + "a@example.com":                              "example.com",
		"From: " + strings.Repeat("G:;,", 50_000) + "a@example.com":                            "example.com",
	})
}

// Case 8: 300 KB of one header field in 100,000 lines is one field.
func TestAttack08FoldedHeader(t *testing.T) {
	raw := good + "X: " + strings.Repeat("\r\n a", 100_000) + "\r\n\r\nbody"
	m := Parse([]byte(raw))
	if len(m.Fields) != 4 || len(m.Fields[3].Raw) != 400_005 || len(m.Defects()) != 0 || string(m.Body) != "body" {
		t.Errorf("%d fields, defects %v", len(m.Fields), m.Defects())
	}
	if n := len(m.Fields[3].Unfolded()); n != 200_000-1 {
		t.Errorf("unfolded to %d octets", n)
	}
}

// Case 9: beyond the caps the header is not read, and nobody is its author.
func TestAttack09HugeHeader(t *testing.T) {
	wantAuthor(t, map[string]any{
		"From: a@example.com\r\n" + strings.Repeat("X: 1\r\n", 20_000) + "Y: 1":  ErrHeaderLimits,
		strings.Repeat("From: a@example.com\r\n", 9_999) + "From: a@example.com": ErrSeveralFrom,
		"From: a@example.com\r\nX: " + strings.Repeat("x", 5<<20):                ErrHeaderLimits,
		"From: a@example.com\r\nX: " + strings.Repeat("x", 1<<20):                "example.com",
	})
}

// Case 9: millions of line ends that are none, each before a far one, are passed once: looking
// each time for the far one would take minutes.
func TestAttack09FarLineEnds(t *testing.T) {
	const n = 2 << 20
	wantAuthor(t, map[string]any{
		"From: a@example.com\r\nX: " + strings.Repeat("\r", n) + "y":                          "example.com",
		"From: a@example.com\r\nX: " + strings.Repeat("\n", n) + "\ry":                        "example.com",
		"From: a@example.com\r\nX: " + strings.Repeat("\r", n) + "z\r\n From: b@example.com":  "example.com",
		"From: a@example.com\r\nX: " + strings.Repeat("\r", n) + "From: b@example.com":        ErrSeveralFrom,
		"From: a@example.com\r\nX: " + strings.Repeat("\r\n ", n/3) + "\rFrom: b@example.com": ErrSeveralFrom,
		"From: a@example.com\r\nX: y\rFr\n om: b@example.com":                                 ErrSeveralFrom,
	})
}

// Case 11, the part of the parser: nothing in a body is changed or cut.
func TestAttack11Bodies(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		want []Defect
	}{
		"a million empty lines": {strings.Repeat("\r\n", 1_000_000), nil},
		"8 MB of spaces":        {strings.Repeat(" ", 8<<20) + "\r\n", []Defect{{ID: LongLine, Count: 1}}},
		"5 MB line, no CRLF":    {strings.Repeat("x", 5<<20), []Defect{{ID: LongLine, Count: 1}}},
		"bare":                  {"a\rb\nc\r\r\n\x00", []Defect{{ID: BareLF, Offset: 3, Count: 1}, {ID: BareCR, Offset: 1, Count: 2}, {ID: NUL, Offset: 8, Count: 1}}},
		"none":                  {"", nil},
		"a million bare LF":     {strings.Repeat("\n", 1_000_000), []Defect{{ID: BareLF, Count: 1_000_000}, {ID: LongLine, Count: 1}}},
		"a million bare CR":     {strings.Repeat("\r", 1_000_000), []Defect{{ID: BareCR, Count: 1_000_000}, {ID: LongLine, Count: 1}}},
	} {
		head := good + "\r\n"
		m := Parse([]byte(head + tt.body))
		if string(m.Body) != tt.body {
			t.Errorf("%s: the body is not as it came", name)
		}
		for i := range tt.want {
			tt.want[i].Offset += len(head)
		}
		if len(m.Defects()) != len(tt.want) {
			t.Errorf("%s: %+v", name, m.Defects())
			continue
		}
		for i, d := range m.Defects() {
			if d != tt.want[i] {
				t.Errorf("%s: %+v, want %+v", name, d, tt.want[i])
			}
		}
	}
}

// Case 12: MIME nested 2,000 deep is a body like any other: nothing recurses.
func TestAttack12NestedMIME(t *testing.T) {
	var body strings.Builder
	for range 2000 {
		body.WriteString("--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n")
	}
	m := Parse([]byte(good + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + body.String()))
	if string(m.Body) != body.String() || len(m.Defects()) != 0 {
		t.Errorf("defects %v", m.Defects())
	}
}

// Case 36, SMTP smuggling: bare line ends are data, never an end of anything.
func TestAttack36Smuggling(t *testing.T) {
	for _, end := range []string{"\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r.\r\n", "\r\n.\r", "\n\n.\r\n"} {
		smuggled := "hello" + end + "MAIL FROM:<ceo@victim.test>\r\nFrom: ceo@victim.test\r\n\r\nsmuggled\r\n"
		m := Parse([]byte(good + "\r\n" + smuggled))
		if string(m.Body) != smuggled {
			t.Errorf("%q ends the body", end)
		}
		if d, _, err := m.AuthorDomain(); d != "example.com" {
			t.Errorf("%q: the author is %q, %v", end, d, err)
		}
		if len(m.Defects()) == 0 || (m.Defects()[0].ID != BareLF && m.Defects()[0].ID != BareCR) {
			t.Errorf("%q: defects %v", end, m.Defects())
		}
	}
}

func FuzzAuthorDomain(f *testing.F) {
	for _, s := range []string{"From: a@example.com\r\n", "From\x00: a@b\r\nFrom: c@d", "From: =?utf-8?q?x?= <a@b>, c@b\r\n", "X: \nFrom: a@b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		domain, list, err := Parse(raw).AuthorDomain()
		if (err == nil) != (domain != "") || (err == nil) != (len(list) > 0) {
			t.Errorf("%q %v %v", domain, list, err)
		}
		for _, a := range list {
			if a.Domain != domain || strings.ToLower(domain) != domain || !isASCII(domain) {
				t.Errorf("%+v is not of %q", a, domain)
			}
		}
	})
}
