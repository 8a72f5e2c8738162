package spf

import (
	"net/netip"
	"strings"
)

// parseDual reads [ ":" domain-spec ] [ dual-cidr-length ] (section 5.3, 5.4).
func (p *parser) parseDual(t *term, rest string) *SyntaxError {
	t.bits4, t.bits6 = 32, 128
	if rest == "" {
		return nil
	}
	rest, digits, slashes := cutPrefixLength(rest)
	if slashes == 2 {
		bits, err := parseBits(digits, 128)
		if err != nil {
			return err.within(len(rest) + 2)
		}
		t.bits6 = bits
		rest, digits, slashes = cutPrefixLength(rest)
		if slashes == 2 {
			return syntaxErr(CodeBadPrefix, len(rest), "there are two IPv6 prefix lengths")
		}
	}
	if slashes == 1 {
		bits, err := parseBits(digits, 32)
		if err != nil {
			return err.within(len(rest) + 1)
		}
		t.bits4 = bits
	}
	switch {
	case rest == "":
		return nil
	case rest[0] != ':':
		return syntaxErr(CodeBadPrefix, 0, `a prefix length is written "/24", "//64" or "/24//64"`)
	}
	return p.parseDomain(t, rest)
}

// cutPrefixLength takes "/digits" or "//digits" from the end of s. A domain-spec
// may hold slashes itself but, ending in a top label or a macro, never ends so.
func cutPrefixLength(s string) (rest, digits string, slashes int) {
	i := len(s)
	for i > 0 && isDigit(s[i-1]) {
		i--
	}
	if i == len(s) || i == 0 || s[i-1] != '/' {
		return s, "", 0
	}
	if i > 1 && s[i-2] == '/' {
		return s[:i-2], s[i:], 2
	}
	return s[:i-1], s[i:], 1
}

// parseBits reads a prefix length: "0" or digits without a leading zero.
func parseBits(digits string, most int) (uint8, *SyntaxError) {
	if digits == "" {
		return 0, syntaxErr(CodeBadPrefix, 0, "the prefix length is missing")
	}
	if digits[0] == '0' && len(digits) > 1 {
		return 0, syntaxErr(CodeBadPrefix, 0, "a prefix length has no leading zero")
	}
	n := 0
	for i := 0; i < len(digits); i++ {
		if !isDigit(digits[i]) {
			return 0, syntaxErr(CodeBadPrefix, i, "a prefix length is a number")
		}
		if n = n*10 + int(digits[i]-'0'); n > most {
			return 0, syntaxErr(CodeBadPrefix, 0, tooLongPrefix(most))
		}
	}
	return uint8(n), nil
}

func tooLongPrefix(most int) string {
	if most == 32 {
		return "an IPv4 prefix length is at most 32"
	}
	return "an IPv6 prefix length is at most 128"
}

// parseIP4 reads ":" ip4-network [ ip4-cidr-length ] (section 5.6). It is written
// out because large records are almost all ip4 terms.
func (t *term) parseIP4(rest string) *SyntaxError {
	if len(rest) < 2 || rest[0] != ':' {
		return syntaxErr(CodeMissingArgument, 0, `"ip4" needs ":" and an IPv4 address`)
	}
	i := 1
	for part := range 4 {
		if part > 0 {
			if i >= len(rest) || rest[i] != '.' {
				return badIP4(rest, i)
			}
			i++
		}
		first, n := i, 0
		for i < len(rest) && isDigit(rest[i]) && i-first < 3 {
			n = n*10 + int(rest[i]-'0')
			i++
		}
		if i == first || n > 255 || (rest[first] == '0' && i-first > 1) {
			return badIP4(rest, first)
		}
		t.net.lo = t.net.lo<<8 | uint64(n)
	}
	t.bits4 = 32
	if i < len(rest) {
		if rest[i] != '/' {
			return badIP4(rest, i)
		}
		var err *SyntaxError
		if t.bits4, err = parseBits(rest[i+1:], 32); err != nil {
			return err.within(i + 1)
		}
	}
	return nil
}

func badIP4(rest string, at int) *SyntaxError {
	if at < len(rest) && (rest[at] <= ' ' || rest[at] >= 0x7f) {
		return badCharacter(rest, at)
	}
	reason := "an IPv4 address has four numbers from 0 to 255 without leading zeros"
	if addr, err := netip.ParseAddr(rest[1:]); err == nil && addr.Is6() {
		reason = `an IPv6 address is written with "ip6:"`
	}
	return syntaxErr(CodeBadAddress, at, reason)
}

// parseIP6 reads ":" ip6-network [ ip6-cidr-length ] (section 5.6).
func (t *term) parseIP6(rest string) *SyntaxError {
	if len(rest) < 2 || rest[0] != ':' {
		return syntaxErr(CodeMissingArgument, 0, `"ip6" needs ":" and an IPv6 address`)
	}
	text, bits := rest[1:], uint8(128)
	if i := strings.IndexByte(text, '/'); i >= 0 {
		var err *SyntaxError
		if bits, err = parseBits(text[i+1:], 128); err != nil {
			return err.within(i + 2)
		}
		text = text[:i]
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return badIP6(text, addr).within(1)
	}
	t.net, t.bits6 = addressOf(addr), bits
	return nil
}

func badIP6(text string, addr netip.Addr) *SyntaxError {
	for i := 0; i < len(text); i++ {
		if text[i] <= ' ' || text[i] >= 0x7f {
			return badCharacter(text, i)
		}
	}
	reason := "this is not an IPv6 address (RFC 4291 section 2.2)"
	if addr.Is4() {
		reason = `an IPv4 address is written with "ip4:"`
	}
	return syntaxErr(CodeBadAddress, 0, reason)
}
