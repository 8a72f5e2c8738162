package repair

import (
	"slices"
	"strconv"
	"strings"

	"github.com/todoku/todoku/dns"
)

// TTL of records that are published anew, in seconds.
const defaultTTL = 3600

// Exchanger is one MX record and what is to become of it.
type Exchanger struct {
	// Text is the record as a change writes it: "10 mail.example.com.".
	Text string
	Pref uint16
	TTL  uint32
	// Bad records go; where Instead is set, a record with that host takes their place.
	Bad     bool
	Instead string
}

// MX plans the one change that puts a domain's MX records right, nil where there is
// none: nothing is wrong, or what remained would take no mail.
func MX(domain string, set []Exchanger) *dns.Change {
	c := dns.Change{Action: dns.Replace, Name: domain + ".", Type: dns.TypeMX, TTL: defaultTTL}
	var hosts []string // that take mail afterwards
	kept := 0
	for _, e := range set {
		if !e.Bad {
			kept++
			_, host, _ := strings.Cut(e.Text, " ")
			hosts = append(hosts, dns.CanonicalName(host))
		}
	}
	for _, e := range set {
		if e.TTL > 0 {
			c.TTL = e.TTL
		}
		if !e.Bad {
			continue
		}
		c.Was = append(c.Was, e.Text)
		if host := dns.CanonicalName(e.Instead); host != "" && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
			c.Data = append(c.Data, MXText(e.Pref, host))
		}
	}
	switch {
	case len(c.Was) == 0, len(c.Data)+kept == 0:
		return nil
	case len(c.Data) == 0:
		c.Action = dns.Remove
	}
	return &c
}

// MXText is an MX record as a change writes it.
func MXText(pref uint16, host string) string {
	return strconv.Itoa(int(pref)) + " " + dns.CanonicalName(host) + "."
}
