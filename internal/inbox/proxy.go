package inbox

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// maxProxyLine is the longest line of the PROXY protocol, version 1, without CRLF.
const maxProxyLine = 105

var errProxyLine = errors.New("not a PROXY protocol line (version 1)")

// parseProxy reads "PROXY TCP4|TCP6 source destination sport dport" (section 2.1
// of the PROXY protocol). For "PROXY UNKNOWN ..." the address is not valid: the
// connection's own counts.
func parseProxy(line string) (netip.AddrPort, error) {
	if len(line) > maxProxyLine {
		return netip.AddrPort{}, errProxyLine
	}
	f := strings.Split(line, " ")
	if f[0] != "PROXY" || len(f) < 2 {
		return netip.AddrPort{}, errProxyLine
	}
	if f[1] == "UNKNOWN" {
		return netip.AddrPort{}, nil
	}
	if len(f) != 6 || (f[1] != "TCP4" && f[1] != "TCP6") {
		return netip.AddrPort{}, errProxyLine
	}
	source, err := parseProxyAddress(f[2], f[4], f[1] == "TCP4")
	if err != nil {
		return netip.AddrPort{}, err
	}
	_, err = parseProxyAddress(f[3], f[5], f[1] == "TCP4")
	return source, err
}

func parseProxyAddress(ip, port string, v4 bool) (netip.AddrPort, error) {
	a, err := netip.ParseAddr(ip)
	if err != nil || a.Is4() != v4 || a.Zone() != "" {
		return netip.AddrPort{}, errProxyLine
	}
	p, err := strconv.ParseUint(port, 10, 16)
	if err != nil || strconv.FormatUint(p, 10) != port {
		return netip.AddrPort{}, errProxyLine
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(p)), nil
}
