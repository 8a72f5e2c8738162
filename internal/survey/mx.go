package survey

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/fetch"
)

// MX is what was seen of the mail exchangers.
type MX struct {
	// Answer is the MX answer at the domain.
	Answer dns.Answer
	// Implicit are the domain's own addresses, asked only where there is no MX record
	// or a null MX: mail then goes to them (RFC 5321 section 5.1).
	Implicit Addresses
	// Hosts are the exchangers, one for each MX record, by preference. At most maxExchanges.
	Hosts []Exchange
	// More counts the MX records beyond that.
	More int
	// Own are names of the domain that could be meant, asked only where something is wrong.
	Own []Addresses
	// Wild are the addresses of a name that nobody made, asked with Own: what a wildcard
	// gives is no mail host.
	Wild Addresses
}

// Exchange is one MX record and where it leads.
type Exchange struct {
	Record dns.Record
	Addresses
	// Literal is the address, where one was written in the place of a name.
	Literal netip.Addr
	// Meant is the name that was probably meant where this one is misspelt and that name
	// has an address; its Name is "" else.
	Meant Addresses
}

// Null reports a null MX: "0 ." (RFC 7505).
func (e Exchange) Null() bool { return e.Name == "" }

// maxExchanges bounds how many exchangers are looked at; SPF's own limit is 10 (RFC 7208 section 4.6.4).
const maxExchanges = 12

func (l *look) mx(ctx context.Context) {
	m := &l.MX
	m.Answer = l.ask(ctx, l.Name, dns.TypeMX)
	records := slices.Clone(m.Answer.Records)
	slices.SortStableFunc(records, func(a, b dns.Record) int { return int(a.Pref) - int(b.Pref) })
	if n := len(records); n > maxExchanges {
		records, m.More = records[:maxExchanges], n-maxExchanges
	}
	for _, r := range records {
		e := Exchange{Record: r, Literal: literal(r.Data, l.Name)}
		if e.Name = dns.CanonicalName(r.Data); e.Name == "." {
			e.Name = ""
		}
		m.Hosts = append(m.Hosts, e)
	}
	g := dns.NewGroup(l.r)
	for i := range m.Hosts {
		if e := &m.Hosts[i]; !e.Null() && !e.Literal.IsValid() {
			g.Go(func() { l.exchange(ctx, e) })
		}
	}
	g.Wait()
	if empty(m.Answer.Status) || slices.ContainsFunc(m.Hosts, Exchange.Null) {
		m.Implicit = l.addresses(ctx, []string{l.Name})[0]
	}
	if l.mxWrong() {
		names := l.addresses(ctx, append(mailNames(l.Name), noSuchName+"."+l.Name))
		m.Own, m.Wild = names[:len(names)-1], names[len(names)-1]
	}
}

// exchange looks for the addresses of one exchanger and, where its name looks
// misspelt, for those of the name that was meant.
func (l *look) exchange(ctx context.Context, e *Exchange) {
	e.Addresses = l.addresses(ctx, []string{e.Name})[0]
	if e.Found() && !doubled(e.Name, l.Name) {
		return
	}
	for _, name := range meantExchanges(e.Name, l.Name) {
		if a := l.addresses(ctx, []string{name})[0]; a.Found() {
			e.Meant = a
			return
		}
	}
}

// mxWrong reports that another exchanger may have to be found. A failed look-up is no reason.
func (l *look) mxWrong() bool {
	if empty(l.MX.Answer.Status) && !l.MX.Implicit.Found() {
		return true
	}
	return slices.ContainsFunc(l.MX.Hosts, func(e Exchange) bool {
		reachable := func(r dns.Record) bool { return fetch.Refused(r.Addr) == "" }
		return e.Null() || e.Literal.IsValid() || e.Void() && e.Meant.Name == "" || e.Found() && !slices.ContainsFunc(e.Records(), reachable)
	})
}

// literal reads an address in the place of a host name, also one to which the domain
// was appended for want of a final dot.
func literal(target, domain string) netip.Addr {
	s := dns.CanonicalName(target)
	s = strings.TrimSuffix(s, "."+domain)
	s = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(s, "["), "ipv6:"), "]")
	ip, err := netip.ParseAddr(s)
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}
	}
	return ip
}

func doubled(name, domain string) bool {
	return name == domain+"."+domain || strings.HasSuffix(name, "."+domain+"."+domain)
}

// meantExchanges gives the host names that a misspelt exchanger of a domain was
// probably meant to be, likeliest first, at most four: the domain appended twice or to
// a complete name (no final dot in the zone file), a bare label, the preference or a URL in the name, rubbish
// around it, a slip in the name of a large provider's exchanger. The name itself is never among them.
func meantExchanges(name, domain string) []string {
	name = dns.CanonicalName(name)
	clean := cleanHost(name)
	candidates := []string{clean}
	if rest, ok := strings.CutSuffix(clean, "."+domain); ok {
		candidates = []string{cleanHost(rest), clean} // what stood in the zone file
	}
	if !strings.Contains(clean, ".") {
		candidates = []string{clean + "." + domain}
	}
	candidates = append(candidates, slipped(clean, domain)...)
	var out []string
	for _, c := range candidates {
		if c != name && c != "" && c != domain+"."+domain && strings.Contains(c, ".") && HostName(c) && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// slipped gives the exchanger of a large provider that a name is a slip or two away from.
func slipped(name, domain string) []string {
	known := []string{
		"smtp.google.com", "aspmx.l.google.com", "alt1.aspmx.l.google.com", "alt2.aspmx.l.google.com", "alt3.aspmx.l.google.com", "alt4.aspmx.l.google.com",
		strings.ReplaceAll(domain, ".", "-") + ".mail.protection.outlook.com",
	}
	for _, k := range known {
		if name != k && near(name, k) {
			return []string{k}
		}
	}
	return nil
}

// near reports whether two names are at most two inserted, left out or changed
// octets apart.
func near(a, b string) bool {
	const most = 2
	if d := len(a) - len(b); d < -most || d > most {
		return false
	}
	row := make([]int, len(b)+1)
	for i := range row {
		row[i] = i
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for k := 1; k <= len(b); k++ {
			cost := 1
			if a[i-1] == b[k-1] {
				cost = 0
			}
			diagonal, row[k] = row[k], min(diagonal+cost, row[k]+1, row[k-1]+1)
		}
	}
	return row[len(b)] <= most
}

// cleanHost takes from a name what people paste around it.
func cleanHost(s string) string {
	s = strings.ReplaceAll(s, `\.`, ".")
	fields := strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\u00a0' || r == '\u3000' })
	if len(fields) > 1 && strings.Trim(fields[0], "0123456789") == "" {
		fields = fields[1:] // the preference
	}
	if len(fields) == 0 {
		return ""
	}
	s = fields[0]
	for _, scheme := range []string{"https://", "http://", "smtp://", "mailto:"} {
		s = strings.TrimPrefix(s, scheme)
	}
	s, _, _ = strings.Cut(s, "/")
	s, _, _ = strings.Cut(s, ":")
	return strings.Trim(s, `.,;"'<>()[]`)
}

// HostName reports whether a name is one that a host may have: letters, digits and
// inner hyphens (RFC 1123 section 2.1), not all digits at its end.
func HostName(name string) bool {
	if name == "" || !dns.ValidName(name) {
		return false
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") || strings.ContainsFunc(label, notInHost) {
			return false
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

func notInHost(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-')
}
