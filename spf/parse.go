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
	var p parser
	if err := p.parse(record); err != nil {
		return nil, err
	}
	r := &Record{Text: record, Terms: make([]Term, len(p.terms))}
	for i := range p.terms {
		r.Terms[i] = p.export(record, &p.terms[i])
	}
	return r, nil
}

// parser collects the terms of records. It is kept for several records, so that
// an evaluation parses without allocating.
type parser struct {
	terms   []term
	domains []MacroString
}

// term is a term in its smallest form: most of those that are evaluated are
// networks, by the dozen. Its text is a part of the record it came from.
type term struct {
	start, end uint32
	// domain is an index into the domains plus one, 0 for none.
	domain       uint32
	kind         Kind
	qualifier    Qualifier
	bits4, bits6 uint8
	// net is the network of ip4 and ip6.
	net address
}

// text is the term as written in its record.
func (t *term) text(record string) string { return record[t.start:t.end] }

// domainSpec is the domain-spec of a term, empty where it has none.
func (p *parser) domainSpec(t *term) MacroString {
	if t.domain == 0 {
		return MacroString{}
	}
	return p.domains[t.domain-1]
}

// export gives a term as the package shows it.
func (p *parser) export(record string, t *term) Term {
	out := Term{Text: t.text(record), Start: int(t.start), End: int(t.end), Kind: t.kind, Qualifier: t.qualifier,
		Domain: p.domainSpec(t)}
	switch t.kind {
	case IP4:
		out.Prefix = netip.PrefixFrom(t.net.addr4(), int(t.bits4))
	case IP6:
		out.Prefix = netip.PrefixFrom(t.net.addr6(), int(t.bits6))
	case A, MX:
		out.Bits4, out.Bits6 = t.bits4, t.bits6
	}
	return out
}

// parse adds the terms of a record.
func (p *parser) parse(record string) *SyntaxError {
	if !IsRecord(record) {
		return syntaxErr(CodeNotSPF, 0, `the record does not begin with "v=spf1" and a space`)
	}
	if len(record) > maxRecord {
		return syntaxErr(CodeTooLong, maxRecord, "the record has more than 65535 octets")
	}
	base := len(p.terms)
	for pos := len(version); pos < len(record); {
		if record[pos] == ' ' {
			pos++
			continue
		}
		end := len(record)
		if n := strings.IndexByte(record[pos:], ' '); n >= 0 {
			end = pos + n
		}
		t := p.next()
		t.start, t.end = uint32(pos), uint32(end)
		err := p.parseTerm(t, record[pos:end])
		if err == nil && t.kind.Modifier() {
			err = checkDuplicate(p.terms[base:], t.kind)
		}
		if err != nil {
			err.Term = record[pos:end]
			return err.within(pos)
		}
		pos = end
	}
	return nil
}

// next makes room for a term, in place: copying it there would cost as much as
// parsing it.
func (p *parser) next() *term {
	n := len(p.terms)
	if n < cap(p.terms) {
		p.terms = p.terms[:n+1]
		p.terms[n] = term{}
	} else {
		p.terms = append(p.terms, term{})
	}
	return &p.terms[n]
}

// checkDuplicate enforces section 6: redirect= and exp= at most once each.
func checkDuplicate(terms []term, k Kind) *SyntaxError {
	if k != UnknownModifier && index(terms, k) != len(terms)-1 {
		return syntaxErr(CodeDuplicateModifier, 0, k.String()+"= appears more than once")
	}
	return nil
}

// index is the place of the first term of a kind, -1 where there is none.
func index(terms []term, k Kind) int {
	for i := range terms {
		if terms[i].kind == k {
			return i
		}
	}
	return -1
}

// parseTerm fills a term from its text. Offsets of errors are relative to it.
func (p *parser) parseTerm(t *term, s string) *SyntaxError {
	if len(s) > 4 && s[:4] == "ip4:" {
		// What follows does the same, but large records have little else.
		t.kind, t.qualifier = IP4, PlusPass
		return t.parseIP4(s[3:]).within(3)
	}
	sign := 0
	if isQualifier(s[0]) {
		t.qualifier = Qualifier(s[0])
		sign = 1
	}
	n := sign
	for n < len(s) && isNameChar(s[n]) {
		n++
	}
	name, rest := s[sign:n], s[n:]
	if rest == "" || rest[0] == ':' || rest[0] == '/' {
		if sign == 0 {
			t.qualifier = PlusPass
		}
		return p.parseMechanism(t, name, rest, n)
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
	return p.parseModifier(t, name, rest[1:]).within(n + 1)
}

// setDomain keeps the domain-spec of a term.
func (p *parser) setDomain(t *term, m MacroString, err *SyntaxError) *SyntaxError {
	if err == nil {
		p.domains = append(p.domains, m)
		t.domain = uint32(len(p.domains))
	}
	return err
}

// parseModifier reads the value of "name=value" (section 6).
func (p *parser) parseModifier(t *term, name, value string) *SyntaxError {
	switch {
	case strings.EqualFold(name, "redirect"):
		t.kind = Redirect
	case strings.EqualFold(name, "exp"):
		t.kind = Exp
	default:
		t.kind = UnknownModifier
		m, err := parseMacroString(value, inModifier)
		return p.setDomain(t, m, err)
	}
	m, err := parseDomainSpec(value)
	return p.setDomain(t, m, err)
}

// parseMechanism reads what follows the name of a mechanism (section 5): rest
// begins with ':' or '/' or is empty, at says where it begins in the term.
func (p *parser) parseMechanism(t *term, name, rest string, at int) *SyntaxError {
	t.kind = mechanismKind(name)
	switch t.kind {
	case IP4:
		return t.parseIP4(rest).within(at)
	case IP6:
		return t.parseIP6(rest).within(at)
	case A, MX:
		return p.parseDual(t, rest).within(at)
	case All:
		if rest != "" {
			return syntaxErr(CodeUnexpectedArgument, at, `"all" takes no value`)
		}
		return nil
	case PTR:
		if rest == "" {
			return nil
		}
		return p.parseDomain(t, rest).within(at)
	case Include, Exists:
		if rest == "" {
			return syntaxErr(CodeMissingArgument, at, `"`+t.kind.String()+`" needs ":" and a domain`)
		}
		return p.parseDomain(t, rest).within(at)
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
func (p *parser) parseDomain(t *term, rest string) *SyntaxError {
	if rest[0] != ':' {
		return syntaxErr(CodeUnexpectedArgument, 0, `"`+t.kind.String()+`" takes no prefix length`)
	}
	m, err := parseDomainSpec(rest[1:])
	return p.setDomain(t, m, err).within(1)
}

func isQualifier(c byte) bool { return c == '+' || c == '-' || c == '~' || c == '?' }
func isDigit(c byte) bool     { return c-'0' < 10 }
func isAlpha(c byte) bool     { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isNameChar(c byte) bool {
	return isAlpha(c) || isDigit(c) || c == '-' || c == '_' || c == '.'
}
