package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/todoku/todoku/dane"
	"github.com/todoku/todoku/dns"
)

const zoneTTL = 300

// zoneMaker collects records and the first error.
type zoneMaker struct {
	domain  string
	records []dns.Record
	err     error
}

// add adds a record; name is below the domain, "" is the domain itself.
func (z *zoneMaker) add(name string, t dns.Type, data string) {
	full := z.domain
	if name != "" {
		full = name + "." + z.domain
	}
	rec, err := dns.NewRecord(full, t, zoneTTL, data)
	z.records, z.err = append(z.records, rec), errors.Join(z.err, err)
}

func (z *zoneMaker) addresses(name string, ips []netip.Addr) {
	for _, ip := range ips {
		t := dns.TypeAAAA
		if ip.Is4() {
			t = dns.TypeA
		}
		z.add(name, t, ip.String())
	}
}

// makeZone gives the records of all receivers that there are addresses for.
func (l *Lab) makeZone() ([]dns.Record, error) {
	z := &zoneMaker{domain: l.cfg.Domain}
	z.add("", dns.TypeSOA, fmt.Sprintf("ns.%s. hostmaster.%s. 1 3600 600 1209600 60", z.domain, z.domain))
	z.add("", dns.TypeNS, "ns."+z.domain)
	z.addresses("ns", l.nameServer())
	for _, r := range Receivers {
		if l.lacks(r) == "" {
			l.addReceiver(z, r)
		}
	}
	return z.records, z.err
}

// nameServer is the address of the lab's own DNS, or of anything, where the user's own
// server will serve the zone: a zone needs one.
func (l *Lab) nameServer() []netip.Addr {
	if at, err := ParseAddress(l.cfg.DNS, 53); err == nil {
		return []netip.Addr{at.Public}
	}
	if p := l.seats[seatNormal]; p != nil {
		return p.public(0)
	}
	return nil
}

func (l *Lab) addReceiver(z *zoneMaker, r Receiver) {
	ips, host := l.seats[r.seat].public(r.family), "mx-"+r.Name
	if r.Name == Greylist || r.Name == Deferring { // a second address would be tried at once, and look like a retry
		ips = l.oneAddress(r)
	}
	switch r.Name {
	case NullMX: // RFC 7505; the address is there for clients that do not know
		z.add(r.Name, dns.TypeMX, "0 .")
		z.addresses(r.Name, ips)
		return
	case BackupMX:
		z.add(r.Name, dns.TypeMX, "10 mx-"+brokenFirst+"."+z.domain+".")
		z.addresses("mx-"+brokenFirst, l.seats[seatBroken].public(0))
		z.add(r.Name, dns.TypeMX, "20 "+host+"."+z.domain+".")
	default:
		z.add(r.Name, dns.TypeMX, "10 "+host+"."+z.domain+".")
	}
	z.addresses(host, ips)
	if r.policy {
		z.add("_mta-sts."+r.Name, dns.TypeTXT, "v=STSv1; id="+policyID(l.policy(r.Name)))
		z.addresses("mta-sts."+r.Name, []netip.Addr{l.cfg.Policy.Public})
	}
	if r.dane {
		z.add("_25._tcp."+host, dns.TypeTLSA, l.tlsa(r.Name, z))
	}
}

// oneAddress is the IPv4 address of a receiver or, where it has none, the other one.
func (l *Lab) oneAddress(r Receiver) []netip.Addr {
	p := l.seats[r.seat]
	if four := p.public(4); len(four) > 0 {
		return four[:1]
	}
	return p.public(6)[:1]
}

// tlsa names the lab's key, or for the bad receiver one that nobody has.
func (l *Lab) tlsa(name string, z *zoneMaker) string {
	if name == DANEBad {
		sum := sha256.Sum256([]byte("a key that nobody has"))
		return "3 1 1 " + hex.EncodeToString(sum[:])
	}
	cert, err := l.cfg.Keys.issue(l.cfg.Now().AddDate(0, 1, 0), "*."+l.cfg.Domain)
	if err != nil {
		z.err = errors.Join(z.err, err)
		return "3 1 1 00"
	}
	return dane.RecommendEE(cert.Leaf).String()
}

// Zone writes the zone as a master file, and in a comment what the zone above needs where
// the lab's own name server answers.
func (l *Lab) Zone() string {
	var b strings.Builder
	b.WriteString("; With --lab-dns this is served and signed by the program; then the zone above needs\n")
	for _, rec := range l.zone {
		if host := rec.Name == l.cfg.Domain && rec.Type == dns.TypeNS; host || rec.Name == "ns."+l.cfg.Domain {
			b.WriteString("; " + rec.Text() + "\n")
		}
	}
	b.WriteString("; " + l.signer.ds() + "\n")
	for _, rec := range l.zone {
		b.WriteString(rec.Text())
		b.WriteByte('\n')
	}
	return b.String()
}

// policy is the MTA-STS policy of a receiver (RFC 8461 section 3.2), "" where it has none. That of the bad one
// lists a host that is not its MX.
func (l *Lab) policy(name string) string {
	host := l.host(name)
	switch name {
	case STSGood:
	case STSBad:
		host = "mx.not-this-one.invalid" // nor has it a name that the certificate fits
	default:
		return ""
	}
	return "version: STSv1\r\nmode: enforce\r\nmx: " + host + "\r\nmax_age: 86400\r\n"
}

func policyID(policy string) string {
	sum := sha256.Sum256([]byte(policy))
	return hex.EncodeToString(sum[:8])
}
