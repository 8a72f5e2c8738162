package message

import (
	"bytes"
	"strings"
	"testing"
)

// sample is an ordinary message with a body of about size octets.
func sample(size int) []byte {
	header := "Received: from mail.example.com (mail.example.com [192.0.2.1])\r\n\tby mx.example.net (Postfix) with ESMTPS id 4XyZ\r\n\tfor <u@example.net>; Tue, 1 Jul 2003 10:52:37 +0200 (CEST)\r\n" +
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1;\r\n\th=from:to:subject:date; bh=" + strings.Repeat("A", 44) + ";\r\n\tb=" + strings.Repeat("B", 344) + "\r\n" +
		"From: =?utf-8?b?5pel5pys?= <a@example.com>\r\nTo: u@example.net\r\nSubject: =?utf-8?b?5pel5pys?=\r\n" +
		"Date: Tue, 1 Jul 2003 10:52:37 +0200\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" +
		"List-Unsubscribe: <https://example.com/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n"
	line := strings.Repeat("x", 70) + "\r\n"
	return []byte(header + strings.Repeat(line, size/len(line)))
}

func BenchmarkParse(b *testing.B) {
	for name, size := range map[string]int{"10KB": 10 << 10, "1MB": 1 << 20} {
		raw := sample(size)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				Parse(raw)
			}
		})
		// The floor: find each line end and copy nothing.
		b.Run(name+"/floor", func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				for rest := raw; ; {
					i := bytes.IndexByte(rest, '\n')
					if i < 0 {
						break
					}
					rest = rest[i+1:]
				}
			}
		})
	}
}

func BenchmarkAuthorDomain(b *testing.B) {
	m := Parse(sample(10 << 10))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := m.AuthorDomain(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeHeader(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		DecodeHeader("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= =?utf-8?q?caf=C3=A9?=")
	}
}

// TestParseAllocates: an ordinary message costs a handful of allocations, however long its body.
func TestParseAllocates(t *testing.T) {
	for _, size := range []int{10 << 10, 1 << 20} {
		raw := sample(size)
		if d := Parse(raw).Defects(); len(d) != 0 {
			t.Fatalf("the sample is not clean: %+v", d)
		}
		if n := testing.AllocsPerRun(20, func() { Parse(raw) }); n > 6 {
			t.Errorf("%d octets: %v allocations", size, n)
		}
	}
}
