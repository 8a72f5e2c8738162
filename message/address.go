package message

import (
	"errors"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxMailboxes is how many mailboxes an address list may have.
const maxMailboxes = 2000

// Address is one mailbox.
type Address struct {
	// Display is the decoded display name, safe to show (see [DisplaySafe]). Where
	// there is none it is "": a comment is not taken for a name.
	Display string
	// Local is the local part without quoting, in its own case.
	Local string
	// Domain as A-labels, lower case, no final dot; an address literal keeps its
	// brackets: "[192.0.2.1]", "[IPv6:2001:db8::1]".
	Domain string
}

// String is the address without the display name, quoted where it must be.
func (a Address) String() string {
	if isDotAtom(a.Local) {
		return a.Local + "@" + a.Domain
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(a.Local); i++ {
		if a.Local[i] == '"' || a.Local[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(a.Local[i])
	}
	b.WriteString(`"@`)
	b.WriteString(a.Domain)
	return b.String()
}

func isDotAtom(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '.' {
			if i == 0 || i == len(s)-1 || s[i-1] == '.' {
				return false
			}
		} else if !isAtext(s[i]) && s[i] < utf8.RuneSelf {
			return false
		}
	}
	return s != ""
}

// ParseAddressList parses the address-list of RFC 5322 section 3.4 strictly, in
// linear time, with bounds on nesting and count; groups are flattened.
//
// Of the obsolete syntax it takes what every reader understands alike: a dot in a
// display name, empty list elements, quoted words in a local part. It refuses what
// readers are known to disagree on: source routes, white space or comments around
// the dots of an address, controls, domain literals that hold no address, and
// domains that no DNS name can be. The error is a [*SyntaxError].
func ParseAddressList(value []byte) ([]Address, error) {
	p := addressParser{lexer: lexer{s: value}}
	if err := p.list(); err != nil {
		return nil, err
	}
	return p.addresses, nil
}

type addressParser struct {
	lexer
	addresses []Address
	inGroup   bool
	words     []word // of the element being read; reused
}

// word is a word of a phrase or a local part, or the dot between two.
type word struct {
	text string
	kind byte // 'a' atom, 'q' quoted-string, '.' dot
	gap  bool // white space or a comment stands before it
}

func (p *addressParser) list() error {
	for {
		if err := p.element(); err != nil {
			return err
		}
		switch p.peek() {
		case ',':
			p.i++
		case ';':
			if !p.inGroup {
				return p.fail("';' outside a group")
			}
			p.inGroup = false
			p.i++
			more, err := p.afterGroup()
			if err != nil || !more {
				return err
			}
		default:
			if !p.end() {
				return p.fail(unexpected(p.peek(), false))
			}
			if p.inGroup {
				return p.fail("group without ';'")
			}
			return nil
		}
	}
}

// afterGroup reads the comma between a group and what follows it.
func (p *addressParser) afterGroup() (more bool, err error) {
	if _, err := p.cfws(); err != nil || p.end() {
		return false, err
	}
	if p.peek() != ',' {
		return false, p.fail("no comma after a group")
	}
	p.i++
	return true, nil
}

// element reads one mailbox, one group up to its colon, or nothing.
func (p *addressParser) element() error {
	p.words = p.words[:0]
	for {
		gap, err := p.cfws()
		if err != nil {
			return err
		}
		if p.end() {
			return p.noDomain()
		}
		switch c := p.peek(); c {
		case ',', ';':
			return p.noDomain()
		case '@':
			return p.bareAddress()
		case '<':
			return p.angleAddress()
		case ':':
			if p.inGroup || len(p.words) == 0 {
				return p.fail("':' does not belong here")
			}
			p.inGroup = true
			p.i++
			return p.element() // not deep: inGroup forbids a second time
		default:
			if err := p.word(gap); err != nil {
				return err
			}
		}
	}
}

// word reads one word of a phrase or local part, or a dot.
func (p *addressParser) word(gap bool) (err error) {
	w := word{".", '.', gap}
	switch p.peek() {
	case '.':
		p.i++
	case '"':
		w.kind = 'q'
		w.text, err = p.quoted()
	default:
		w.kind = 'a'
		w.text, err = p.atom()
	}
	p.words = append(p.words, w)
	return err
}

// noDomain ends an element at a delimiter: right for an empty one only.
func (p *addressParser) noDomain() error {
	if len(p.words) == 0 {
		return nil
	}
	return p.fail("an address without '@'")
}

func (p *addressParser) bareAddress() error {
	local, err := p.localPart()
	if err != nil {
		return err
	}
	return p.domainOf(Address{Local: local})
}

func (p *addressParser) angleAddress() error {
	a := Address{Display: displayName(p.words)}
	p.i++
	p.words = p.words[:0]
	for {
		gap, err := p.cfws()
		if err != nil {
			return err
		}
		if p.peek() == '@' {
			break // a source route begins with it: no local part
		}
		if err := p.word(gap); err != nil {
			return err
		}
	}
	var err error
	if a.Local, err = p.localPart(); err != nil {
		return err
	}
	if err := p.domainOf(a); err != nil {
		return err
	}
	if p.peek() != '>' {
		return p.fail("no '>' after the address")
	}
	p.i++
	_, err = p.cfws()
	return err
}

// localPart joins the words read: word *("." word), with nothing between them.
func (p *addressParser) localPart() (string, error) {
	if len(p.words) == 0 {
		return "", p.fail("no local part")
	}
	if len(p.words) == 1 && p.words[0].kind != '.' {
		return p.words[0].text, nil // most of them
	}
	var b strings.Builder
	for i, w := range p.words {
		if w.gap && i > 0 {
			return "", p.fail("white space or a comment inside the local part")
		}
		if (w.kind == '.') != (i%2 == 1) {
			return "", p.fail("local part is not words with single dots between them")
		}
		b.WriteString(w.text)
	}
	if len(p.words)%2 == 0 {
		return "", p.fail("local part ends in a dot")
	}
	return b.String(), nil
}

// domainOf reads "@" and the domain, and adds the finished address.
func (p *addressParser) domainOf(a Address) error {
	p.i++
	if _, err := p.cfws(); err != nil {
		return err
	}
	var err error
	if p.peek() == '[' {
		a.Domain, err = p.literal()
	} else {
		a.Domain, err = p.domain()
	}
	if err != nil {
		return err
	}
	if _, err := p.cfws(); err != nil {
		return err
	}
	if len(p.addresses) == maxMailboxes {
		return p.fail("too many addresses")
	}
	p.addresses = append(p.addresses, a)
	return nil
}

// domain reads a dot-atom and makes a DNS name of it.
func (p *addressParser) domain() (string, error) {
	start := p.i
	for !p.end() {
		c := p.s[p.i]
		if c >= utf8.RuneSelf {
			n := p.utf8()
			if n == 0 {
				return "", p.fail("octets that are no UTF-8")
			}
			p.i += n
		} else if c == '.' || isAtext(c) {
			p.i++
		} else {
			break
		}
	}
	if p.i == start {
		return "", p.fail(unexpected(p.peek(), p.end()))
	}
	name, err := asciiDomain(string(p.s[start:p.i]))
	if err != nil {
		p.i = start
		return "", p.fail(err.Error())
	}
	return name, nil
}

// literal reads an address literal of RFC 5321 section 4.1.3.
func (p *addressParser) literal() (string, error) {
	start := p.i
	for p.i++; !p.end(); p.i++ {
		c := p.s[p.i]
		if c == ']' {
			p.i++
			text := string(p.s[start+1 : p.i-1])
			v6, isV6 := cutPrefixFold(text, "IPv6:")
			addr, err := netip.ParseAddr(v6)
			if err != nil || addr.Zone() != "" || addr.Is4() == isV6 {
				p.i = start
				return "", p.fail("a domain literal that is no address")
			}
			if isV6 {
				return "[IPv6:" + addr.String() + "]", nil
			}
			return "[" + addr.String() + "]", nil
		}
		if c <= ' ' || c >= 0x7f || c == '[' || c == '\\' {
			break
		}
	}
	return "", p.fail("a domain literal that is no address")
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

var (
	errEmptyLabel = errors.New("a domain with an empty label or a final dot")
	errLongLabel  = errors.New("a label over 63 octets")
	errLongDomain = errors.New("a domain over 253 octets")
	errHyphen     = errors.New("a label that begins or ends in a hyphen")
	errNotLDH     = errors.New("a character that no domain name has")
	errULabel     = errors.New("a label that is no valid U-label")
)

// asciiDomain gives a domain as A-labels in lower case (RFC 5890 section 2.3),
// or an error for what no DNS name can be.
func asciiDomain(s string) (string, error) {
	// A U-label is never longer in UTF-8 than four octets for each of its at most 59
	// characters; what is longer is refused before any conversion.
	if len(s) > 4*253 {
		return "", errLongDomain
	}
	changed := false
	for label := range strings.SplitSeq(s, ".") {
		a, err := asciiLabel(label)
		if err != nil {
			return "", err
		}
		changed = changed || a != label
	}
	if changed {
		labels := strings.Split(s, ".")
		for i, label := range labels {
			labels[i], _ = asciiLabel(label)
		}
		s = strings.Join(labels, ".")
	}
	if len(s) > 253 {
		return "", errLongDomain
	}
	return s, nil
}

func asciiLabel(label string) (string, error) {
	if label == "" {
		return "", errEmptyLabel
	}
	if !isASCII(label) {
		// One label at a time: the mapping turns an ideographic full stop into a dot, and
		// full-width letters into ASCII. Neither is a U-label, and readers disagree on both.
		a, err := idna.Lookup.ToASCII(label)
		if err != nil || !strings.HasPrefix(a, "xn--") || strings.Contains(a, ".") {
			return "", errULabel
		}
		label = a
	}
	if len(label) > 63 {
		return "", errLongLabel
	}
	if label[0] == '-' || label[len(label)-1] == '-' {
		return "", errHyphen
	}
	for i := 0; i < len(label); i++ {
		c := lower(label[i])
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return "", errNotLDH
		}
	}
	return strings.ToLower(label), nil
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// displayName joins the words of a phrase as they stood and decodes them.
func displayName(words []word) string {
	if len(words) == 0 {
		return ""
	}
	if len(words) == 1 {
		return DecodeHeader(words[0].text)
	}
	var b strings.Builder
	for i, w := range words {
		if w.gap && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.text)
	}
	return DecodeHeader(b.String())
}
