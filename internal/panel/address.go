package panel

import (
	"strings"

	"github.com/todoku/todoku/srs"
)

// maxLocal is how many octets a local part may have (RFC 5321 section 4.5.3.1.1).
const maxLocal = 64

// atext are the characters of a dot-atom beside letters and digits (RFC 5322 section 3.2.3).
const atext = "!#$%&'*+-/=?^_`{|}~"

// goodLocal reports a local part that needs no quotes, and that no mail server takes for a command, a file or an option.
func goodLocal(s string) bool {
	if s == "" || len(s) > maxLocal || strings.ContainsAny(s[:1], "|/-") {
		return false
	}
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(atext, r)
		}) {
			return false
		}
	}
	return true
}

// target gives an address that mail is forwarded to: its domain in A-labels, its local part as it is written.
func target(s string) (string, error) {
	bad := invalid("to", "A destination is an address such as me@example.com, without quotes or a name.", "転送先は me@example.com のようなアドレスで指定してください。引用符や名前は使えません。")
	s = strings.TrimSpace(s)
	i := strings.LastIndexByte(s, '@')
	if i < 0 || len(s) > maxLogin || !goodLocal(s[:i]) || strings.ContainsAny(s[:i], "%!") { // Postfix takes a%b@here and b!a@here for a@b
		return "", bad
	}
	domain, err := Name(s[i+1:])
	if err != nil {
		return "", bad
	}
	return s[:i] + "@" + domain, nil
}

// source reads an address that mail is forwarded from: info@example.com, @example.com for all others of the domain. domain "" takes any;
// else the address may leave it out, and may have no other.
func source(s, domain string) (local, of string, err error) {
	s = strings.TrimSpace(s)
	if len(s) > maxLogin {
		return "", "", badSource()
	}
	local, of = strings.ToLower(s), domain
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		local = strings.ToLower(s[:i])
		if of, err = Name(s[i+1:]); err != nil {
			return "", "", badSource()
		}
	} else if s == "" {
		return "", "", badSource()
	}
	if of == "" || local != "" && !goodLocal(local) {
		return "", "", badSource()
	}
	if domain != "" && of != domain {
		return "", "", invalid("address", "This address is of another domain.", "別のドメインのアドレスです。")
	}
	if srs.Rewritten(local + "@" + of) {
		return "", "", invalid("address", "Addresses that begin with SRS0 or SRS1 bring bounces home and cannot be forwarded.", "SRS0、SRS1 で始まるアドレスはバウンスの返送に使うため、転送元にできません。")
	}
	return local, of, nil
}

func badSource() error {
	return invalid("address", "Write an address such as info@example.com, or @example.com for all others of the domain.", "info@example.com のようなアドレスか、そのドメインのほかのすべてのアドレスを表す @example.com を指定してください。")
}

// SplitAddresses gives the addresses of a text in which spaces, commas or lines separate them; it gives no more than are allowed, and one.
func SplitAddresses(text string) []string {
	list := SplitLogins(text)
	return list[:min(len(list), MaxTargets+1)]
}
