// Package caller says who sends an HTTP request, as far as the connection tells, and
// whether it was meant for this program. Pages, API and MCP ask the same questions.
package caller

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Address is the address of the connection. What forwarding headers say is not
// believed: anyone can write them.
func Address(r *http.Request) netip.Addr { return AddressOf(r.RemoteAddr) }

// AddressOf is the address of "host:port", the zero value when there is none.
func AddressOf(hostport string) netip.Addr {
	ap, err := netip.ParseAddrPort(hostport)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// Network is what counts as one client: an IPv4 address, or an IPv6 /64, which one
// machine may have to itself.
func Network(ip netip.Addr) netip.Prefix {
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, _ := ip.Prefix(bits) // the zero prefix for an unknown address
	return p
}

// Local reports whether a person or program at this machine asks. Behind a reverse proxy
// on the same machine everybody's connection comes from loopback, so a request
// that was forwarded, or that names another host, is nobody's in particular.
func Local(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host := HostName(r.Host)
	ip, err := netip.ParseAddr(host)
	return Address(r).IsLoopback() && (IsLocalName(host) || (err == nil && ip.IsLoopback()))
}

// HostAllowed defends against DNS rebinding: a page of evil.example whose name is
// made to point at 127.0.0.1 sends "Host: evil.example". An IP address cannot be
// rebound, so it is always answered. Hosts are further names that are ours.
func HostAllowed(r *http.Request, hosts []string) bool {
	host := HostName(r.Host)
	if _, err := netip.ParseAddr(host); err == nil || IsLocalName(host) {
		return true
	}
	for _, h := range hosts {
		if strings.EqualFold(strings.TrimSuffix(HostName(h), "."), host) {
			return true
		}
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && len(hosts) == 0 && !AddressOf(local.String()).IsLoopback()
}

// HostName is the host of "host", "host:port" or "[v6]:port", without a final dot.
func HostName(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// IsLocalName: names that mean this machine wherever they are resolved (RFC 6761 section 6.3).
func IsLocalName(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
