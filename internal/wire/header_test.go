package wire

import (
	"regexp"
	"strings"
	"testing"
)

// TestAppendHeader holds the example of RFC 6376 section 3.4.5 and the rules of 3.4.2 one by one.
func TestAppendHeader(t *testing.T) {
	for _, c := range []struct{ raw, relaxed string }{
		{"A: X\r\n", "a:X\r\n"},
		{"B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n"},
		{"Subject: \r\n\r\n", "subject:\r\n\r\n"}, // never so from a parser: kept as data
		{"SUBJect: AbC\r\n", "subject:AbC\r\n"},
		{"Subject \t :\t  a\r\n \r\n b  c\r\n", "subject:a b c\r\n"},
		{"X:\r\n", "x:\r\n"},
		{"X: \t \r\n", "x:\r\n"},
		{"X:a", "x:a\r\n"},
		{"X: a\rb\nc\r\n", "x:a\rb\nc\r\n"},
		{"X: a \r b\r\n", "x:a \r b\r\n"},
		{"X: \xe3\x81\x82\xc3\x84\r\n", "x:\xe3\x81\x82\xc3\x84\r\n"},
		{"X\xc3\x84: a\r\n", "x\xc3\x84:a\r\n"},
		{"no  colon\r\n", "no colon\r\n"},
		{"", "\r\n"},
		{"X: a: b :c\r\n", "x:a: b :c\r\n"},
	} {
		if got := string(AppendHeader([]byte("before"), Relaxed, []byte(c.raw))); got != "before"+c.relaxed {
			t.Errorf("relaxed %q = %q, want %q", c.raw, got, "before"+c.relaxed)
		}
		simple := strings.TrimSuffix(c.raw, "\r\n") + "\r\n"
		if got := string(AppendHeader([]byte("before"), Simple, []byte(c.raw))); got != "before"+simple {
			t.Errorf("simple %q = %q, want %q", c.raw, got, "before"+simple)
		}
	}
}

// TestAppendUnsigned: RFC 6376 section 3.7, b= emptied and no final CRLF.
func TestAppendUnsigned(t *testing.T) {
	raw := "DKIM-Signature: v=1; b= AB\r\n CD ;\r\n\th=from\r\n"
	start := strings.Index(raw, " AB")
	end := start + strings.IndexByte(raw[start:], ';')
	for c, want := range map[Canonicalization]string{
		Simple:  "DKIM-Signature: v=1; b=;\r\n\th=from",
		Relaxed: "dkim-signature:v=1; b=; h=from",
	} {
		if got := string(AppendUnsigned(nil, c, []byte(raw), start, end)); got != want {
			t.Errorf("%v: %q, want %q", c, got, want)
		}
	}
}

var (
	foldRE = regexp.MustCompile("\r\n([ \t])")
	wspRE  = regexp.MustCompile("[ \t]+")
)

// naiveHeader is RFC 6376 section 3.4.2 step by step.
func naiveHeader(raw string) string {
	raw = strings.TrimSuffix(raw, "\r\n")
	name, value, found := strings.Cut(raw, ":")
	if !found {
		name, value = "", raw
	}
	// Unfolding first: what it leaves behind may complete another fold only where
	// the two CRLFs stand apart, so one pass is enough.
	value = foldRE.ReplaceAllString(value, "$1")
	value = strings.Trim(wspRE.ReplaceAllString(value, " "), " ")
	if found {
		lower := []byte(strings.TrimRight(name, " \t"))
		for i, c := range lower {
			if 'A' <= c && c <= 'Z' {
				lower[i] = c + 32
			}
		}
		return string(lower) + ":" + value + "\r\n"
	}
	return value + "\r\n"
}

func FuzzAppendHeader(f *testing.F) {
	for _, s := range []string{"A: X\r\n", "B : Y\t\r\n\tZ  \r\n", "X:\r\n \r\n", "no colon", ":", "\r\n: \r\n\r\n ",
		"Received: from mail.example.com  (mail [192.0.2.1])\r\n\tby mx\x00 \x01a \r b \xc3\xa4\t\t c ;\r\n  d e f g h i j k l m \r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if got, want := string(AppendHeader(nil, Relaxed, raw)), naiveHeader(string(raw)); got != want {
			t.Errorf("relaxed %q = %q, want %q", raw, got, want)
		}
	})
}

func BenchmarkAppendHeader(b *testing.B) {
	raw := []byte("Received: from mail.example.com (mail.example.com [192.0.2.1])\r\n\tby mx.example.net (Postfix) with ESMTPS id 4X0000000\r\n\tfor <user@example.net>; Mon, 1 Jan 2024 00:00:00 +0000 (UTC)\r\n")
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	dst := make([]byte, 0, 1024)
	for b.Loop() {
		AppendHeader(dst, Relaxed, raw)
	}
}

// TestAppendUnsignedAnywhere: wherever the value stands, the rest is the field without it.
func TestAppendUnsignedAnywhere(t *testing.T) {
	for _, raw := range []string{
		"D: a=1; b=AB\r\n CD ;\r\n\th=from \r\n", "D: b=", "D: b=A=B= ; ;\r\n", "D: b=;; \t\r\n", "b= : x ;=\r\n", "D:b=\r\n", "D: b=A\r\n", "D: b=\r\n \r\n",
	} {
		for start := range len(raw) + 1 {
			for end := start; end <= len(raw); end++ {
				for _, c := range []Canonicalization{Simple, Relaxed} {
					want := strings.TrimSuffix(string(AppendHeader(nil, c, []byte(raw[:start]+raw[end:]))), "\r\n")
					if got := string(AppendUnsigned(nil, c, []byte(raw), start, end)); got != want {
						t.Errorf("%v %q without %q: %q, want %q", c, raw, raw[start:end], got, want)
					}
				}
			}
		}
	}
}
