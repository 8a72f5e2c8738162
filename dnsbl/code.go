package dnsbl

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Outcome is what an address in an answer says.
type Outcome string

// The outcomes.
const (
	// Listed: the subject is on the list.
	Listed Outcome = "listed"
	// NotListed: there is an entry, but it accuses nobody (an allow entry, a neutral
	// reputation, a test entry).
	NotListed Outcome = "not-listed"
	// Refusal: the list does not answer this resolver, or not any more.
	Refusal Outcome = "refused"
	// Undocumented: an address in 127.0.0.0/8 that the list does not explain.
	Undocumented Outcome = "undocumented"
	// Invalid: an address outside 127.0.0.0/8, which no list gives: a parked domain,
	// or a resolver that answers for names that do not exist.
	Invalid Outcome = "invalid"
)

// Code is one meaning that a list gives to addresses.
type Code struct {
	Match   Match
	Outcome Outcome
	// Meaning in English, as the list documents it.
	Meaning string
}

// Match is a set of addresses in 127.0.0.0/8. The zero value matches nothing.
type Match struct {
	low, high [4]byte
	bits      byte // of the last octet, where not 0
	set       bool
}

// ParseMatch reads "127.0.0.2", a range or anything in an octet ("127.0.0.4-7",
// "127.0.*.3") or bits of the last octet ("&64"). An error says what is wrong.
func ParseMatch(s string) (Match, error) {
	if bits, ok := strings.CutPrefix(s, "&"); ok {
		n, err := parseOctet(bits)
		if err != nil || n == 0 {
			return Match{}, fmt.Errorf("dnsbl: %q is no number of 1 to 255", bits)
		}
		return Match{bits: n, set: true}, nil
	}
	octets := strings.Split(s, ".")
	if len(octets) != 4 || octets[0] != "127" {
		return Match{}, fmt.Errorf("dnsbl: %q does not have four octets of which the first is 127", s)
	}
	m := Match{set: true}
	for i, octet := range octets {
		low, high, isRange := strings.Cut(octet, "-")
		switch {
		case octet == "*":
			low, high = "0", "255"
		case !isRange:
			high = low
		}
		var errLow, errHigh error
		m.low[i], errLow = parseOctet(low)
		m.high[i], errHigh = parseOctet(high)
		if errLow != nil || errHigh != nil || m.low[i] > m.high[i] {
			return Match{}, fmt.Errorf("dnsbl: %q: %q is neither an octet nor a range", s, octet)
		}
	}
	return m, nil
}

func parseOctet(s string) (byte, error) {
	if len(s) > 1 && s[0] == '0' || s != "" && s[0] == '+' {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseUint(s, 10, 8)
	return byte(n), err
}

// String is what ParseMatch reads.
func (m Match) String() string {
	switch {
	case !m.set:
		return ""
	case m.bits != 0:
		return "&" + strconv.Itoa(int(m.bits))
	}
	octets := make([]string, 4)
	for i := range octets {
		low, high := strconv.Itoa(int(m.low[i])), strconv.Itoa(int(m.high[i]))
		switch {
		case m.low[i] == 0 && m.high[i] == 255:
			octets[i] = "*"
		case low == high:
			octets[i] = low
		default:
			octets[i] = low + "-" + high
		}
	}
	return strings.Join(octets, ".")
}

// Has reports whether an address fits.
func (m Match) Has(ip netip.Addr) bool {
	if !m.set || !ip.Is4() {
		return false
	}
	a := ip.As4()
	if m.bits != 0 {
		return a[0] == 127 && a[3]&m.bits != 0
	}
	for i := range a {
		if a[i] < m.low[i] || a[i] > m.high[i] {
			return false
		}
	}
	return true
}

// Reading is what one address in an answer says.
type Reading struct {
	Outcome Outcome
	Codes   []Code // those that fit; several only of bits
}

// Read says what one address in an answer means. Whatever a list documents: outside
// 127.0.0.0/8 it means nothing, and 127.255.255.0/24 is a refusal. 127.0.0.1 is a
// listing only where the list says so.
func (l List) Read(ip netip.Addr) Reading {
	ip = ip.Unmap()
	if !ip.Is4() || ip.As4()[0] != 127 {
		return Reading{Outcome: Invalid}
	}
	r := Reading{Outcome: Undocumented}
	for _, c := range l.Codes {
		if !c.Match.Has(ip) {
			continue
		}
		r.Codes = append(r.Codes, c)
		r.Outcome = stronger(r.Outcome, c.Outcome)
		if c.Match.bits == 0 {
			break
		}
	}
	if a := ip.As4(); a[1] == 255 && a[2] == 255 {
		r.Outcome = Refusal
	}
	return r
}

// stronger gives the outcome that decides where several apply: who is refused cannot
// believe the rest, and one listing is a listing.
func stronger(a, b Outcome) Outcome {
	for _, o := range []Outcome{Refusal, Listed, NotListed} {
		if a == o || b == o {
			return o
		}
	}
	return a
}
