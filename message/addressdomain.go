package message

import (
	"errors"
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/todoku/todoku/internal/wire"
)

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
	var labels []string // once one of them has changed
	n := 0
	for label := range strings.SplitSeq(s, ".") {
		a, err := asciiLabel(label)
		if err != nil {
			return "", err
		}
		if labels == nil && a != label {
			labels = strings.Split(s, ".")
		}
		if labels != nil {
			labels[n] = a
		}
		n++
	}
	if labels != nil {
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
		a, ok := wire.ALabel(label)
		if !ok {
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
