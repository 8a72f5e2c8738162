package judge

import (
	"net/netip"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/iprev"
)

// host judges the sending host: its names and its connection.
func (c *verdict) host() {
	c.ptr()
	c.tls()
}

func (c *verdict) ptr() {
	v := c.Auth.IPRev
	if !v.IP.IsValid() {
		c.add("ptr.unknown", "message", nil)
		return
	}
	ip := v.IP.String()
	if private(v.IP) {
		c.add("ptr.private-address", ip, args{"ip": ip})
		return
	}
	name := strings.Join(v.Names, ", ")
	switch {
	case v.Result == iprev.Pass:
		name = strings.Join(v.Confirmed, ", ")
		c.add("ptr.pass", ip, args{"ip": ip, "name": name})
		if c.from != "" && !c.ownHost(v.Confirmed) {
			c.add("ptr.generic-shared", ip, args{"name": name, "from": c.from})
		}
	case v.Result == iprev.TempError:
		c.add("ptr.dns-failure", ip, args{"ip": ip}, v.Reason)
	case len(v.Names) > 0:
		f := c.add("ptr.unconfirmed", ip, args{"ip": ip, "name": name}, v.Reason)
		f.DNS = append(f.DNS, addressRecord(v.Names[0], v.IP))
	default:
		// The record comes from HELO: only a name that leads back is worth one.
		c.add("ptr.missing", ip, args{"ip": ip, "name": hostNamed(c.Session.HELO)}, v.Reason)
	}
}

// ownHost reports whether one of the names lies within the author's organisation.
func (c *verdict) ownHost(names []string) bool {
	for _, n := range names {
		for _, org := range []string{c.from, c.Auth.DMARC.OrgDomain, c.Auth.DMARC.RFC7489.OrgDomain} {
			if org != "" && dns.IsSubdomain(n, org) {
				return true
			}
		}
	}
	return false
}

// hostNamed is a HELO argument that is a full host name, "" for any other.
func hostNamed(helo string) string {
	if name := dns.CanonicalName(helo); hostName(name) {
		return name
	}
	return ""
}

// addressRecord is the change that gives a host name an address.
func addressRecord(name string, ip netip.Addr) dns.Change {
	kind := dns.TypeAAAA
	if ip.Is4() {
		kind = dns.TypeA
	}
	return dns.Change{Action: dns.Add, Name: name + ".", Type: kind, TTL: 3600, Data: []string{ip.String()}}
}

// hostName reports whether a HELO argument is a full host name rather than an
// address literal, a bare word or anything worse.
func hostName(s string) bool {
	if !strings.Contains(s, ".") || len(s) > 253 {
		return false
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-')
		}) {
			return false
		}
	}
	return true
}

// private reports whether no receiver on the Internet can see this address as a
// client. Documentation addresses (RFC 5737, RFC 3849) count as public.
func private(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || carrierNAT.Contains(ip)
}

// carrierNAT is the shared address space of RFC 6598.
var carrierNAT = netip.MustParsePrefix("100.64.0.0/10")

// tls judges the connection, which only a session of our own can show.
func (c *verdict) tls() {
	s := c.Session
	if !s.Observed {
		return
	}
	subject := s.RemoteIP.Unmap().String()
	if s.TLS == nil || s.TLS.Version == "" {
		f := c.add("tls.none", subject, nil)
		if private(s.RemoteIP) {
			// A test from the same network: mail to other hosts may well use TLS.
			f.Status = catalogue.Warn
		}
		return
	}
	a := args{"version": s.TLS.Version, "cipher": s.TLS.Cipher}
	switch s.TLS.Version {
	case "TLS 1.0", "TLS 1.1", "SSLv3":
		c.add("tls.old-version", subject, a, s.TLS.Version+" "+s.TLS.Cipher)
	default:
		c.add("tls.pass", subject, a)
	}
}
