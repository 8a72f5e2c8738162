package message

import (
	"strings"
	"unicode/utf8"
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
