package judge

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/parts"
	"github.com/todoku/todoku/message"
)

// TestAttackLinkText: what a link shows is bounded, however much stands in it. A string
// that grew with every image took seconds for half a megabyte.
func TestAttackLinkText(t *testing.T) {
	for _, inside := range []string{strings.Repeat("<img>", 90_000), strings.Repeat("<b>x", 40_000), strings.Repeat("x", 1<<20), "<img>" + strings.Repeat("x", 1<<20)} {
		g := readHTML([]byte(`<a href="https://example.com/">` + inside + `</a>`))
		if len(g.links) != 1 || len(g.links[0].text) > 2*maxLinkText {
			t.Errorf("%d links, the first shows %d octets", len(g.links), len(g.links[0].text))
		}
	}
}

// TestAttackParts: nesting, parts without end and boundaries in one another are read within bounds.
func TestAttackParts(t *testing.T) {
	nested := "Content-Type: multipart/mixed; boundary=b0\r\n\r\n"
	for i := range 3000 {
		nested += "--b" + itoa(i) + "\r\nContent-Type: multipart/mixed; boundary=b" + itoa(i+1) + "\r\n\r\n"
	}
	same := strings.Repeat("--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", 3000)
	for name, raw := range map[string]string{
		"nested":         nested,
		"same boundary":  "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + same,
		"10,000 parts":   "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 10_000),
		"empty parts":    "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n", 10_000),
		"no boundary":    "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: multipart/mixed\r\n\r\n", 10_000),
		"base64":         "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("PGE+", 2<<20),
		"many base64":    "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Transfer-Encoding: base64\r\n\r\n"+strings.Repeat("PGE+", 1<<14)+"\r\n", 150),
		"charset escape": "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + strings.Repeat("\x1b$B\x1b(B", 1<<19),
		"utf-16":         "Content-Type: text/plain; charset=utf-16\r\n\r\n" + strings.Repeat("\xd8\x00", 1<<20),
	} {
		m := message.Parse([]byte("From: a@example.com\r\nMIME-Version: 1.0\r\n" + raw))
		c := parts.Read(m)
		decoded := 0
		for i := range c.Parts {
			decoded += len(c.Parts[i].Data)
		}
		if len(c.Parts) > 200 || len(c.Outline) > 400 || decoded > 16<<20 || len(c.Structure) > maxProblems || len(c.Encodings) > maxProblems {
			t.Errorf("%s: %d parts, %d octets, %d and %d problems", name, len(c.Parts), decoded, len(c.Structure), len(c.Encodings))
		}
		for _, p := range pagesOf(c) {
			if len(p.text) > maxText+parts.MaxDecoded || len(p.links) > maxLinks {
				t.Errorf("%s: a page of %d octets and %d links", name, len(p.text), len(p.links))
			}
		}
	}
}
