package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// maxForwarded is how many addresses of X-Forwarded-For are read.
const maxForwarded = 20

// behindProxy gives a request that came through a proxy of ours the address of its
// client, by which limits are kept. Each proxy appends whom it saw to X-Forwarded-For, so
// the list is read from its end: the first address that is no proxy of ours is the
// client. What stands before it the client may have written.
func (s *server) behindProxy(r *http.Request) *http.Request {
	if !s.trusted(clientAddr(r)) {
		return r
	}
	list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for n, text := range slices.Backward(list) {
		ip, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(text), "[]"))
		if err != nil || ip.Zone() != "" || len(list)-n > maxForwarded {
			return r
		}
		if ip = ip.Unmap(); !s.trusted(ip) {
			r = r.Clone(r.Context())
			r.RemoteAddr = netip.AddrPortFrom(ip, 0).String()
			return r
		}
	}
	return r
}

func (s *server) trusted(ip netip.Addr) bool {
	return slices.ContainsFunc(s.TrustProxy, func(p netip.Prefix) bool { return p.Contains(ip) })
}
