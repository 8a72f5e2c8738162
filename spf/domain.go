package spf

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/todoku/todoku/internal/wire"
)

const (
	// maxPath bounds the reverse-path and the HELO name. RFC 5321 section 4.5.3.1
	// allows 256 octets; what is much longer is not an address, and would only make
	// macros expensive.
	maxPath = 1024
	// maxLabel is the longest label (RFC 1035 section 2.3.4).
	maxLabel = 63
)

// lookupProfile converts U-labels as a client does before a look-up (RFC 5891
// section 5), but lets the underscore and other DNS names pass.
var lookupProfile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// splitSender gives the local-part and the domain of an address. The local-part
// may hold "@" in quotes, a domain never does, so the last one divides. Without a
// local-part it is "postmaster" (section 4.3).
func splitSender(address string) (local, domain string) {
	at := strings.LastIndexByte(address, '@')
	local, domain = address[:max(at, 0)], address[at+1:]
	if local == "" {
		local = "postmaster"
	}
	return local, domain
}

// initialDomain prepares the domain of an address for the evaluation: A-labels,
// no final dot. The problem is "" where it is fit to be checked (section 4.3).
func initialDomain(domain string) (name, problem string) {
	if !isASCII(domain) {
		const problem = "it cannot be converted to A-labels"
		if !wire.Convertible(domain) || !utf8.ValidString(domain) {
			return domain, problem
		}
		a, err := lookupProfile.ToASCII(domain)
		if err != nil {
			return domain, problem
		}
		domain = a
	}
	domain = strings.TrimSuffix(domain, ".")
	switch {
	case domain == "":
		return domain, "it is empty"
	case domain[0] == '[':
		return domain, "it is an address literal"
	case strings.IndexByte(domain, '.') < 0:
		return domain, "it has only one label"
	}
	if problem := nameProblem(domain); problem != "" {
		return domain, problem
	}
	for i := 0; i < len(domain); i++ {
		// These never stand in a mail domain; a space or a bracket is a broken HELO.
		if c := domain[i]; c <= ' ' || strings.IndexByte(`"()<>[]:;@,`, c) >= 0 {
			return domain, "it has " + describeCharacter(domain[i:])
		}
	}
	if allDigits(domain[strings.LastIndexByte(domain, '.')+1:]) {
		return domain, "its last label is a number"
	}
	return domain, ""
}

// nameProblem says why a name cannot be asked, "" if it can (RFC 1035 section
// 2.3.4). A backslash could be read as an escape on the way to the wire, and
// neither it nor octets outside US-ASCII or control characters are in any name a
// record can mean (RFC 8616 section 4: such a local-part matches nothing).
func nameProblem(name string) string {
	if name == "" || len(name) > maxName {
		return "the name is empty or longer than 253 octets"
	}
	label := 0
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '.':
			if label == 0 {
				return "the name has an empty label"
			}
			label = 0
			continue
		case c < ' ' || c >= 0x7f || c == '\\':
			return "the name has " + describeCharacter(name[i:])
		}
		if label++; label > maxLabel {
			return "the name has a label longer than 63 octets"
		}
	}
	if label == 0 {
		return "the name has an empty label"
	}
	return ""
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// within reports whether a name is the domain or below it.
func within(name, domain string) bool {
	n := len(name) - len(domain)
	if n < 0 || !strings.EqualFold(name[n:], domain) {
		return false
	}
	return n == 0 || name[n-1] == '.'
}
