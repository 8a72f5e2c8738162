package caller

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// maxForwarded is how many addresses of X-Forwarded-For are read.
const maxForwarded = 20

// BehindProxy gives a request that came through a proxy of ours the address of its
// client, by which limits are kept. Each proxy appends whom it saw to X-Forwarded-For, so
// the list is read from its end: the first address that is no proxy of ours is the
// client. What stands before it the client may have written.
func BehindProxy(r *http.Request, ours []netip.Prefix) *http.Request {
	trusted := func(ip netip.Addr) bool {
		return slices.ContainsFunc(ours, func(p netip.Prefix) bool { return p.Contains(ip) })
	}
	if !trusted(Address(r)) {
		return r
	}
	list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for n, text := range slices.Backward(list) {
		ip, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(text), "[]"))
		if err != nil || ip.Zone() != "" || len(list)-n > maxForwarded {
			return r
		}
		if ip = ip.Unmap(); !trusted(ip) {
			r = r.Clone(r.Context())
			r.RemoteAddr = netip.AddrPortFrom(ip, 0).String()
			return r
		}
	}
	return r
}
