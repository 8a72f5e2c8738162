package forensics

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// attackMessages are messages whose examination costs the most that it can.
func attackMessages() map[string]string {
	head := "From: a@example.com\r\nTo: b@example.net\r\nSubject: [x] y\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	single := strings.Replace(head, "multipart/mixed; boundary=b", "text/plain; charset=utf-8", 1) + "x"
	part := "--b\r\nContent-Type: text/html\r\n\r\n<body>"
	parts := func(inside string) string { return head + strings.Repeat(part+inside+"\r\n", 40) + "--b--\r\n" }
	return map[string]string{
		"html parts":  parts(strings.Repeat("<p>\r\n", 19_000)),
		"blank parts": parts(strings.Repeat("\r\n", 48_000)),
		"blank tail":  head + strings.Repeat(part+strings.Repeat("<p>\r\n", 50)+"\r\n", 40) + strings.Repeat("\r\n", 1_800_000),
		"dashes":      parts(strings.Repeat("--\r\n", 24_000)),
		"long lines":  parts(strings.Repeat(strings.Repeat("x", 998)+"\r\n", 90)),
		"tabs":        single + strings.Repeat("\t", maxBody-1000),
		"one line":    single + strings.Repeat("x", maxBody-1000),
		"line feeds":  single + strings.Repeat("\n", maxBody-1000),
		"shifts":      single + strings.Repeat("$B(B", maxBody/4-1000),
		"dots":        single + strings.Repeat("..\r\n", maxBody/4-1000),
		"wrapped":     single + strings.Repeat(strings.Repeat("x", 75)+"\r\n", 6_000),
		"quoted":      strings.Replace(single, "\r\n\r\n", "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", 1) + strings.Repeat("=41=\r\n", 80_000),
		"many fields": strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n", 110) + parts("x"),
		"many names":  strings.Repeat("To: \"a\" <a@example.com>, b@example.com, <c@example.com>\r\n", 110) + single,
		"encoded":     "Subject: " + strings.Repeat("=?utf-8?B?44GC?= ", 450) + "\r\n" + single,
	}
}

// TestAttackExamine: the dearest messages stay within the bounds of the work.
func TestAttackExamine(t *testing.T) {
	for name, raw := range attackMessages() {
		for _, canon := range []wire.Canonicalization{wire.Simple, wire.Relaxed} {
			for _, selector := range []string{"rsa", "ed25519"} {
				if selector == "ed25519" && canon == wire.Simple {
					continue // the body is the same for both
				}
				signed := signedMessage(t, plain, dkim.SignOptions{Selector: selector, Header: canon, Body: canon})
				end := strings.Index(signed, "\r\nFrom:")
				_, v := verify(t, signed[:end+2]+raw)
				m := message.Parse([]byte(signed[:end+2] + raw))
				for _, e := range Examine(m, v) {
					if e.Outcome == Explained || e.Tried > maxHeaderTries+maxCuts {
						t.Errorf("%s: %v is %s by %v after %d candidates", name, e.Part, e.Outcome, e.Mutations, e.Tried)
					}
				}
			}
		}
	}
}
