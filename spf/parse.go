package spf

import (
	"net/netip"
	"strings"
)

const (
	// version begins every record (section 4.5).
	version = "v=spf1"
	// maxRecord is what the RDATA of a TXT record can hold at most (RFC 1035
	// section 3.2.1); a longer text cannot have come from the DNS.
	maxRecord = 65535
)

// IsRecord reports whether a TXT record is an SPF record: it begins with "v=spf1",
// in any case, and a space or its end follows (RFC 7208 section 4.5).
func IsRecord(txt string) bool {
	return len(txt) >= len(version) &&
		(len(txt) == len(version) || txt[len(version)] == ' ') &&
		(txt[:len(version)] == version || strings.EqualFold(txt[:len(version)], version))
}

// Parse reads a record completely (RFC 7208 section 4.6). Its error is always a
// [*SyntaxError], for the first thing from the left that is wrong.
func Parse(record string) (*Record, error) {
	terms, err := parseTerms(record, nil)
	if err != nil {
		return nil, err
	}
	return &Record{Text: record, Terms: terms}, nil
}

// parseTerms appends the terms of a record to a slice that the caller may reuse.
func parseTerms(record string, terms []Term) ([]Term, *SyntaxError) {
	if !IsRecord(record) {
		return terms, syntaxErr(CodeNotSPF, 0, `the record does not begin with "v=spf1" and a space`)
	}
	if len(record) > maxRecord {
		return terms, syntaxErr(CodeTooLong, maxRecord, "the record has more than 65535 octets")
	}
	base := len(terms)
	for pos := len(version); pos < len(record); {
		if record[pos] == ' ' {
			pos++
			continue
		}
		end := len(record)
		if n := strings.IndexByte(record[pos:], ' '); n >= 0 {
			end = pos + n
		}
		terms = append(terms, Term{Text: record[pos:end], Start: pos, End: end})
		t := &terms[len(terms)-1]
		err := t.parse()
		if err == nil {
			err = checkDuplicate(terms[base:], t)
		}
		if err != nil {
			err.Term = t.Text
			return terms, err.within(pos)
		}
		pos = end
	}
	return terms, nil
}

// checkDuplicate enforces section 6: redirect= and exp= at most once each.
func checkDuplicate(terms []Term, t *Term) *SyntaxError {
	if t.Kind != Redirect && t.Kind != Exp {
		return nil
	}
	if index(terms, t.Kind) != len(terms)-1 {
		return syntaxErr(CodeDuplicateModifier, 0, t.Kind.String()+"= appears more than once")
	}
	return nil
}

// parse fills a term from its Text. Offsets of errors are relative to it.
func (t *Term) parse() *SyntaxError {
	s, sign := t.Text, 0
	if len(s) > 4 && s[:4] == "ip4:" {
		t.Kind, t.Qualifier = IP4, PlusPass
		return t.parseIP4(s[3:]).within(3)
	}
	if isQualifier(s[0]) {
		t.Qualifier = Qualifier(s[0])
		sign = 1
	}
	n := sign
	for n < len(s) && isNameChar(s[n]) {
		n++
	}
	name, rest := s[sign:n], s[n:]
	if rest == "" || rest[0] == ':' || rest[0] == '/' {
		if sign == 0 {
			t.Qualifier = PlusPass
		}
		return t.parseMechanism(name, rest, n)
	}
	if rest[0] != '=' {
		return badCharacter(s, n)
	}
	switch {
	case sign == 1:
		return syntaxErr(CodeQualifiedModifier, 0, "a modifier takes no sign")
	case name == "" || !isAlpha(name[0]):
		return syntaxErr(CodeBadCharacter, 0, "the name of a modifier begins with a letter")
	}
	return t.parseModifier(name, rest[1:], n+1)
}

// parseModifier reads the value of "name=value" (section 6).
func (t *Term) parseModifier(name, value string, at int) *SyntaxError {
	var err *SyntaxError
	switch {
	case strings.EqualFold(name, "redirect"):
		t.Kind = Redirect
		t.Domain, err = parseDomainSpec(value)
	case strings.EqualFold(name, "exp"):
		t.Kind = Exp
		t.Domain, err = parseDomainSpec(value)
	default:
		t.Kind = UnknownModifier
		t.Domain, err = parseMacroString(value, inModifier)
	}
	return err.within(at)
}

// parseMechanism reads what follows the name of a mechanism (section 5): rest
// begins with ':' or '/' or is empty, at says where it begins in the term.
func (t *Term) parseMechanism(name, rest string, at int) *SyntaxError {
	t.Kind = mechanismKind(name)
	switch t.Kind {
	case IP4:
		return t.parseIP4(rest).within(at)
	case IP6:
		return t.parseIP6(rest).within(at)
	case A, MX:
		return t.parseDual(rest).within(at)
	case All:
		if rest != "" {
			return syntaxErr(CodeUnexpectedArgument, at, `"all" takes no value`)
		}
		return nil
	case PTR:
		if rest == "" {
			return nil
		}
		return t.parseDomain(rest).within(at)
	case Include, Exists:
		if rest == "" {
			return syntaxErr(CodeMissingArgument, at, `"`+t.Kind.String()+`" needs ":" and a domain`)
		}
		return t.parseDomain(rest).within(at)
	}
	return unknownMechanism(name, rest)
}

// mechanismKind is 0 for an unknown name. Names are case-insensitive (section 4.6.1).
func mechanismKind(name string) Kind {
	switch name {
	case "ip4":
		return IP4
	case "ip6":
		return IP6
	case "include":
		return Include
	case "a":
		return A
	case "mx":
		return MX
	case "all":
		return All
	}
	for k := All; k <= Exists; k++ {
		if strings.EqualFold(name, kindNames[k]) {
			return k
		}
	}
	return 0
}

// unknownMechanism names the mistakes that real records make.
func unknownMechanism(name, rest string) *SyntaxError {
	const code = CodeUnknownMechanism
	switch {
	case name == "":
		return syntaxErr(code, 0, "a mechanism needs a name")
	case looksLikeAddress(name):
		return syntaxErr(code, 0, `an address needs "ip4:" or "ip6:" before it`)
	case rest != "" && (strings.EqualFold(name, "ip") || strings.EqualFold(name, "ipv4")):
		return syntaxErr(code, 0, `there is no mechanism "`+name+`"; it is written "ip4"`)
	case rest != "" && strings.EqualFold(name, "ipv6"):
		return syntaxErr(code, 0, `there is no mechanism "`+name+`"; it is written "ip6"`)
	case strings.EqualFold(name, "redirect") || strings.EqualFold(name, "exp"):
		return syntaxErr(code, 0, `"`+name+`" is followed by "="`)
	}
	return syntaxErr(code, 0, `there is no mechanism "`+name+`"`)
}

func looksLikeAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// parseDomain reads ":" domain-spec.
func (t *Term) parseDomain(rest string) *SyntaxError {
	if rest[0] != ':' {
		return syntaxErr(CodeUnexpectedArgument, 0, `"`+t.Kind.String()+`" takes no prefix length`)
	}
	var err *SyntaxError
	t.Domain, err = parseDomainSpec(rest[1:])
	return err.within(1)
}

// parseDual reads [ ":" domain-spec ] [ dual-cidr-length ] (section 5.3, 5.4).
func (t *Term) parseDual(rest string) *SyntaxError {
	t.Bits4, t.Bits6 = 32, 128
	if rest == "" {
		return nil
	}
	rest, digits, slashes := cutPrefixLength(rest)
	if slashes == 2 {
		bits, err := parseBits(digits, 128)
		if err != nil {
			return err.within(len(rest) + 2)
		}
		t.Bits6 = bits
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
		t.Bits4 = bits
	}
	switch {
	case rest == "":
		return nil
	case rest[0] != ':':
		return syntaxErr(CodeBadPrefix, 0, `a prefix length is written "/24", "//64" or "/24//64"`)
	}
	return t.parseDomain(rest)
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
func (t *Term) parseIP4(rest string) *SyntaxError {
	if len(rest) < 2 || rest[0] != ':' {
		return syntaxErr(CodeMissingArgument, 0, `"ip4" needs ":" and an IPv4 address`)
	}
	var octets [4]byte
	i := 1
	for part := range octets {
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
		octets[part] = byte(n)
	}
	bits := uint8(32)
	if i < len(rest) {
		if rest[i] != '/' {
			return badIP4(rest, i)
		}
		var err *SyntaxError
		if bits, err = parseBits(rest[i+1:], 32); err != nil {
			return err.within(i + 1)
		}
	}
	t.Prefix = netip.PrefixFrom(netip.AddrFrom4(octets), int(bits))
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
func (t *Term) parseIP6(rest string) *SyntaxError {
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
	t.Prefix = netip.PrefixFrom(addr, int(bits))
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

func isQualifier(c byte) bool { return c == '+' || c == '-' || c == '~' || c == '?' }
func isDigit(c byte) bool     { return c-'0' < 10 }
func isAlpha(c byte) bool     { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isNameChar(c byte) bool {
	return isAlpha(c) || isDigit(c) || c == '-' || c == '_' || c == '.'
}
