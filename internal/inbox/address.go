package inbox

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// RFC 5321 section 4.5.3.1.
const (
	maxLocalPart = 64
	maxDomain    = 255
)

// path is the parsed argument of MAIL FROM: or RCPT TO:.
type path struct {
	mailbox    string // as sent, without a source route; "" is the null path <>
	local      string // of mailbox, unquoted
	domain     string // of mailbox, as sent; "" for <postmaster>
	parameters []string
}

// parsePath parses "<" [source route] mailbox ">" and the parameters after it (RFC
// 5321 section 4.1.2). On failure problem says what is wrong.
func parsePath(s string) (p path, problem string) {
	s = strings.TrimLeft(s, " ") // RFC 5321 forbids the space; many senders put it
	if !strings.HasPrefix(s, "<") {
		return p, "put the address in angle brackets, <user@example.com>"
	}
	inside, rest, found := cutPath(s[1:])
	if !found {
		return p, "the closing angle bracket is missing"
	}
	if rest != "" && rest[0] != ' ' {
		return p, "a space is missing after the closing angle bracket"
	}
	p.parameters = strings.Fields(rest)
	if inside == "" {
		return p, ""
	}
	if !utf8.ValidString(inside) {
		return p, "the address is not UTF-8"
	}
	if strings.HasPrefix(inside, "@") { // a source route MUST be accepted and SHOULD be ignored
		_, after, found := strings.Cut(inside, ":")
		if !found {
			return p, "the source route does not end in a colon"
		}
		inside = after
	}
	p.mailbox = inside
	p.local, p.domain, problem = parseMailbox(inside)
	return p, problem
}

// cutPath finds the closing bracket, which may stand inside a quoted string too.
func cutPath(s string) (inside, rest string, found bool) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case '>':
			if !quoted {
				return s[:i], s[i+1:], true
			}
		}
	}
	return "", "", false
}

// parseMailbox splits local-part@domain. Only "postmaster" may lack the domain
// (RFC 5321 section 4.1.1.3).
func parseMailbox(s string) (local, domain, problem string) {
	local, rest, problem := parseLocalPart(s)
	switch {
	case problem != "":
		return "", "", problem
	case local == "" || len(local) > maxLocalPart:
		return "", "", "the part before the @ must have 1 to 64 octets"
	case rest == "" && strings.EqualFold(local, "postmaster"):
		return local, "", ""
	case !strings.HasPrefix(rest, "@"):
		return "", "", "the address has no @"
	}
	domain = rest[1:]
	if !validDomain(domain) {
		return "", "", "the part after the @ is neither a domain name nor an [address]"
	}
	return local, domain, ""
}

// parseLocalPart parses a dot-string or a quoted string and gives what follows it.
func parseLocalPart(s string) (local, rest, problem string) {
	if !strings.HasPrefix(s, `"`) {
		i := 0
		for i < len(s) && s[i] != '@' {
			if !isAtext(s[i]) && s[i] != '.' {
				return "", "", "a character before the @ is not allowed without quotes"
			}
			i++
		}
		return s[:i], s[i:], ""
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], ""
		case c == '\\' && i+1 < len(s) && s[i+1] >= 0x20 && s[i+1] <= 0x7e:
			i++
			b.WriteByte(s[i])
		case c < 0x20 || c == 0x7f || c == '\\':
			return "", "", "a control character is in the quoted part"
		default:
			b.WriteByte(c)
		}
	}
	return "", "", "the closing quote is missing"
}

// isAtext: RFC 5321 section 4.1.2 and, for octets above 127, RFC 6531 section 3.3.
func isAtext(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c >= 0x80:
		return true
	}
	return strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

func validDomain(d string) bool {
	if d == "" || len(d) > maxDomain {
		return false
	}
	if _, literal := addressLiteral(d); literal {
		return true
	}
	for i := range len(d) {
		c := d[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c >= 0x80, c == '-', c == '_':
		case c == '.' && i > 0 && d[i-1] != '.':
		default:
			return false
		}
	}
	return true
}

// addressLiteral parses [192.0.2.1] and [IPv6:2001:db8::1] (RFC 5321 section 4.1.3).
func addressLiteral(s string) (netip.Addr, bool) {
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return netip.Addr{}, false
	}
	s = s[1 : len(s)-1]
	if len(s) > 5 && strings.EqualFold(s[:5], "IPv6:") {
		a, err := netip.ParseAddr(s[5:])
		return a, err == nil && a.Is6() && a.Zone() == ""
	}
	a, err := netip.ParseAddr(s)
	return a, err == nil && a.Is4()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
