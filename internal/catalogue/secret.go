package catalogue

import (
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/todoku/todoku/dns"
)

// hidden stands in the place of a private key.
const hidden = "[private key, not shown]"

// privatePEM matches a private key in PEM (RFC 7468), whole or cut short, on lines or on one.
var privatePEM = regexp.MustCompile(`(?is)-{2,}\s*BEGIN [A-Z0-9 ]*PRIVATE KEY\s*-{2,}.*?(?:-{2,}\s*END [A-Z0-9 ]*PRIVATE KEY\s*-{2,}|$)`)

// minPrivate is how many letters of base64 the shortest private key has, that of Ed25519.
const minPrivate = 60

// HidePrivate puts a note in the place of every private key within a text: PKCS #1 and
// #8 and SEC 1, in PEM or as bare base64. Somebody publishes theirs now and then, and
// reports are sent around and kept.
func HidePrivate(text string) string {
	if len(text) < minPrivate {
		return text
	}
	if strings.Contains(text, "PRIVATE") || strings.Contains(text, "private") {
		text = privatePEM.ReplaceAllString(text, hidden)
	}
	var b strings.Builder
	for from, at := 0, 0; ; at++ {
		n := strings.IndexByte(text[at:], 'M') // as base64 of every DER sequence begins
		if n < 0 {
			b.WriteString(text[from:])
			return b.String()
		}
		at += n
		if at > 0 && isBase64(text[at-1]) || !privateDER(text[at:]) {
			continue
		}
		if end := base64End(text, at); end > 0 {
			b.WriteString(text[from:at] + hidden)
			from, at = end, end-1
		}
	}
}

func isBase64(c byte) bool {
	return c == '+' || c == '/' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// base64End is where base64 ends that begins at an offset, in pieces with what panels
// and zone files put between them; 0 where it is too short for a key.
func base64End(text string, at int) (end int) {
	letters := 0
	for i := at; i < len(text); i++ {
		c := text[i]
		if isBase64(c) || c == '=' {
			letters, end = letters+1, i+1
		} else if strings.IndexByte(" \t\r\n\"\\", c) < 0 {
			break
		}
	}
	if letters < minPrivate {
		return 0
	}
	return end
}

// privateDER reports whether base64 begins as a private key does: a sequence (its first
// letter is M) whose first element is a version, 0 or 1. A public key begins with a
// sequence or a long integer.
func privateDER(text string) bool {
	const letters = 16
	var head [letters]byte
	n := 0
	for i := 0; i < len(text) && i < 4*letters && n < letters; i++ {
		if isBase64(text[i]) {
			head[n] = text[i]
			n++
		}
	}
	var b [letters * 3 / 4]byte
	if _, err := base64.RawStdEncoding.Decode(b[:], head[:]); err != nil || b[0] != 0x30 {
		return false
	}
	at := 2 // behind a length of one octet
	if b[1] >= 0x80 {
		at += int(b[1] & 0x7f)
	}
	return at+3 <= len(b) && b[at] == 0x02 && b[at+1] == 0x01 && b[at+2] <= 1
}

// HidePrivate hides private keys in all that a finding says. A change that would have to
// repeat one, to take it away, loses that.
func (f *Finding) HidePrivate() {
	for name, value := range f.Args {
		if shown := HidePrivate(value); shown != value {
			args := make(map[string]string, len(f.Args))
			for n, v := range f.Args {
				args[n] = HidePrivate(v)
			}
			args[name], f.Args = shown, args
			break
		}
	}
	f.Evidence = hideAll(f.Evidence)
	var changes []dns.Change
	for i, c := range f.DNS {
		data, was := hideAll(c.Data), hideAll(c.Was)
		if same(data, c.Data) && same(was, c.Was) {
			continue
		}
		if changes == nil {
			changes = append(changes, f.DNS...)
		}
		changes[i].Data, changes[i].Was = data, was
	}
	if changes != nil {
		f.DNS = changes
	}
	for i := range f.Snippets {
		f.Snippets[i].Text = HidePrivate(f.Snippets[i].Text)
	}
}

// hideAll gives the same slice where there is nothing to hide.
func hideAll(list []string) []string {
	out := list
	for i, s := range list {
		shown := HidePrivate(s)
		if shown == s {
			continue
		}
		if same(out, list) {
			out = append([]string(nil), list...)
		}
		out[i] = shown
	}
	return out
}

func same(a, b []string) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }
