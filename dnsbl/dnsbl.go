// Package dnsbl asks DNS-based lists of addresses and domains: RFC 5782.
//
// A list is a DNS zone. The subject is written before its name, addresses
// backwards: 192.0.2.1 in list.example is 1.2.0.192.list.example. Where that name
// has an A record the subject is listed, and the address says as what; where it
// does not exist the subject is not.
//
// Two things go wrong so often that they belong to every look-up. A list that was
// shut down answers nothing, or "listed" for everything: so [Prove] asks for the
// test entries that every list must and must not have (RFC 5782 section 5). And a
// list that does not want to serve the asking resolver says so with an address in
// 127.255.255.0/24: that is a refusal, never a listing.
package dnsbl

import (
	"net/netip"
	"strings"

	"github.com/todoku/todoku/dns"
)

// Kind is what a list has entries for.
type Kind string

// The kinds of list.
const (
	// IP: a list of addresses (RFC 5782 sections 2.1 and 2.4).
	IP Kind = "ip"
	// Domain: a list of domain names (RFC 5782 section 3).
	Domain Kind = "domain"
)

// List says how one list is asked and how its answers are read.
type List struct {
	// ID names the list in results.
	ID string
	// Zone is the domain name of the list, without the customer's key.
	Zone string
	// Key is put before Zone in questions where the list knows its customers by a
	// name of their own. It is a secret: no result ever holds it.
	Key  string
	Kind Kind
	// IPv4 and IPv6 say which addresses a list of addresses has entries for.
	IPv4, IPv6 bool
	// Codes say what the addresses in answers mean; the first that fits counts, of
	// bit codes all that fit.
	Codes []Code
	// Test are the test entries where they differ from those of RFC 5782.
	Test Test
}

// Test are the test entries of a list; what is empty is as RFC 5782 section 5 has it.
type Test struct {
	// Positive must be listed and Negative must not be: addresses, or names for a
	// list of domains. They hold for IPv4; IPv6 entries are always those of RFC 5782.
	Positive, Negative string
	// Zone is where Positive is to be found, where that is not the zone of the list.
	Zone string
}

// The test entries of RFC 5782 section 5.
var (
	positiveIPv4 = netip.AddrFrom4([4]byte{127, 0, 0, 2})
	negativeIPv4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	positiveIPv6 = netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: 0x7f, 15: 2})
	negativeIPv6 = netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: 0x7f, 15: 1})
)

const (
	positiveName = "test"
	negativeName = "invalid"
)

// Subject is an address or a domain name to ask a list about.
type Subject struct {
	ip   netip.Addr
	name string
}

// ForIP is the subject of an address; an IPv4-mapped one counts as IPv4, a zone is dropped.
func ForIP(ip netip.Addr) Subject { return Subject{ip: ip.Unmap().WithZone("")} }

// ForDomain is the subject of a domain name in A-labels. A name that is written like
// an address is not one: lists of domains answer such questions with an error.
func ForDomain(name string) Subject {
	name = dns.CanonicalName(name)
	if _, err := netip.ParseAddr(name); err == nil || name == "" || !dns.ValidName(name) {
		return Subject{}
	}
	return Subject{name: name}
}

// IsValid reports whether there is anything to ask about.
func (s Subject) IsValid() bool { return s.ip.IsValid() || s.name != "" }

// IP is the address, or the zero value for a domain name.
func (s Subject) IP() netip.Addr { return s.ip }

// String is the address or the name.
func (s Subject) String() string {
	if s.ip.IsValid() {
		return s.ip.String()
	}
	return s.name
}

// Family is which part of a list a subject belongs to: an address of one family, or
// a domain name. A list is proved for each by itself.
type Family uint8

// The families.
const (
	NoFamily Family = iota
	IPv4
	IPv6
	Name
)

// Family of the subject; NoFamily where it is not valid.
func (s Subject) Family() Family {
	switch {
	case s.ip.Is4():
		return IPv4
	case s.ip.Is6():
		return IPv6
	case s.name != "":
		return Name
	}
	return NoFamily
}

// Serves reports whether the list has entries for a family.
func (l List) Serves(f Family) bool {
	switch f {
	case IPv4:
		return l.Kind == IP && l.IPv4
	case IPv6:
		return l.Kind == IP && l.IPv6
	case Name:
		return l.Kind == Domain
	default:
		return false
	}
}

// QueryName is the name under which a zone keeps its entry for a subject (RFC 5782
// sections 2.1, 2.4 and 3): the octets of an IPv4 address or the nibbles of an IPv6
// address backwards, or the name as it is, before the zone. It is "" where the
// subject is not valid or no such name can be asked.
func QueryName(s Subject, zone string) string {
	var entry string
	switch s.Family() {
	case IPv4:
		entry = strings.TrimSuffix(dns.ReverseName(s.ip), ".in-addr.arpa")
	case IPv6:
		entry = nibbles(s.ip)
	case Name:
		entry = s.name
	default:
		return ""
	}
	name := dns.JoinName(entry, dns.CanonicalName(zone))
	if !dns.ValidName(name) {
		return ""
	}
	return name
}

// nibbles are those of an IPv6 address, backwards. dns.ReverseName cannot be used: it
// takes the mapped addresses of the test entries for IPv4.
func nibbles(ip netip.Addr) string {
	const hex = "0123456789abcdef"
	a := ip.As16()
	b := make([]byte, 0, 64)
	for i := 15; i >= 0; i-- {
		b = append(b, hex[a[i]&15], '.', hex[a[i]>>4], '.')
	}
	return string(b[:len(b)-1])
}

// Mask puts "[key]" in the place of the list's key, in any case, wherever text has it.
func (l List) Mask(text string) string {
	if l.Key == "" {
		return text
	}
	lower, key := asciiLower(text), asciiLower(l.Key)
	var b strings.Builder
	for {
		i := strings.Index(lower, key)
		if i < 0 {
			return b.String() + text
		}
		b.WriteString(text[:i])
		b.WriteString("[key]")
		text, lower = text[i+len(key):], lower[i+len(key):]
	}
}

// asciiLower changes no length, so that places in both strings are the same.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
