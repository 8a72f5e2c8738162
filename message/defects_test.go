package message

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// good is a header without any defect.
const good = "From: a@example.com\r\nDate: Tue, 1 Jul 2003 10:52:37 +0200\r\nMessage-ID: <1@example.com>\r\n"

func TestGoodMessageHasNoDefect(t *testing.T) {
	for name, raw := range map[string]string{
		"empty body":           good + "\r\n",
		"body":                 good + "\r\nhello\r\nworld\r\n",
		"body without CRLF":    good + "\r\nhello",
		"header only":          good, // RFC 5322 section 3.5: the body is optional
		"998 octets of header": good + "Subject: " + strings.Repeat("x", 998-9) + "\r\n\r\n",
		"998 octets of body":   good + "\r\n" + strings.Repeat("x", 998) + "\r\n",
		"8-bit body":           good + "\r\n\xe3\x81\x82\xff\r\n", // RFC 6152
	} {
		if d := Parse([]byte(raw)).Defects(); len(d) != 0 {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestDefects(t *testing.T) {
	h := len(good)
	long := strings.Repeat("x", 999)
	for _, tt := range []struct {
		name, raw string
		want      []Defect
	}{
		{"RFC 5321 section 2.3.8: LF in the body", good + "\r\na\nb\n\r\n", []Defect{{BareLF, "", h + 3, 2}}},
		{"LF in the header", good + "X: a\nb\r\n\r\n", []Defect{{BareLF, "X", h + 4, 1}}},
		{"CR in header and body", good + "X: a\rb\r\n\r\n\r\r\n\r", []Defect{{BareCR, "X", h + 4, 1}, {BareCR, "", h + 10, 2}}},
		{"NUL", good + "X: \x00\r\n\r\n\x00\x00", []Defect{{NUL, "X", h + 3, 1}, {NUL, "", h + 8, 2}}},
		{"RFC 5322 section 2.1.1: 998 octets, header", good + "X: " + long[:996] + "\r\n\r\n", []Defect{{LongLine, "X", h, 1}}},
		{"998 octets, body", good + "\r\nshort\r\n" + long + "\r\n" + long + "\r\nshort\r\n" + long, []Defect{{LongLine, "", h + 9, 3}}},
		{"a bare LF does not make a line shorter", good + "\r\n" + long[:500] + "\n" + long[:500] + "\r\n", []Defect{{BareLF, "", h + 502, 1}, {LongLine, "", h + 2, 1}}},
		{"RFC 6532: UTF-8", good + "Subject: \xe3\x81\x82\r\n\r\n", []Defect{{UTF8Header, "Subject", h + 9, 1}}},
		{"8-bit that is no UTF-8", good + "Subject: \xe9\r\n\r\n", []Defect{{EightBitHeader, "Subject", h + 9, 1}}},
		{"no field", good + "hello\r\nX: 1\r\nb b: 2\r\n\r\n", []Defect{{BadField, "", h, 2}}},
		{"no end", good + "X: 1", []Defect{{NoHeaderEnd, "", h + 4, 1}}},
		{"RFC 5322 section 3.6: once", good + "subject: 1\r\nX: 1\r\nX: 1\r\nSUBJECT : 2\r\nSubject: 3\r\n\r\n", []Defect{{DuplicateField, "Subject", h + 24, 2}}},
		{"RFC 5322 section 3.6: missing", "X: 1\r\n\r\n", []Defect{{MissingField, "From", 6, 1}, {MissingField, "Date", 6, 1}, {MissingField, "Message-ID", 6, 1}}},
		{"values", "From: a@b\r\nDate: yesterday\r\nMessage-ID: 1\r\n\r\n", []Defect{{InvalidDate, "Date", 11, 1}, {InvalidID, "Message-ID", 28, 1}}},
		{"RFC 5322 section 3.3: weekday", "From: a@b\r\nDate: Wed, 1 Jul 2003 10:52:37 +0200\r\nMessage-ID: <1@x>\r\n\r\n", []Defect{{WrongWeekday, "Date", 11, 1}}},
		{"empty", "", []Defect{{Empty, "", 0, 1}, {MissingField, "From", 0, 1}, {MissingField, "Date", 0, 1}, {MissingField, "Message-ID", 0, 1}}},
	} {
		if d := cmp.Diff(tt.want, Parse([]byte(tt.raw)).Defects()); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

func TestHeaderLimits(t *testing.T) {
	defect := func(m *Message) string {
		for _, d := range m.Defects() {
			if d.ID == TooManyFields || d.ID == LargeHeader {
				return d.ID
			}
		}
		return ""
	}
	for _, tt := range []struct {
		name, header, want string
		fields             int
	}{
		{"at the limit of fields", strings.Repeat("X: 1\r\n", MaxFields), "", MaxFields},
		{"one field more", strings.Repeat("X: 1\r\n", MaxFields+1), TooManyFields, MaxFields},
		{"at the limit of octets", "X: " + strings.Repeat("y", MaxHeader-5) + "\r\n", "", 1},
		{"one octet more", "X: 1\r\nX: " + strings.Repeat("y", MaxHeader-10) + "\r\n", LargeHeader, 1},
	} {
		m := Parse([]byte(tt.header + "\r\nbody\r\n"))
		if got := defect(m); got != tt.want || len(m.Fields) != tt.fields || m.HeaderTruncated() != (tt.want != "") {
			t.Errorf("%s: defect %q, %d fields, truncated %v", tt.name, got, len(m.Fields), m.HeaderTruncated())
		}
		if string(m.Body) != "body\r\n" {
			t.Errorf("%s: the body is not what follows the empty line: %.20q", tt.name, m.Body)
		}
	}
}

// TestGoodLines holds the quick look against the thorough ones.
func TestGoodLines(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"\r\n", "\r\n", "\r\n", "\r", "\n", "\x00", "\t", " ", "a", "\x1f", "\x20\x1f", "\xff", "\x80",
		strings.Repeat("x", 7), strings.Repeat("x", 64), strings.Repeat("x", 990), strings.Repeat("\t", 8)}
	good := 0
	for range 20_000 {
		var text []byte
		for range rnd.IntN(12) {
			text = append(text, pieces[rnd.IntN(len(pieces))]...)
		}
		bare, _, crlfs := bareLFs(text)
		long, _ := longLines(text)
		want := bare == 0 && bytes.Count(text, []byte("\r")) == crlfs && bytes.IndexByte(text, 0) < 0 && long == 0
		if got := goodLines(text); got != want {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
		if want {
			good++
		}
	}
	if good < 1000 {
		t.Errorf("only %d of the texts are good", good)
	}
}
