package panel

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire"
)

// logins gives SMTP logins in the form in which they are kept: lower case, in order, each once.
func logins(list []string) ([]string, error) {
	if len(list) > MaxSenders {
		return nil, invalid("senders", fmt.Sprintf("Name at most %d logins.", MaxSenders), fmt.Sprintf("ユーザー名は %d 個までです。", MaxSenders))
	}
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if len(s) > maxLogin || !utf8.ValidString(s) || strings.ContainsFunc(s, badInLogin) {
			return nil, invalid("senders", "A login has at most 320 octets, and no spaces, commas or controls.", "ユーザー名は 320 オクテット以内です。空白、コンマ、制御文字は使えません。")
		}
		out = append(out, strings.ToLower(s))
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// badInLogin: what separates logins, and what nobody can see.
func badInLogin(r rune) bool {
	return r == ',' || r == ';' || r == '"' || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs)
}

// SplitLogins gives the logins of a text in which spaces, commas or lines separate them; it gives no more than are allowed, and one.
func SplitLogins(text string) []string {
	list := []string{}
	for login := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) }) {
		if list = append(list, login); len(list) > MaxSenders {
			break
		}
	}
	return list
}

// Name gives a domain name in the form in which it is kept. The error is an *Invalid.
func Name(s string) (string, error) {
	bad := invalid("name", "This is not a full domain name such as example.com.", "example.com のような完全なドメイン名を指定してください。")
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 1000 || !wire.Convertible(s) || !utf8.ValidString(s) {
		return "", bad
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		ascii, err := idna.Lookup.ToASCII(s)
		if err != nil {
			return "", bad
		}
		s = ascii
	}
	s = dns.CanonicalName(s)
	labels := strings.Split(s, ".")
	last := labels[len(labels)-1]
	if len(labels) < 2 || len(s) > 253 || !dns.ValidName(s) || slices.ContainsFunc(labels, badLabel) || strings.Trim(last, "0123456789") == "" {
		return "", bad
	}
	return s, nil
}

// suffix says why a name (as [Name] gives it) can be nobody's domain: it is one under which everybody registers theirs, and what is said of a domain counts for all below
// it, here for the mail of strangers. A suffix of the list's private section may be its owner's own domain. nil for all others.
func suffix(name string) error {
	if s, icann := publicsuffix.PublicSuffix(name); s != name || !icann {
		return nil
	}
	return invalid("name", fmt.Sprintf("%s is a public suffix, under which everybody may register a domain: it is nobody's own. Add the domain itself, such as example.%s.", name, name),
		fmt.Sprintf("%s は、誰でもその下にドメインを登録できるパブリックサフィックスであり、特定の所有者のドメインではありません。example.%s のように、ドメインそのものを指定してください。", name, name))
}

func badLabel(l string) bool {
	return l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-_") != ""
}
